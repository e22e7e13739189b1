"""The last good copy: exact, bounded, never half written, never a reason to fail, and shown when a broker is silent."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brokers.base import BadResponse, NotFound, RateLimited, TimedOut
from core.brokers.cache import CachedSource, ObjectCache, shown_copy
from core.lightcurve import LightCurve, Note, Provenance, light_curve, upper_limits
from tests.broker_server import ZTF_RECORDED, Play, faults, recorded_routes
from tests.core.brokers.conftest import IMPATIENT, source_at

OID = ZTF_RECORDED


def some_curve(n: int = 5, oid: str = OID, **extra: object) -> LightCurve:
    return light_curve(
        oid, 59000 + np.arange(n) / 3, np.sin(np.arange(n)) * 100 / 3, np.full(n, 0.1), np.arange(n) % 3, **extra
    )


def same(one: LightCurve, other: LightCurve) -> bool:
    pairs = [
        (getattr(one, f.name), getattr(other, f.name))
        for f in fields(LightCurve)
        if f.name not in ("provenance", "limits")
    ]
    pairs += [
        (getattr(one.limits, name), getattr(other.limits, name)) for name in ("mjd", "flux_limit", "band", "n_sigma")
    ]
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)


def test_a_copy_is_exact_and_says_that_it_is_one(tmp_path):
    curve = some_curve(
        limits=upper_limits([59000.1], [3.3], [2]),
        redshift=0.1,
        ra=1.0,
        dec=-2.0,
        alert_id=2**62 + 1,
        context={"ndethist": np.float32(3)},
        time_scale="tai",
        forced=[True, False, True, False, True],
        provenance=Provenance(source="Fink", retrieved="2026-11-20T21:40:00Z"),
        notes=[Note("dropped", "3 rows", 3)],
    )
    cache = ObjectCache(tmp_path)
    cache.put("fink-ztf", OID, curve)
    copy = cache.get("fink-ztf", OID)
    assert same(copy, curve) and copy.photometry_sha256() == curve.photometry_sha256()
    assert copy.provenance.cached and copy.provenance.retrieved == "2026-11-20T21:40:00Z"
    assert not copy.flux.flags.writeable and copy.band.dtype == np.int8 and copy.forced.dtype == np.bool_
    assert shown_copy(copy) == "Shown: the copy of 2026-11-20 21:40 UTC."


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(50001, 74999), st.floats(-1e9, 1e9), st.floats(1e-9, 1e9)), max_size=20))
def test_every_float_comes_back_bit_for_bit(tmp_path_factory, rows):
    columns = list(zip(*rows, strict=True)) or ([], [], [])
    curve = light_curve(OID, *columns, np.zeros(len(rows), int))
    cache = ObjectCache(tmp_path_factory.mktemp("cache"))
    cache.put("k", OID, curve)
    assert same(cache.get("k", OID), curve)


def test_copies_of_two_brokers_stay_apart(tmp_path):
    cache = ObjectCache(tmp_path)
    cache.put("fink-ztf", OID, some_curve(3))
    assert cache.get("alerce-ztf", OID) is None and len(cache.get("fink-ztf", OID)) == 3


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".", "a" * 60, "x\0", "ZTF 1"])
def test_file_names_are_made_of_checked_ids_only(tmp_path, name):
    with pytest.raises(ValueError, match="no file name"):
        ObjectCache(tmp_path).get("fink-ztf", name)
    with pytest.raises(ValueError, match="no file name"):
        ObjectCache(tmp_path).put(name + "!", OID, some_curve())


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b"",
        lambda b: b[:-20],
        lambda b: b.replace(b"59000", b"59001"),
        lambda b: b"\x80\x04garbage",
        lambda b: b"{}",
    ],
)
def test_a_damaged_copy_counts_as_none_and_is_dropped(tmp_path, damage):
    cache = ObjectCache(tmp_path)
    cache.put("k", OID, some_curve())
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("k", OID) is None
    assert not path.exists()
    cache.put("k", OID, some_curve())
    assert cache.get("k", OID) is not None


def test_the_least_recently_used_copies_go_first_and_the_bound_holds(tmp_path):
    cache = ObjectCache(tmp_path)
    cache.put("k", "A", some_curve(oid="A"))
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    cache.max_bytes = int(size * 3.5)
    for age, name in ((300, "A"), (200, "B"), (100, "C")):
        cache.put("k", name, some_curve(oid=name))
        os.utime(tmp_path / f"k_{name}.json", (time.time() - age,) * 2)
    assert cache.get("k", "A") is not None  # used now, so B is the oldest
    cache.put("k", "D", some_curve(oid="D"))
    assert {path.stem for path in tmp_path.iterdir()} == {"k_A", "k_C", "k_D"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= cache.max_bytes


def test_a_copy_larger_than_the_bound_is_not_kept_and_zero_keeps_none(tmp_path):
    ObjectCache(tmp_path, max_bytes=0).put("k", OID, some_curve())
    assert list(tmp_path.iterdir()) == []


def test_files_left_behind_by_a_killed_writer_are_cleared_away(tmp_path):
    old, young = tmp_path / ".tmp-old", tmp_path / ".tmp-young"
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (time.time() - 7200,) * 2)
    ObjectCache(tmp_path).put("k", OID, some_curve())
    assert not old.exists() and young.exists()


def test_a_folder_that_can_not_be_is_logged_and_passed_over(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("")
    cache = ObjectCache(blocked / "objects")
    cache.put("k", OID, some_curve())
    assert cache.get("k", OID) is None
    assert "no copy of ZTF26aaaldio from k kept" in caplog.text


def test_a_full_disk_keeps_the_copy_before_and_leaves_no_half_file(tmp_path):
    """A process that may not write more than 2 kB to a file stands for a disk that is full."""
    script = """
        import resource, sys
        from core.brokers.cache import ObjectCache
        from tests.core.brokers.test_cache import OID, some_curve
        cache = ObjectCache(sys.argv[1])
        cache.put("k", OID, some_curve(3))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        cache.put("k", OID, some_curve(3000))
        assert len(cache.get("k", OID)) == 3
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(tmp_path)], check=True, timeout=60)
    assert [path.name for path in tmp_path.iterdir()] == [f"k_{OID}.json"]


