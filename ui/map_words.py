"""The sentences below the light curve: what the activation map says, and whether deleting points confirms it."""

from __future__ import annotations

import math

from core.explain import CLEAR_PART, DeletionCheck, Explanation
from core.pipeline import Classification
from ui.reading import MapReading, read_map
from ui.wording import class_title

#: A class below this probability has none that deleting points could take away.
NOTHING_TO_DELETE = 0.01
#: Measured over real objects: docs/explanations.md.
OTHER_MAPS = (
    "The map is exact in what it adds up; what would happen without an observation, Shapley values tell better: they are in "
    "the Lab (the button below), under Explanations."
)
VERDICTS = {"confirmed": "confirmed", "contradicted": "contradicted", "chance": "no better than chance"}


def map_sentence(result: Classification, class_name: str, check: DeletionCheck | None, *, days: bool = True) -> str:
    """What the map says, aloud: where its weight lies, whether anything was measured there, and the deletion check.

    days : times are days since the first detection, as the axis has them; otherwise MJD.
    """
    index = result.model.classes.index(class_name)
    reading = read_map(result.explanation, index, result.selection.curve.mjd)
    where = _where_it_leans(reading, class_title(class_name), result, days=days)
    return f"{where} {deletion_sentence(check, class_name, float(result.probabilities[index]))}"


def map_key(explanation: Explanation, title: str, *, signed: bool) -> str:
    """What the colours of the strip mean."""
    blank = "; blank: not read by the network" if not explanation.pooled[: len(explanation.times)].all() else ""
    if signed:
        return f"Strip: red speaks for {title}, blue against it{blank}."
    return f"Strip: yellow weighs most for {title}, dark blue least{blank}."


def _where_it_leans(reading: MapReading, title: str, result: Classification, *, days: bool) -> str:
    if reading.focus is None:
        return f"The map for {title} is flat: no part of the light curve matters more than another."
    if reading.has_few_rows:
        steps = "one time step" if reading.rows == 1 else f"{reading.rows} time steps"
        return f"The network reads {steps} of this light curve: too few for the map of {title} to point anywhere."
    stretch = _stretch(reading.focus, result.curve.first_detection if days else None)
    seen = f"{reading.points or 'none'} of {len(result.selection.curve)} points"
    weight = f"{reading.focus_share:.0f} % of the weight"
    if reading.against:
        start = f"Every day that the network reads speaks against {title}, least so **{stretch}** ({seen})."
    elif reading.is_even:
        start = (
            f"For {title} the map is nearly even: {weight} spreads over **{stretch}**, "
            f"{reading.focus_rows:.0f} % of the time that the network reads ({seen})."
        )
    else:
        start = f"For {title} the model leans on **{stretch}** ({weight}, {seen})."
    unseen = reading.before + reading.after
    if reading.seen >= 50:
        return start if unseen < 10 else f"{start} {unseen:.0f} % of the weight lies where nothing was measured."
    where = "after the last" if reading.after > reading.before else "before the first"
    return (
        f"{start} Only {reading.seen:.0f} % of the weight lies between the first and the last measurement, "
        f"{max(reading.after, reading.before):.0f} % {where}: there the model reads how the Gaussian process goes on, not data."
    )


def _stretch(focus: tuple[float, float], zero: float | None) -> str:
    """``days 3 to 12``, or ``MJD 59003 to 59012`` without a first day. zero : MJD that days are counted from."""
    name, start = ("MJD", 0.0) if zero is None else ("days", zero)
    ends = " to ".join(f"{t - start:.0f}" for t in focus).replace("-0 ", "0 ").replace("-", "−")
    return f"{name} {ends}"


def deletion_sentence(check: DeletionCheck | None, class_name: str, probability: float) -> str:
    """The deletion check in numbers, and one of its three verdicts by its rule."""
    title = class_title(class_name)
    if probability < NOTHING_TO_DELETE:
        return f"The probability of {title} is below 1 %: there is nothing to take away by deleting points."
    if check is None:
        return "Too few points are left to check the map by deleting any."
    several = check.removed > 1
    points = f"the {check.removed} points the map ranks highest" if several else "the point the map ranks highest"
    others = f"{check.removed} random ones" if several else "a random one"
    change = (
        f"stays at {check.before:.2f}"
        if f"{check.before:.2f}" == f"{check.without_top:.2f}"
        else f"goes from {check.before:.2f} to {check.without_top:.2f}"
    )
    average = f"it is {check.random_mean:.2f} on average"
    less = f" and less in {check.cost_less}" if check.cost_less else ""
    if not check.cost_more and not check.cost_less:
        return (
            f"Without {points} the probability of {title} {change}; without {others}, {average}. Nothing moves it here, so the map "
            f"is **{VERDICTS[check.verdict]}** by this check."
        )
    return (
        f"Without {points} the probability of {title} {change}; without {others}, {average}. The map's "
        f"{'points cost' if several else 'point costs'} more than random ones in {check.cost_more} of {check.draws} "
        f"draws{less}: the map is **{VERDICTS[check.verdict]}** here."
    )


def deletion_rule(check: DeletionCheck) -> str:
    """The rule behind the verdict, and how far it carries."""
    need = math.ceil(CLEAR_PART * check.draws)
    return (
        f"Deletion check: confirmed if the map's points cost more than random ones in at least {need} of {check.draws} "
        f"draws, contradicted if they cost less in as many. Many maps fail: other points can stand in for the deleted ones."
    )
