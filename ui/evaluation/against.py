"""Scores against age, brightness, redshift and number of points, and as light curves grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.evaluate.judgement import Judgement, Pick, bins_of, scores_in_bins, summary
from core.evaluate.table import QUANTITIES
from core.refusal import BadInput
from ui import tables
from ui.evaluation import sets
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download, draw
from ui.evaluation.drill import clicked
from ui.evaluation.words import ANY, name_of, quantity_title, small_number
from ui.figures.bins import bins_figure
from ui.figures.theme import Theme
from ui.state import url_choice


def show_against(chosen: Chosen, theme: Theme) -> None:
    """One quantity at a time in bins with about as many objects each."""
    of = chosen.of
    known = [q for q in QUANTITIES if q in of.evaluation.facts]
    if not known:
        st.info(
            "This table has no column to look at scores against: "
            + ", ".join(QUANTITIES)
            + " are read where they stand."
        )
        return
    first, second = st.columns(2)
    with first:
        by = url_choice(st.selectbox, "Scores against", known, "against", known[0], format_func=quantity_title)
    names = [of.level.names[k] for k in of.shown if of.met[k]]
    with second:
        name = url_choice(
            st.selectbox, "Objects of", ["", *names], "of", "", format_func=lambda n: name_of(n) if n else ANY
        )  # fmt: skip
    table = _binned((*chosen.key, by, name), of, by, name)
    if table.empty:
        st.info(f"No two objects here have a different {quantity_title(by)}: there is nothing to look at it against.")
        return
    y_title = f"completeness of {name_of(name)}" if name else "share that is right"
    key = f"bins_{by}_{name}_{hash(chosen.key)}"
    colour = theme.of_class(name) if name else ("#4aa8e0" if theme.dark else "#0072B2")
    draw(
        bins_figure(table, quantity_title(by), y_title, theme, colour), chosen, f"against-{by}", key=key,
        on_select=clicked(key, _picker(by, name, table)),
        alt=f"{y_title} against {quantity_title(by)}, with 95 % intervals; the table says the same.",
    )  # fmt: skip
    st.caption(
        "Bins hold about as many objects each; their numbers stand at the foot of the bars. Click a bar to list its objects."
    )
    tables.show(_shown(table, quantity_title(by)))
    download(table, chosen, f"against-{by}", "Bins (CSV)")


def show_growing(chosen: Chosen) -> None:
    """The same objects as they stood after some days, where the model has such sets."""
    rows = []
    for key, one in sets.sets_of(chosen.model).items():
        days = one.about.get("days")
        if days is None and key != "real":
            continue
        try:
            found = summary(sets.judgement_of(one, chosen.prior, chosen.of.level.key))
        except (BadInput, ValueError):
            continue
        rows.append(
            {
                "days": days, "title": "whole" if days is None else f"{days:g} days", "objects": found.objects,
                "accuracy": found.accuracy, "macro_f1": found.macro_f1, "log_loss": found.log_loss_flat, "ece": found.ece,
                "majority": found.majority,
            }
        )  # fmt: skip
    if len(rows) < 2:
        return
    frame = pd.DataFrame(rows).sort_values("days", na_position="last")
    body = [
        [r.title, f"{r.objects:,}", *(small_number(v) for v in (r.accuracy, r.majority, r.macro_f1, r.log_loss, r.ece))]
        for r in frame.itertuples()
    ]
    head = [
        "after the first detection",
        "objects",
        "accuracy",
        "majority baseline",
        "macro-F1",
        "flat log-loss",
        "calibration error",
    ]
    tables.show(
        tables.table("As the light curves grow (choose one of these sets above for all its figures)", head, body)
    )
    download(frame.drop(columns="title"), chosen, "ages", "Ages (CSV)")


def _shown(table: pd.DataFrame, what: str) -> tables.Table:
    rows = [
        [
            f"{r.low:.4g} to {r.high:.4g}", f"{r.objects:,}", f"{r.right:,}", small_number(r.accuracy),
            f"{small_number(r.accuracy_low)} to {small_number(r.accuracy_high)}", small_number(r.log_loss),
            small_number(r.majority),
        ]
        for r in table.itertuples()
    ]  # fmt: skip
    return tables.table(
        "In bins", [what, "objects", "right", "share", "95 % interval", "log-loss", "majority baseline"], rows
    )


def _picker(by: str, name: str, table: pd.DataFrame) -> Callable[[Mapping[str, Any]], Pick]:
    """A clicked bar's objects. The outermost bins are open: rounded ends in an address would lose their last objects."""
    first, last = float(table["low"].iloc[0]), float(table["high"].iloc[-1])

    def pick(point: Mapping[str, Any]) -> Pick:
        low, high = float(point["customdata"][0]), float(point["customdata"][1])
        return Pick(truth=name, by=by, low=None if low == first else low, high=None if high == last else high)

    return pick


@st.cache_resource(show_spinner=False, max_entries=64)
def _binned(key: tuple[str, ...], _of: Judgement, by: str, name: str) -> pd.DataFrame:
    edges = bins_of(_of.quantity(by))
    return scores_in_bins(_of, by, edges, name) if edges else pd.DataFrame()
