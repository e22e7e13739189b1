"""What the log and the counters say of an answer, and what they keep to themselves."""

from __future__ import annotations

import io
import json
import logging
import socket
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import journal


@pytest.fixture
def lines():
    stream = io.StringIO()
    journal.start_log("json", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    for handler in [h for h in logging.getLogger().handlers if h.get_name() == "t2scope-lines"]:
        logging.getLogger().removeHandler(handler)


def test_an_answer_is_one_line_with_its_object_and_the_time_of_each_stage(lines):
    journal.note_answer("t2-ztf", "alerce-ztf", "ZTF18aannern", stages={"gp": 0.001, "inference": 0.002})
    (line,) = lines()
    assert line["object_id"] == "ZTF18aannern" and line["outcome"] == "scored" and line["seconds"] == 0.003
    assert line["stages"] == {"gp": 0.001, "inference": 0.002} and line["time"].endswith("Z")


@pytest.mark.parametrize("source", journal.PRIVATE)
def test_an_uploaded_object_leaves_no_id(lines, source):
    journal.note_answer("t2-ztf", source, "my secret supernova", refused="too_few_points")
    assert "secret" not in json.dumps(lines()) and lines()[0]["outcome"] == "too_few_points"


def test_a_failed_fetch_is_a_warning_with_the_class_of_its_error(lines):
    journal.note_fetch("fink-ztf", "ZTF18aannern", 5.0, failed="TimedOut")
    assert (lines()[0]["level"], lines()[0]["outcome"], lines()[0]["stage"]) == ("warning", "TimedOut", "fetch")


@given(st.text(max_size=60))
def test_whatever_an_id_holds_it_stays_on_one_line(object_id):
    record = logging.LogRecord("t2scope", logging.INFO, __file__, 1, "answered", (), None)
    record.object_id = object_id
    for form in (journal.JsonLines(), journal.PlainLines()):
        text = form.format(record)
        assert len(text.splitlines()) == 1 and text.isprintable()


def test_started_twice_it_says_everything_once(lines):
    journal.start_log("json", stream=io.StringIO())
    assert sum(h.get_name() == "t2scope-lines" for h in logging.getLogger().handlers) == 1


def test_counters_count_answers_by_outcome_and_times_by_stage():
    counters = journal.Counters()
    for outcome in ("scored", "scored", "too_few_points"):
        counters.answer("t2-ztf", outcome, {"gp": 0.002, "not a stage": 1.0})
    counters.fetch("fink-ztf", "TimedOut", 5.0)
    text = counters.text()
    assert 't2scope_answers_total{model="t2-ztf",outcome="scored"} 2.0' in text
    assert 't2scope_fetches_total{outcome="TimedOut",source="fink-ztf"} 1.0' in text
    assert 't2scope_stage_seconds_count{stage="gp"} 3.0' in text and "not a stage" not in text
    assert text.endswith("# EOF\n")


def test_counters_are_served_on_loopback_alone(monkeypatch):
    monkeypatch.setattr(journal, "_counters", None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert journal.start_counters(port) is journal.start_counters(port)
    journal.note_answer("t2-ztf", "sample", "ZTF18aannern", stages={"gp": 0.1})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b't2scope_answers_total{model="t2-ztf",outcome="scored"} 1.0' in answer.read()
    elsewhere = [a[4][0] for a in socket.getaddrinfo(socket.gethostname(), None) if not a[4][0].startswith("127.")]
    for address in elsewhere[:1]:
        with pytest.raises(OSError), socket.create_connection((address, port), timeout=1):
            pass
