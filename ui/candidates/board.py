"""What stands in the list and in which order: the ranking, what is shown of it, and where in it one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.candidates.lists import CandidateList
from core.candidates.ranking import QUANTITIES, Quantity, in_order, quantity_of
from core.candidates.work import ScoringJob
from core.taxonomy import BY_NAME
from core.verdicts import Key, Verdict
from ui.state import url_choice
from ui.wording import class_title, percent, plain

ANY = "any"
SHOW = {"open": "Not yet vetted", "all": "All that are scored", "vetted": "Vetted", "refused": "Not scored"}


@dataclass(frozen=True)
class Board:
    """The list in its order. table : rows of `ScoringJob.table`. order : (N,) rows that are of the chosen class, or none.

    visible : (N,) which of them are shown. said : verdicts that stand, by object.
    """

    candidates: CandidateList
    job: ScoringJob
    table: pd.DataFrame
    quantity: Quantity
    order: NDArray[np.int64]
    visible: NDArray[np.bool_]
    said: dict[Key, Verdict]

    @cached_property
    def shown(self) -> NDArray[np.int64]:
        """Rows that are shown, in order."""
        return self.order[self.visible]

    @cached_property
    def vetted(self) -> list[int]:
        """Numbers in the list of those that have a verdict that stands."""
        return [i for i, key in enumerate(self.candidates.keys) if key in self.said] if self.said else []

    def id_of(self, row: int) -> str:
        return self.candidates.items[self.entry_of(row)].object_id

    def entry_of(self, row: int) -> int:
        return int(self.table["entry"].iat[row])

    def verdict_on(self, row: int) -> Verdict | None:
        return self.said.get(self.candidates.keys[self.entry_of(row)])

    def at(self, object_id: str) -> int | None:
        """The place in ``order`` of the object that one is at; the first shown one where it is not in the order."""
        entry = self.candidates.number.get(object_id)
        if entry is not None:
            places = np.flatnonzero(self.table["entry"].to_numpy()[self.order] == entry)
            if len(places):
                return int(places[0])
        return int(np.flatnonzero(self.visible)[0]) if self.visible.any() else None

    def step(self, place: int, by: int) -> str | None:
        """The id of the next (1) or previous (-1) shown candidate from a place; None at the end."""
        places = np.flatnonzero(self.visible)
        ahead = places[places > place] if by > 0 else places[places < place][::-1]
        return self.id_of(int(self.order[ahead[0]])) if len(ahead) else None


def make_board(
    candidates: CandidateList, job: ScoringJob, quantity: Quantity, *, only: str, show: str, said: dict[Key, Verdict]
) -> Board:
    """Put a list in order. only : a class, or `ANY`. show : a key of `SHOW`."""
    table = job.table()
    refused = table["refusal"].notna().to_numpy()
    keep = refused if show == "refused" else ~refused
    if only != ANY and show != "refused":
        keep = keep & (table["top_class"] == only).to_numpy(bool, na_value=False)
    order = in_order(table[quantity.name].to_numpy(float), falling=quantity.falling)
    order = order[keep[order]]
    has = np.array([candidates.keys[entry] in said for entry in table["entry"].to_numpy()[order]], bool)
    visible = {"open": ~has, "vetted": has}.get(show, np.ones(len(order), bool))
    return Board(candidates, job, table, quantity, order, visible, said)


def say_unranked(board: Board) -> None:
    """That no candidate has the quantity that the list is ranked by, and why."""
    name = board.quantity.name
    if not len(board.order) or board.table[name].iloc[board.order].notna().any():
        return
    why = {
        "disagreement": "the source gives none of these a class that the model knows, so there is nothing to disagree with",
        "novelty": f"{board.job.model.name} comes without a measure of novelty",
        "rise_rate": "none has two detections in one band within its last 10 days",
    }.get(name, "it is known of none of these")
    st.info(
        f"Not ranked by {board.quantity.title.lower()}: {plain(why)}. The order is that of the list.",
        icon=":material/sort:",
    )


def choose_order(job: ScoringJob, columns: Sequence[Any]) -> tuple[Quantity, str, str]:
    """The choices above the list, in three columns: rank by what, which class, which of them."""
    classes = job.model.classes
    titles = {name: class_title(name) for name in classes}
    known = {q.name: q for q in QUANTITIES} | {f"p_{c}": quantity_of(f"p_{c}", titles) for c in classes}
    left, middle, right = columns
    with left:
        rank = url_choice(
            st.selectbox, "Rank by", list(known), "rank", "top", format_func=lambda name: known[name].title,
            help="\n".join(f"- **{q.title}**: {q.meaning}" for q in QUANTITIES),
        )  # fmt: skip
    counts = job.table()["top_class"].value_counts()
    with middle:
        only = url_choice(
            st.selectbox, "Likeliest class", [ANY, *classes], "only", ANY,
            format_func=lambda c: "Any" if c == ANY else f"{titles[c]} ({counts.get(c, 0):,})",
        )  # fmt: skip
    with right:
        show = url_choice(st.selectbox, "Show", list(SHOW), "show", "open", format_func=lambda s: SHOW[s])
    return known[rank], only, show


def value_text(quantity: Quantity, value: Any) -> str:
    """A ranked quantity as it is written beside a candidate."""
    if pd.isna(value):
        return "–"
    if quantity.decimals is None:
        return percent(float(value))
    return f"{float(value):.{quantity.decimals}f}".replace("-", "−")


def class_names() -> list[str]:
    """All classes that a verdict may name, in the order of the table."""
    return list(BY_NAME)
