"""Every sentence that the pages say, in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from core.bands import BANDS
from core.brokers.samples import SampleSource
from core.explain import DeletionCheck
from core.lightcurve import LightCurve, Note
from core.model import Model
from core.pipeline import Classification
from core.taxonomy import BY_NAME, VARIABLE
from ui.reading import MapReading, read_map

#: Below this lead over the runner-up an answer is called undecided.
NARROW_LEAD = 0.10


def plain(text: object) -> str:
    """Text from data or from an address, inside Markdown: nothing in it becomes a link, an image or markup."""
    safe = _MARKUP.sub(r"\\\1", " ".join(str(text).split()))
    return _BARE_ADDRESS.sub(r"\1\\.", safe)


_MARKUP = re.compile(r"([\\`*_\[\]<>$:~|@])")
_BARE_ADDRESS = re.compile(r"(www)\.", re.IGNORECASE)


def class_title(name: str) -> str:
    """How a page writes a class: ``SN Ia``."""
    return BY_NAME[name].title if name in BY_NAME else name


def percent(value: float) -> str:
    """A probability with at most two digits: ``87 %``, ``<1 %``, ``>99 %``."""
    if value < 0.01:
        return "<1 %"
    if value > 0.99:
        return ">99 %"
    return f"{100 * value:.0f} %"


@dataclass(frozen=True)
class Verdict:
    """The answer in words. kind : decided, undecided, abstained or variable. headline, sentence : plain text."""

    kind: str
    headline: str
    sentence: str


def verdict(result: Classification) -> Verdict:
    """The headline and one sentence on how sure: runner-up, and how often answers like this one were right."""
    order = result.order
    first, second = result.model.classes[order[0]], result.model.classes[order[1]]
    p_first, p_second = result.probabilities[order[0]], result.probabilities[order[1]]
    # The card's rules were measured under its own prior, and say nothing under another.
    rules = result.model.card.data.get("rules", {}) if result.prior.name == result.model.prior.name else {}
    variable = grouped(result)
    runner_up = f"Runner-up {class_title(second)}, {percent(p_second)}."
    record = track_record(result)
    if "variable_above" in rules and variable >= rules["variable_above"] and first not in VARIABLE:
        return Verdict(
            "variable",
            f"Perhaps not a transient, {percent(variable)}",
            f"Together the variable stars and active nuclei have {percent(variable)}; the likeliest single class is "
            f"{class_title(first)}, {percent(p_first)}. {record}",
        )
    if p_first < rules.get("abstain_below", 0.0) or p_first - p_second < NARROW_LEAD:
        return Verdict(
            "undecided",
            f"Between {class_title(first)} ({percent(p_first)}) and {class_title(second)} ({percent(p_second)})",
            f"Not decided. {record}",
        )
    return Verdict("decided", f"{class_title(first)}, {percent(p_first)}", f"{runner_up} {record}")


def grouped(result: Classification) -> float:
    """Probability of variable stars, active nuclei and other variables together."""
    return float(sum(p for p, name in zip(result.probabilities, result.model.classes, strict=True) if name in VARIABLE))


def track_record(result: Classification) -> str:
    """How often objects scored like this one were right, from the card's table; or that nobody measured it."""
    table = result.model.card.data.get("reliability") or []
    top = float(result.probabilities.max())
    for entry in table:
        if entry["low"] <= top <= entry["high"] and entry["count"] >= 20:
            rate = entry["correct"] / entry["count"]
            if result.prior.name != result.model.prior.name:
                return f"Under the {result.model.prior.name} prior the model has a record; under this one it has none."
            return f"{_of_twenty(rate)} objects scored like this one are right."
    if not table:
        return "This model is not calibrated: nobody measured how often such an answer is right."
    return "Too few objects were scored like this one to say how often that is right."


def _of_twenty(rate: float) -> str:
    if rate > 0.985:
        return "More than 19 of 20"
    return f"{round(20 * rate)} of 20"


