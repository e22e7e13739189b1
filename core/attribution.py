"""Which observations an answer rests on, by taking them away: occlusion, random masks, Shapley values, and their proof.

Nothing here knows light curves or networks. A *value* is a function of masks, (K, P) bool of which of P players are
present, to (K,) numbers: the probability of a class when only those observations are there. The attribution says how
much each player counts; `curves` says whether that is true, by removing and inserting players in its order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Masks = NDArray[np.bool_]
Value = Callable[[Masks], Array]

#: Sets that are followed side by side where not all can be tried.
BEAM = 24
#: Steps of a deletion or insertion curve, besides its two ends.
STEPS = 20


def occlusion(value: Value, players: int, groups: NDArray[np.int64] | None = None) -> Array:
    """(P,) how much the value falls without each player, or without its group (Zeiler & Fergus 2014, §4.2).

    groups : (P,) number of the group of each player; players of one group share what the group costs.
    """
    groups = np.arange(players) if groups is None else groups
    numbers, owner, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    masks = np.ones((len(numbers) + 1, players), bool)
    for row, number in enumerate(numbers, start=1):
        masks[row, groups == number] = False
    found = value(masks)
    return ((found[0] - found[1:]) / sizes)[owner]


def random_masks(
    value: Value, places: Array, generator: np.random.Generator, *, masks: int = 500, cells: int = 8
) -> Array:
    """(P,) mean value of the random masks in which a player is present, less the mean of all (RISE; Petsiuk et al. 2018).

    places : (P,) where each player stands, times for observations. As in RISE masks are coarse: half of ``cells`` equal
    stretches are kept, shifted at random, since single observations stand in for each other.
    """
    span = float(np.ptp(places)) or 1.0
    width = span / cells
    shift = generator.uniform(0.0, width, masks)
    cell = np.floor((places[None, :] - places.min() + shift[:, None]) / width).astype(int)
    kept = generator.random((masks, cells + 2)) < 0.5
    present = np.take_along_axis(kept, cell, axis=1)
    found = value(present)
    count = present.sum(axis=0)
    return np.where(count > 0, (present.T @ found) / np.maximum(count, 1), found.mean()) - float(found.mean())


def kernel_shap(value: Value, players: int, generator: np.random.Generator, *, coalitions: int = 600) -> Array:
    """(P,) Shapley values of the players, by weighted least squares (KernelSHAP; Lundberg & Lee 2017, theorem 2).

    They add up to the value of all players less that of none. Coalitions of all sizes are listed while there are few of
    them, from the outside in; the rest is drawn, each with its complement, sizes by the kernel's weight.
    """
    ends = value(np.array([np.zeros(players), np.ones(players)], bool))
    none, whole = float(ends[0]), float(ends[1])
    if players == 1:
        return np.array([whole - none])
    masks, weights = _coalitions(players, generator, coalitions)
    # The last player is what the others leave of the whole: that holds the sum, and the regression is free of constraints.
    target = value(masks) - none - masks[:, -1] * (whole - none)
    design = masks[:, :-1].astype(float) - masks[:, -1:].astype(float)
    root = np.sqrt(weights)
    shares, *_ = np.linalg.lstsq(design * root[:, None], target * root, rcond=None)
    return np.append(shares, whole - none - shares.sum())


def _coalitions(players: int, generator: np.random.Generator, budget: int) -> tuple[Masks, Array]:
    """Masks and their weights in the regression: listed sizes carry the kernel's weight, drawn ones their frequency."""
    sizes = range(1, players // 2 + 1)
    # The kernel's weight of all coalitions of a size, and of those that lack as many.
    weight = {s: (players - 1) / (s * (players - s)) * (1.0 if 2 * s == players else 2.0) for s in sizes}
    masks: list[Masks] = []
    weights: list[Array] = []
    listed = 0
    for size in sizes:
        both = comb(players, size) * (1 if 2 * size == players else 2)
        if both > budget - sum(len(m) for m in masks):
            break
        part = np.zeros((comb(players, size), players), bool)
        for row, members in enumerate(combinations(range(players), size)):
            part[row, list(members)] = True
        part = part if 2 * size == players else np.concatenate([part, ~part])
        masks.append(part)
        weights.append(np.full(len(part), weight[size] / len(part)))
        listed = size
    rest = [s for s in sizes if s > listed]
    pairs = (budget - sum(len(m) for m in masks)) // 2
    if rest and pairs > 0:
        share = np.array([weight[s] for s in rest])
        drawn = generator.choice(rest, size=pairs, p=share / share.sum())
        order = np.argsort(generator.random((pairs, players)), axis=1)
        part = order < drawn[:, None]
        masks.append(np.concatenate([part, ~part]))
        weights.append(np.full(2 * pairs, share.sum() / (2 * pairs)))
    return np.concatenate(masks), np.concatenate(weights)


@dataclass(frozen=True)
class Curves:
    """What removing and inserting players in the order of an attribution does to the value.

    removed : (S,) share of players, from 0 to 1. deletion : (S,) value without that share, most important first.
    insertion : (S,) value with that share alone. An attribution that tells the truth falls early and rises early.
    """

    removed: Array
    deletion: Array
    insertion: Array

    @property
    def deletion_area(self) -> float:
        """Mean height of the deletion curve: the lower, the truer."""
        return float(np.trapezoid(self.deletion, self.removed))

    @property
    def insertion_area(self) -> float:
        """Mean height of the insertion curve: the higher, the truer."""
        return float(np.trapezoid(self.insertion, self.removed))

    @property
    def gain(self) -> float:
        """Insertion area less deletion area, one number for both; an order by chance has about none."""
        return self.insertion_area - self.deletion_area


def curves(value: Value, importance: Array, *, steps: int = STEPS) -> Curves:
    """Deletion and insertion curves (Petsiuk et al. 2018, §4.2). Ties go to the player that comes first."""
    return many_curves(value, [importance], steps=steps)[0]


def many_curves(value: Value, importances: list[Array], *, steps: int = STEPS) -> list[Curves]:
    """`curves` of several attributions of the same players, all in one call of ``value``."""
    players = len(importances[0])
    counts = np.unique(np.round(np.linspace(0, players, min(steps, players) + 1)).astype(int))
    masks = []
    for importance in importances:
        place = np.empty(players, int)
        place[np.argsort(-importance, kind="stable")] = np.arange(players)
        top = place[None, :] < counts[:, None]
        masks += [~top, top]
    found = value(np.concatenate(masks)).reshape(len(importances), 2, len(counts))
    return [Curves(counts / players, deletion, insertion) for deletion, insertion in found]


def random_curves(value: Value, players: int, generator: np.random.Generator, *, orders: int = 10) -> Curves:
    """The mean of the curves of random orders: what an attribution that says nothing has."""
    drawn = many_curves(value, [generator.random(players) for _ in range(orders)])
    return Curves(
        drawn[0].removed,
        np.mean([c.deletion for c in drawn], axis=0),
        np.mean([c.insertion for c in drawn], axis=0),
    )


@dataclass(frozen=True)
class SmallestSet:
    """The fewest players whose removal makes another class lead. members : their numbers, rising.

    proven : every smaller set was tried. tried : how many sets were.
    """

    members: tuple[int, ...]
    proven: bool
    tried: int


def smallest_set(lead: Value, players: int, *, budget: int = 6000, batch: int = 512) -> SmallestSet | None:
    """The fewest players to remove so that ``lead`` falls below zero; None where no set that was found makes it.

    lead : masks -> how far the answer is ahead of the next class; NaN where there is no answer, which is no flip.
    Sizes are tried in full, from one on, as long as the budget allows. After that sets are grown by the players whose
    removal brings the lead furthest down, several side by side, and the first that loses it is thinned.
    """
    tried = 0
    for size in range(1, players):
        if tried + comb(players, size) > budget:
            break
        for chunk in _chunks(combinations(range(players), size), batch):
            found = _lead_without(lead, players, chunk)
            tried += len(chunk)
            if found.min() < 0:
                return SmallestSet(chunk[int(np.argmin(found))], True, tried)
    grown, steps = _grow(lead, players, max(1, min(BEAM, budget // (4 * players))))
    if grown is None:
        return None
    thinned, more = _thin(lead, players, grown)
    return SmallestSet(tuple(sorted(thinned)), False, tried + steps + more)


def _grow(lead: Value, players: int, width: int) -> tuple[list[int] | None, int]:
    """Take players away one by one, following the ``width`` sets with the smallest lead at each size, until one loses it."""
    beam: list[tuple[int, ...]] = [()]
    tried = 0
    for _ in range(players - 1):
        sets = sorted({tuple(sorted((*members, p))) for members in beam for p in range(players) if p not in members})
        found = _lead_without(lead, players, sets)
        tried += len(sets)
        order = np.argsort(found, kind="stable")
        if found[order[0]] < 0:
            return list(sets[order[0]]), tried
        beam = [sets[i] for i in order[:width] if np.isfinite(found[i])]
        if not beam:
            break
    return None, tried


def _thin(lead: Value, players: int, members: list[int]) -> tuple[list[int], int]:
    """Put players back as long as the flip stays."""
    tried = 0
    for player in list(members):
        fewer = tuple(m for m in members if m != player)
        if fewer:
            tried += 1
            members = list(fewer) if _lead_without(lead, players, [fewer])[0] < 0 else members
    return members, tried


def _lead_without(lead: Value, players: int, sets: list[tuple[int, ...]]) -> Array:
    """The lead without each set of players; infinite where there is no answer."""
    masks = np.ones((len(sets), players), bool)
    for row, members in enumerate(sets):
        masks[row, list(members)] = False
    return np.nan_to_num(lead(masks), nan=np.inf)


def _chunks(sets: Iterator[tuple[int, ...]], size: int) -> Iterator[list[tuple[int, ...]]]:
    while chunk := list(islice(sets, size)):
        yield chunk
