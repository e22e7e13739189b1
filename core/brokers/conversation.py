"""A conversation with a broker in a thread of its own, which does not keep the server from stopping."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begun(work: Callable[[], T], name: str) -> Future[T]:
    """``work`` under way in a thread of this name; what it raises is told to whoever waits, in the thread that waits."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # raised again by whoever waits
            future.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return future
