"""Scores of a classifier: pure functions of truth and probabilities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def confusion(truth: NDArray, answer: NDArray, n_classes: int) -> NDArray[np.int64]:
    """(C, C) counts, true class in rows, answer in columns."""
    return np.bincount(truth * n_classes + answer, minlength=n_classes**2).reshape(n_classes, n_classes)


def recall_precision_f1(matrix: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """(C,) each, of a confusion matrix; zero where a class was never met or never answered."""
    hit = np.diag(matrix).astype(float)
    recall = hit / np.maximum(matrix.sum(axis=1), 1)
    precision = hit / np.maximum(matrix.sum(axis=0), 1)
    return recall, precision, 2 * hit / np.maximum(matrix.sum(axis=0) + matrix.sum(axis=1), 1)


def macro_f1(truth: NDArray, p: NDArray) -> float:
    """Mean over classes of F1 of the largest probability; a class that is not in ``truth`` counts with zero."""
    return float(recall_precision_f1(confusion(truth, p.argmax(axis=1), p.shape[1]))[2].mean())


def auc(positive: NDArray, score: NDArray) -> float:
    """Area under the ROC curve: the chance that a positive scores higher than a negative, ties by half."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - 0.5 * (counts - 1))[inverse]
    n1, n0 = int(positive.sum()), int((~positive).sum())
    return float((rank[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)) if n1 and n0 else float("nan")


def flat_log_loss(truth: NDArray, p: NDArray) -> float:
    """PLAsTiCC's log-loss with equal class weights, over the classes met; p clipped at 1e-15."""
    loss = -np.log(np.clip(p[np.arange(len(truth)), truth], 1e-15, 1.0))
    per_class = np.bincount(truth, loss, p.shape[1]) / np.maximum(np.bincount(truth, minlength=p.shape[1]), 1)
    return float(per_class[np.bincount(truth, minlength=p.shape[1]) > 0].mean())


def calibration_error(truth: NDArray, p: NDArray, weight: NDArray, bins: int = 15) -> float:
    """Expected calibration error of the top probability in equal bins, objects weighted."""
    top, right = p.max(axis=1), (p.argmax(axis=1) == truth).astype(float)
    which = np.minimum((top * bins).astype(int), bins - 1)
    gap = np.bincount(which, weight * (right - top), bins)
    return float(np.abs(gap).sum() / weight.sum())


def purity_at(truth: NDArray, score: NDArray, completeness: float) -> float:
    """Purity of the sample above the threshold that keeps this share of the true ones. truth : (V,) bool."""
    threshold = np.quantile(score[truth], 1 - completeness)
    return float(truth[score >= threshold].mean())


def interval(
    statistic: Callable[[NDArray], float], n: int, rng: np.random.Generator, *, draws: int = 300
) -> list[float]:
    """95 % bootstrap interval over objects. statistic(indices) : the score of a resample."""
    values = [statistic(rng.integers(0, n, n)) for _ in range(draws)]
    return [round(float(v), 4) for v in np.nanpercentile(values, [2.5, 97.5])]


def renormalised(p: NDArray, columns: list[int]) -> NDArray[np.float64]:
    """Probabilities restricted to some classes, summing to one again."""
    chosen = p[:, columns]
    return chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1e-300)


def log_loss_by_class(truth: NDArray, p: NDArray) -> NDArray[np.float64]:
    """(C,) mean −ln p(true class) of the objects of each class, NaN where there are none; their mean is `flat_log_loss`."""
    loss = -np.log(np.clip(p[np.arange(len(truth)), truth], 1e-15, 1.0))
    counts = np.bincount(truth, minlength=p.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.bincount(truth, loss, p.shape[1]) / counts
