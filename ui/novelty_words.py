"""The sentences on how unlike the training set an object is, and on what its neighbours are."""

from __future__ import annotations

import math

from core.neighbours import Similar
from core.novelty import FAR
from core.pipeline import Classification
from ui.wording import class_title


def novelty_line(result: Classification) -> str:
    """One line on how typical the object is; empty where the model has no measure of it."""
    measure, share = result.model.novelty_measure, result.novelty
    if measure is None or share is None:
        return ""
    among = "of known objects with about as many points"
    if share >= FAR:
        return (
            f"**Unlike anything this model was trained on**, farther out than 99.9 % {among}: do not believe the class."
        )
    if share >= measure.threshold:
        return f"**Less typical than {percent_below(share)} % {among}**: treat the class with care."
    return f"Typical enough: {100 * share:.0f} % {among} are more typical."


def is_untypical(result: Classification) -> bool:
    """Whether the card's threshold is passed."""
    measure = result.model.novelty_measure
    return measure is not None and result.novelty is not None and result.novelty >= measure.threshold


def percent_below(share: float) -> str:
    """A share near one, rounded down, with a decimal from 99 % on: never 100 %."""
    return f"{math.floor(1000 * share) / 10:.1f}" if share >= 0.99 else f"{math.floor(100 * share + 1e-9)}"


def shares_sentence(similar: Similar) -> str:
    """What the nearest twenty are."""
    parts = [f"{count} {class_title(name)}" for name, count in similar.shares.items()]
    return f"Of the {similar.counted} nearest training objects: {', '.join(parts)}."


def similar_caption(similar: Similar) -> str:
    """What nearest means, and what it does not."""
    return (
        "Nearest as the network sees them, by known class; distance in units of the spread within a class. The object itself is "
        "never among them. Neighbours of a young light curve say little."
    )
