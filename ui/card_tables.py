"""The figures of a model card as tables that a person reads: pure functions of the card, whatever it holds or lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ui.tables import NOTHING, Table, table
from ui.wording import class_title

#: How groups of scores are called on the page; a group that is not here keeps its name in the card.
_GROUPS = {
    "five_class": "Five classes",
    "without_redshift": "Five classes, told no redshift",
    "two_points_per_band": "Five classes, two points or more in each band",
    "alerts_only": "Five classes, alert photometry only",
    "alerts_snia_snii_snibc": "SN Ia, II and Ib/c among themselves, alerts",
    "conventions": "Five classes, no prior put right",
    "fifteen_class": "All classes",
    "simulated": "Simulated light curves, all classes",
    "simulated_five_class": "Simulated light curves, five classes, equal prior",
    "mallorn": "MALLORN (simulated by others), equal prior",
    "mallorn_without_agn": "MALLORN without AGN (simulated by others), equal prior",
    "elasticc2": "ELAsTiCC2 (simulated by others), equal prior",
    "plasticc": "PLAsTiCC (simulated by others), equal prior",
}
_ENDINGS = {
    "survey": "survey prior",
    "equal": "equal prior",
    "sample": "sample's mix",
    "with_redshift": "with redshift",
    "without_redshift": "without redshift",
    "gr_with_redshift": "g and r alone, with redshift",
    "gr_without_redshift": "g and r alone, without redshift",
}
_LABELS = {
    "macro_f1": "macro-F1",
    "auc_snia": "AUC (SN Ia)",
    "auc": "AUC",
    "auc_macro": "AUC, mean of classes",
    "auc_micro": "AUC, all answers",
    "log_loss_flat": "flat log-loss",
    "log_loss_flat_14": "flat log-loss, 14 classes",
    "snia_purity_at_85_percent": "SN Ia purity at 85 % complete",
    "ece": "calibration error",
    "recall": "complete",
    "precision": "pure",
    "f1": "F1",
    "auc_variable_or_transient": "AUC, variable or transient",
    "caught_at_3_percent_loss": "caught at a loss of 3 % of the transients",
    "called_transient": "still called a transient after the rules",
    "magnitude": "peak magnitude",
    "days": "days from first detection",
    "above_threshold": "above the threshold",
}
_SCORES = (
    "macro_f1", "macro_f1_survey", "macro_f1_equal", "accuracy", "accuracy_survey", "accuracy_equal", "auc_snia", "auc_macro", "log_loss_flat", "log_loss_flat_14", "snia_purity_at_85_percent", "ece_survey", "ece_equal",
    "share_scored", "called_one_of_them",
)  # fmt: skip


@dataclass(frozen=True)
class ScoreSet:
    """One set of scores in a card. key : its place there. group, kind : the last two parts of it. objects : by class, or in all."""

    key: str
    group: str
    kind: str
    scores: Mapping[str, Any]
    objects: Any = None

    @property
    def title(self) -> str:
        """What was scored, and under which prior or with which input."""
        kind = _ENDINGS.get(self.kind, self.kind.replace("_", " ").replace("-", " "))
        return ", ".join(part for part in (_GROUPS.get(self.group, label(self.group)), kind) if part)

    @property
    def simulated(self) -> bool:
        """Whether the scored light curves are simulated."""
        return "simulated" in _GROUPS.get(self.group, self.group).lower()

    @property
    def count(self) -> int | None:
        """How many objects were scored, where the card says so."""
        return sum(self.objects.values()) if isinstance(self.objects, Mapping) else self.objects

    @property
    def matrix(self) -> Sequence[Sequence[int]] | None:
        """The confusion matrix, true classes in rows."""
        found = [value for key, value in self.scores.items() if key.startswith("confusion")]
        return found[0] if found else None

    def by_class(self) -> dict[str, Mapping[str, Any]]:
        """Completeness, purity and so on, each by class."""
        names = ("recall", "precision", "f1")
        return {
            key: value
            for key, value in self.scores.items()
            if key.startswith(names) and isinstance(value, Mapping) and not key.endswith("_interval")
        }


def score_sets(figures: Mapping[str, Any]) -> list[ScoreSet]:
    """Every set of scores in the card, in its order; a set has a macro-F1 or completeness by class."""
    return [found for key, value in figures.items() if key != "peer" for found in _sets_in(value, (key,), None)]


def score_table(sets: Sequence[ScoreSet], title: str = "Scores, with 95 % intervals") -> Table:
    """One row per set of scores: macro-F1 with its interval, accuracy, area under the SN Ia curve, …"""
    names = [name for name in _SCORES if any(name in s.scores for s in sets)]
    rows = [
        [s.title, cell(s.count), *(with_interval(s.scores, name) for name in names)]
        for s in sets
        if any(name in s.scores for name in names)
    ]
    return table(title, ["scored on", "objects", *(label(name) for name in names)], rows)


def class_table(scored: ScoreSet) -> Table:
    """Completeness, purity and F1 of each class."""
    found = scored.by_class()
    classes = dict.fromkeys(name for values in found.values() for name in values)
    counts = scored.objects if isinstance(scored.objects, Mapping) else {}
    rows = [
        [
            class_title(name),
            cell(counts.get(name)),
            *(_of_class(scored.scores, key, name) for key in found),
        ]
        for name in classes
    ]
    return table(f"By class: {scored.title}", ["class", "objects", *(label(key) for key in found)], rows)


def confusion_table(scored: ScoreSet, classes: Sequence[str]) -> Table:
    """True classes in rows, answers in columns; tinted by the share of the row. classes : all of the model's."""
    matrix = scored.matrix
    named = list(next(iter(scored.by_class().values()), {}))
    names = named if matrix and len(named) == len(matrix) else list(classes)
    if not matrix or len(names) != len(matrix):
        return Table("Confusion")
    titles = [class_title(name) for name in names]
    return Table(
        f"Confusion (true class in rows, answer in columns): {scored.title}",
        ("true class", *titles),
        tuple((title, *(f"{n:,}" for n in row)) for title, row in zip(titles, matrix, strict=True)),
        tuple(tuple(n / max(sum(row), 1) for n in row) for row in matrix),
    )


