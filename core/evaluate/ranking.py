"""One class against the rest, at every threshold: ROC and precision–recall curves, and their averages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
    order = np.argsort(-score)  # objects of one score stand or fall together: their order says nothing
    ordered, is_hit = score[order], positive[order]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    if weight is None:
        hits = np.cumsum(is_hit, dtype=np.int32)[last].astype(float)
        false = last + 1 - hits
    else:
        w = np.asarray(weight, dtype=float)[order]
        both = np.cumsum(w)[last]
        hits = np.cumsum(w * is_hit)[last]
        false = both - hits
    return Ranking(ordered[last], hits, false, float(hits[-1]), float(false[-1]), selected=last + 1)


def micro_ranking(truth: NDArray, p: NDArray) -> Ranking:
    """All answers of all classes as one list: each object is a positive once and a negative C − 1 times.

    truth : (V,) columns of ``p``. p : (V, C). Thresholds between which no positive lies are left out, but for the ends of
    such a stretch: the curve goes straight there. So the long list of negatives is sorted and never looked at one by one.
    """
    hot = truth[:, None] == np.arange(p.shape[1])
    above, below = np.sort(p[hot]), np.sort(p[~hot])
    own = np.unique(above)
    # Of each positive's score: itself, and the next higher negative, where the stretch without positives ends.
    at = np.searchsorted(below, own, side="right")
    threshold = np.unique(np.concatenate([own, below[at[at < len(below)]], below[:1]]))[::-1]
    hits = (len(above) - np.searchsorted(above, threshold)).astype(float)
    false = (len(below) - np.searchsorted(below, threshold)).astype(float)
    return Ranking(threshold, hits, false, float(len(above)), float(len(below)), (hits + false).astype(np.int64))


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
