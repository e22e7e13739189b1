"""Every sentence that the pages say, in one place."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS
from core.brokers.samples import SampleSource
from core.doubts import OUTSIDE
from core.lightcurve import LightCurve, Note
from core.model import Model
from core.pipeline import Classification
from core.taxonomy import BY_NAME, VARIABLE
from ui.forms import form_title

#: Below this lead over the runner-up an answer is called undecided.
NARROW_LEAD = 0.10
#: From this range of the fold models' probabilities on, the headline says that they differ.
WIDE_SPREAD = 0.40


def plain(text: object) -> str:
    """Text from data or from an address, inside Markdown: nothing in it becomes a link, an image or markup."""
    safe = _MARKUP.sub(r"\\\1", " ".join(str(text).split()))
    return _BARE_ADDRESS.sub(r"\1\\.", safe)


_MARKUP = re.compile(r"([\\`*_\[\]<>$:~|@])")
_BARE_ADDRESS = re.compile(r"(www)\.", re.IGNORECASE)


_IAU_NAME = re.compile(r"(SN|AT|TDE)?[ _]?(19|20)[0-9]{2}[A-Za-z]{1,5}", re.IGNORECASE)


def hint_for_id(text: str) -> str:
    """What to do with an IAU name where a survey's id is asked for; empty for anything else."""
    name = _IAU_NAME.fullmatch(text.strip())
    if name is None:
        return ""
    year = re.sub(r"^(SN|AT|TDE)?[ _]?", "", text.strip(), flags=re.IGNORECASE)
    return (
        "That is an IAU name; brokers know the object by its survey's id. Look up the ZTF id at "
        f"wis-tns.org/object/{year}, under Internal Names."
    )


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
    record = " ".join(part for part in (fold_disagreement(result), track_record(result)) if part)
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


def fold_disagreement(result: Classification) -> str:
    """Whether the fold models give another class than each other, or very different probabilities; empty when they agree."""
    if not len(result.spread):
        return ""
    tops = [result.model.classes[i] for i in np.argmax(result.spread, axis=1)]
    votes = Counter(tops).most_common()
    if len(votes) > 1:
        said = ", ".join(f"{count} {class_title(name)}" for name, count in votes)
        seen = f"; {len(tops) - 1} of them were trained on this object" if result.model.fold is not None else ""
        return f"The {len(tops)} fold models disagree: {said}{seen}."
    first = result.spread[:, result.order[0]]
    if np.ptp(first) > WIDE_SPREAD:
        return f"The fold models differ: {class_title(result.top_class)} has {percent(first.min())} to {percent(first.max())}."
    return ""


def known_class_mark(result: Classification, answer: Verdict, known: str = "", doubt: str = "") -> str:
    """What stands beside the headline where the known class is another one; empty where it is the same or not known.

    known, doubt : from the label that models were judged by, where the light curve itself comes without a class, and
    what is doubtful about it, which the line above the headline tells.
    """
    known = result.curve.provenance.true_class or known
    if not known or known not in result.model.classes:
        return ""
    said = {
        "decided": {result.top_class},
        "undecided": {result.model.classes[i] for i in result.order[:2]},
        "variable": set(VARIABLE),
    }[answer.kind]
    if known in said:
        return ""
    return f"differs from the {'doubtful label' if doubt else 'known class'} {class_title(known)}"


def grouped(result: Classification) -> float:
    """Probability of variable stars, active nuclei and other variables together."""
    return float(sum(p for p, name in zip(result.probabilities, result.model.classes, strict=True) if name in VARIABLE))


def lies_outside(result: Classification) -> bool:
    """Whether the light curve is unlike all that the model was trained on, by the ranges of its card."""
    return any(note.short.startswith(OUTSIDE) for note in result.notes)


