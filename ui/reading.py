"""Where a class activation map puts its weight: the numbers behind the sentence that reads it aloud."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.explain import Explanation

#: Below this many rows a map is not read aloud.
FEW_ROWS = 5


@dataclass(frozen=True)
class MapReading:
    """A class activation map in a few numbers; shares are percent of its weight.

    focus : (start, end) [MJD], the shortest stretch that carries half of the weight; None when the map is flat.
    focus_share : what it carries. focus_rows : percent of the pooled rows that it takes. rows : how many are pooled.
    before, seen, after : weight before the first, between, and after the last measurement. points : measurements in focus.
    against : every row that stands for a time lowers the logit; weight then says where it does so least.
    """

    focus: tuple[float, float] | None
    focus_share: float
    focus_rows: float
    before: float
    seen: float
    after: float
    points: int
    rows: int
    against: bool = False

    @property
    def is_even(self) -> bool:
        """No part of the grid stands out: the focus carries hardly more of the weight than it takes of the grid."""
        return self.focus is None or self.focus_share < 1.15 * self.focus_rows

    @property
    def has_few_rows(self) -> bool:
        """The scale from the lowest row to the highest says little when there are hardly any between."""
        return self.rows < FEW_ROWS

    @property
    def stands_out(self) -> bool:
        """Whether there is a stretch worth pointing at."""
        return not (self.is_even or self.has_few_rows)


def read_map(explanation: Explanation, class_index: int, mjd: ArrayLike) -> MapReading:
    """Where the weight lies. mjd : times of the measurements that were used, rising."""
    measured = np.asarray(mjd, dtype=float)
    edges, share = rows_by_time(explanation, explanation.share(class_index))
    after = edges[:-1] > measured[-1]
    before = edges[1:] < measured[0]
    weight = {"before": float(share[before].sum()), "after": float(share[after].sum())}
    seen = float(share.sum()) - weight["before"] - weight["after"]
    pooled = explanation.pooled[: len(share)]
    rows = int(pooled.sum())
    against = bool(np.all(explanation.contribution[class_index][: len(share)][pooled] < 0))
    if np.ptp(share) < 1e-6:
        return MapReading(None, 0.0, 100.0, seen=seen, points=0, rows=rows, against=against, **weight)
    first, last = _shortest_stretch(share, 0.5 * share.sum())
    focus = (float(edges[first]), float(edges[last]))
    return MapReading(
        focus,
        focus_share=float(share[first:last].sum()),
        focus_rows=100.0 * (last - first) / rows,
        seen=seen,
        points=int(np.sum((measured >= focus[0]) & (measured <= focus[1]))),
        rows=rows,
        against=against,
        **weight,
    )


def rows_by_time(explanation: Explanation, values: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges (L+1,) [MJD] and values (L,) of the rows that stand for times, rising: some recipes run backwards."""
    times, values = explanation.times, np.asarray(values, dtype=float)[: len(explanation.times)]
    if times[0] > times[-1]:
        times, values = times[::-1], values[::-1]
    middle = 0.5 * (times[1:] + times[:-1])
    return np.concatenate([[2 * times[0] - middle[0]], middle, [2 * times[-1] - middle[-1]]]), values


def _shortest_stretch(share: NDArray[np.float64], goal: float) -> tuple[int, int]:
    """(first, last + 1) of the fewest neighbouring rows that carry ``goal``; the heavier one of equals."""
    total = np.concatenate([[0.0], np.cumsum(share)])
    ends = np.searchsorted(total, total[:-1] + goal - 1e-9)
    starts = np.arange(len(share))
    possible = ends <= len(share)
    starts, ends = starts[possible], ends[possible]
    best = np.lexsort((-(total[ends] - total[starts]), ends - starts))[0]
    return int(starts[best]), int(ends[best])
