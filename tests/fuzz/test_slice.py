"""A slice of the fuzzing that every change passes: the first numbered inputs of each target (`python -m tests.fuzz` has more)."""

from __future__ import annotations

import pytest

from tests.fuzz.engine import Found, one
from tests.fuzz.targets import all_targets

TARGETS = {name: target for name, target in all_targets().items() if not target.may_die}
#: Inputs a target: many where one takes microseconds.
MANY, SOME, FEW = 250, 60, 12
SLOW = ("model card", "from a table to an answer", "messages of streams", "Avro schemas", "answers to searches")
QUICK = (
    "ids and positions",
    "address of the lab",
    "headers and error bodies",
    "settings",
    "answers of CDS",
    "framed packets",
)


@pytest.mark.parametrize("name", TARGETS)
def test_the_first_inputs_break_no_law(name):
    target, found = TARGETS[name], Found()
    seeds = target.seeds()
    target.run(seeds[0])  # what is loaded and compiled at first use is not counted
    for number in range(len(seeds) + (FEW if name in SLOW else MANY if name in QUICK else SOME)):
        one(target, target.input(seeds, number), found)
    said = "\n".join(f"{place}: {failure['traceback']}" for place, failure in found.failures.items())
    assert not found.failures, f"python -m tests.fuzz --target {name!r} finds more of these\n{said}"
    assert found.executions > len(seeds)


@pytest.mark.parametrize("name", all_targets())
def test_inputs_are_the_same_each_time_and_differ_from_one_another(name):
    target = all_targets()[name]
    seeds = target.seeds()
    first = [target.input(seeds, number) for number in range(len(seeds) + 8)]
    assert first == [target.input(seeds, number) for number in range(len(seeds) + 8)]
    assert first[: len(seeds)] == seeds and len(set(first)) > len(seeds) + 3


def test_a_broken_law_a_hang_and_an_unforeseen_error_are_found_and_told_apart(monkeypatch):
    """The engine can fail: each kind of trouble is one entry, with its input."""
    from tests.fuzz import engine
    from tests.fuzz.laws import sentence
    from tests.fuzz.targets import Target

    def run(data: bytes) -> None:
        if data == b"law":
            sentence("")
        if data == b"slow":
            while True:
                pass
        raise KeyError(data)

    monkeypatch.setattr(engine, "SECONDS", 0.05)
    found, target = Found(), Target("x", lambda: [b""], lambda data, random: data, run)
    for data in (b"law", b"slow", b"one", b"two"):
        one(target, data, found)
    assert found.executions == 4 and len(found.failures) == 3
    assert sorted(failure["count"] for failure in found.failures.values()) == [1, 1, 2]
    assert {failure["input"] for failure in found.failures.values()} == {b"law".hex(), b"slow".hex(), b"one".hex()}
