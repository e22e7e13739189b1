"""What stays is set aside from the collector of cycles, and what goes is still collected."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Iterator

import pytest

from ui.collector import LOADED, SetAside, set_aside_what_stays


class Cycle:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def begun() -> Iterator[SetAside]:
    callback = set_aside_what_stays()
    yield callback
    gc.callbacks.remove(callback)
    gc.unfreeze()


def load(monkeypatch: pytest.MonkeyPatch, n: int, name: str = "loaded") -> None:
    for k in range(n):
        monkeypatch.setitem(sys.modules, f"_{name}_{k}", types.ModuleType(name))


def test_what_is_alive_when_code_was_loaded_is_walked_over_no_more(begun: SetAside) -> None:
    keep = [Cycle() for _ in range(1000)]
    gc.collect()
    assert gc.get_freeze_count() > 1000
    assert len(gc.get_objects()) < gc.get_freeze_count()
    assert len(keep) == 1000


def test_a_cycle_that_is_dropped_is_collected_before_and_after(begun: SetAside) -> None:
    before = weakref.ref(Cycle())
    gc.collect()
    after = weakref.ref(Cycle())
    gc.collect()
    assert before() is None
    assert after() is None


def test_nothing_is_set_aside_again_until_more_code_is_loaded(begun: SetAside, monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()
    keep = [Cycle() for _ in range(1000)]
    count = gc.get_freeze_count()
    load(monkeypatch, LOADED - 1)
    gc.collect()
    # Sets aside nothing: else every session that is open would never be collected.
    assert gc.get_freeze_count() <= count
    load(monkeypatch, LOADED, "more")
    gc.collect()
    assert gc.get_freeze_count() > count + 900
    assert len(keep) == 1000


def test_small_collections_set_nothing_aside(begun: SetAside) -> None:
    count = gc.get_freeze_count()
    gc.collect(0)
    gc.collect(1)
    assert gc.get_freeze_count() == count
