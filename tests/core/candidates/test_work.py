"""A list is scored like its light curves alone, can be stopped and taken up again, and is polite to its broker."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.brokers.base import BadResponse, NotFound, RateLimited, Unreachable
from core.brokers.browse.base import Listed
from core.brokers.cache import CachedSource, ObjectCache
from core.brokers.samples import SampleSource
from core.candidates.lists import list_of_curves, list_of_ids
from core.candidates.pace import Pace
from core.candidates.shelf import Shelf
from core.candidates.work import ScoringJob
from core.model import load_model
from core.pipeline import classify_many

SAMPLES = SampleSource()
IDS = [str(oid) for oid in SAMPLES.catalogue()["object_id"]]
ZTF = [oid for oid in IDS if oid.startswith("ZTF")][:12]
FAST = Pace(1000.0)


@pytest.fixture(scope="module")
def model():
    return load_model("t2-ztf")


def scored(job):
    job.start().join(60)
    return job


def local_list(ids=ZTF, token="t"):
    return list_of_curves(
        token, "samples", [SAMPLES.fetch(oid) for oid in ids], source_key="sample", otherwise="sample"
    )


class Broker:
    """Gives samples, and trouble: an error per call from ``trouble`` until it is used up."""

    key, title, survey = "alerce-ztf", "Played", "ztf"

    def __init__(self, trouble=()):
        self.trouble, self.asked, self.times = list(trouble), [], []

    def fetch(self, oid):
        self.asked.append(oid)
        self.times.append(time.monotonic())
        if self.trouble and (error := self.trouble.pop(0)) is not None:
            raise error
        if oid not in IDS:
            raise NotFound(self.title, f"Played has no light curve of {oid}.")
        return SAMPLES.fetch(oid)


def remote_list(broker, ids=ZTF):
    return list_of_ids("r", "played", [Listed(oid) for oid in ids], broker)


def test_a_list_is_scored_as_its_light_curves_are_alone(model):
    table = scored(ScoringJob(local_list(IDS), model, model.prior)).table()
    alone = classify_many([SAMPLES.fetch(oid) for oid in IDS], model)
    assert table[alone.columns.tolist()].equals(alone)
    assert table["entry"].tolist() == list(range(len(IDS)))


def test_a_fetched_list_has_the_same_rows_and_each_object_is_asked_for_once(model):
    broker = Broker()
    job = scored(ScoringJob(remote_list(broker), model, model.prior, pace=FAST))
    here = scored(ScoringJob(local_list(), model, model.prior)).table()
    assert job.progress.state == "done" and sorted(broker.asked) == sorted(ZTF)
    assert job.table()["p_SNIa"].tolist() == here["p_SNIa"].tolist()
    assert job.table()["label"].tolist() == here["label"].tolist()


def test_an_object_that_the_broker_does_not_know_has_its_row_and_is_not_asked_for_again(model):
    broker = Broker()
    job = scored(ScoringJob(remote_list(broker, ["ZTF00aaaaaaa", ZTF[0]]), model, model.prior, pace=FAST))
    assert job.table()["refusal"].isna().tolist() == [False, True]
    assert "has no light curve of ZTF00aaaaaaa" in job.table()["refusal_message"][0]
    scored(job)
    assert len(broker.asked) == 2


def test_a_broker_that_goes_down_stops_the_list_and_resuming_fetches_only_what_is_missing(model):
    down = [None, None, None] + [Unreachable("Played", "Played could not be reached.")] * 60
    broker = Broker(down)
    job = scored(ScoringJob(remote_list(broker), model, model.prior, pace=FAST))
    assert job.progress.state == "stopped" and "resume later" in job.progress.message
    fetched = [i for i, c in enumerate(job.candidates.curves) if c is not None]
    assert fetched and job.table()["refusal"].isna().sum() > 0
    broker.trouble, broker.asked = [], []
    scored(job)
    assert job.progress.state == "done" and len(job.table()) == len(ZTF)
    assert not set(broker.asked) & {ZTF[i] for i in fetched}


def test_a_broker_that_asks_to_wait_is_waited_for_and_one_that_asks_for_an_hour_is_left_alone(model):
    broker = Broker([RateLimited("Played", "Too many requests.", retry_after=0.2)])
    started = time.monotonic()
    assert (
        scored(ScoringJob(remote_list(broker, ZTF[:3]), model, model.prior, pace=Pace(1000.0))).progress.state == "done"
    )
    assert time.monotonic() - started >= 0.2
    broker = Broker([RateLimited("Played", "Too many requests, wait 3600 s.", retry_after=3600)] * 3)
    job = scored(ScoringJob(remote_list(broker, ZTF[:3]), model, model.prior, pace=Pace(1000.0)))
    assert job.progress.state == "stopped" and "Resume then" in job.progress.message


def test_a_broker_is_never_asked_faster_than_its_pace_even_by_two_lists(model):
    broker, pace = Broker(), Pace(50.0)
    jobs = [ScoringJob(remote_list(broker, ids), model, model.prior, pace=pace) for ids in (ZTF[:5], ZTF[5:10])]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    gaps = [b - a for a, b in zip(sorted(broker.times), sorted(broker.times)[1:], strict=False)]
    assert len(gaps) == 9 and sum(gaps) >= 9 * 0.02 * 0.9


def test_a_cancelled_list_keeps_what_it_has_and_goes_on_later(model):
    broker = Broker()
    job = ScoringJob(remote_list(broker), model, model.prior, pace=Pace(20.0)).start()
    while len(broker.asked) < 4:
        time.sleep(0.01)
    job.cancel()
    job.join(60)
    done = job.progress.done
    assert job.progress.state == "cancelled" and 0 < done < len(ZTF) and len(job.table()) == done
    job._pace.gap = 0.001
    assert scored(job).progress.state == "done" and len(broker.asked) <= len(ZTF) + 6


def test_one_bad_answer_is_tried_again(model):
    broker = Broker([BadResponse("Played", "Played answered with a web page.")])
    job = scored(ScoringJob(remote_list(broker, ZTF[:2]), model, model.prior, pace=FAST))
    assert job.progress.state == "done" and job.table()["refusal"].isna().all()


@pytest.mark.parametrize(("hours", "asked_again"), [(1, False), (7, True)])
def test_a_copy_of_the_last_six_hours_is_taken_without_asking(model, tmp_path, hours, asked_again):
    then = (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")

    class Dated(Broker):
        examples = ()

        def fetch(self, oid):
            curve = super().fetch(oid)
            return replace(curve, provenance=replace(curve.provenance, retrieved=then))

    broker = Dated()
    for _ in range(2):  # a list again after a restart of the server: only the copies on the disk are left
        source = CachedSource(broker, ObjectCache(tmp_path))
        scored(ScoringJob(remote_list(source, ZTF[:3]), model, model.prior, pace=FAST))
    assert len(broker.asked) == (6 if asked_again else 3)


def test_the_latest_alert_of_an_object_stands_in_the_list():
    whole = SAMPLES.fetch(ZTF[0])
    early = whole.subset(whole.mjd < whole.mjd[-1])
    made = list_of_curves("t", "alerts", [whole, early], source_key="list", otherwise="file-1")
    assert len(made) == 1 and len(made.curves[0]) == len(whole) and "the latest of each" in made.notes[0]


def test_the_shelf_hands_out_one_job_for_one_question_and_forgets_the_oldest_list(model):
    shelf = Shelf(most_lists=2)
    first = shelf.put(local_list(ZTF[:2], "a"))
    job = shelf.job(first, model, model.prior)
    assert shelf.job(first, model, model.prior) is job is not shelf.job(first, model, model.equal_prior())
    assert shelf.put(local_list(ZTF[:2], "a")) is first
    for token in "bc":
        shelf.put(local_list(ZTF[:1], token))
    assert shelf.get("a") is None and shelf.get("c") is not None


def test_a_table_can_be_read_while_the_list_is_scored(model):
    job = ScoringJob(local_list(IDS), model, model.prior)
    sizes, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            sizes.append(len(job.table()))

    reader = threading.Thread(target=read)
    reader.start()
    scored(job)
    stop.set()
    reader.join()
    assert sizes == sorted(sizes) and len(job.table()) == len(IDS)
