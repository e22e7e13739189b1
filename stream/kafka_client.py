"""What the worker asks of Kafka, as a Protocol, and confluent-kafka's answer to it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from stream.messages import Header, Message


class KafkaProblem(Exception):
    """Kafka can't be used now; nothing was committed that was not written. The message is for a person."""


@dataclass(frozen=True)
class Record:
    """A message to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header] = field(default_factory=tuple)


@dataclass(frozen=True)
class Failed:
    """A record that was not written. too_large : the broker takes no message of this size."""

    record: Record
    reason: str
    too_large: bool = False


class Client(Protocol):
    """Reads, writes and commits. One thread."""

    def poll(self, most: int, seconds: float) -> list[Message]:
        """Up to ``most`` messages, waiting up to ``seconds`` for them."""

    def send(self, record: Record) -> None:
        """Hand a record over for writing."""

    def flush(self) -> list[Failed]:
        """Wait until everything that was sent is written; what was not comes back."""

    def commit(self, messages: Iterable[Message]) -> None:
        """These messages, and all before them in their partitions, are done."""

    def close(self) -> None:
        """Leave the group."""


def next_offsets(messages: Iterable[Message]) -> dict[tuple[str, int], int]:
    """(topic, partition) -> the offset to go on from after these messages."""
    found: dict[tuple[str, int], int] = {}
    for m in messages:
        place = (m.topic, m.partition)
        found[place] = max(found.get(place, 0), m.offset + 1)
    return found


def read_properties(path: Path) -> dict[str, str]:
    """Options of librdkafka from a file of ``name=value`` lines (security, passwords); ``#`` starts a comment."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in pairs}


def as_message(found: Any) -> Message:
    """A message of confluent-kafka as ours."""
    return Message(
        found.value(), found.key(), found.topic(), found.partition(), found.offset(), int(found.timestamp()[1])
    )


class ConfluentClient:
    """A group consumer that commits only when told, and an idempotent producer.

    extra : options of librdkafka for both, such as security. timeout : seconds until a record counts as not written.
    """

    def __init__(
        self, bootstrap: str, topics: Sequence[str], group: str, extra: dict[str, str], *, timeout: float = 300.0
    ) -> None:
        from confluent_kafka import Consumer, Producer

        own = {"client.id": "t2scope", "log_level": 3, "error_cb": self._trouble}
        both = {"bootstrap.servers": bootstrap, **own, **extra}
        self._producer = Producer(
            {
                **both,
                "enable.idempotence": True,
                "acks": "all",
                "compression.type": "lz4",
                "linger.ms": 20,
                "message.timeout.ms": int(timeout * 1000),
                "message.max.bytes": 32 * 1024 * 1024,
            }
        )
        self._consumer = Consumer(
            {
                **both,
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "fetch.message.max.bytes": 16 * 1024 * 1024,
                "partition.assignment.strategy": "cooperative-sticky",
            }
        )
        self._timeout = timeout
        self._failed: list[Failed] = []
        self._said: dict[str, float] = {}
        self._consumer.subscribe(list(topics))

    def check_topics(self, topics: Iterable[str], seconds: float = 30.0) -> None:
        """Raises KafkaProblem when no broker answers, or a topic to write to is not there and can't be made."""
        from confluent_kafka import KafkaException

        for topic in topics:
            end = time.monotonic() + seconds
            while True:
                try:
                    error = self._producer.list_topics(topic, timeout=5.0).topics[topic].error
                except KafkaException as problem:
                    error = problem.args[0]
                if error is None:
                    break
                if time.monotonic() > end:  # a broker that makes topics by itself needs a moment
                    raise KafkaProblem(f"topic {topic}: {error.str()}")
                time.sleep(0.2)

    def poll(self, most: int, seconds: float) -> list[Message]:
        self._producer.poll(0)
        good = []
        for found in self._consumer.consume(most, seconds):
            if (error := found.error()) is None:
                good.append(as_message(found))
            else:
                self._trouble(error)
        return good

    def send(self, record: Record) -> None:
        from confluent_kafka import KafkaException

        while True:
            try:
                self._producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    headers=list(record.headers),
                    on_delivery=partial(self._delivered, record),
                )
                return
            except BufferError:  # the queue is full: let some out
                self._producer.poll(0.5)
            except KafkaException as problem:
                self._delivered(record, problem.args[0], None)
                return

    def flush(self) -> list[Failed]:
        # Every record ends in its callback, written or timed out, so this ends.
        while self._producer.flush(1.0):
            pass
        failed, self._failed = self._failed, []
        return failed

    def commit(self, messages: Iterable[Message]) -> None:
        from confluent_kafka import KafkaError, KafkaException, TopicPartition

        offsets = [TopicPartition(t, p, o) for (t, p), o in next_offsets(messages).items()]
        moved = {KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.FENCED_INSTANCE_ID}
        end = time.monotonic() + self._timeout
        while True:
            try:
                done = self._consumer.commit(offsets=offsets, asynchronous=False)
                error = next((part.error for part in done if part.error is not None), None)
            except KafkaException as problem:
                error = problem.args[0]
            if error is None:
                return
            self._trouble(error)
            if error.code() in moved:  # another member has the partition: it will write these rows again, same keys
                return
            if time.monotonic() > end:
                raise KafkaProblem(f"offsets could not be committed: {error.str()}")
            time.sleep(0.5)

    def close(self) -> None:
        self._consumer.close()

    def _delivered(self, record: Record, error: Any, _: Any) -> None:
        from confluent_kafka import KafkaError

        if error is not None:
            self._failed.append(Failed(record, error.str(), error.code() == KafkaError.MSG_SIZE_TOO_LARGE))

    def _trouble(self, error: Any) -> None:
        """Say what the client can't do just now, each thing at most every ten seconds. Raises when it is for good."""
        text = error.str()
        if time.monotonic() - self._said.get(error.name(), -10.0) >= 10.0:
            self._said[error.name()] = time.monotonic()
            print(f"kafka: {error.name()}: {text}", file=sys.stderr)
        if error.fatal():
            raise KafkaProblem(text)
