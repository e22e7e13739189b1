"""Fixtures of the stream tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stream.scale_extra import need, packages


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory) -> Iterator:
    """A real Apache Kafka broker on a free port of loopback, fetched through Maven into a cache."""
    need("confluent_kafka", java=True)
    from tests.stream.kafka.broker import Broker

    with packages():
        broker = Broker(tmp_path_factory.mktemp("kafka"))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
