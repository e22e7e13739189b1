"""One measurement at a time on the whole server: visitors queue, so that nobody's run spoils another's times."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.stopwatch import Stopped, Timing, measure

#: More than this many waiting measurements are refused: the last would wait for minutes.
LONGEST_QUEUE = 6
State = Literal["waiting", "running", "done", "cancelled", "failed"]
log = logging.getLogger(__name__)


@dataclass
class Job:
    """One visitor's measurement. progress : 0 to 1. timings : by variant once it is done. problem : why it failed."""

    files: Mapping[str, Path]
    values: NDArray[np.float32]
    state: State = "waiting"
    progress: float = 0.0
    timings: Mapping[str, Timing] = field(default_factory=dict)
    problem: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "cancelled", "failed")

    def cancel(self) -> None:
        """Give up at the next file; a job that is over stays what it is."""
        self._stop.set()
        if self.state == "waiting":
            self.state = "cancelled"

    def run(self) -> None:
        """Measure; called by the worker alone."""
        if self._stop.is_set():
            self.state = "cancelled"
            return
        self.state = "running"
        try:
            self.timings = measure(self.files, self.values, progress=self._advance, stopped=self._stop.is_set)
            self.state = "done"
        except Stopped:
            self.state = "cancelled"
        except Exception as error:  # told on the page of who asked; the worker lives on
            log.exception("A measurement failed.")
            self.problem, self.state = f"{type(error).__name__}: {error}", "failed"

    def _advance(self, share: float) -> None:
        self.progress = share


class Worker:
    """A thread that takes jobs in turn. It ends with the server."""

    def __init__(self) -> None:
        self._queue: deque[Job] = deque()
        self._wake = threading.Condition()
        threading.Thread(target=self._work, name="measure", daemon=True).start()

    def submit(self, job: Job) -> bool:
        """Put a job at the end of the queue; False where too many are waiting."""
        with self._wake:
            if len(self._waiting()) >= LONGEST_QUEUE:
                return False
            self._queue.append(job)
            self._wake.notify()
        return True

    def ahead_of(self, job: Job) -> int:
        """How many measurements come before this one, the running one among them."""
        with self._wake:
            others = [other for other in self._queue if not other.is_over]
            return others.index(job) if job in others else 0

    def _waiting(self) -> list[Job]:
        return [job for job in self._queue if job.state == "waiting"]

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._queue:
                    self._wake.wait()
                job = self._queue[0]
            if not job.is_over:
                job.run()
            with self._wake:
                self._queue.popleft()