def test_a_silent_broker_brings_the_copy_along(serve, tmp_path):
    server = serve(recorded_routes())
    cached = CachedSource(source_at(server, "fink-ztf"), ObjectCache(tmp_path))
    live = cached.fetch(f" {OID} ")
    assert not live.provenance.cached
    server.routes = {"/": faults()["hang"]}
    cached.source.timeouts = IMPATIENT
    with pytest.raises(TimedOut) as caught:
        cached.fetch(OID)
    assert same(caught.value.last_good, live) and caught.value.last_good.provenance.cached
    assert caught.value.last_good.provenance.retrieved == live.provenance.retrieved
    assert caught.value.message == "Fink did not answer within 0.2 s."
    assert caught.value.advice == "Try again, or open it through ALeRCE."


def test_without_a_copy_the_error_carries_none(serve, tmp_path):
    cached = CachedSource(source_at(serve({"/": faults()["429"]}), "fink-ztf"), ObjectCache(tmp_path))
    with pytest.raises(RateLimited) as caught:
        cached.fetch(OID)
    assert caught.value.last_good is None and caught.value.retry_after == 37


def test_an_object_that_the_broker_no_longer_knows_is_not_shown_from_a_copy(serve, tmp_path):
    server = serve(recorded_routes())
    cached = CachedSource(source_at(server, "fink-ztf"), ObjectCache(tmp_path))
    cached.fetch(OID)
    server.routes = {"/": Play([])}
    with pytest.raises(NotFound) as caught:
        cached.fetch(OID)
    assert caught.value.last_good is None


class SlowSource:
    """Counts how often it is asked, and takes its time. outcome : a light curve, or an error to raise."""

    key, title, survey, examples = "slow", "Slow", "ztf", (OID,)

    def __init__(self, outcome: LightCurve | BaseException) -> None:
        self.outcome, self.asked, self.started, self.go = outcome, 0, threading.Event(), threading.Event()

    def fetch(self, object_id: str) -> LightCurve:
        self.asked += 1
        self.started.set()
        self.go.wait(10)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


def ask_together(source: SlowSource, cache: ObjectCache, n: int) -> list:
    results: list = []

    def ask() -> None:
        try:
            results.append(CachedSource(source, cache).fetch(OID))
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=ask) for _ in range(n)]
    threads[0].start()
    source.started.wait(10)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.1)
    source.go.set()
    for thread in threads:
        thread.join(10)
    return results


def test_sessions_that_ask_for_one_object_wait_for_one_answer(tmp_path):
    source = SlowSource(some_curve())
    results = ask_together(source, ObjectCache(tmp_path), 8)
    assert source.asked == 1 and len(results) == 8
    assert all(result is source.outcome for result in results)


def test_a_failure_reaches_everyone_who_waited_each_with_an_error_of_their_own(tmp_path):
    cache = ObjectCache(tmp_path)
    cache.put("slow", OID, some_curve())
    source = SlowSource(RateLimited("Slow", "Slow is tired.", "Wait.", 7.0))
    results = ask_together(source, cache, 4)
    assert source.asked == 1 and len({id(error) for error in results}) == 4
    for error in results:
        assert (
            isinstance(error, RateLimited)
            and error.retry_after == 7
            and error.message == str(error) == "Slow is tired."
        )
        assert len(error.last_good) == 5


def test_when_the_first_is_stopped_the_next_asks_again(tmp_path):
    source = SlowSource(KeyboardInterrupt())
    results = ask_together(source, ObjectCache(tmp_path), 3)
    assert source.asked == 3 and all(isinstance(result, KeyboardInterrupt) for result in results)


def test_after_a_failure_the_next_request_goes_out(tmp_path):
    source = SlowSource(BadResponse("Slow", "No.", ""))
    source.go.set()
    cached = CachedSource(source, ObjectCache(tmp_path))
    for _ in range(2):
        with pytest.raises(BadResponse):
            cached.fetch(OID)
    assert source.asked == 2