def other_figures(scored: ScoreSet) -> dict[str, Mapping[str, Any]]:
    """What a set of scores holds besides: shares of answers and the like, by name."""
    taken = {*scored.by_class(), "objects"}
    found = {key: value for key, value in scored.scores.items() if isinstance(value, Mapping) and key not in taken}
    return {key: value for key, value in found.items() if not key.endswith("_interval")}


def without(figures: Mapping[str, Any], sets: Sequence[ScoreSet]) -> dict[str, Any]:
    """The figures that stand in none of the sets of scores."""
    return _pruned(figures, {scored.key for scored in sets}, ())


def records_table(title: str, records: Any, first: str = "") -> Table:
    """A list of records, or a mapping of names to records, as a table with a column for each of their fields."""
    if isinstance(records, Mapping):
        records = [{first: name, **row} for name, row in records.items() if isinstance(row, Mapping)]
    records = [row for row in records or [] if isinstance(row, Mapping)]
    keys = dict.fromkeys(key for row in records for key in row if not key.endswith("_interval"))
    rows = [[_field(row, key) for key in keys] for row in records]
    return table(title, [label(key) for key in keys], rows)


def twins_table(twins: Mapping[str, Any]) -> Table:
    """The same events seen twice; here "survey" is the other photometry, not the prior."""
    titles = {
        "recall_alert": "complete, alerts",
        "recall_survey": "complete, survey photometry",
        "mean_p_alert": "mean p(true class), alerts",
        "mean_p_survey": "mean p(true class), survey photometry",
        "difference": "difference of p(true class)",
    }
    rows = {name: row for name, row in twins.items() if isinstance(row, Mapping)}
    keys = dict.fromkeys(key for row in rows.values() for key in row if not key.endswith("_interval"))
    titled = {"all": "all", "same_light": "those whose alerts show the same peak"}
    body = [[titled.get(name) or class_title(name), *(_field(row, key) for key in keys)] for name, row in rows.items()]
    title = "The same events from alerts and from survey photometry made alert-like"
    return table(title, ["class", *(titles.get(key, label(key)) for key in keys)], body)


def stand_ins(data: Mapping[str, Any]) -> dict[str, int]:
    """Class -> simulated light curves among the objects that a model of real ones was judged on, as the card counts them.

    They stand in for classes of which it learned no real light curve; empty where every judged object is real, or none.
    """
    figures, training = data.get("figures", {}), data.get("training", {})
    matrix = figures.get("fifteen_class", {}).get("confusion_survey")
    real = training.get("real", {})
    if training.get("simulated") or not matrix or len(matrix) != len(data["classes"]):
        return {}
    counts = {name: sum(row) for name, row in zip(data["classes"], matrix, strict=True) if not real.get(name)}
    judged = sum(entry.get("objects", 0) for entry in data.get("reliability", []))
    # What is not the sample of real objects must be these, or the card means something else.
    return counts if judged - figures.get("sample", {}).get("objects", 0) == sum(counts.values()) > 0 else {}


