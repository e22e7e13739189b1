"""The figures of a model card as tables that a person reads: pure functions of the card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ui.wording import class_title

NOTHING = "–"

#: How the sets of scores are called on the page; a set that is not here keeps its name in the card.
_SETS = {
    ("five_class", "survey"): "Five classes, survey prior",
    ("five_class", "equal"): "Five classes, equal prior",
    ("alerts_only", "survey"): "Alert photometry only, survey prior",
    ("alerts_only", "equal"): "Alert photometry only, equal prior",
    ("alerts_snia_snii_snibc", "survey"): "SN Ia, II and Ib/c among themselves, survey prior",
    ("alerts_snia_snii_snibc", "equal"): "SN Ia, II and Ib/c among themselves, equal prior",
    ("simulated_five_class", "with_redshift"): "Simulated light curves: five classes, equal prior, with redshift",
    ("simulated_five_class", "without_redshift"): "Simulated light curves: five classes, equal prior, without redshift",
    ("mallorn", "with_redshift"): "MALLORN (simulated by others): six groups, equal prior, with redshift",
    ("mallorn", "without_redshift"): "MALLORN (simulated by others): six groups, equal prior, without redshift",
    ("plasticc", "with_redshift"): "PLAsTiCC (simulated by others): SN Ia, II and Ib/c, equal prior, with redshift",
    (
        "plasticc",
        "without_redshift",
    ): "PLAsTiCC (simulated by others): SN Ia, II and Ib/c, equal prior, without redshift",
    ("conventions", "as-served"): "Five classes, as served",
    ("conventions", "as-trained"): "Five classes, as trained",
}


def score_table(figures: Mapping[str, Any]) -> pd.DataFrame:
    """One row per set of scores: macro-F1 with its interval, accuracy, and area under the SN Ia curve."""
    rows = [
        {
            "scored on": title,
            "macro-F1": cell(scores["macro_f1"]),
            "95 % interval": _interval(scores.get("macro_f1_interval")),
            "accuracy": cell(scores.get("accuracy")),
            "SN Ia AUC": cell(scores.get("auc_snia")),
        }
        for title, scores in _score_sets(figures)
    ]
    return pd.DataFrame(rows)


def class_table(figures: Mapping[str, Any]) -> pd.DataFrame:
    """Completeness and purity of each of the five classes, in percent, for the first sets of scores."""
    sets = [(title, scores) for title, scores in _score_sets(figures) if "recall" in scores][:2]
    columns: dict[str, dict[str, str]] = {}
    for title, scores in sets:
        kind = title.rsplit(", ", 1)[-1]
        for name, values in (("complete", scores["recall"]), ("pure", scores.get("precision", {}))):
            columns[f"{name} [%], {kind}"] = {
                class_title(c): NOTHING if v is None else f"{100 * v:.1f}" for c, v in values.items()
            }
    table = pd.DataFrame(columns)
    table.index.name = "class"
    return table.reset_index()


def training_table(training: Mapping[str, Any]) -> pd.DataFrame:
    """Objects per class that the network learned from, real and simulated."""
    real, simulated = training.get("real", {}), training.get("simulated_light_curves", {})
    names = list(dict.fromkeys([*real, *simulated]))
    rows = [
        {"class": class_title(n), "real objects": real.get(n, 0), "simulated light curves": simulated.get(n, 0)}
        for n in names
    ]
    return pd.DataFrame(rows)


def cell(value: Any) -> str:
    """A value of a card as a table shows it: three decimals (three digits for small numbers), a dash for none."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) >= 0.001 else f"{value:.3g}"


def _score_sets(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    groups = {**figures.get("other_sets", {}), **figures}
    for group, name in _SETS:
        scores = groups.get(group, {}).get(name, {})
        if "macro_f1" in scores:
            yield _SETS[group, name], scores


def _interval(ends: list[float] | None) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}" if ends else NOTHING
