"""The soak measures what it says: played people are answered, trouble is counted, growth is seen."""

from __future__ import annotations

import math
import os
import random
import threading

import pytest

from bench.soak import growth, memory_mb, million, summary
from bench.vetters import Step, evaluates, looks_at_objects, vets_candidates


def test_steps_are_summed_up_by_kind_and_failed_ones_are_counted_apart():
    steps = [Step("object", i, 0.1 * i) for i in range(1, 11)] + [Step("lab", 11, 60.0, "TimeoutError: ")]
    said = summary(steps)
    assert said["steps"] == 11 and said["errors"] == 1 and said["troubles"] == {"TimeoutError: ": 1}
    assert said["p50_s"] == 0.55 and said["p95_s"] < 1.0
    assert said["by_step"]["object"]["steps"] == 10 and math.isnan(said["by_step"]["lab"]["p50_s"])


@pytest.mark.parametrize("per_minute", [0.0, 5.0])
def test_growth_is_the_slope_after_the_start_and_not_the_start(per_minute):
    seen = [(float(t), 100.0 + min(t, 30) + per_minute * t / 60) for t in range(400)]
    found = growth(seen)
    assert found["mb_per_minute"] == pytest.approx(per_minute, abs=0.05)
    assert found["largest_mb"] == pytest.approx(seen[-1][1], abs=0.1)


def test_memory_of_this_process_is_seen_and_that_of_none_is_nothing():
    assert memory_mb(os.getpid()) > 20 and memory_mb(2**22 + 1) == 0


def test_people_of_every_kind_know_what_to_do_next():
    for acts in (
        looks_at_objects(["a"], random.Random(1)),
        vets_candidates("top", "Ann", random.Random(1)),
        evaluates(random.Random(1)),
    ):
        first = [next(acts) for _ in range(20)]
        assert all(page in ("object", "lab", "candidates", "evaluation") for _, page, _, _ in first)


def test_a_few_alerts_come_out_exact():
    found = million(300, 1)
    assert found["rows"] == 300 and found["exact"] and found["scored"] > 0


@pytest.mark.browser
def test_a_played_person_sees_pages_and_her_verdict_is_kept(tmp_path):
    from bench.vetters import Session, play
    from core.verdicts import VerdictStore
    from tests.browser.conftest import running_app

    with running_app(T2SCOPE_VERDICTS=str(tmp_path / "v.sqlite"), T2SCOPE_CACHE_DIR=str(tmp_path)) as address:
        url = address.replace("http", "ws") + "/_stcore/stream"
        session = Session(url)
        assert session.run("object", "source=sample&oid=ZTF18aannern") == ""
        assert session.run("no-such-page", "") == "no page no-such-page"
        session.close()
        steps: list[Step] = []
        end = threading.Event()
        acts = iter([("opened", "candidates", "rank=top&show=all&who=Ann", ""), ("a key", "candidates", "", "Junk")])
        play(url, acts, random.Random(1), pause=0.01, end=end, start=0.0, told=steps.append)
        assert [step.trouble for step in steps] == ["", ""] and all(0 < step.seconds < 60 for step in steps)
    (verdict,) = VerdictStore(tmp_path / "v.sqlite").standing().values()
    assert (verdict.kind, verdict.who) == ("junk", "Ann")
