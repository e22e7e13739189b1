"""Areas under ROC and precision–recall curves, of classes and of their averages, with bootstrap intervals over objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluate.ranking import Ranking

Array = NDArray[np.float64]
#: Cells that each axis is cut into for an interval: far finer than the interval is wide, at any number of objects.
CELLS = 200
#: So many groups are drawn from. Fewer objects than that are drawn one by one; more are dealt into groups at random,
#: whose spread tells an interval's width to 1 / √(2 · 1000) = 2 %, less than two hundred draws do.
GROUPS = 1000


@dataclass(frozen=True)
class Area:
    """The area under a curve, its 95 % bootstrap interval, and how many objects it stands on."""

    value: float
    low: float
    high: float
    positives: int


@dataclass(frozen=True)
class Areas:
    """Area under the ROC curve and average precision of one curve, or of an average of curves."""

    auc: Area
    precision: Area


@dataclass(frozen=True)
class Cut:
    """What a bootstrap needs of a curve: exact areas, and (K,) falling scores between cells even in both classes."""

    auc: float
    average_precision: float
    positives: int
    edges: Array


def cut(of: Ranking) -> Cut:
    """A curve of objects that weigh one each, cut into cells: the top of a rare class is not one cell."""
    last = len(of.threshold) - 1
    edges = of.threshold
    if last >= 2 * CELLS:
        steps = np.linspace(0, 1, CELLS + 1)[1:]
        at = [np.searchsorted(share, steps) for share in (of.completeness, of.false_rate) if np.isfinite(share).all()]
        edges = of.threshold[np.unique(np.concatenate([*at, [last]]).clip(0, last))]
    return Cut(of.auc, of.average_precision, round(of.positives), edges)


def bootstrapped(
    truth: NDArray,
    p: NDArray,
    each: Sequence[Cut],
    micro: Cut,
    rng: np.random.Generator,
    *,
    draws: int = 200,
) -> tuple[list[Areas], Areas, Areas]:
    """(areas of each class, of their mean (macro), of all answers in one list (micro)), all from the same draws of objects.

    truth : (V,) columns of ``p``. p : (V, K). each, micro : the curves of the same objects.
    The values are exact. The intervals come from scores counted in cells, group by group of objects: a draw of groups is
    then a sum of counts, so that a hundred thousand objects cost as much as some thousand.
    """
    n, classes = p.shape
    group = rng.permutation(n) % GROUPS
    groups = min(n, GROUPS)
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=draws).astype(np.float32)
    # The set as it is stands first: what cells lose of the exact value is put right in the draws.
    drawn = np.concatenate([np.ones((1, groups), np.float32), drawn])
    ends = np.full((classes, 2, len(drawn)), np.nan)
    for k, of in enumerate(each):
        if 0 < of.positives < n:
            ends[k] = _drawn(of.edges, p[:, k], truth == k, group, drawn)
    hot = truth[:, None] == np.arange(classes)
    of_micro = _drawn(micro.edges, p.ravel(), hot.ravel(), np.repeat(group, classes), drawn)
    exact = np.array([[of.auc, of.average_precision] for of in each])
    own = [_areas(exact[k], ends[k], of.positives) for k, of in enumerate(each)]
    met = np.isfinite(exact).all(axis=1)
    if not met.any():
        return (
            own,
            _areas(np.full(2, np.nan), np.full(ends.shape[1:], np.nan), n),
            _areas(np.array([micro.auc, micro.average_precision]), of_micro, n),
        )
    # A draw may miss every object of a class: the mean is over the others.
    there = np.isfinite(ends[met])
    mean = np.where(there, ends[met], 0.0).sum(axis=0) / np.where(there.any(axis=0), there.sum(axis=0), np.nan)
    macro = _areas(exact[met].mean(axis=0), mean, n)
    return own, macro, _areas(np.array([micro.auc, micro.average_precision]), of_micro, n)


def _areas(exact: Array, drawn: Array, positives: int) -> Areas:
    """exact : (2,). drawn : (2, 1 + D), the first of the set as it is."""
    found = []
    for value, values in zip(exact, drawn, strict=True):
        low, high = (np.nan, np.nan)
        if np.isfinite(value) and np.isfinite(values[1:]).any():
            low, high = np.nanpercentile(values[1:], [2.5, 97.5]) + (value - values[0])
        # An area that is near its end must not be promised beyond it.
        found.append(Area(float(value), float(np.maximum(low, 0.0)), float(np.minimum(high, 1.0)), positives))
    return Areas(*found)


def _drawn(edges: Array, score: NDArray, positive: NDArray, group: NDArray, drawn: NDArray) -> Array:
    """(2, D) both areas in each draw. score, positive, group : (V,). drawn : (D, G) how often each group was drawn."""
    cells = len(edges)
    cell = cells - np.searchsorted(edges[::-1], score, side="right")
    code = (2 * group + ~positive) * cells + cell
    counts = np.bincount(code, minlength=2 * cells * drawn.shape[1]).astype(np.float32)
    up, down = np.moveaxis((drawn @ counts.reshape(drawn.shape[1], -1)).reshape(-1, 2, cells).astype(float), 1, 0)
    above, below = np.cumsum(up, axis=1), np.cumsum(down, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        roc = np.sum(down * (above - 0.5 * up), axis=1) / (above[:, -1] * below[:, -1])
        purity = above / np.maximum(above + below, 1)
        return np.array([roc, np.sum(up * purity, axis=1) / above[:, -1]])
