"""One class against the rest, at every threshold: ROC and precision–recall curves, averages, and their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluate.scores import auc

Array = NDArray[np.float64]
#: Cells that the scores are counted in for an interval: far finer than the interval is wide, at any number of objects.
CELLS = 1024


@dataclass(frozen=True)
class Ranking:
    """What a threshold on a score selects, from the highest threshold down.

    threshold : (T,), every distinct score once. hits, false : (T,) weight of the positives and negatives with a score of
    at least the threshold. positives, negatives : their weight in all. selected : (T,) objects, unweighted.
    """

    threshold: Array
    hits: Array
    false: Array
    positives: float
    negatives: float
    selected: NDArray[np.int64]

    @property
    def completeness(self) -> Array:
        """(T,) share of the positives that are selected: recall, true positive rate."""
        return self.hits / self.positives if self.positives else np.full(len(self.hits), np.nan)

    @property
    def false_rate(self) -> Array:
        """(T,) share of the negatives that are selected."""
        return self.false / self.negatives if self.negatives else np.full(len(self.false), np.nan)

    @property
    def purity(self) -> Array:
        """(T,) share of the selected that are positives: precision."""
        return self.hits / (self.hits + self.false)

    @property
    def average_precision(self) -> float:
        """Area under the precision–recall steps: Σ (R_n − R_{n−1}) P_n."""
        return float(np.sum(np.diff(self.completeness, prepend=0.0) * self.purity)) if self.positives else float("nan")

    def at(self, threshold: float) -> int:
        """The place in the arrays of the last score that a threshold selects; −1 when it selects none."""
        return int(np.searchsorted(-self.threshold, -threshold, side="right")) - 1

    def drawn(self, most: int = 300) -> NDArray[np.int64]:
        """Places to draw: evenly along both axes of a ROC curve, the ends among them. Figures are sampled, numbers never."""
        along = self.completeness + self.false_rate
        wanted = np.linspace(0.0, float(along[-1]), most)
        index = np.searchsorted(along, wanted).clip(0, len(along) - 1)
        return np.unique(np.concatenate([[0], index, [len(along) - 1]]))


def ranking(positive: NDArray, score: NDArray, weight: NDArray | None = None) -> Ranking:
    """Counts above every threshold. positive : (V,) bool. score : (V,). weight : (V,), one each when None."""
    order = np.argsort(-score, kind="stable")
    ordered, is_hit = score[order], positive[order]
    w = np.ones(len(order)) if weight is None else np.asarray(weight, dtype=float)[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits, both = np.cumsum(w * is_hit), np.cumsum(w)
    return Ranking(
        threshold=ordered[last],
        hits=hits[last],
        false=(both - hits)[last],
        positives=float(hits[-1]),
        negatives=float((both - hits)[-1]),
        selected=last + 1,
    )


def micro_ranking(truth: NDArray, p: NDArray) -> Ranking:
    """All answers of all classes as one list: each object is a positive once and a negative C − 1 times."""
    return ranking(np.eye(p.shape[1], dtype=bool)[truth].ravel(), p.ravel())


def macro_roc(rankings: Sequence[Ranking], points: int = 400) -> tuple[Array, Array]:
    """(false rate, mean completeness) over classes, each interpolated to the same false rates."""
    grid = np.concatenate([[0.0], np.geomspace(1e-5, 1.0, points)])
    curves = [np.interp(grid, *_from_origin(r.false_rate, r.completeness)) for r in rankings]
    return grid, np.mean(curves, axis=0)


def macro_precision_recall(rankings: Sequence[Ranking], points: int = 400) -> tuple[Array, Array]:
    """(completeness, mean purity) over classes: at each completeness, the purity of the threshold that first reaches it."""
    grid = np.linspace(0.0, 1.0, points)
    curves = [r.purity[np.searchsorted(r.completeness, grid).clip(0, len(r.purity) - 1)] for r in rankings]
    return grid, np.mean(curves, axis=0)


@dataclass(frozen=True)
class Area:
    """The area under a curve, its 95 % bootstrap interval, and how many objects it stands on."""

    value: float
    low: float
    high: float
    positives: int


def auc_interval(positive: NDArray, score: NDArray, rng: np.random.Generator, *, draws: int = 300) -> Area:
    """Area under the ROC curve with its bootstrap interval over objects.

    The value is exact. The interval comes from the scores counted in `CELLS` cells of equal numbers: drawing objects
    with replacement is then drawing counts, so that a hundred thousand objects cost as much as a thousand.
    """
    value, n1 = auc(positive, score), int(positive.sum())
    if not 0 < n1 < len(score):
        return Area(value, float("nan"), float("nan"), n1)
    hits, false = _cells(positive, score)
    drawn = _resampled(np.concatenate([hits, false]), draws, rng).reshape(draws, 2, -1)
    values = _auc_of_counts(drawn[:, 0], drawn[:, 1])
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Area(value, float(low), float(high), n1)


def average_precision_interval(
    positive: NDArray, score: NDArray, rng: np.random.Generator, *, draws: int = 300
) -> Area:
    """Average precision with its bootstrap interval, in the manner of `auc_interval`."""
    value, n1 = ranking(positive, score).average_precision, int(positive.sum())
    if not 0 < n1 < len(score):
        return Area(value, float("nan"), float("nan"), n1)
    hits, false = _cells(positive, score)
    drawn = _resampled(np.concatenate([hits, false]), draws, rng).reshape(draws, 2, -1)
    # From the highest score down.
    up, down = np.cumsum(drawn[:, 0, ::-1], axis=1), np.cumsum(drawn[:, 1, ::-1], axis=1)
    purity = up / np.maximum(up + down, 1)
    gained = drawn[:, 0, ::-1] / np.maximum(up[:, -1:], 1)
    low, high = np.percentile(np.sum(gained * purity, axis=1), [2.5, 97.5])
    return Area(value, float(low), float(high), n1)


def _cells(positive: NDArray, score: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Counts of positives and negatives by score; equal scores share a cell."""
    edges = np.unique(score) if len(score) <= CELLS else np.unique(np.quantile(score, np.linspace(0, 1, CELLS)))
    cell = np.searchsorted(edges, score)
    return np.bincount(cell[positive], minlength=len(edges)), np.bincount(cell[~positive], minlength=len(edges))


def _resampled(counts: NDArray, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    n = int(counts.sum())
    return rng.multinomial(n, counts / n, size=draws)


def _auc_of_counts(hits: NDArray, false: NDArray) -> Array:
    """(D,) areas from (D, K) counts by rising score, ties by half."""
    below = np.cumsum(false, axis=1) - false
    with np.errstate(invalid="ignore"):
        return np.sum(hits * (below + 0.5 * false), axis=1) / (hits.sum(axis=1) * false.sum(axis=1))


def _from_origin(x: Array, y: Array) -> tuple[Array, Array]:
    return np.concatenate([[0.0], x]), np.concatenate([[0.0], y])


@dataclass(frozen=True)
class Abstaining:
    """What is gained by not answering: objects by falling largest probability.

    threshold, coverage, accuracy : (T,) answering only when the largest probability is at least the threshold.
    """

    threshold: Array
    coverage: Array
    accuracy: Array


def abstaining(truth: NDArray, p: NDArray, weight: NDArray | None = None) -> Abstaining:
    """Share of objects answered for and share of those that are right, for every threshold on the largest probability."""
    ranked = ranking(p.argmax(axis=1) == truth, p.max(axis=1), weight)
    whole = ranked.positives + ranked.negatives
    return Abstaining(ranked.threshold, (ranked.hits + ranked.false) / whole, ranked.purity)
