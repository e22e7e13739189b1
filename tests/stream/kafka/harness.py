"""Topics made, filled and read back, and the worker as a process of its own that can be killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from stream.kafka_client import as_message
from stream.messages import Header, Message

ROOT = Path(__file__).parents[3]
IN, OUT, DEAD = "alerts", "scores", "dead"
#: A killed worker's partitions go to the next after two seconds instead of 45.
_SESSION = "session.timeout.ms=2000\nheartbeat.interval.ms=500\n"


def make_topics(address: str, names: Iterable[str], partitions: int = 3) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": address})
    for future in admin.create_topics([NewTopic(name, partitions) for name in names]).values():
        future.result(30)


def fill(address: str, topic: str, values: Iterable[bytes]) -> int:
    """Write messages, in turn to all partitions; returns how many."""
    from confluent_kafka import Producer

    failures: list[str] = []
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5, "message.max.bytes": 10_000_000})
    number = 0
    for number, value in enumerate(values, start=1):
        while True:
            try:
                producer.produce(
                    topic, value, str(number), on_delivery=lambda e, _: failures.append(str(e)) if e else None
                )
                break
            except BufferError:
                producer.poll(0.2)
        producer.poll(0)
    producer.flush()
    assert not failures, failures[:3]
    return number


def read_all(address: str, topic: str, seconds: float = 60.0) -> list[tuple[Message, dict[str, str]]]:
    """(message, headers) of everything that a topic holds now."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": address, "group.id": "reader", "enable.auto.commit": False})
    try:
        parts = consumer.list_topics(topic, timeout=30.0).topics[topic].partitions
        ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30.0) for p in parts}
        consumer.assign([TopicPartition(topic, p, low) for p, (low, _) in ends.items()])
        open_ends = {p: high for p, (low, high) in ends.items() if high > low}
        found, end = [], time.monotonic() + seconds
        while open_ends:
            assert time.monotonic() < end, f"{topic} could not be read to its end"
            for m in consumer.consume(1000, 0.5):
                if m.error() is None:
                    heads: Sequence[Header] = m.headers() or ()
                    found.append((as_message(m), {k: v.decode() for k, v in heads}))
            done = [p for p in open_ends if consumer.position([TopicPartition(topic, p)])[0].offset >= open_ends[p]]
            for p in done:
                del open_ends[p]
        return found
    finally:
        consumer.close()


def length(address: str, topic: str) -> int:
    """How many messages a topic holds now; 0 while no broker answers."""
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    consumer = Consumer({"bootstrap.servers": address, "group.id": "reader", "log_level": 0})
    try:
        parts = consumer.list_topics(topic, timeout=5.0).topics[topic].partitions
        return sum(consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=5.0)[1] for p in parts)
    except KafkaException:
        return 0
    finally:
        consumer.close()


class WorkerProcess:
    """``python -m stream.kafka`` on IN, OUT and DEAD; what it says goes to a file."""

    def __init__(self, address: str, folder: Path, *options: str, model: str = "t2-ztf") -> None:
        config = folder / "session.properties"
        config.write_text(_SESSION)
        self.log = folder / "worker.log"
        self._call = [
            sys.executable, "-m", "stream.kafka", "--bootstrap", address, "--topics", IN, "--out-topic", OUT,
            "--dead-letter-topic", DEAD, "--model", model, "--config", str(config), *options,
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._call, cwd=ROOT, stdout=log, stderr=log)

    def kill(self) -> None:
        """As a power cut."""
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60.0) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        """The exit code. Kills the process, and fails, when it does not end."""
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the worker did not end: {self.said()[-2000:]}") from None

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")
