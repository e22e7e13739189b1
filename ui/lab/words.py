"""The sentences of the lab."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.bands import BANDS, band_index
from core.gp.kernels import KERNELS, MATERN_32
from core.lightcurve import LightCurve
from core.pipeline import Classification
from core.refusal import Refusal
from core.removal import METHODS, Comparison, SmallestChange
from core.whatif import Changes, Timeline
from ui.wording import class_title, percent, plain, verdict

#: Gains nearer than this count as equal.
SAME_GAIN = 0.05
#: An answer that leads in fewer of the draws within the errors is not told as if it were firm.
STEADY = 0.8


def times(count: int) -> str:
    """``never``, ``once``, ``twice``, ``3 times``."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def timeline_sentence(name: str, line: Timeline, zero: float) -> str:
    """When a model made up its mind, and how often it changed it."""
    if line.decided is None:
        return f"**{plain(name)}** refuses this light curve at every age."
    final = class_title(line.classes[int(line.leaders[-1])])
    first, at = int(line.scored[0]), line.decided
    points = int(line.n_points[at])
    if at == first:
        when = f"leads from the first answer on (day {line.mjd[at] - zero:.0f}, {points} points)"
    else:
        when = f"leads for good from day {line.mjd[at] - zero:.0f} ({points} points)"
    changed = (
        "the likeliest class never changed" if not line.flips else f"the likeliest class changed {times(line.flips)}"
    )
    return f"**{plain(name)}**: {final} {when}; {changed}."


def steps_sentence(line: Timeline) -> str:
    """What a step of the timeline is."""
    step = "Each step adds a night" if line.nights == 1 else f"Each step adds {line.nights} nights"
    refused = len(line.mjd) - len(line.scored)
    gaps = f" {refused} of {len(line.mjd)} steps have too few points for an answer." if refused else ""
    return f"{step}: only what was measured by then, with its Gaussian process fitted anew.{gaps}"


def broker_history(curve: LightCurve) -> str:
    """Why no broker's own history stands beside the timeline; empty for light curves that no broker gave."""
    source = curve.provenance.source
    if source.startswith("Fink"):
        return (
            f" {plain(source)} publishes scores of single alerts (a supernova or not, Ia or not), no probabilities of classes: there is "
            "no history of its own to draw beside."
        )
    if source.startswith(("ALeRCE", "Lasair")):
        return f" {plain(source)} publishes what it says now, not what it said on earlier nights: there is no history of its own to draw beside."
    return ""


def answer_words(result: Classification | Refusal) -> str:
    """An answer as a headline, or that there is none."""
    return "Not scored" if isinstance(result, Refusal) else verdict(result).headline


def changes_words(changes: Changes, curve: LightCurve) -> list[str]:
    """What was changed, one phrase each."""
    out = []
    if changes.until is not None:
        out.append(f"only up to day {changes.until:.1f}")
    if changes.without:
        count = len(changes.without)
        out.append(f"{count} point{'' if count == 1 else 's'} left out")
    out += [f"no {BANDS[band_index(name)].label}" for name in changes.without_bands]
    if changes.fainter:
        out.append(f"{abs(changes.fainter):.1f} mag {'fainter' if changes.fainter > 0 else 'brighter'}")
    if changes.redshift is not None:
        out.append(f"told z = {changes.redshift:.3f}" if changes.redshift else "told no redshift")
    if changes.draw is not None:
        out.append(f"fluxes drawn anew within their errors (draw {changes.draw})")
    if changes.kernel != MATERN_32:
        out.append(f"kernel {KERNELS[changes.kernel].partition(' (')[0]}")
    if changes.stretch != 1.0:
        out.append(f"time scale of the Gaussian process × {changes.stretch:g}")
    return out