def map_sentence(result: Classification, class_name: str, check: DeletionCheck | None) -> str:
    """What the map says, aloud: where its weight lies, whether anything was measured there, and the deletion check."""
    used = result.selection.curve
    reading = read_map(result.explanation, result.model.classes.index(class_name), used.mjd)
    title = class_title(class_name)
    if reading.focus is None:
        return "The map is flat: no part of the light curve matters more than another."
    return f"{_where_it_leans(reading, title, result)} {_deletion_sentence(check, title)}"


def _where_it_leans(reading: MapReading, title: str, result: Classification) -> str:
    assert reading.focus is not None
    days = (
        " to ".join(f"{t - result.curve.first_detection:.0f}" for t in reading.focus)
        .replace("-0 ", "0 ")
        .replace("-", "−")
    )
    weight = f"{reading.focus_share:.0f} % of the weight"
    seen = f"{reading.points or 'none'} of {len(result.selection.curve)} points"
    if reading.is_even:
        start = f"For {title} the map is nearly even: {weight} spreads over **days {days}**, {reading.focus_rows:.0f} % of the time that the network reads ({seen})."
    else:
        start = f"For {title} the model leans on **days {days}** ({weight}, {seen})."
    unseen = reading.before + reading.after
    if reading.seen >= 50:
        return start if unseen < 10 else f"{start} {unseen:.0f} % of it lies where nothing was measured."
    where = "after the last" if reading.after > reading.before else "before the first"
    return (
        f"{start} Only {reading.seen:.0f} % lies between the first and the last measurement, "
        f"{max(reading.after, reading.before):.0f} % {where}: there the model reads how the Gaussian process goes on, not data."
    )


def _deletion_sentence(check: DeletionCheck | None, title: str) -> str:
    if check is None:
        return "Too few points are left to check the map by deleting any."
    several = check.removed > 1
    points = f"the {check.removed} points the map ranks highest" if several else "the point the map ranks highest"
    others = f"{check.removed} random ones" if several else "a random one"
    if max(abs(check.before - p) for p in (check.without_top, check.random_mean)) < 0.01:
        return (
            f"Taking away {points} leaves the probability of {title} at {check.without_top:.2f}, and so do {others}: "
            "the answer is too firm for the map to be checked by deleting points."
        )
    text = (
        f"Without {points} the probability of {title} goes from {check.before:.2f} to {check.without_top:.2f}; "
        f"without {others}, to {check.random_mean:.2f} on average"
    )
    return text + ("." if check.passed else ": the map is not confirmed here.")


def caption(curve: LightCurve) -> str:
    """One line under the id: coordinates, redshift, points, bands, span, source, age of the data."""
    parts = []
    if curve.ra is not None and curve.dec is not None:
        parts.append(f"RA {curve.ra:.5f}° Dec {curve.dec:+.5f}°")
    if curve.redshift is not None:
        error = f" ± {curve.redshift_err:.3g}" if curve.redshift_err else ""
        parts.append(f"z = {curve.redshift:.3f}{error}")
    letters = " ".join(dict.fromkeys(BANDS[b].letter for b in sorted(set(curve.band.tolist()))))
    survey = " + ".join(s.upper() for s in curve.surveys)
    points = f"{len(curve):,} point{'' if len(curve) == 1 else 's'}"
    parts.append(f"{points}, {survey} {letters}".rstrip(", "))
    if len(curve) > 1:
        parts.append(f"{curve.mjd[-1] - curve.mjd[0]:.0f} d")
    parts.append(source_and_age(curve))
    return " · ".join(parts)


def source_and_age(curve: LightCurve) -> str:
    """Where the light curve came from and how long ago, marked when it is a copy."""
    provenance = curve.provenance
    text = plain(provenance.source or "unknown source")
    age = _age(provenance.retrieved)
    if provenance.cached:
        return f"{text}, copy of {provenance.retrieved[:16].replace('T', ' ')} UTC"
    return f"{text}, {age}" if age else text