def track_record(result: Classification) -> str:
    """How often objects scored like this one were right, from the card's table; or that nobody measured it."""
    table = result.model.card.data.get("reliability") or []
    if table and lies_outside(result):
        return "How often such an answer is right was counted inside the training range alone."
    top = float(result.probabilities.max())
    for entry in table:
        if entry["low"] <= top <= entry["high"] and entry["count"] >= 20:
            rate = entry["correct"] / entry["count"]
            if result.prior.name != result.model.prior.name:
                return f"How often such an answer is right was counted under the {result.model.prior.name} prior alone."
            if result.model.card.data["training"].get("simulated"):
                return (
                    "This model knows simulations alone: there the likeliest class is right for "
                    f"{_of_twenty(rate)} objects scored like this one."
                )
            return f"For {_of_twenty(rate)} objects scored like this one, the likeliest class is right."
    if not table:
        return "This model is not calibrated: nobody measured how often such an answer is right."
    return "Too few objects were scored like this one to say how often that is right."


def _of_twenty(rate: float) -> str:
    if rate > 0.985:
        return "more than 19 of 20"
    return f"{round(20 * rate)} of 20"


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


def label_sentence(curve: LightCurve, model: Model | None = None) -> str:
    """Real or simulated, and the true class where it is known: said wherever the object is shown.

    model : of the page; where it has no such class, that is said beside it.
    """
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
    missing = "" if model is None or provenance.true_class in model.classes else f"; {model.name} has no such class"
    return f"{kind} object; known class {known}{source}{missing}."


def sample_label(true_class: str, *, simulated: bool) -> str:
    """A sample in two words: real or simulated, and what it is."""
    return f"{'simulated' if simulated else 'real'} · {class_title(true_class) if true_class else 'class not known'}"


def rest_line(result: Classification, drawn: NDArray[np.int64]) -> str:
    """What the classes that are not drawn have together, so that the figure adds up to one."""
    rest = [i for i in result.order if i not in drawn]
    if not rest:
        return ""
    return f"{len(rest)} more classes together {percent(float(result.probabilities[rest].sum()))}"


def doubts_beside(result: Classification) -> list[str]:
    """The warnings that bear on the answer, short, said beside it and not only among the notes."""
    return [plain(note.short) + "." for note in result.notes if note.short]


def without_magnitude(curve: LightCurve) -> str:
    """How many points a plot of magnitudes leaves out; empty when it shows all."""
    count = int(np.sum(curve.flux <= 0))
    if not count:
        return ""
    what = "1 point has" if count == 1 else f"{count:,} points have"
    return f"{what} no flux above zero, so no magnitude: drawn in flux alone."


def unused_title(curve: LightCurve) -> str:
    """The input panel's title where nothing was scored."""
    count = len(curve)
    return (
        f"Input: {'the only point is' if count == 1 else f'none of {count:,} points is'} used"
        if count
        else "Input: no points"
    )


def input_title(notes: tuple[Note, ...]) -> str:
    """The honest-input panel's title: what was done to the data, already said while it is closed."""
    if not notes:
        return "Input: every point used"
    count = {kind: sum(n.count for n in notes if n.kind == kind) for kind in ("dropped", "merged")}
    kinds = [note.kind for note in notes]
    parts = []
    if count["dropped"]:
        parts.append(f"{count['dropped']:,} point{'' if count['dropped'] == 1 else 's'} left out")
    if count["merged"]:
        parts.append(f"{count['merged']:,} merged")
    if "reordered" in kinds:
        parts.append("sorted by time")
    parts += [plain(note.message) for note in notes if note.kind == "converted"]
    if warnings := kinds.count("warning"):
        parts.append(f"{warnings} warning{'' if warnings == 1 else 's'}")
    return "Input: " + (", ".join(parts) or plain(notes[0].message))


def provenance_line(result: Classification) -> str:
    """Model, version, checksum, recipe, runtime and cuts."""
    model = result.model
    fold = f" (fold model {model.fold}, which has not seen this object)" if model.fold is not None else ""
    form = f", {form_title(model.card, model.variant or model.card.served)}"
    form += " (not the form that is served)" if model.variant is not None else ""
    return " · ".join(
        [
            f"{model.name} {model.card.version}{form}{fold}",
            f"sha256 {model.sha256[:4]}…{model.sha256[-2:]}",
            f"recipe {model.recipe_name}",
            f"cuts: {model.recipe.cuts.sentence()}",
            f"runtime {model.runtime}",
            "map from the file's own output" if model.outputs_activations else "map read from a tensor inside the file",
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
