"""Fewer distinct weights: clusters, zeros, and grids of four bits, and how a network is held to them while it learns.

A `Hold` looks at all weights of a file after each step of the optimiser and gives those back that keep the promise: each
cluster one value, each pruned weight zero, each weight on its grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.compress.flatfile import codes_of, quantised

Float32 = NDArray[np.float32]


def kernels(constants: Mapping[str, NDArray]) -> list[str]:
    """The matrices of a network: where nearly all weights are. Biases and norms are never compressed."""
    return [name for name in constants if name.endswith("_kernel") or name == "head_weights"]


def linear_centroids(values: NDArray, k: int) -> NDArray[np.float64]:
    """k values evenly from the smallest weight to the largest: the published start (Allam, Peloton & McEwen 2023, §4.1)."""
    return np.linspace(float(values.min()), float(values.max()), k)


def kmeans_centroids(values: NDArray, k: int, *, rounds: int = 40) -> NDArray[np.float64]:
    """k values of the smallest squared error that Lloyd's rounds reach from the quantiles of the weights.

    Where there are no more than k distinct weights, these themselves.
    """
    flat = np.sort(values.ravel().astype(float))
    distinct = np.unique(flat)
    if len(distinct) <= k:
        return distinct
    centroids = np.quantile(flat, (np.arange(k) + 0.5) / k)
    for _ in range(rounds):
        index = nearest(flat, centroids)
        count = np.bincount(index, minlength=k)
        moved = np.where(count > 0, np.bincount(index, flat, k) / np.maximum(count, 1), centroids)
        if np.allclose(moved, centroids, atol=1e-9):
            break
        centroids = np.sort(moved)
    return centroids


def nearest(values: NDArray, centroids: NDArray) -> NDArray[np.int64]:
    """Index of the nearest of the sorted centroids, for each value, in the shape of ``values``."""
    edges = 0.5 * (centroids[1:] + centroids[:-1])
    return np.searchsorted(edges, values)


def clustered(values: NDArray, k: int, *, linear: bool = False) -> Float32:
    """The same weights with at most k distinct values; a cluster's value is the mean of its members."""
    centroids = (linear_centroids if linear else kmeans_centroids)(values, k)
    return means(values, nearest(values, centroids), k)


def means(values: NDArray, index: NDArray[np.int64], k: int) -> Float32:
    """Each value replaced by the mean of its cluster."""
    count = np.bincount(index.ravel(), minlength=k)
    mean = np.bincount(index.ravel(), values.ravel().astype(float), k) / np.maximum(count, 1)
    return mean[index].astype(np.float32)


def pruned_mask(
    constants: Mapping[str, NDArray], names: Iterable[str], sparsity: float
) -> dict[str, NDArray[np.bool_]]:
    """Which weights stay: each matrix loses this share of its weights, the smallest ones (magnitude pruning)."""
    out = {}
    for name in names:
        size = np.abs(constants[name])
        dropped = round(sparsity * size.size)
        order = np.argsort(size, axis=None, kind="stable")
        keep = np.ones(size.size, bool)
        keep[order[:dropped]] = False
        out[name] = keep.reshape(size.shape)
    return out


class Hold(Protocol):
    """What keeps a promise about the weights of a file while they are trained."""

    def __call__(self, constants: dict[str, Float32]) -> dict[str, Float32]:
        """The matrices that have to change, by name."""
        ...


@dataclass
class Clusters:
    """At most k distinct values in each named matrix; who belongs to which cluster is settled at the start."""

    names: tuple[str, ...]
    k: int
    linear: bool = False
    keep: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    _index: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def __call__(self, constants: dict[str, Float32]) -> dict[str, Float32]:
        out = {}
        for name in self.names:
            values = constants[name]
            if name not in self._index:
                centroids = (linear_centroids if self.linear else kmeans_centroids)(values, self.k)
                self._index[name] = nearest(values, centroids)
            out[name] = means(values, self._index[name], self.k)
        for name, mask in self.keep.items():
            out[name] = (out.get(name, constants[name]) * mask).astype(np.float32)
        return out


@dataclass
class Grid:
    """Each named matrix on a grid of 2^bits values. What a step adds is kept in full, so that small steps add up.

    The network is judged on the grid and corrected beside it: the straight-through estimate of Bengio et al. 2013.
    """

    names: tuple[str, ...]
    bits: int
    _scale: dict[str, float] = field(default_factory=dict)
    _exact: dict[str, Float32] = field(default_factory=dict)
    _shown: dict[str, Float32] = field(default_factory=dict)

    def __call__(self, constants: dict[str, Float32]) -> dict[str, Float32]:
        out = {}
        for name in self.names:
            values = constants[name]
            exact = self._exact.get(name)
            self._exact[name] = values if exact is None else exact + (values - self._shown[name])
            if name not in self._scale:
                self._scale[name] = quantised(values, self.bits)[1]
            scale = self._scale[name]
            codes = codes_of(self._exact[name], scale, self.bits)
            out[name] = self._shown[name] = (codes * np.float32(scale)).astype(np.float32)
        return out
