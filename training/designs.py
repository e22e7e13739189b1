"""The ZTF models that are trained here: for each its input, its network, and how it is taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from core.recipe import Recipe
from core.taxonomy import CLASS_NAMES
from training import atx, network
from training.network import Shape
from training.recipe_ztf import RECIPE_PUBLISHED, RECIPE_ZTF, RECIPE_ZTF_Z

_NETWORKS = {"t2": network, "atx": atx}


@dataclass(frozen=True)
class Design:
    """What makes a model what it is. card_recipe : as in its card. steps : of the training.

    teachers : networks that differ by their seed alone and whose mean answer the shipped one learns: a mean is better
    than one, and the student keeps most of that.
    """

    title: str
    summary: str
    card_recipe: dict[str, Any]
    network: str = "t2"
    teachers: int = 2
    steps: int = 1800

    @property
    def recipe(self) -> Recipe:
        """The recipe as core runs it."""
        return Recipe.from_card(self.card_recipe)

    @property
    def shape(self) -> Shape:
        """The sizes of its network."""
        recipe = self.recipe
        return Shape(
            recipe.length,
            len(recipe.features),
            recipe.width,
            len(CLASS_NAMES),
            coverage=recipe.coverage_channel,
        )

    @property
    def build(self) -> Callable[[Shape, int], keras.Model]:
        """Makes an untrained network of a shape."""
        return _NETWORKS[self.network].build

    @property
    def parameters(self) -> int:
        """Trainable numbers."""
        return network.parameter_count(self.build(self.shape, 0))


_TRAINED = (
    "trained on real ZTF light curves made fainter, sparser and younger; calibrated at every age; fifteen classes."
)
DESIGNS = {
    "t2-ztf": Design("t2 for ZTF (g, r)", f"A time-series transformer, {_TRAINED}", RECIPE_ZTF),
    "t2-ztf-z": Design(
        "t2 for ZTF (g, r) with redshift",
        f"A time-series transformer, {_TRAINED} Told the redshift where one is known, as three appended rows; it also works "
        "without.",
        RECIPE_ZTF_Z,
        teachers=0,
    ),
    "atx-ztf": Design(
        "atx for ZTF (g, r)",
        f"A separable convolution network after Xception, the peer of t2 in Allam & McEwen (2021): here to show what the transformer is worth. {_TRAINED.capitalize()}",
        RECIPE_ZTF,
        "atx",
        teachers=0,
    ),
    "t2-ztf-published-recipe": Design(
        "t2 for ZTF (g, r), published input",
        "An ablation: our network on our data, but fed as published: 100 steps from the first point to the last, means alone, "
        "in flux. What our input is worth is the difference to t2-ztf.",
        RECIPE_PUBLISHED,
        teachers=0,
        steps=700,
    ),
}
