"""The client against librdkafka's mock cluster: the protocol is real, the broker is a stand-in that needs no Java."""

from __future__ import annotations

import io
import json

import pytest

import stream.kafka as command
from stream.messages import unique_rows
from tests.stream.packets import poison, real_message
from tests.stream.scale_extra import need

pytestmark = pytest.mark.scale
MODEL = "t2-published-gr"


@pytest.fixture(scope="module")
def mock():
    """(producer, address) of a cluster that lives as long as the producer."""
    need("confluent_kafka")
    from confluent_kafka import Producer

    producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"})
    broker = next(iter(producer.list_topics(timeout=20).brokers.values()))
    yield producer, f"{broker.host}:{broker.port}"


def put(producer, topic, values):
    for value in values:
        producer.produce(topic, value)
    producer.flush()


def run(address, source, *options):
    said = io.StringIO()
    arguments = [
        "--bootstrap", address, "--topics", source, "--out-topic", f"{source}_out", "--dead-letter-topic", f"{source}_dead",
        "--model", MODEL, "--idle-exit", "4", *options,
    ]  # fmt: skip
    assert command.main(arguments, stderr=said) == 0, said.getvalue()
    return said.getvalue()


def everything(address, topic):
    from tests.stream.kafka.harness import read_all

    return read_all(address, topic)


def test_good_and_bad_messages_end_where_they_belong_and_a_second_run_finds_nothing_left(mock):
    producer, address = mock
    good = [real_message(i)[0] for i in range(20)]
    put(producer, "first", [*good, *poison().values()])
    said = run(address, "first", "--batch", "8")
    rows = [json.loads(m.value) for m, _ in everything(address, "first_out")]
    assert sorted(row["alert_id"] for row in rows) == sorted(real_message(i)[1] for i in range(20))
    dead = everything(address, "first_dead")
    assert sorted(m.value or b"" for m, _ in dead) == sorted(poison().values())
    assert {heads["source_topic"] for _, heads in dead} == {"first"}
    assert "30 messages" in said and "dead letters:" in said and "too_large" in said
    assert run(address, "first").startswith("reading first") and len(everything(address, "first_out")) == 20
    assert "30 messages" in run(address, "first", "--group", "another")
    twice = [m for m, _ in everything(address, "first_out")]
    assert len(twice) == 40
    unique = [row["alert_id"] for row in unique_rows(twice)]
    assert sorted(unique) == sorted(row["alert_id"] for row in rows)


def test_no_broker_is_one_sentence_and_exit_status_1():
    need("confluent_kafka")
    from stream.kafka_client import ConfluentClient, KafkaProblem

    client = ConfluentClient("127.0.0.1:1", ["in"], "g", {"log_level": "0"})
    with pytest.raises(KafkaProblem, match="topic out"):
        client.check_topics(["out"], seconds=0.1)
    client.close()


def test_an_option_that_librdkafka_does_not_know_is_one_sentence(tmp_path):
    need("confluent_kafka")
    (tmp_path / "p").write_text("no.such.option=1\n")
    said = io.StringIO()
    code = command.main(
        ["--bootstrap", "127.0.0.1:1", "--topics", "in", "--out-topic", "out", "--dead-letter-topic", "dead",
         "--model", MODEL, "--config", str(tmp_path / "p")],
        stderr=said,
    )  # fmt: skip
    assert code == 2 and "no.such.option" in said.getvalue()
