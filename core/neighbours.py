"""Similar objects: which of the training objects lie nearest in the embedding, with their known classes.

Distances are taken along the few axes of the embedding that part the known classes best (linear discriminants), in units
of the spread within a class, and coordinates are kept as whole numbers of one byte: as good at finding an object's own
class as the whole embedding (`python -m training.embedding` measures it). Every training object is there as it is and
as it stood when it was young, so that a young light curve finds young ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.card import ModelCard
from core.novelty import embedding_arrays

#: Two positions closer than this are one physical object [arcsec].
SAME_ARCSEC = 2.0
#: How many neighbours the shares of classes are counted over.
COUNTED = 20


@dataclass(frozen=True)
class Neighbour:
    """A training object near in the embedding.

    class_name : its known class. redshift : None where nobody knows. peak_magnitude : brightest point [AB], of any band.
    distance : in units of the training set's spread. days : how much of its light curve is alike, inf for all of it.
    """

    object_id: str
    class_name: str
    redshift: float | None
    peak_magnitude: float | None
    distance: float
    days: float


@dataclass(frozen=True)
class Similar:
    """The training objects nearest to a light curve. nearest : nearest first. shares : class -> how many of ``counted``."""

    nearest: tuple[Neighbour, ...]
    shares: dict[str, int]
    counted: int


@dataclass(frozen=True)
class Index:
    """Training objects in the embedding; spaces as in `core.novelty.Novelty`.

    object_id, names (joined by ";"), class_index, fold, redshift, peak_magnitude, ra, dec [deg] : (n,), NaN where unknown.
    owner : (r,) row of the object that a version is of. days : (r,). codes : (S, r, q) int8, coordinates in units of
    step (S, q). axes : (S, d, q), centre : (S, q), embedding -> coordinates.
    """

    classes: tuple[str, ...]
    object_id: NDArray
    names: NDArray
    class_index: NDArray
    fold: NDArray
    redshift: NDArray
    peak_magnitude: NDArray
    ra: NDArray
    dec: NDArray
    owner: NDArray
    days: NDArray
    codes: NDArray
    step: NDArray
    centre: NDArray
    axes: NDArray

    def __len__(self) -> int:
        return len(self.object_id)

    def similar(
        self,
        pooled: NDArray,
        fold: int | None = None,
        *,
        names: Sequence[str] = (),
        position: tuple[float, float] | None = None,
        most: int = 6,
    ) -> Similar:
        """The ``most`` training objects nearest to one embedding (d,), each once, and the classes of the nearest twenty.

        fold : of the network that made the embedding; objects of that fold are left out, as it was not trained on them.
        names, position (ra, dec) [deg] : of the object itself, which is never its own neighbour.
        """
        space = 0 if fold is None else fold + 1
        at = pooled @ self.axes[space] - self.centre[space]
        apart = self.codes[space] * self.step[space] - at
        distance = np.sqrt(np.sum(apart * apart, axis=1))
        left_out = self.is_same(names, position)
        if fold is not None:
            left_out |= self.fold == fold
        distance = np.where(left_out[self.owner], np.inf, distance)
        order = np.argsort(distance, kind="stable")
        order = order[np.isfinite(distance[order])]
        _, first = np.unique(self.owner[order], return_index=True)
        order = order[np.sort(first)]
        counted = self.class_index[self.owner[order[:COUNTED]]]
        found, count = np.unique(counted, return_counts=True)
        ranked = sorted(zip(found.tolist(), count.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
        return Similar(
            nearest=tuple(self._neighbour(int(v), float(distance[v])) for v in order[:most]),
            shares={self.classes[c]: n for c, n in ranked},
            counted=len(counted),
        )

    def is_same(self, names: Sequence[str], position: tuple[float, float] | None) -> NDArray[np.bool_]:
        """(n,) which training objects are the physical object of these names or this position."""
        same = np.zeros(len(self), bool)
        rows = [self._rows[name] for name in names if name in self._rows]
        same[rows] = True
        if position is not None:
            ra, dec = position
            east = (self.ra - ra + 180.0) % 360.0 - 180.0
            near = np.hypot(east * np.cos(np.deg2rad(dec)), self.dec - dec) < SAME_ARCSEC / 3600.0
            same |= np.where(np.isfinite(near), near, False)
        return same

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, joined in enumerate(self.names.tolist()) for name in joined.split(";") if name}

    def _neighbour(self, version: int, distance: float) -> Neighbour:
        row = int(self.owner[version])
        return Neighbour(
            object_id=str(self.object_id[row]),
            class_name=self.classes[int(self.class_index[row])],
            redshift=_known(self.redshift[row]),
            peak_magnitude=_known(self.peak_magnitude[row]),
            distance=distance,
            days=float(self.days[version]),
        )


def index_of(card: ModelCard) -> Index | None:
    """The index that comes with a model; None where none does. Raises CardError when it is not the one described."""
    arrays = embedding_arrays(card)
    if arrays is None:
        return None
    columns = {name: arrays[name] for name in Index.__dataclass_fields__ if name != "classes"}
    return Index(classes=tuple(arrays["classes"].tolist()), **columns)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
