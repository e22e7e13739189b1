"""Coarser views of fifteen classes: groups, the five of the quoted scores, and supernovae Ia against core collapse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.taxonomy import CLASS_NAMES, CLASSES, FIVE

_STARS = tuple(c.name for c in CLASSES if c.group in ("stellar", "other"))


@dataclass(frozen=True)
class Level:
    """Which classes are told apart.

    members : name -> the classes that are counted as it, in order. among : probabilities are restricted to the members
    and sum to one again; objects of other classes are left out.
    """

    key: str
    title: str
    members: Mapping[str, tuple[str, ...]]
    among: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.members)

    def truth(self, truth: NDArray[np.int64]) -> NDArray[np.int64]:
        """(V,) positions in ``names`` of class indices; −1 for classes that are not among them."""
        return self._position()[truth]

    def probabilities(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """(V, K) summed over members of (V, C)."""
        q = np.stack([p[:, self.columns(name)].sum(axis=1) for name in self.names], axis=1)
        return q / np.maximum(q.sum(axis=1, keepdims=True), 1e-300) if self.among else q

    def columns(self, name: str) -> list[int]:
        """Indices in `CLASS_NAMES` of what is counted as ``name``."""
        return [CLASS_NAMES.index(member) for member in self.members[name]]

    def _position(self) -> NDArray[np.int64]:
        out = np.full(len(CLASS_NAMES), -1)
        for k, name in enumerate(self.names):
            out[self.columns(name)] = k
        return out


def _each(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in names}


LEVELS: dict[str, Level] = {
    level.key: level
    for level in (
        Level("all", "All classes", _each(*CLASS_NAMES)),
        Level(
            "groups",
            "Groups",
            {
                "Supernova": tuple(c.name for c in CLASSES if c.group == "SN"),
                "TDE": ("TDE",),
                "AGN": ("AGN",),
                "Kilonova": ("KN",),
                "Star or other": _STARS,
            },
        ),
        Level("five", "Five classes among themselves", _each(*FIVE), among=True),
        Level("ia", "SN Ia against core collapse", {"SNIa": ("SNIa",), "Core collapse": ("SNII", "SNIbc")}, among=True),
    )
}
