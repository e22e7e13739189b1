"""What each observation counts for, by every method side by side, and which of them tells the truth.

Taking observations away is real here: the light curve without them gets a Gaussian process of its own, a tensor and an
answer, as if they had never been made. A network that reads an interpolated grid has no pixels to grey out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.attribution import (
    Curves,
    kernel_shap,
    many_curves,
    occlusion,
    random_curves,
    random_masks,
    smallest_set,
)
from core.explain import to_observations
from core.flat import FlatCurves
from core.flat_selection import select_flat
from core.pipeline import Classification
from core.whatif import night_numbers

Array = NDArray[np.float64]
Masks = NDArray[np.bool_]

#: The same random masks each time an object is looked at.
SEED = 2021
#: Light curves scored in one go: flat arrays of so many stay small.
BATCH = 512
#: From so many points on a light curve costs much more to fit, and masks are drawn more sparingly.
LONG = 60
#: Methods by key, with how a page writes them, in the order in which they held over real objects (docs/explanations.md): the
#: first is shown first.
METHODS = {
    "shap": "Shapley, nights",
    "masks": "Random masks",
    "occlusion": "Observation out",
    "nights": "Night out",
    "attention": "Attention",
    "cam": "Activation map",
}
#: What each of them is.
MEANINGS = {
    "shap": "Shapley values of nights (KernelSHAP)",
    "masks": "mean answer to random subsets (RISE)",
    "occlusion": "the answer without this observation",
    "nights": "the answer without this night",
    "attention": "attention received, mean of heads",
    "cam": "class activation map, exact sum of the logit",
}


@dataclass(frozen=True)
class Removal:
    """A classified light curve, and what its answer would be without some of its observations or added features."""

    result: Classification
    class_name: str

    @cached_property
    def class_index(self) -> int:
        return self.result.model.classes.index(self.class_name)

    @cached_property
    def points(self) -> int:
        """N, the points that entered the Gaussian process."""
        return len(self.result.selection.curve)

    @cached_property
    def nights(self) -> NDArray[np.int64]:
        """(N,) number of the night of each point."""
        return night_numbers(self.result.selection.curve.mjd)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the added numbers that are known of this object, and can be taken away."""
        curve = self.result.selection.curve
        told = {"redshift": curve.redshift, "redshift_err": curve.redshift_err, **curve.context}
        return tuple(name for name in self.result.model.recipe.numbers if told.get(name) is not None)

    @cached_property
    def nothing(self) -> Array:
        """(C,) what is answered where there is nothing to answer by: the prior."""
        weights = self.result.prior.weights
        flat = np.ones(len(self.result.model.classes)) if weights is None else np.asarray(weights, dtype=float)
        return flat / flat.sum()

    def probabilities(self, masks: Masks, features: Masks | None = None) -> Array:
        """(K, C) probabilities with the points of each mask (K, N) alone; NaN where that is too little to be scored.

        features : (K, F) which of the added numbers are told; all when None.
        """
        model = self.result.model
        out = np.full((len(masks), len(model.classes)), np.nan)
        # The points were selected already: cutting by brightness or gaps again would remove more than the mask says.
        cuts = model.recipe.cuts.counts_only()
        for start in range(0, len(masks), BATCH):
            part = slice(start, start + BATCH)
            chosen = select_flat(self._flat(masks[part], None if features is None else features[part]),
                                 model.recipe.band_indices, cuts)  # fmt: skip
            scored = start + np.flatnonzero(chosen.verdict == 0)
            if len(scored):
                tensor = model.recipe.apply_flat(chosen.kept)
                found = model.calibrate(model.logits(tensor), np.diff(chosen.kept.offsets), self.result.prior)
                found[~np.isfinite(tensor.log_likelihood)] = np.nan
                out[scored] = found
        return out

    def value(self, masks: Masks) -> Array:
        """(K,) probability of the class with the points of each mask; the prior's where there are too few."""
        return self._or_nothing(self.probabilities(masks))

    def value_of_nights(self, masks: Masks) -> Array:
        """(K,) as `value`, of masks (K, nights + features): whole nights come and go, and so do added numbers."""
        count = int(self.nights[-1]) + 1
        return self._or_nothing(self.probabilities(masks[:, :count][:, self.nights], masks[:, count:]))

    def lead(self, masks: Masks) -> Array:
        """(K,) how far the class is ahead of the likeliest other one; NaN where there is no answer."""
        p = self.probabilities(masks)
        others = np.delete(p, self.class_index, axis=1)
        return p[:, self.class_index] - others.max(axis=1)

    def _or_nothing(self, p: Array) -> Array:
        found: Array = np.where(np.isfinite(p).all(axis=1), p[:, self.class_index], self.nothing[self.class_index])
        return found

    def _flat(self, masks: Masks, features: Masks | None) -> FlatCurves:
        curve, recipe = self.result.selection.curve, self.result.model.recipe
        index = np.nonzero(masks)[1]
        told = {"redshift": curve.redshift, "redshift_err": curve.redshift_err, **curve.context}
        numbers = {}
        for name in recipe.numbers:
            value = told.get(name)
            numbers[name] = np.full(len(masks), np.nan if value is None else value)
            if features is not None and name in self.features:
                numbers[name][~features[:, self.features.index(name)]] = np.nan
        return FlatCurves(
            np.concatenate([[0], np.cumsum(masks.sum(axis=1))]).astype(np.int64),
            curve.mjd[index], curve.flux[index], curve.flux_err[index], curve.band[index], curve.forced[index], numbers,
        )  # fmt: skip


