"""The lists that a server has in hand, and the scoring of each: shared by all visitors, bounded in number and size."""

from __future__ import annotations

import threading
from collections import OrderedDict

from core.candidates.lists import CandidateList
from core.candidates.pace import Pace
from core.candidates.work import ScoringJob
from core.model import Model, Prior


class Shelf:
    """Lists by token and jobs by list, model and prior; what was used longest ago goes first.

    per_second : of each broker. most_lists, most_objects : how much is kept; the latest list is kept whatever its size.
    """

    def __init__(self, *, per_second: float = 4.0, most_lists: int = 12, most_objects: int = 40_000) -> None:
        self.per_second = per_second
        self.most_lists, self.most_objects = most_lists, most_objects
        self._lists: OrderedDict[str, CandidateList] = OrderedDict()
        self._jobs: dict[tuple[str, str, str], ScoringJob] = {}
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def put(self, candidates: CandidateList) -> CandidateList:
        """Keep a list; one of the same token that is there already stays, with what was fetched for it."""
        with self._lock:
            kept = self._lists.setdefault(candidates.token, candidates)
            self._lists.move_to_end(candidates.token)
            self._make_room()
            return kept

    def get(self, token: str) -> CandidateList | None:
        """The list of a token, None when it is not kept (any more)."""
        with self._lock:
            if token in self._lists:
                self._lists.move_to_end(token)
            return self._lists.get(token)

    def job(self, candidates: CandidateList, model: Model, prior: Prior) -> ScoringJob:
        """The scoring of a list by a model under a prior, started when nobody asked for it before."""
        key = (candidates.token, f"{model.sha256} {model.recipe_name}", prior.name)
        with self._lock:
            if key not in self._jobs:
                pace = self._paces.setdefault(candidates.source_key, Pace(self.per_second))
                self._jobs[key] = ScoringJob(candidates, model, prior, pace=pace).start()
            return self._jobs[key]

    def _make_room(self) -> None:
        while len(self._lists) > 1 and (
            len(self._lists) > self.most_lists or sum(map(len, self._lists.values())) > self.most_objects
        ):
            token, _ = self._lists.popitem(last=False)
            for key in [key for key in self._jobs if key[0] == token]:
                self._jobs.pop(key).cancel()
