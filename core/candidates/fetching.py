"""Light curves of a list, fetched one after the other from a broker that may be slow, busy or down."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from core.brokers.base import BadRequest, BrokerError, NeedsToken, NotFound, RateLimited
from core.brokers.conversation import begun
from core.candidates.pace import Pace
from core.lightcurve import LightCurve
from core.refusal import BadInput, Refusal

#: Asked at once: enough to hide the way there and back, few enough not to be a burden.
AT_ONCE = 3
#: Copies so old are taken without asking again [h].
FRESH_HOURS = 6.0
#: A broker that asks for more patience is left alone, and the list can be resumed later [s].
LONGEST_WAIT = 120.0
#: Waited where a broker says "too many" without saying for how long [s].
USUAL_WAIT = 20.0
TRIES = 3
#: So many failures in a row, and the broker counts as down.
DOWN_AFTER = 4
#: Reason of what a broker could not give now; asked for again when the list is resumed.
NOT_FETCHED = "not_fetched"


class BrokerIsDown(Exception):
    """The broker is not worth asking on. message : one sentence for a person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Fetching:
    """Fetches objects of one source. stop : set by whoever wants it to end. said : what it is waiting for, for a person."""

    def __init__(self, source: Any, pace: Pace, stop: threading.Event) -> None:
        self.source = source
        self.pace = pace
        self.stop = stop
        self.said = f"Asking {source.title}."
        self._failures = 0

    def each(self, wanted: Sequence[tuple[int, str]]) -> Iterator[tuple[int, LightCurve | Refusal]]:
        """(number, light curve or why there is none) of each (number, id), in order.

        Ends early when ``stop`` is set. Raises BrokerIsDown when the broker is.
        """
        queue: deque[tuple[int, Future[LightCurve | Refusal | None]]] = deque()
        rest = iter(wanted)
        while not self.stop.is_set():
            while len(queue) < AT_ONCE and (following := next(rest, None)) is not None:
                queue.append((following[0], self._begin(following[1])))
            if not queue:
                return
            number, future = queue.popleft()
            found = future.result()
            if found is None:
                return
            self._count(found)
            yield number, found

    def _begin(self, object_id: str) -> Future[LightCurve | Refusal | None]:
        """One object under way."""
        return begun(lambda: self._one(object_id), f"fetch {self.source.key}")

    def _one(self, object_id: str) -> LightCurve | Refusal | None:
        copy = self.source.recent(object_id, FRESH_HOURS) if hasattr(self.source, "recent") else None
        if copy is not None:
            return copy
        for tried in range(1, TRIES + 1):
            if not self.pace.wait(self.stop):
                return None
            try:
                return self.source.fetch(object_id)
            except (NotFound, BadRequest, BadInput) as error:
                return Refusal(
                    "not_found" if isinstance(error, NotFound) else "unreadable", f"Not scored: {error.message}"
                )
            except NeedsToken as error:
                raise BrokerIsDown(f"{error.message} {error.advice}") from error
            except RateLimited as error:
                self._wait_as_told(error)
            except BrokerError as error:
                if error.last_good is not None:
                    return error.last_good
                if tried == TRIES:
                    return Refusal(NOT_FETCHED, f"Not scored: {error.message}")
        return Refusal(NOT_FETCHED, f"Not scored: {self.source.title} asked {TRIES} times to wait.")

    def _wait_as_told(self, error: RateLimited) -> None:
        seconds = USUAL_WAIT if error.retry_after is None else error.retry_after
        if seconds > LONGEST_WAIT:
            raise BrokerIsDown(f"{error.message} Resume then.") from error
        self.said = f"{self.source.title} asks to wait {seconds:.0f} s."
        self.pace.hold(seconds)

    def _count(self, found: LightCurve | Refusal) -> None:
        failed = isinstance(found, Refusal) and found.reason == NOT_FETCHED
        self._failures = self._failures + 1 if failed else 0
        if isinstance(found, LightCurve):
            self.said = ""
        if isinstance(found, Refusal) and self._failures >= DOWN_AFTER:
            raise BrokerIsDown(
                f"{found.message.removeprefix('Not scored: ')} {DOWN_AFTER} objects in a row failed; resume later."
            )
