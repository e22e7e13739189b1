"""One class against the rest, at every threshold: ROC and precision–recall curves, averages, and their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Cells that each axis is cut into for an interval: far finer than the interval is wide, at any number of objects.
CELLS = 200


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
    def auc(self) -> float:
        """Area under the ROC curve, by trapezoids, which count ties by half; `core.evaluate.scores.auc` by ranks."""
        if not self.positives or not self.negatives:
            return float("nan")
        x, y = _from_origin(self.false_rate, self.completeness)
        return float(np.sum(np.diff(x) * 0.5 * (y[1:] + y[:-1])))

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


def areas(of: Ranking, rng: np.random.Generator, *, draws: int = 200) -> tuple[Area, Area]:
    """Area under the ROC curve and average precision, each with its 95 % bootstrap interval over objects.

    of : of objects that weigh one each. The values are exact. The intervals come from the scores counted in cells: drawing
    objects with replacement is then drawing counts, so that a hundred thousand objects cost as much as a thousand.
    """
    n1, nan = round(of.positives), float("nan")
    if not of.positives or not of.negatives:
        return Area(of.auc, nan, nan, n1), Area(of.average_precision, nan, nan, n1)
    drawn = _resampled(_cells(of), draws, rng)
    up, down = drawn[:, 0], drawn[:, 1]
    selected_up, selected_down = np.cumsum(up, axis=1), np.cumsum(down, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        above = selected_up - 0.5 * up
        roc = np.sum(down * above, axis=1) / (selected_up[:, -1] * selected_down[:, -1])
        purity = selected_up / np.maximum(selected_up + selected_down, 1)
        precision = np.sum(up * purity, axis=1) / selected_up[:, -1]
    return (
        Area(of.auc, *_ends(roc), n1),
        Area(of.average_precision, *_ends(precision), n1),
    )


def _cells(of: Ranking) -> NDArray[np.int64]:
    """(2, K) positives and negatives by falling score, in cells even in both: the top of a rare class is not one cell."""
    if len(of.threshold) <= 2 * CELLS:
        at = np.arange(len(of.threshold))
    else:
        steps = np.linspace(0, 1, CELLS + 1)[1:]
        at = np.unique(np.concatenate([np.searchsorted(of.completeness, steps), np.searchsorted(of.false_rate, steps)]))
        at = np.unique(np.append(at.clip(0, len(of.threshold) - 1), len(of.threshold) - 1))
    return np.round([np.diff(of.hits[at], prepend=0), np.diff(of.false[at], prepend=0)]).astype(np.int64)


def _ends(values: Array) -> tuple[float, float]:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def _resampled(counts: NDArray, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(D, 2, K) counts of so many bootstrap draws."""
    n = int(counts.sum())
    return rng.multinomial(n, counts.ravel() / n, size=draws).reshape(draws, *counts.shape)


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
