"""A server that plays brokers, and sources that are pointed at it with little patience."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from core.brokers.http import Timeouts
from core.brokers.registry import BROKERS
from core.brokers.source import BrokerSource
from tests.broker_server import BrokerServer, Play, base_urls, recorded_routes

#: Short, and apart from one another, so that a message says which one ran out.
IMPATIENT = Timeouts(connect=0.5, read=0.2, total=0.4)
PATIENT = Timeouts(connect=5, read=10, total=20)


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, Play]], BrokerServer]]:
    """Start a server for some routes; it stops when the test ends."""
    with ExitStack() as stack:
        yield lambda routes: stack.enter_context(BrokerServer(routes))


@pytest.fixture(scope="session")
def healthy() -> Iterator[BrokerServer]:
    """All brokers in good health, with recorded answers."""
    with BrokerServer(recorded_routes()) as server:
        yield server


def source_at(server: BrokerServer, key: str, **settings: object) -> BrokerSource:
    """One broker, pointed at the server. settings : as the source's constructor takes them."""
    broker = next(broker for broker in BROKERS if broker.key == key)
    settings = {"timeouts": PATIENT, "token": "secret" if "lasair" in key else "", **settings}
    return broker(base_url=base_urls(server.url)[key], **settings)
