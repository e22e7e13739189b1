"""How unlike the training set a light curve is: its distance in the embedding, as a share of what is known.

The embedding is the mean over rows that the last layer reads. Distance is Mahalanobis' (Lee et al. 2018, eq. 2): to the
nearest of the training set's means, in units of the covariance that they share. A bare distance says nothing, and that
of three points is not that of thirty; so it is told as the share of known objects with about as many points that lie
nearer. Those were measured on objects that the network in question had not seen, so what is told of a new object is
compared with what was new. Means, covariances and the table of shares come with the model and its card.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.card import ModelCard, checked

log = logging.getLogger(__name__)
#: From here on an object is not only less typical than most: it is farther out than nearly all that is known.
FAR = 0.999


@dataclass(frozen=True)
class Novelty:
    """What distances are measured by. Space 0 is the shipped network's, space k + 1 that of fold model k.

    rotate : (S, d, d), embedding -> axes in which the training set's covariance is one. means : (S, K, d), in those axes.
    n_points : (A,) knots, rising. levels : (Q,) shares, rising from 0. distances : (A, Q), the distance within which
    that share of known objects lies. threshold : the share from which an object is told to be unlike the training set.
    """

    rotate: NDArray[np.float32]
    means: NDArray[np.float32]
    n_points: NDArray[np.float64]
    levels: NDArray[np.float64]
    distances: NDArray[np.float64]
    threshold: float

    def distance(self, pooled: NDArray, fold: int | None = None) -> NDArray[np.float64]:
        """(B,) distances of (B, d) embeddings, made by the shipped network or by the model of ``fold``."""
        space = 0 if fold is None else fold + 1
        at = pooled @ self.rotate[space]
        squared = [np.sum((at - mean) ** 2, axis=1) for mean in self.means[space]]
        return np.sqrt(np.min(squared, axis=0)).astype(np.float64)

    def share_nearer(self, distance: NDArray, n_points: NDArray) -> NDArray[np.float64]:
        """(B,) share of known objects with about as many points that lie nearer: 0 to below 1.

        Linear between the levels and in ln n between the knots; beyond the last level the rest falls exponentially,
        as fast as it does between 95 % and that level, so that what is far out keeps its order.
        """
        table = self._at(np.asarray(n_points, dtype=float))
        distance = np.asarray(distance, dtype=float)
        upper = np.clip(np.sum(table <= distance[:, None], axis=1), 1, len(self.levels) - 1)
        rows = np.arange(len(distance))
        low, high = table[rows, upper - 1], table[rows, upper]
        part = (distance - low) / np.maximum(high - low, 1e-12)
        share = self.levels[upper - 1] + np.clip(part, 0.0, 1.0) * (self.levels[upper] - self.levels[upper - 1])
        rest, middle = 1 - self.levels[-1], int(np.searchsorted(self.levels, 0.95))
        slope = np.log((1 - self.levels[middle]) / rest) / np.maximum(table[:, -1] - table[:, middle], 1e-12)
        beyond = np.maximum(distance - table[:, -1], 0.0)
        return np.where(beyond > 0, 1 - rest * np.exp(-np.minimum(slope * beyond, 600.0)), share)

    def score(self, pooled: NDArray, n_points: NDArray, fold: int | None = None) -> NDArray[np.float64]:
        """(B,) the ``novelty`` of scored rows: `share_nearer` of `distance`; NaN where the embedding is not finite."""
        share = self.share_nearer(np.nan_to_num(self.distance(pooled, fold)), n_points)
        return np.where(np.isfinite(pooled).all(axis=1), share, np.nan)

    def _at(self, n_points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, Q) the table at other numbers of points: linear in ln n, constant outside the knots."""
        x, knots = np.log(np.maximum(n_points, 1.0)), np.log(self.n_points)
        right = np.clip(np.searchsorted(knots, x), 1, len(knots) - 1) if len(knots) > 1 else np.zeros(len(x), int)
        left = np.maximum(right - 1, 0)
        weight = np.clip((x - knots[left]) / np.maximum(knots[right] - knots[left], 1e-12), 0.0, 1.0)[:, None]
        return (1 - weight) * self.distances[left] + weight * self.distances[right]


def novelty_of(card: ModelCard) -> Novelty | None:
    """What a model's card and file say of novelty; None where it says nothing, or the file is not there.

    Raises CardError when the file is not the one that the card describes.
    """
    section, arrays = card.data.get("novelty"), embedding_arrays(card)
    if section is None or arrays is None:
        return None
    return Novelty(
        rotate=arrays["rotate"],
        means=arrays["means"],
        n_points=np.asarray(section["n_points"], dtype=float),
        levels=np.asarray(section["levels"], dtype=float),
        distances=np.asarray(section["distances"], dtype=float),
        threshold=float(section["threshold"]),
    )


def embedding_arrays(card: ModelCard) -> Mapping[str, NDArray[Any]] | None:
    """The arrays of a model's embedding file, checked against the card and read once; None where there is none."""
    entry = card.data["files"].get("embedding")
    if entry is None:
        return None
    if not (card.folder / entry["path"]).is_file():
        log.warning("%s: %s is missing, so there is no novelty and no similar objects", card.name, entry["path"])
        return None
    return _arrays(card.folder, str(entry["path"]), str(entry["sha256"]), card.name)


@lru_cache(maxsize=16)
def _arrays(folder: Path, path: str, sha256: str, name: str) -> Mapping[str, NDArray[Any]]:
    with np.load(io.BytesIO(checked(folder, {"path": path, "sha256": sha256}, name)), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}
