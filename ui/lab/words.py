"""The sentences of the lab."""

from __future__ import annotations

from core.bands import BANDS, band_index
from core.gp.kernels import KERNELS, MATERN_32
from core.lightcurve import LightCurve
from core.pipeline import Classification
from core.refusal import Refusal
from core.whatif import Changes, Timeline
from ui.wording import class_title, percent, plain, verdict


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


def difference_sentence(before: Classification | Refusal, after: Classification | Refusal) -> str:
    """What the changes did to the answer, in numbers."""
    if isinstance(after, Refusal):
        return plain(after.message)
    if isinstance(before, Refusal):
        return "As measured there is no answer to compare with."
    top, new = before.top_class, after.top_class
    p, q = before.probability(top), after.probability(top)
    moved = f"{class_title(top)} goes from {percent(p)} to {percent(q)}"
    if new == top:
        return f"It does not change its mind: {moved}." if percent(p) != percent(q) else "Nothing moves."
    return f"**It changes its mind**: {moved}, and {class_title(new)} leads with {percent(after.probability(new))}."
