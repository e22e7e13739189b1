"""A real Apache Kafka broker: what goes in comes out, once by key, whoever is killed."""

from __future__ import annotations

import json
import random
import time

import numpy as np
import pytest

from core.model import load_model
from core.pipeline import Classification, classify
from stream.messages import Message, read_message, unique_rows
from tests.stream.packets import poison, real_message, real_packets, small_schema

pytestmark = pytest.mark.scale
SEED = 20


@pytest.fixture()
def topics(kafka_broker, monkeypatch, request):
    """The harness on topics of the test's own."""
    from tests.stream.kafka import harness

    for name in ("IN", "OUT", "DEAD"):
        monkeypatch.setattr(harness, name, f"{request.node.name}_{name.lower()}"[-200:])
    harness.make_topics(kafka_broker.address, [harness.IN, harness.OUT, harness.DEAD])
    return harness


def rows_by_alert(harness, address):
    """(rows by alert id after dedup by key, number of messages in OUT)"""
    found = [m for m, _ in harness.read_all(address, harness.OUT)]
    rows = list(unique_rows(found))
    by_alert = {row["alert_id"]: row for row in rows}
    assert len(by_alert) == len(rows)
    return by_alert, len(found)


def wait_for(harness, address, worker, number, seconds=120.0):
    """Until OUT holds so many messages."""
    end = time.monotonic() + seconds
    while harness.length(address, harness.OUT) < number:
        assert worker.process.poll() is None and time.monotonic() < end, worker.said()[-2000:]
        time.sleep(0.05)


def test_killed_workers_lose_nothing_and_poison_stops_nobody(kafka_broker, topics, tmp_path):
    """2,000 alerts of which 1 % are poison, two kills: each good one has its row, each bad one its dead letter."""
    generator = random.Random(SEED)
    address, number = kafka_broker.address, 2000
    bad = set(generator.sample(range(number), number // 100))
    kinds = list(poison().values())
    topics.fill(address, topics.IN, (kinds[i % len(kinds)] if i in bad else real_message(i)[0] for i in range(number)))
    with topics.WorkerProcess(address, tmp_path, "--batch", "100", "--idle-exit", "4") as worker:
        for share in (0.2, 0.6):
            worker.start()
            wait_for(topics, address, worker, int(share * number))
            time.sleep(generator.uniform(0.0, 0.3))
            worker.kill()
        worker.start()
        assert worker.wait(180) == 0, worker.said()[-2000:]
    rows, _ = rows_by_alert(topics, address)
    assert set(rows) == {real_message(i)[1] for i in range(number) if i not in bad}
    heads = [h for _, h in topics.read_all(address, topics.DEAD)]
    places = {(h["source_partition"], h["source_offset"]) for h in heads}
    assert len(places) == len(bad) and all(h["reason"] not in ("", "error") for h in heads)


def test_the_stream_says_what_the_page_says_in_every_framing(kafka_broker, topics, tmp_path):
    """Avro, JSON and Confluent framing with a folder of schemas; ended by SIGTERM with everything committed."""
    address = kafka_broker.address
    model = load_model("t2-ztf")
    values = [real_message(i, framing)[0] for i, framing in zip(range(60), ["avro", "json"] * 30, strict=True)]
    (tmp_path / "701.json").write_text(json.dumps(small_schema(real_packets()[20][0])))
    values += [real_message(60 + i, "wire")[0] for i in range(20, 30)]
    topics.fill(address, topics.IN, values)
    with topics.WorkerProcess(address, tmp_path, "--schemas", str(tmp_path), "--group", "first") as worker:
        worker.start()
        wait_for(topics, address, worker, len(values))
        assert worker.end() == 0, worker.said()[-2000:]
    assert f"{len(values)} messages" in worker.said()
    rows, written = rows_by_alert(topics, address)
    assert written == len(values) == len(rows)
    scored = 0
    for value in values:
        (curve,) = read_message(Message(value), schemas=tmp_path).curves
        answer, row = classify(curve, model), rows[curve.alert_id]
        if isinstance(answer, Classification):
            scored += 1
            np.testing.assert_allclose([row[f"p_{c}"] for c in model.classes], answer.probabilities, atol=1e-6)
        else:
            assert row["refusal"] == answer.reason
    assert scored >= 10
    with topics.WorkerProcess(address, tmp_path, "--group", "first", "--idle-exit", "4") as again:
        again.start()
        assert again.wait(60) == 0 and topics.length(address, topics.OUT) == len(values)
