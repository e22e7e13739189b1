"""Politeness to a broker: so many objects a second and no more, for all lists and all visitors together."""

from __future__ import annotations

import threading
import time


class Pace:
    """Spaces out what one broker is asked. per_second : objects a second. Shared by all who ask that broker."""

    def __init__(self, per_second: float) -> None:
        self.gap = 1.0 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, stop: threading.Event) -> bool:
        """Wait for one's turn; False when ``stop`` was set meanwhile."""
        while not stop.is_set():
            with self._lock:
                left = self._next - time.monotonic()
                if left <= 0:
                    self._next = time.monotonic() + self.gap
                    return True
            stop.wait(min(left, 0.5))
        return False

    def hold(self, seconds: float) -> None:
        """Nobody asks for so long: the broker said so."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
