"""All models side by side: figures of the same kind on the same objects together, and every other kind under its own heading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.card import ModelCard
from ui.card_tables import ScoreSet, cell, score_sets, with_interval
from ui.card_training import learned_from, reads, told_redshift
from ui.forms import served_title
from ui.tables import NOTHING, Table, table
from ui.wording import class_title

#: Groups of scores over the five main classes of whole light curves; other groups are not of one kind.
_FIVE = ("five_class", "without_redshift", "conventions", "simulated_five_class")
_PRIORS = ("survey", "equal", "sample")
_AS_GIVEN = "as the file gives it"
_HEAD = (
    "model", "told", "macro-F1, survey prior", "equal prior", "sample's mix", _AS_GIVEN, "AUC (SN Ia)",
    "flat log-loss, five classes, equal prior", "calibration error, all classes, survey prior",
)  # fmt: skip

#: Simulated or not, and the scored objects by class: two rows with the same key can be compared.
Key = tuple[bool, tuple[tuple[str, int], ...]]


def overview_table(cards: Mapping[str, ModelCard]) -> Table:
    """What each model reads, learned from, and weighs."""
    rows = [
        [
            name,
            reads(card),
            *learned_from(card.data["training"]),
            cell(card.data.get("parameters")),
            served_title(card),
            cell(card.entry()["bytes"]),
            card.version,
        ]
        for name, card in cards.items()
    ]
    head = [
        "model",
        "reads",
        "real objects learned",
        "simulated light curves learned",
        "parameters",
        "form served",
        "bytes of it",
        "version",
    ]
    return table("The models", head, rows)


def comparison_table(cards: Mapping[str, ModelCard]) -> Table:
    """Five-class scores of all models. Below each heading all rows were judged on the same objects."""
    families: dict[Key, list[list[str]]] = {}
    for name, card in cards.items():
        for key, rows in _of_card(name, card).items():
            families.setdefault(key, []).extend(rows)
    body: list[list[str]] = []
    for i, (key, rows) in enumerate(sorted(families.items(), key=lambda item: item[0][0])):
        body += [[_heading(key, first=i == 0)], *rows]
    return table("Five classes, whole light curves, with 95 % intervals", _HEAD, body)


def not_compared(cards: Mapping[str, ModelCard]) -> list[str]:
    """The models whose cards hold no figures of this kind."""
    return [name for name, card in cards.items() if not _of_card(name, card)]


def _of_card(name: str, card: ModelCard) -> dict[Key, list[list[str]]]:
    figures = card.data["figures"]
    together: dict[tuple[Key, str, str], dict[str, ScoreSet]] = {}
    for scored in score_sets(figures):
        if scored.group not in _FIVE or "macro_f1" not in scored.scores or not isinstance(scored.objects, Mapping):
            continue
        key: Key = (scored.simulated or _all_simulated(figures), tuple(scored.objects.items()))
        row = (key, _row_name(name, scored), _told(card, scored))
        together.setdefault(row, {})[_column(scored)] = scored
    out: dict[Key, list[list[str]]] = {}
    for (key, title, told), sets in together.items():
        own = next(iter(sets.values())).group == "five_class"
        error = figures.get("ece_survey") if own else None
        out.setdefault(key, []).append(_row(title, told, sets, error))
        if own and "peer" in figures:
            out[key].append(_peer_row(name, figures["peer"]))
    return out


def _row(title: str, told: str, sets: Mapping[str, ScoreSet], error: float | None) -> list[str]:
    scores = {column: scored.scores for column, scored in sets.items()}
    columns = [with_interval(scores.get(column, {}), "macro_f1") for column in (*_PRIORS, _AS_GIVEN)]
    first = next(iter(scores.values()))
    return [
        title,
        told,
        *columns,
        with_interval(scores.get("survey", first), "auc_snia"),
        cell(scores.get("equal", {}).get("log_loss_flat")),
        cell(error),
    ]


def _peer_row(name: str, peer: Mapping[str, Any]) -> list[str]:
    columns = [with_interval(peer, f"macro_f1_{prior}") for prior in _PRIORS]
    scores = [with_interval(peer, "auc_snia"), cell(peer.get("log_loss_flat"))]
    return [f"another method, as {name} (see its card)", "as " + name, *columns, NOTHING, *scores, NOTHING]


def _column(scored: ScoreSet) -> str:
    if scored.kind in _PRIORS:
        return scored.kind
    return "equal" if "equal prior" in scored.title else _AS_GIVEN


def _row_name(name: str, scored: ScoreSet) -> str:
    named = scored.kind not in _PRIORS and "redshift" not in scored.kind
    return f"{name}, {scored.kind.replace('-', ' ')}" if named and scored.kind else name


def _told(card: ModelCard, scored: ScoreSet) -> str:
    without = "without_redshift" in (scored.group, scored.kind) or not told_redshift(card)
    return "light curve" if without else "light curve and redshift"


def _all_simulated(figures: Mapping[str, Any]) -> bool:
    return str(figures.get("sample", {}).get("what", "")).startswith("Simulated")


def _heading(key: Key, *, first: bool) -> str:
    simulated, objects = key
    counts = ", ".join(f"{class_title(name)} {count:,}" for name, count in objects)
    total = f"{sum(count for _, count in objects):,}"
    if simulated:
        return f"Simulated light curves, not to be compared with real ones: {total} ({counts})"
    return f"{'Real' if first else 'Other real'} objects: {total} ({counts})"