def reliability_table(bins: Sequence[Mapping[str, Any]]) -> Table:
    """How often answers with about such a probability were right."""
    rows = [
        [
            f"{entry['low']:g} to {entry['high']:g}",
            cell(entry.get("objects", entry["count"])),
            _percent(entry.get("mean_probability")),
            _percent(entry["correct"] / entry["count"] if entry["count"] else None),
        ]
        for entry in bins
    ]
    head = ["probability of the likeliest class", "objects", "said, on average [%]", "right [%]"]
    return table("Is a probability worth what it says?", head, rows)


def flat_table(title: str, data: Any) -> Table:
    """Anything at all of a card, one line for each value."""
    return table(title, ["what", "value"], _lines(data, ()))


def label(key: str) -> str:
    """A field of a card in words: ``macro_f1_survey`` is macro-F1, survey prior."""
    if key in _LABELS:
        return _LABELS[key]
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        if key.endswith(f"_{ending}"):
            return f"{label(key.removesuffix(f'_{ending}'))}, {_ENDINGS[ending]}"
    return class_title(key) if class_title(key) != key else key.replace("_", " ")


def with_interval(scores: Mapping[str, Any], key: str) -> str:
    """A figure and its 95 % interval, as far as the card has them: ``0.680 [0.646, 0.713]``."""
    ends = scores.get(f"{key}_interval")
    return cell(scores.get(key)) + (f" [{ends[0]:.3f}, {ends[1]:.3f}]" if ends else "")


def cell(value: Any) -> str:
    """A value of a card as a table shows it: three decimals (three digits for small numbers), a dash for none."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (value == int(value) and abs(value) > 1):
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) >= 0.001 or value == 0 else f"{value:.3g}"


def _sets_in(value: Any, path: tuple[str, ...], objects: Any) -> Iterator[ScoreSet]:
    if not isinstance(value, Mapping):
        return
    objects = value.get("objects", objects)
    scored = any(
        key.startswith("macro_f1") or (key.startswith("recall") and isinstance(value[key], Mapping)) for key in value
    )
    if scored:
        group, kind = (path[-2], path[-1]) if len(path) > 1 else (path[-1], "")
        yield ScoreSet(".".join(path), group, kind, value, objects)
        return
    for key, inner in value.items():
        yield from _sets_in(inner, (*path, key), objects)


def _pruned(value: Mapping[str, Any], keys: set[str], path: tuple[str, ...]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, inner in value.items():
        here = (*path, key)
        if ".".join(here) in keys:
            continue
        kept = _pruned(inner, keys, here) if isinstance(inner, Mapping) else inner
        # A group whose scores were all taken leaves nothing but the counts of what was scored.
        if kept != {} and not (isinstance(kept, dict) and kept != inner and set(kept) == {"objects"}):
            out[key] = kept
    return out


def _of_class(scores: Mapping[str, Any], key: str, name: str) -> str:
    """One class's value of a figure by class, with its interval where the card has one."""
    values = {key: scores[key].get(name), f"{key}_interval": scores.get(f"{key}_interval", {}).get(name)}
    return with_interval(values, key)


def _field(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if isinstance(value, list) and len(value) == 2 and not isinstance(value[0], list | dict):
        low, high = value
        return f"{low:g} and more" if high is None else f"{low:g} to {high:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{label(name)} {cell(inner)}" for name, inner in value.items()) or NOTHING
    if isinstance(value, list):
        return ", ".join(cell(inner) for inner in value)
    if key == "days":
        return "all" if value is None else f"{value:g}"
    return label(value) if isinstance(value, str) else with_interval(row, key)


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f}"


def _lines(data: Any, path: tuple[str, ...]) -> Iterator[list[str]]:
    """Every value below ``data`` with the way to it in words; lists of plain values stay together."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _lines(value, (*path, label(str(key))))
    elif isinstance(data, list) and any(isinstance(value, list | dict) for value in data):
        for i, value in enumerate(data, start=1):
            yield from _lines(value, (*path, str(i)))
    else:
        text = ", ".join(cell(value) for value in data) if isinstance(data, list) else cell(data)
        yield [" · ".join(path), text or NOTHING]
