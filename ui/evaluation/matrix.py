"""The confusion matrix with its table, the few numbers above it, and the way from a cell to its objects."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.evaluate.judgement import Judgement, Pick, Summary, class_scores, picked, summary
from core.taxonomy import CLASS_NAMES, FIVE
from ui import tables
from ui.evaluation import sets
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download, draw
from ui.evaluation.drill import clicked, pick_of_address
from ui.evaluation.words import (
    FIVE_CLASSES,
    baseline_sentence,
    classes_sentence,
    name_of,
    prior_sentence,
    range_of,
    small_number,
)
from ui.figures.confusion import COLUMNS, COUNTS, ROWS, confusion_figure
from ui.figures.theme import Theme
from ui.state import url_choice

_SHOWN = {COUNTS: "Counts", ROWS: "% of true class", COLUMNS: "% of called so"}
#: From so many classes on, a matrix keeps its size on a phone and is scrolled.
MANY = 8


def show_numbers(chosen: Chosen) -> None:
    """Accuracy, macro-F1 and the like in large type, with what a blind answer would score."""
    found = _summary(chosen.key, chosen.of)
    low, high = found.accuracy_interval
    items = [
        ("objects", f"{found.objects:,}", f"{int(chosen.of.met.sum())} classes"),
        ("accuracy", f"{found.accuracy:.3f}", f"[{low:.3f}, {high:.3f}]"),
        ("majority baseline", f"{found.majority:.3f}", f"always {name_of(found.majority_class)}"),
        ("macro-F1", f"{found.macro_f1:.3f}", f"{int(chosen.of.met.sum())} classes"),
        ("flat log-loss", f"{found.log_loss_flat:.3f}", "each class alike"),
        ("calibration error", f"{found.ece:.3f}", "in the prior's mix"),
    ]
    if five := five_classes(chosen):
        items.insert(4, ("macro-F1 of five", f"{five.macro_f1:.3f}", f"{five.objects:,} objects"))
    st.html(tables.strip_html(items))
    st.caption(f"{baseline_sentence(found)} {prior_sentence(chosen.prior, chosen.of)}")
    if said := " ".join(part for part in (classes_sentence(chosen.of), FIVE_CLASSES if five else "") if part):
        st.caption(said)


def five_classes(chosen: Chosen) -> Summary | None:
    """The figures of the five main classes among themselves, which cards and README quote; None where they are no other."""
    if chosen.of.level.key != "all" or not all(chosen.of.met[CLASS_NAMES.index(name)] for name in FIVE):
        return None
    five = sets.judgement_of(chosen.test, chosen.prior, "five", chosen.of.evaluation)
    return _summary((*chosen.key[:-1], "five"), five)


def show_matrix(chosen: Chosen, theme: Theme) -> None:
    """The matrix, and the classes' scores beside it."""
    of = chosen.of
    left, right = st.columns([11, 9], gap="medium")
    with left:
        shown = url_choice(
            st.segmented_control, "Cells show", list(_SHOWN), "cells", COUNTS, format_func=_SHOWN.get
        )  # fmt: skip
        index = of.shown
        names = [of.level.names[k] for k in index]
        figure = confusion_figure(of.matrix[index][:, index], names, [name_of(n) for n in names], theme, shown=shown)
        key = f"matrix_{hash(chosen.key)}"
        with frame(len(names), "matrix"):
            draw(
                figure, chosen, "confusion", key=key, on_select=clicked(key, _pick),
                alt=f"Confusion matrix of {chosen.model}: {len(of):,} objects, {len(names)} classes; the table says the same.",
            )  # fmt: skip
            # Inside the frame: what scrolls must hold something that the keyboard reaches.
            download(matrix_table(of), chosen, "confusion", "Confusion matrix (CSV)")
        pick = pick_of_address()
        if pick.truth or pick.answer:
            st.info(f"{len(picked(of, pick)):,} of them are listed below.", icon=":material/arrow_downward:")
        else:
            st.caption("Click a cell to list its objects below, or choose the classes there.")
    with right:
        table = _class_scores(chosen.key, of)
        tables.show(score_table(table))
        download(table, chosen, "classes", "Scores by class (CSV)")


def frame(classes: int, name: str) -> Any:
    """Where a matrix of so many classes is drawn."""
    return tables.wide(name) if classes > MANY else st.container(key=name)


def score_table(table: pd.DataFrame) -> tables.Table:
    """Each class with its number of objects and 95 % intervals: small classes have wide ones."""
    rows = [
        [
            name_of(row["class"]),
            f"{row['objects']:,}",
            small_number(row["completeness"], 2) + _short(row["completeness_low"], row["completeness_high"]),
            small_number(row["purity"], 2) + _short(row["purity_low"], row["purity_high"]),
            small_number(row["log_loss"], 2),
        ]
        for row in table.to_dict("records")
    ]
    head = ["class", "objects", "complete", "pure", "log-loss"]
    return tables.table("By class, with 95 % intervals", head, rows)


def matrix_table(of: Judgement) -> pd.DataFrame:
    """The matrix with a row per true class, as it goes into a file."""
    index = of.shown
    names = [of.level.names[k] for k in index]
    return pd.DataFrame(of.matrix[index][:, index], columns=[f"called {n}" for n in names]).assign(true_class=names)[
        ["true_class", *(f"called {n}" for n in names)]
    ]


def _short(low: float, high: float) -> str:
    return range_of(low, high) and f" [{low:.2f}, {high:.2f}]"


def _pick(point: dict) -> Pick:
    return Pick(str(point["customdata"][0]), str(point["customdata"][1]))


@st.cache_resource(show_spinner=False, max_entries=64)
def _summary(key: tuple[str, ...], _of: Judgement) -> Summary:
    return summary(_of)


@st.cache_resource(show_spinner=False, max_entries=64)
def _class_scores(key: tuple[str, ...], _of: Judgement) -> pd.DataFrame:
    return class_scores(_of)
