"""Scoring a list in the background: what is done so far can be used at any time, stopped, and taken up again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from core.candidates.facts import Facts, facts_of
from core.candidates.fetching import NOT_FETCHED, BrokerIsDown, Fetching
from core.candidates.lists import CandidateList, with_label
from core.candidates.pace import Pace
from core.candidates.ranking import with_quantities
from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.pipeline import BATCH, Unscored, classify_many
from core.refusal import Refusal

log = logging.getLogger(__name__)
#: Fetched light curves are scored together when so many wait, or after so long [s].
FETCHED_BATCH, FETCHED_SECONDS = 32, 0.5
#: Lists take turns, a batch each: the machine has one core to score with, and a short list need not wait for a long one.
_TURN = threading.Lock()

Item = tuple[int, LightCurve | Refusal]


@dataclass(frozen=True)
class Progress:
    """state : running, done, cancelled or stopped (by trouble). message : what is waited for, or what the trouble is."""

    state: str
    done: int
    total: int
    message: str = ""

    @property
    def is_complete(self) -> bool:
        return self.done >= self.total


class ScoringJob:
    """One list, scored by one model under one prior, by a thread of its own.

    candidates : the list; light curves that are fetched stay in it. pace : of its source, when anything is to be fetched.
    """

    def __init__(self, candidates: CandidateList, model: Model, prior: Prior, *, pace: Pace | None = None) -> None:
        self.candidates = candidates
        self.model = model
        self.prior = prior
        self._pace = pace
        self._parts: list[pd.DataFrame] = []
        self._scored: set[int] = set()
        self._failed: dict[int, Refusal] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._fetching: Fetching | None = None
        self._state, self._message = "running", ""
        self._table: tuple[int, pd.DataFrame] | None = None

    def start(self) -> ScoringJob:
        """Begin, or take up again what was cancelled or failed; a job that runs or is done goes on as it is."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return self
            if self._thread is not None and len(self._scored) == len(self.candidates):
                return self
            self._failed.clear()
            self._stop.clear()
            self._state, self._message, self._table = "running", "", None
            self._thread = threading.Thread(target=self._run, name="score a list", daemon=True)
            self._thread.start()
        return self

    def cancel(self) -> None:
        """Stop after the batch at hand; what is scored stays."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread; for tests and programs."""
        if self._thread is not None:
            self._thread.join(timeout)

    @property
    def progress(self) -> Progress:
        with self._lock:
            waiting = self._fetching.said if self._fetching is not None and self._state == "running" else ""
            done = len(self._scored) + len(self._failed)
            return Progress(self._state, done, len(self.candidates), self._message or waiting)

    @property
    def not_fetched(self) -> dict[str, str]:
        """Object id -> why its source did not give it now; `start` asks again."""
        with self._lock:
            return {self.candidates.items[i].object_id: found.message for i, found in self._failed.items()}

    def table(self) -> pd.DataFrame:
        """What is scored so far, in the order of the list: the columns of `core.pipeline.row_columns`, ``entry`` (number in
        the list), those of `Facts` and of `with_quantities`. The same frame until there is more: not to be changed.
        """
        with self._lock:
            version = len(self._scored) + len(self._failed)
            if self._table is None or self._table[0] != version:
                self._table = version, self._made()
            return self._table[1]

    def _made(self) -> pd.DataFrame:
        failed = list(self._failed.items())
        parts = [*self._parts, self._rows(failed)] if failed or not self._parts else self._parts
        rows = pd.concat(parts, ignore_index=True).sort_values("entry", ignore_index=True)
        labels = [self._label(int(entry)) for entry in rows["entry"]]
        return with_quantities(rows, self.model.classes, labels).assign(label=labels)

    def _label(self, entry: int) -> str:
        item, curve = self.candidates.items[entry], self.candidates.curves[entry]
        return item.label if curve is None else with_label(item, curve).label

    def _run(self) -> None:
        try:
            for batch in self._batches():
                with _TURN:
                    rows = self._rows(batch)
                self._keep(batch, rows)
            state = "cancelled" if self._stop.is_set() else "done"
            self._end(state)
        except BrokerIsDown as error:
            self._end("stopped", error.message)
        except Exception as error:
            log.exception("scoring a list failed")
            self._end("stopped", f"Scoring failed ({type(error).__name__}); the log has the details.")

    def _end(self, state: str, message: str = "") -> None:
        with self._lock:
            self._state, self._message = state, message

    def _keep(self, batch: list[Item], rows: pd.DataFrame) -> None:
        failed = {i: found for i, found in batch if isinstance(found, Refusal) and found.reason == NOT_FETCHED}
        with self._lock:
            self._failed.update(failed)
            kept = rows[~rows["entry"].isin(list(failed))] if failed else rows
            if len(kept):
                self._parts.append(kept)
            self._scored.update(i for i, _ in batch if i not in failed)

    def _batches(self) -> Iterator[list[Item]]:
        """What is still to be scored: first what is at hand, in large batches, then the rest as it comes."""
        here = [(i, c) for i, c in enumerate(self.candidates.curves) if c is not None and i not in self._scored]
        for start in range(0, len(here), BATCH):
            if self._stop.is_set():
                return
            yield list(here[start : start + BATCH])
        yield from self._fetched()

    def _fetched(self) -> Iterator[list[Item]]:
        wanted = [
            (i, item.object_id)
            for i, item in enumerate(self.candidates.items)
            if self.candidates.curves[i] is None and i not in self._scored
        ]
        if not wanted or self.candidates.source is None:
            return
        self._fetching = Fetching(self.candidates.source, self._pace or Pace(4.0), self._stop)
        batch: list[Item] = []
        since = time.monotonic()
        try:
            for i, found in self._fetching.each(wanted):
                if isinstance(found, LightCurve):
                    self.candidates.curves[i] = found
                batch.append((i, found))
                if len(batch) >= FETCHED_BATCH or time.monotonic() - since > FETCHED_SECONDS:
                    yield batch
                    batch, since = [], time.monotonic()
        except BrokerIsDown:
            if batch:
                yield batch
            raise
        if batch:
            yield batch

    def _rows(self, batch: Iterable[Item]) -> pd.DataFrame:
        items = list(batch)
        given = [
            found if isinstance(found, LightCurve) else Unscored(self.candidates.items[i].object_id, found)
            for i, found in items
        ]
        rows = classify_many(given, self.model, prior=self.prior)
        facts = [asdict(facts_of(found) if isinstance(found, LightCurve) else Facts()) for _, found in items]
        known = pd.DataFrame(facts, columns=list(Facts.__dataclass_fields__), dtype=float)
        return pd.concat([rows, known], axis=1).assign(entry=np.array([i for i, _ in items], dtype=np.int64))