def difference_sentence(before: Classification | Refusal, after: Classification | Refusal, *, firm: bool = True) -> str:
    """What the changes did to the answer, in numbers. firm : whether the new answer keeps the lead within the errors."""
    if isinstance(after, Refusal):
        return plain(after.message)
    if isinstance(before, Refusal):
        return "As measured there is no answer to compare with."
    top, new = before.top_class, after.top_class
    p, q = before.probability(top), after.probability(top)
    moved = f"{class_title(top)} goes from {percent(p)} to {percent(q)}"
    if new == top:
        return f"It does not change its mind: {moved}." if percent(p) != percent(q) else "Nothing moves."
    how = "It changes its mind" if firm else "It changes its mind, but not firmly"
    return f"**{how}**: {moved}, and {class_title(new)} leads with {percent(after.probability(new))}."


def steadiness(draws: np.ndarray, classes: Sequence[str], top: str) -> tuple[float, int]:
    """The share of draws in which a class leads, and how many draws could be scored; NaN and 0 where none could."""
    scored = draws[np.isfinite(draws).all(axis=1)]
    if not len(scored):
        return float("nan"), 0
    return float(np.mean(np.argmax(scored, axis=1) == list(classes).index(top))), len(scored)


def fragility(draws: np.ndarray | None, classes: Sequence[str], answer: Classification | Refusal) -> str:
    """What goes into a headline whose class does not keep the lead within the errors; empty where it does, or nobody knows."""
    if draws is None or isinstance(answer, Refusal):
        return ""
    share, count = steadiness(draws, classes, answer.top_class)
    return f", but it leads in only {percent(share)} of draws within the errors" if count and share < STEADY else ""


def stability_sentence(draws: np.ndarray, classes: Sequence[str], top: str) -> str:
    """How often the answer stands when the fluxes are drawn anew within their errors."""
    share, count = steadiness(draws, classes, top)
    if not count:
        return "Drawn anew within its errors it can't be scored."
    limit = (
        f"below {100 * STEADY:.0f} % the headline says so"
        if share < STEADY
        else f"below {100 * STEADY:.0f} % the headline would say so"
    )
    return f"Drawn anew within its errors, {class_title(top)} leads in {percent(share)} of {count} draws; {limit}."


def proof_sentence(comparison: Comparison) -> str:
    """Which explanation to believe here, and how the exact map fares."""
    best, chance = comparison.best, comparison.chance
    title = METHODS[best.method]
    if best.curves.gain <= chance.gain + SAME_GAIN:
        return (
            "**No explanation holds here**: taking observations away in any order costs as much as taking random ones. "
            "Every part of this light curve can stand in for the others."
        )
    text = (
        f"For this light curve **{title}** tells most of the truth: without what it ranks highest the probability falls "
        f"soonest (gain {best.curves.gain:+.2f}; random orders {chance.gain:+.2f})."
    ).replace("-", "−")
    cam = comparison.of("cam")
    if cam is None or best.method == "cam":
        return text
    if cam.curves.gain > chance.gain + SAME_GAIN:
        return f"{text} The activation map also does better than chance ({cam.curves.gain:+.2f}).".replace("(-", "(−")
    than = "worse than" if cam.curves.gain < chance.gain - SAME_GAIN else "no better than"
    return (
        f"{text} The activation map does {than} chance ({cam.curves.gain:+.2f}): it is exact in what it adds up, but says "
        "little of what would happen without an observation."
    ).replace("(-", "(−")


def smallest_sentence(found: SmallestChange | None, result: Classification) -> str:
    """How few observations the answer hangs on."""
    title = class_title(result.top_class)
    points = len(result.selection.curve)
    if found is None:
        return (
            f"No set of observations was found without which another class than {title} leads: it holds down to the fewest points "
            "that the model takes."
        )
    count = len(found.members)
    what = "one observation" if count == 1 else f"{count} observations"
    sure = (
        f"every smaller set was tried ({found.tried:,} sets in all)"
        if found.proven
        else f"smaller ones were not all tried ({found.tried:,} sets were), so fewer may do"
    )
    lead = f"{title} no longer leads but {class_title(found.instead)} does, with {percent(found.probability)}"
    return f"Without **{what}** of {points}, {lead}; {sure}."