@dataclass(frozen=True)
class Map:
    """What each observation counts for by one method. importance : (N,), the larger the more it speaks for the class.

    features : what each added number counts for, where the method says. curves : whether it is so.
    """

    method: str
    importance: Array
    features: dict[str, float]
    curves: Curves


@dataclass(frozen=True)
class Comparison:
    """All maps of one light curve and class. chance : curves of random orders."""

    class_name: str
    maps: tuple[Map, ...]
    chance: Curves

    @property
    def best(self) -> Map:
        """The map whose order gains most."""
        return max(self.maps, key=lambda each: each.curves.gain)

    def of(self, method: str) -> Map | None:
        return next((each for each in self.maps if each.method == method), None)


def compare_maps(result: Classification, class_name: str, methods: Sequence[str] = tuple(METHODS)) -> Comparison:
    """Every map of a class, each with its deletion and insertion curve. Methods that a model can't give are left out."""
    removal = Removal(result, class_name)
    found = [(method, *answer) for method in methods if (answer := _importance(removal, method)) is not None]
    proofs = many_curves(removal.value, [importance for _, importance, _ in found])
    maps = tuple(Map(method, importance, features, proof)
                 for (method, importance, features), proof in zip(found, proofs, strict=True))  # fmt: skip
    chance = random_curves(
        removal.value, removal.points, np.random.default_rng([SEED, 9]), orders=_sparing(removal, 10)
    )
    return Comparison(class_name, maps, chance)


@dataclass(frozen=True)
class SmallestChange:
    """The fewest observations without which another class leads.

    members : their numbers among the points that entered the Gaussian process. proven : every smaller set was tried.
    tried : how many sets were. instead, probability : the class that leads without them, and what it has.
    """

    members: tuple[int, ...]
    proven: bool
    tried: int
    instead: str
    probability: float


def smallest_change(result: Classification, *, budget: int = 6000) -> SmallestChange | None:
    """The fewest observations to take away for another answer; None where no set that was found changes it."""
    removal = Removal(result, result.top_class)
    found = smallest_set(removal.lead, removal.points, budget=_sparing(removal, budget))
    if found is None:
        return None
    left = np.ones((1, removal.points), bool)
    left[0, list(found.members)] = False
    p = removal.probabilities(left)[0]
    instead = int(np.argmax(p))
    return SmallestChange(found.members, found.proven, found.tried, result.model.classes[instead], float(p[instead]))


def attention_by_head(result: Classification) -> Array | None:
    """(heads, N) attention that each observation receives, mean over the rows that ask; None where a file hides it.

    Each grid row's share goes to the observation nearest in time; a head's shares, with those of added features, sum to 1.
    """
    answer = result.model.attention(result.tensor)
    if answer is None:
        return None
    received = np.zeros((len(answer.weights), result.explanation.cam.shape[1]))
    received[:, answer.rows] = answer.weights.mean(axis=1)
    times = result.explanation.times
    return np.stack([to_observations(head[: len(times)], times, result.selection.curve.mjd) for head in received])


def _importance(removal: Removal, method: str) -> tuple[Array, dict[str, float]] | None:
    """(N,) importance, and that of added features; None where the model does not give it."""
    result, nothing = removal.result, dict[str, float]()
    mjd = result.selection.curve.mjd
    if method == "cam":
        explanation = result.explanation
        return explanation.observation_share(removal.class_index, mjd), explanation.feature_share(removal.class_index)
    if method == "occlusion":
        return occlusion(removal.value, removal.points), nothing
    if method == "nights":
        return occlusion(removal.value, removal.points, removal.nights), nothing
    if method == "masks":
        generator = np.random.default_rng([SEED, 1])
        return random_masks(removal.value, mjd, generator, masks=_sparing(removal, 500)), nothing
    if method == "shap":
        return _shapley(removal)
    heads = attention_by_head(result)
    return None if heads is None else (heads.mean(axis=0), nothing)


def _shapley(removal: Removal) -> tuple[Array, dict[str, float]]:
    """Shapley values of nights and features; points of a night share what it counts for."""
    nights, per_night = np.unique(removal.nights, return_counts=True)
    players = len(nights) + len(removal.features)
    generator = np.random.default_rng([SEED, 2])
    found = kernel_shap(removal.value_of_nights, players, generator, coalitions=_sparing(removal, 600))
    shares = found[: len(nights)] / per_night
    return shares[removal.nights], dict(zip(removal.features, found[len(nights) :].tolist(), strict=True))


def _sparing(removal: Removal, count: int) -> int:
    """Fewer scores where each costs much: the Gaussian process takes time as the cube of the number of points."""
    return count if removal.points <= LONG else max(2, round(count * (LONG / removal.points) ** 2))
