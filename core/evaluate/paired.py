"""Two classifiers on the same objects: who changed, McNemar's test, and paired differences with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, chi2

from core.evaluate.scores import recall_precision_f1

#: Up to this many disagreements the test is exact (binomial), above it uses the χ² form with continuity correction.
EXACT_UP_TO = 1000


@dataclass(frozen=True)
class McNemar:
    """McNemar's test (1947): are the two wrong equally often?

    both, first, second, neither : objects that both, only the first, only the second, none had right. p_value : two-sided.
    """

    both: int
    first: int
    second: int
    neither: int
    p_value: float


@dataclass(frozen=True)
class Difference:
    """A score of the second minus that of the first, on the same objects, with its 95 % paired bootstrap interval."""

    name: str
    first: float
    second: float
    difference: float
    low: float
    high: float


def mcnemar(right_first: NDArray, right_second: NDArray) -> McNemar:
    """The test on two (V,) bool arrays of right answers."""
    both, neither = int(np.sum(right_first & right_second)), int(np.sum(~right_first & ~right_second))
    b, c = int(np.sum(right_first & ~right_second)), int(np.sum(~right_first & right_second))
    if b + c == 0:
        p = 1.0
    elif b + c <= EXACT_UP_TO:
        p = min(1.0, 2.0 * float(binom.cdf(min(b, c), b + c, 0.5)))
    else:
        p = float(chi2.sf((abs(b - c) - 1) ** 2 / (b + c), 1))
    return McNemar(both, b, c, neither, p)


def paired_differences(
    truth: NDArray,
    first: NDArray,
    second: NDArray,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
) -> list[Difference]:
    """Accuracy, macro-F1 over the classes met, and flat log-loss. truth : (V,). first, second : (V, C) probabilities.

    Accuracy and F1 are functions of how often each (truth, answer, answer) occurs, so that a bootstrap draw is a
    draw of those counts; the log-loss draws counts of objects.
    """
    n, n_classes = first.shape
    a, b = first.argmax(axis=1), second.argmax(axis=1)
    met = np.bincount(truth, minlength=n_classes) > 0
    code = (truth * n_classes + a) * n_classes + b
    cells, counts = np.unique(code, return_counts=True)
    t, of_a, of_b = cells // n_classes**2, cells // n_classes % n_classes, cells % n_classes
    drawn = np.concatenate([counts[None], rng.multinomial(n, counts / n, size=draws)])
    out = []
    for name, value in (("accuracy", _accuracy), ("macro-F1", _macro_f1)):
        one, two = (np.array([value(t, of, w, met) for w in drawn]) for of in (of_a, of_b))
        out.append(_difference(name, one[0], two[0], two[1:] - one[1:]))
    return [*out, _log_loss_difference(truth, first, second, met, rng, draws)]


def changed(truth: NDArray, first: NDArray, second: NDArray) -> NDArray[np.int64]:
    """(C, C) how often an object went from one answer (row) to another (column); truth is not looked at but its length."""
    n = first.shape[1]
    code = first.argmax(axis=1) * n + second.argmax(axis=1)
    return np.bincount(code, minlength=n * n).reshape(n, n)


def _accuracy(truth: NDArray, answer: NDArray, counts: NDArray, met: NDArray) -> float:
    return float(counts[truth == answer].sum() / counts.sum())


def _macro_f1(truth: NDArray, answer: NDArray, counts: NDArray, met: NDArray) -> float:
    n = len(met)
    matrix = np.bincount(truth * n + answer, counts, n * n).reshape(n, n)
    return float(recall_precision_f1(matrix)[2][met].mean())


def _log_loss_difference(
    truth: NDArray, first: NDArray, second: NDArray, met: NDArray, rng: np.random.Generator, draws: int
) -> Difference:
    at = np.arange(len(truth)), truth
    one, two = (-np.log(np.clip(p[at], 1e-15, 1.0)) for p in (first, second))
    gap, gaps = two - one, []
    classes = np.flatnonzero(met)
    # Class by class with its own numbers: the flat log-loss is a mean of class means.
    for k in classes:
        own = gap[truth == k]
        gaps.append(_mean_draws(own, rng, draws))
    values = np.mean(gaps, axis=0)
    flat = [np.mean([x[truth == k].mean() for k in classes]) for x in (one, two)]
    return _difference("flat log-loss", float(flat[0]), float(flat[1]), values)


def _mean_draws(values: NDArray, rng: np.random.Generator, draws: int) -> NDArray[np.float64]:
    """(D,) bootstrap means; above a few thousand values their distribution is normal to far better than is shown."""
    n = len(values)
    if n > 5000:
        return rng.normal(values.mean(), values.std() / np.sqrt(n), draws)
    return values[rng.integers(0, n, (draws, n))].mean(axis=1)


def _difference(name: str, first: float, second: float, draws: NDArray) -> Difference:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Difference(name, float(first), float(second), float(second - first), float(low), float(high))
