"""Every sentence of the evaluation page, and how its quantities are called."""

from __future__ import annotations

import math

from core.evaluate.judgement import NOT, RIGHT, TOP, WRONG, Judgement, Pick, Summary
from core.taxonomy import FIVE
from ui.figures.probabilities import feature_title
from ui.wording import class_title

ANY = "any class"
#: What the second macro-F1 is, beside that of all classes.
FIVE_CLASSES = (
    f"The five: {', '.join(class_title(name) for name in FIVE)} among themselves, the probabilities of all other classes set aside, as "
    "models' cards and the README quote it. *Five classes among themselves*, above, shows everything so."
)
_QUANTITIES = {
    TOP: "largest probability",
    "n_points": "number of points",
    "span_days": "age: first to last used point [d]",
    "peak_magnitude": "brightest point [mag]",
    "redshift": "redshift",
    "snr": "median S/N of the points",
}


def name_of(name: str) -> str:
    """A class or a group as the page writes it, or any but it."""
    return f"any class but {class_title(name.removeprefix(NOT))}" if name.startswith(NOT) else class_title(name)


def answer_title(name: str) -> str:
    """What an object was called, in a list of choices."""
    return {"": "anything", RIGHT: "its true class (right)", WRONG: "another class (wrong)"}.get(
        name, class_title(name)
    )


def quantity_title(name: str) -> str:
    """A quantity that objects are ranged by."""
    if name.startswith("weight_"):
        return f"weight of {feature_title(name.removeprefix('weight_'))} [% of the map]"
    return f"p({class_title(name[2:])})" if name.startswith("p:") else _QUANTITIES.get(name, name)


def pick_sentence(pick: Pick, n: int) -> str:
    """Which objects are listed: ``57 objects: SN Ib/c called SN Ia``."""
    what = f"{name_of(pick.truth)}" if pick.truth else "of any class"
    if pick.answer == RIGHT:
        what += " called what they are"
    elif pick.answer == WRONG:
        what += " called something else"
    elif pick.answer:
        what += f" called {name_of(pick.answer)}"
    if pick.by:
        low, high = (None if v is None else f"{v:g}" for v in (pick.low, pick.high))
        between = (
            f"from {low} to {high}"
            if low and high
            else f"at least {low}"
            if low
            else f"below {high}"
            if high
            else "of any size"
        )
        what += f", {quantity_title(pick.by)} {between}"
    return f"{n:,} object{'' if n == 1 else 's'}: {what}"


def order_sentence(pick: Pick) -> str:
    """In which order the objects of a pick are listed."""
    if not (name := pick.threshold_on):
        return "the most confident mistakes first"
    end = "lowest" if pick.high is not None else "highest"
    return f"the {end} p({name_of(name)}) first" if pick.truth else "false alarms first"


def parted_title(kind: str, name: str, n: int) -> str:
    """One part of what a threshold on a class does, as a choice: ``missed SN Ia: 12``."""
    said = {"selected": "all it selects", "found": f"{name_of(name)} found", "missed": f"{name_of(name)} missed"}
    return f"{said.get(kind, kind)}: {n:,}"


def baseline_sentence(found: Summary) -> str:
    """What an answer without looking would score."""
    return (
        f"Whoever always says {name_of(found.majority_class)} is right {100 * found.majority:.1f} % of the time on this set; "
        f"this model {100 * found.accuracy:.1f} %."
    )


def prior_sentence(prior: str, of: Judgement) -> str:
    """What the prior in force means for the numbers on the page."""
    counts = "Counts, completeness and purity are those of this set of objects."
    if of.evaluation.prior is None:
        return f"The table does not say under which prior its probabilities hold; they are shown as they are. {counts}"
    mix = {"equal": "every class is as likely", "sample": "classes are as common as in this set"}.get(
        prior, "classes have the shares that the model's card declares"
    )
    return f"Prior in force: {prior} ({mix}); answers follow it. {counts} Calibration is measured in the prior's mix."


def classes_sentence(of: Judgement) -> str:
    """Over which classes the means are taken, where some have no object."""
    names = of.level.names
    none = [name_of(name) for name, met in zip(names, of.met, strict=True) if not met]
    if not none:
        return ""
    return f"Macro-F1 and flat log-loss are means over the {len(names) - len(none)} classes that have objects here; {', '.join(none)} {'has' if len(none) == 1 else 'have'} none."


def small_number(value: float, digits: int = 3) -> str:
    """A score, or a dash."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def range_of(low: float, high: float) -> str:
    """An interval: ``[0.640, 0.713]``."""
    return "" if math.isnan(low) or math.isnan(high) else f" [{low:.3f}, {high:.3f}]"
