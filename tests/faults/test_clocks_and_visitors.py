"""Clocks that are wrong, visitors who leave or come in crowds, and answers that come when nobody waits."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.brokers.cache import CachedSource, ObjectCache, shown_copy
from core.lightcurve import Provenance
from core.verdicts import Standing, Verdict, VerdictStore
from tests.broker_server import ZTF_RECORDED, BrokerServer, Play, base_urls, recorded_routes
from tests.core.brokers.conftest import source_at
from tests.core.brokers.test_cache import SlowSource, some_curve
from tests.pages.test_object_page import APP
from ui import resources

OID = ZTF_RECORDED


@pytest.mark.parametrize("years", [-30, 30])
def test_a_copy_from_another_age_is_shown_with_its_date_and_harms_nothing(tmp_path, years):
    """The clock was wrong when the copy was kept, or is now: files seem to be from the future, or decades old."""
    then = datetime.now(UTC) + timedelta(days=365 * years)
    cache = ObjectCache(tmp_path)
    cache.put("slow", OID, some_curve(provenance=Provenance(source="Slow", retrieved=then.isoformat())))
    (path,) = tmp_path.iterdir()
    os.utime(path, (then.timestamp(),) * 2)
    copy = cache.get("slow", OID)
    assert str(then.year) in shown_copy(copy)
    source = SlowSource(some_curve(9))
    source.go.set()
    cached = CachedSource(source, cache)
    assert len(cached.fetch(OID)) == 9, "asked again, whatever the copy's date"
    assert len(cache.get("slow", OID)) == 9
    for n in range(3):
        cache.put("slow", f"ZTF20aaaaaa{'abc'[n]}", some_curve(4))
    assert len(list(tmp_path.glob("*.json"))) == 4


def test_a_copy_of_the_future_does_not_count_as_recent_for_ever(tmp_path):
    cache = ObjectCache(tmp_path)
    ahead = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    cache.put("slow", OID, some_curve(provenance=Provenance(source="Slow", retrieved=ahead)))
    assert CachedSource(SlowSource(some_curve()), cache).recent(OID, 6.0) is None


def test_files_left_behind_are_cleared_away_though_the_clock_went_back(tmp_path):
    left = tmp_path / ".tmp-left"
    left.write_text("half")
    os.utime(left, (time.time() + 30 * 86400,) * 2)
    ObjectCache(tmp_path).put("k", OID, some_curve())
    assert not left.exists()


def test_verdicts_of_a_clock_that_runs_ahead_stand_until_they_are_taken_back(tmp_path):
    """Two servers, one of them a day ahead: the later time stands, the history has both, and taking back works."""
    store = VerdictStore(tmp_path / "v.sqlite")
    ahead = store.add(Verdict("o", "f", "class", "SNIa", made_at="2099-01-01T00:00:00Z"))
    store.add(Verdict("o", "f", "junk"))
    assert store.standing()["f", "o"].said == "SNIa" and len(store.history()) == 2
    store.withdraw(ahead)
    assert store.standing()["f", "o"].said == "junk"
    again = Standing()
    again.take(enumerate(store.history(), start=1))
    assert again.all() == store.standing()


@pytest.fixture
def played(tmp_path, monkeypatch):
    """The dashboard's own broker sources, played by a local server that waits for ``go``; caches and settings anew."""
    go = threading.Event()
    path = f"/fink-ztf/api/v1/objects?objectId={OID}"

    class Waiting(BrokerServer):
        def find(self, where, values):
            go.wait(20)
            return super().find(where, values)

    shared = (resources.settings, resources.sources)

    def forget():
        from ui.sections.choose import _asking

        for kept in (*shared, _asking):
            kept.clear()

    monkeypatch.setenv("T2SCOPE_CACHE_DIR", str(tmp_path / "cache"))
    with Waiting({path: recorded_routes()[path]}) as server:
        monkeypatch.setattr(resources, "BASE_URLS", base_urls(server.url))
        forget()
        yield server, go
        go.set()
    forget()


def visit(timeout: float = 60.0) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=timeout)
    at.query_params["source"], at.query_params["oid"] = "fink-ztf", OID
    return at


def test_two_visitors_on_a_cold_cache_are_answered_by_one_request(played):
    server, go = played
    visitors = [visit(), visit()]
    threads = [threading.Thread(target=at.run) for at in visitors]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + 30
    while not server.asked and time.monotonic() < ends:
        time.sleep(0.02)
    time.sleep(0.3)
    go.set()
    for thread in threads:
        thread.join(60)
    for at in visitors:
        assert not at.exception and at.title[0].value == OID
    assert len(server.asked) == 1


def test_an_answer_that_comes_after_the_visitor_left_is_kept_for_the_next(played, tmp_path):
    """A rerun that is cancelled, or a page that is closed, ends the waiting and not the conversation."""
    server, go = played
    source = resources.sources()["fink-ztf"]
    from ui.sections.choose import _asking

    left = _asking("fink-ztf", OID)  # what a page waits for, and stops waiting for when its script is ended
    assert not left.done()
    go.set()
    left.result(timeout=20)
    assert source.cache.get("fink-ztf", OID) is not None
    at = visit().run()
    assert not at.exception and at.title[0].value == OID
    assert len(server.asked) == 1


def test_a_broker_that_answers_with_half_a_surrogate_pair_is_shown(serve_once):
    """Text that no page, file or database takes: it becomes U+FFFD at the door."""
    rows = json.dumps([{"i:jd": 2461100.5, "i:fid": 1, "i:magpsf": 18.0, "i:sigmapsf": 0.1, "i:isdiffpos": "t", "i:diffmaglim": 20,
                        "d:tns": "SN \ud800 Ia"}])  # fmt: skip
    curve = source_at(serve_once({"/": Play(rows)}), "fink-ztf").fetch(OID)
    assert "\ufffd" in curve.provenance.true_class_source
    curve.provenance.true_class_source.encode()


@pytest.fixture
def serve_once():
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda routes: stack.enter_context(BrokerServer(routes))
