"""The list itself, a page of it at a time, and why some of it could not be scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.candidates.work import ScoringJob
from core.lightcurve import LightCurve
from ui.candidates.board import Board, value_text
from ui.candidates.place import go, where
from ui.figures.sparkline import sparkline_uri
from ui.figures.theme import Theme
from ui.tables import NOTHING, html_of, table
from ui.wording import class_title

PAGE_ROWS = 25


def show_table(board: Board, theme: Theme) -> None:
    """A page of the list around where one is; a click on a row goes there."""
    shown = board.shown
    if not len(shown):
        return
    page, pages = current_page(board), -(-len(shown) // PAGE_ROWS)
    rows = shown[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    frame = _frame(board, rows, theme)
    key = f"list_{st.session_state.get('_list_clicks', 0)}"
    ids = [board.id_of(int(row)) for row in rows]
    st.dataframe(
        frame, hide_index=True, row_height=44, height=min(len(rows), 12) * 44 + 38, key=key,
        on_select=lambda: _clicked(key, ids), selection_mode="single-row", column_config=_columns(board),
        alt=f"Candidates {page * PAGE_ROWS + 1:,} to {page * PAGE_ROWS + len(rows):,} of {len(shown):,}, in order",
    )  # fmt: skip
    if pages > 1:
        st.session_state["list_page"] = page + 1
        firsts = [board.id_of(int(shown[p * PAGE_ROWS])) for p in range(pages)]
        st.pagination(pages, key="list_page", on_change=lambda: _turned(firsts))


def current_page(board: Board) -> int:
    """The page of the list that holds the candidate one is at, or its place."""
    place = board.at(where())
    before = 0 if place is None else int(np.count_nonzero(board.visible[:place]))
    return min(before, len(board.shown) - 1) // PAGE_ROWS


def _clicked(key: str, ids: list[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows and rows[0] < len(ids):
        go(ids[rows[0]])
        # A new key: the table forgets the click, so that the same row can be clicked again later.
        st.session_state["_list_clicks"] = st.session_state.get("_list_clicks", 0) + 1


def _turned(firsts: list[str]) -> None:
    go(firsts[min(st.session_state["list_page"], len(firsts)) - 1])


def _frame(board: Board, rows: np.ndarray, theme: Theme) -> pd.DataFrame:
    part = board.table.iloc[rows]
    here = board.at(where())
    current = -1 if here is None else int(board.order[here])
    curves = [board.candidates.curves[entry] for entry in part["entry"]]
    said = [board.verdict_on(int(row)) for row in rows]
    out: dict[str, Any] = {
        "at": ["▶" if row == current else "" for row in rows],
        "curve": [sparkline_uri(c, theme) if c is not None and len(c) else None for c in curves],
        "object": part["object_id"].tolist(),
        "class": [NOTHING if pd.isna(c) else class_title(c) for c in part["top_class"]],
        # Never rounded up to certainty, nor down to impossibility.
        "p": np.clip(np.floor(1000 * part["top"].to_numpy(float)) / 10, 0.1, 99.9).tolist(),
    }
    if board.quantity.name != "top":
        out["ranked"] = [value_text(board.quantity, v) for v in part[board.quantity.name]]
    if part["refusal"].notna().any():
        out["why"] = part["refusal_message"].tolist()
    out["now"] = [NOTHING if pd.isna(v) else f"{v:.1f}" for v in part["magnitude_now"]]
    out["points"] = part["n_points"].tolist()
    out["label"] = [_label(label, c) for label, c in zip(part["label"], curves, strict=True)]
    out["said"] = [NOTHING if v is None else class_title(v.said) for v in said]
    return pd.DataFrame(out)


def _label(label: str, curve: LightCurve | None) -> str:
    """What the source calls it; a simulated light curve is never listed without saying so."""
    simulated = curve is not None and curve.provenance.simulated
    return " ".join(part for part in (class_title(label), "(simulated)" if simulated else "") if part) or NOTHING


def _columns(board: Board) -> dict[str, Any]:
    column = st.column_config
    return {
        "at": column.TextColumn("", width=24),
        "curve": column.ImageColumn("Flux", width=130),
        "object": column.TextColumn("Object", width="medium"),
        "class": column.TextColumn("Likeliest class", width="small"),
        "p": column.ProgressColumn("Probability", min_value=0.0, max_value=100.0, format="%.1f %%", width="small"),
        "ranked": column.TextColumn(board.quantity.title, width="small"),
        "why": column.TextColumn("Why not scored", width="large"),
        "now": column.TextColumn("Latest [mag]", width="small"),
        "points": column.NumberColumn("Points used", width="small", help="after the model's cuts"),
        "label": column.TextColumn("Source says", width="medium"),
        "said": column.TextColumn("Verdict", width="small"),
    }


def show_funnel(job: ScoringJob) -> None:
    """How many were scored, and why the others were not."""
    rows = job.table()
    refused = rows[rows["refusal"].notna()]
    if not len(refused):
        return
    with st.expander(f"{len(refused):,} of {len(rows):,} were not scored: why"):
        reasons = refused.groupby("refusal", sort=False)
        counted = sorted(((len(g), str(name), str(g["refusal_message"].iloc[0])) for name, g in reasons), reverse=True)
        st.html(
            html_of(
                table(
                    f"Cuts of {job.model.name}: {job.model.recipe.cuts.sentence()}", ("Reason", "Objects", "For example"),
                    [(name.replace("_", " "), f"{count:,}", message) for count, name, message in counted],
                )
            )
        )  # fmt: skip
        st.caption("Choose *Not scored* under *Show* to look at them one by one.")
