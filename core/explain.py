"""Why the network said so: the class activation map, shares per time, observation and feature, and whether they hold.

The map is exact: the head is linear and pooling is a mean, so with f the activations before pooling,

    M_c(l) = Σ_k w_kc f_k(l),    logit_c = (1/(L+R)) Σ_l M_c(l) + b_c

(Allam & McEwen 2021, §3.5, with the bias that the paper leaves out). Each row's contribution M_c(l)/(L+R) is in logit
units. The *share* is the published statistic: the map min–max scaled to [0, 1], then normalised to 100 %. A flat
map gives every row 100/(L+R) %, so a share near that number says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.lightcurve import LightCurve
from core.model import Model

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """The class activation maps of one light curve.

    cam : (C, L+R), M_c(l). bias : (C,). times : (L,) [MJD] of the first L rows. feature_names : of the last R rows.
    pooled : (L+R,) bool, rows that the network pools over; the map is exactly zero on the others, and they have no share.
    """

    cam: Array
    bias: Array
    times: Array
    feature_names: tuple[str, ...]
    pooled: NDArray[np.bool_]

    @property
    def contribution(self) -> Array:
        """(C, L+R) logit units; the rows of a class sum to its logit minus its bias."""
        return self.cam / self.cam.shape[1]

    @property
    def flat_share(self) -> float:
        """The share [%] that every pooled row has in a map that says nothing."""
        return 100.0 / int(self.pooled.sum())

    def share(self, class_index: int) -> Array:
        """(L+R,) percent of weight: the published statistic over the pooled rows, zero at the lowest of them."""
        row = self.cam[class_index][self.pooled]
        share = np.zeros(self.cam.shape[1])
        above = row - row.min()  # how far the highest stands above the lowest falls out of the share
        above = above if above.any() else np.ones(len(row))
        share[self.pooled] = 100.0 * above / above.sum()
        return share

    def contrast(self, class_index: int, against: int) -> Array:
        """(L+R,) logit units: what each row adds to one class over another."""
        return self.contribution[class_index] - self.contribution[against]

    def feature_share(self, class_index: int) -> dict[str, float]:
        """Percent of weight of each appended feature."""
        n = len(self.feature_names)
        tail = self.share(class_index)[len(self.times) :]
        return dict(zip(self.feature_names, tail.tolist(), strict=True)) if n else {}

    def feature_contribution(self, class_index: int) -> dict[str, float]:
        """Logit units of each appended feature."""
        tail = self.contribution[class_index][len(self.times) :]
        return dict(zip(self.feature_names, tail.tolist(), strict=True))

    def observation_share(self, class_index: int, mjd: Array) -> Array:
        """(N,) percent per observation: each row's share goes to the observation nearest in time.

        A row with no observation within its reach still goes to the nearest one: what the Gaussian process draws
        there was made from it. Simultaneous observations share equally. Sums to 100 minus the features' share.
        """
        return to_observations(self.share(class_index)[: len(self.times)], self.times, mjd)


def to_observations(rows: Array, times: Array, mjd: Array) -> Array:
    """(N,) what rows (L,) at ``times`` hold, each given to the observations nearest in time; the sum stays."""
    unique, inverse, counts = np.unique(mjd, return_inverse=True, return_counts=True)
    edges = 0.5 * (unique[1:] + unique[:-1])
    nearest = np.searchsorted(edges, times)
    return (np.bincount(nearest, rows, len(unique)) / counts)[inverse]


#: Random draws of the deletion check: the same places in the light curve each time, whatever its times are rounded to.
DRAWS = 20
DRAW_SEED = 2021
#: The map is confirmed when its points cost more than this part of the random draws, contradicted when they cost less.
CLEAR_PART = 0.9
#: Probabilities nearer than this count as equal: they are shown with two decimals.
SAME_PROBABILITY = 0.005


@dataclass(frozen=True)
class DeletionCheck:
    """Does the map point at what matters? The probability of a class without the points the map ranks highest.

    removed : how many points. before, without_top : probability with all points and without the top ones.
    without_random : (D,) probabilities without as many random points. top : indices of the removed points among the
    used ones. passed : the top ones cost more than the median random draw, which half of all light curves reach by chance.
    """

    class_index: int
    removed: int
    before: float
    without_top: float
    without_random: Array
    top: NDArray[np.int64]

    @property
    def random_mean(self) -> float:
        return float(np.mean(self.without_random))

    @property
    def draws(self) -> int:
        return len(self.without_random)

    @property
    def cost_more(self) -> int:
        """In how many random draws the top points cost more than the random ones."""
        return int(np.sum(self.without_top < self.without_random - SAME_PROBABILITY))

    @property
    def cost_less(self) -> int:
        return int(np.sum(self.without_top > self.without_random + SAME_PROBABILITY))

    @property
    def verdict(self) -> str:
        """``confirmed`` or ``contradicted`` when at least `CLEAR_PART` of the draws say so, else ``chance``."""
        if self.cost_more >= CLEAR_PART * self.draws:
            return "confirmed"
        return "contradicted" if self.cost_less >= CLEAR_PART * self.draws else "chance"

    @property
    def passed(self) -> bool:
        return self.without_top < float(np.median(self.without_random))


def explain(model: Model, activations: NDArray[np.float32], times: Array) -> Explanation:
    """The class activation maps of one light curve. activations : (L+R, d). times : (L,) [MJD]."""
    cam = activations.astype(np.float64) @ model.head_weights.astype(np.float64)
    # A row that is left out of pooling has no activation at all; after a layer norm no other row has none.
    pooled = np.any(activations != 0, axis=1)
    return Explanation(cam.T, model.head_bias.astype(np.float64), times, model.recipe.features, pooled)


def deletion_check(
    curve: LightCurve,
    importance: Array,
    class_index: int,
    before: float,
    probability: Callable[[list[LightCurve]], list[float | None]],
    *,
    fraction: float = 0.2,
    draws: int = DRAWS,
) -> DeletionCheck | None:
    """Remove the ``fraction`` of points with the largest ``importance`` (N,), and as many random ones, and compare.

    probability : scores light curves for the class; None where one can no longer be scored. The random draws depend on
    the number of points alone, so that the same object always shows the same numbers, also when its times are Julian
    dates or rounded. None when too few points are left to score.
    """
    n = len(curve)
    removed = max(1, round(fraction * n))
    if n - removed < 2:
        return None
    top = np.argsort(-importance, kind="stable")[:removed]
    generator = np.random.default_rng(DRAW_SEED)
    kept = [np.delete(np.arange(n), top)]
    kept += [np.sort(generator.permutation(n)[removed:]) for _ in range(draws)]
    first, *others = probability([curve.subset(index) for index in kept])
    scored = [p for p in others if p is not None]
    if first is None or len(scored) < draws // 2:
        return None
    return DeletionCheck(class_index, removed, before, first, np.array(scored), np.sort(top))
