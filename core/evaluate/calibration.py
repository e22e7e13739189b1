"""Are probabilities frequencies? Reliability by bins, calibration error, and the answers as they were before calibration."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Edges of the bins of the largest probability: finer where most answers lie.
EDGES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)


def mix_weights(label: NDArray, mix: NDArray) -> NDArray[np.float64]:
    """(V,) weights that make a set of objects look like a mix of classes; they sum to one.

    label : (V,) class indices. mix : (C,) how common each class is. Classes that are not in the set get no weight.
    """
    counts = np.bincount(label, minlength=len(mix))
    weights = np.asarray(mix, dtype=float)[label] / counts[label]
    return weights / weights.sum()


def reliability(p: NDArray, label: NDArray, weight: NDArray, edges: Sequence[float] = EDGES) -> list[dict[str, float]]:
    """Bins of the top probability: how many objects of the mix were scored so, and how many were right.

    p : (V, C). label : (V,). weight : (V,), as `mix_weights`. The last edge belongs to the last bin.
    count, correct : in objects of a sample of the mix as large as the one measured. objects : measured ones.
    """
    top, right = p.max(axis=1), p.argmax(axis=1) == label
    scale = len(label) / weight.sum()
    bins = []
    for low, high in itertools.pairwise(edges):
        inside = (top >= low) & ((top < high) | (high == edges[-1]))
        if inside.any():
            bins.append(
                {
                    "low": low,
                    "high": high,
                    "count": round(float(scale * weight[inside].sum()), 1),
                    "correct": round(float(scale * weight[inside & right].sum()), 1),
                    "mean_probability": round(float(np.average(top[inside], weights=weight[inside])), 4),
                    "objects": int(inside.sum()),
                }
            )
    return bins


def wilson(correct: NDArray, count: NDArray, z: float = 1.96) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high end of the 95 % interval of a share (Wilson 1927): honest for small counts, NaN for none."""
    correct, n = np.asarray(correct, dtype=float), np.asarray(count, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = correct / n
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def uncalibrated(
    p: NDArray, n_points: NDArray, calibration: Mapping[str, Any] | None, prior: NDArray | None
) -> NDArray[np.float64]:
    """(V, C) softmax of the network's own logits, from the calibrated probabilities: `core.model.Model.calibrate` undone.

    p : (V, C) under ``prior`` (C,), or None where none was applied. n_points : (V,) points that entered the fit.
    calibration : the card's section, None where it has none. Exact to the rounding of ``p``.
    """
    scores = np.log(np.maximum(p, 1e-300))
    if prior is not None:
        scores = scores - np.log(np.maximum(prior, 1e-12))
    if calibration:
        x = np.log(np.asarray(n_points, dtype=float))
        knots = np.log(np.asarray(calibration["n_points"], dtype=float))
        if "bias" in calibration:
            bias = np.asarray(calibration["bias"], dtype=float)
            scores = scores - np.stack([np.interp(x, knots, column) for column in bias.T], axis=1)
        scores = scores * np.interp(x, knots, calibration["temperature"])[:, None]
    scores = scores - scores.max(axis=1, keepdims=True)
    raw = np.exp(scores)
    return raw / raw.sum(axis=1, keepdims=True)