def _age(retrieved: str) -> str:
    try:
        then = datetime.fromisoformat(retrieved)
    except ValueError:
        return ""
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = (datetime.now(UTC) - then).total_seconds()
    if seconds < 90:
        return "just now"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min ago"
    if seconds < 129600:
        return f"{seconds / 3600:.0f} h ago"
    return then.strftime("%Y-%m-%d")


def label_sentence(curve: LightCurve) -> str:
    """Real or simulated, and the true class where it is known: said wherever the object is shown."""
    provenance = curve.provenance
    kind = "Simulated" if provenance.simulated else "Real"
    if not provenance.true_class:
        return f"{kind} object; no class is known." if provenance.source == SampleSource.title else ""
    known = plain(class_title(provenance.true_class))
    source = (
        f", by {plain(provenance.true_class_source)}"
        if provenance.true_class_source and not provenance.simulated
        else ""
    )
    return f"{kind} object; known class {known}{source}."


def sample_label(true_class: str, *, simulated: bool) -> str:
    """A sample in two words: real or simulated, and what it is."""
    return f"{'simulated' if simulated else 'real'} · {class_title(true_class) if true_class else 'class not known'}"


def rest_line(result: Classification, shown: int) -> str:
    """What the classes that are not drawn have together, so that the figure adds up to one."""
    rest = result.order[shown:]
    if not len(rest):
        return ""
    return f"{len(rest)} more classes together {percent(float(result.probabilities[rest].sum()))}"


def out_of_range(result: Classification) -> list[str]:
    """What makes this object unlike the training set, said beside the answer and not only among the notes."""
    return [plain(note.message) + "." for note in result.notes if note.message.startswith("Outside the training range")]


def input_title(notes: tuple[Note, ...]) -> str:
    """The honest-input panel's title: what was done to the data, already said while it is closed."""
    if not notes:
        return "Input: every point used as it came"
    count = {kind: sum(n.count for n in notes if n.kind == kind) for kind in ("dropped", "merged")}
    kinds = [note.kind for note in notes]
    parts = []
    if count["dropped"]:
        parts.append(f"{count['dropped']:,} point{'' if count['dropped'] == 1 else 's'} left out")
    if count["merged"]:
        parts.append(f"{count['merged']:,} merged")
    parts += [
        word for kind, word in (("reordered", "sorted by time"), ("converted", "units converted")) if kind in kinds
    ]
    if warnings := kinds.count("warning"):
        parts.append(f"{warnings} warning{'' if warnings == 1 else 's'}")
    return "Input: " + (", ".join(parts) or plain(notes[0].message))


def provenance_line(result: Classification) -> str:
    """Model, version, checksum, recipe, runtime, cuts, date and time taken."""
    model = result.model
    fold = f" (fold model {model.fold}, which has not seen this object)" if model.fold is not None else ""
    spent = 1e3 * sum(v for k, v in result.timings.items())
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return " · ".join(
        [
            f"{model.name} {model.card.version}{fold}",
            f"sha256 {model.sha256[:4]}…{model.sha256[-2:]}",
            f"recipe {model.recipe_name}",
            f"cuts: {model.recipe.cuts.sentence()}",
            f"runtime {model.runtime}",
            "map from the file's own output" if model.outputs_activations else "map read from a tensor inside the file",
            f"scored {when}",
            f"{spent:.0f} ms",
        ]
    )


def prior_line(model: Model, prior_name: str, *, spread: int) -> str:
    """Which prior is in force, and what the whiskers are. spread : number of fold models, 0 without whiskers."""
    prior = (
        "No prior declared: the network's own output"
        if model.prior.weights is None
        else {
            "survey": "Prior: survey mix, as a broker's filter for transients passes it",
            "equal": "Prior: every class equally likely",
        }.get(prior_name, f"Prior: {prior_name}")
    )
    if not spread:
        return prior
    seen = f", {spread - 1} of which have seen this object" if model.fold is not None else ""
    return f"{prior} · whiskers: spread of the {spread} fold models{seen}"
