"""From any part of a figure to its objects: a click, or the same choice by keyboard, is a pick in the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.evaluate.judgement import NOT, RIGHT, TOP, WRONG, Judgement, Pick, picked
from core.evaluate.table import QUANTITIES
from ui.evaluation.words import ANY, answer_title, name_of, parted_title, quantity_title
from ui.state import url_choice

_KEYS = ("truth", "answer", "by", "low", "high")
#: What a pick resets besides itself: the page of the list, and the object that was last open.
_RESET = ("page",)


def pick_of_address() -> Pick:
    """The pick that the address names; a number that is none asks for nothing."""
    q = st.query_params
    return Pick(q.get("truth", ""), q.get("answer", ""), q.get("by", ""), _number(q.get("low")), _number(q.get("high")))


def put_pick(pick: Pick) -> None:
    """Write a pick into the address: one entry of the browser's history."""
    values = {
        "truth": pick.truth,
        "answer": pick.answer,
        "by": pick.by,
        "low": _text(pick.low),
        "high": _text(pick.high),
    }
    kept = {k: v for k, v in st.query_params.to_dict().items() if k not in (*_KEYS, *_RESET)}
    st.query_params.from_dict({**kept, **{k: v for k, v in values.items() if v}})


def clicked(key: str, pick_of: Callable[[Mapping[str, Any]], Pick]) -> Callable[[], None]:
    """A callback for ``st.plotly_chart(on_select=…)``: the clicked point's pick goes into the address.

    Clicking a point twice makes Plotly forget it; the pick stays.
    """

    def work() -> None:
        points = (st.session_state.get(key) or {}).get("selection", {}).get("points", [])
        if points:
            put_pick(pick_of(points[0]))

    return work


def quantities_of(of: Judgement) -> list[str]:
    """Columns that objects can be ranged by, as far as any object has them."""
    columns = [*QUANTITIES, *(c for c in of.evaluation.facts if str(c).startswith("weight_"))]
    return [c for c in columns if np.isfinite(of.quantity(c)).any()]


def choose_pick(of: Judgement) -> Pick:
    """The keyboard's way to every part of every figure."""
    names = [of.level.names[k] for k in of.shown]
    truths = ["", *names]
    if (wanted := st.query_params.get("truth", "")).startswith(NOT) and wanted.removeprefix(NOT) in names:
        truths.append(wanted)
    for key, options in (("truth", truths), ("answer", ["", *names, RIGHT, WRONG])):
        if st.query_params.get(key, "") not in options:  # of another level of classes
            st.query_params.pop(key, None)
    columns = st.columns([3, 3, 3, 2, 2], vertical_alignment="bottom")
    with columns[0]:
        url_choice(st.selectbox, "True class", truths, "truth", "", format_func=lambda n: name_of(n) if n else ANY)
    with columns[1]:
        url_choice(
            st.selectbox, "Called", ["", *names, RIGHT, WRONG], "answer", "", format_func=lambda n: answer_title(n)
        )  # fmt: skip
    with columns[2]:
        options = ["", TOP, *(f"p:{n}" for n in names), *quantities_of(of)]
        url_choice(
            st.selectbox, "And within a range of", options, "by", "",
            format_func=lambda n: quantity_title(n) if n else "nothing else",
        )  # fmt: skip
    if st.query_params.get("by"):
        for key, label, column in (("low", "From", columns[3]), ("high", "To, not included", columns[4])):
            with column:
                _number_in_address(key, label)
    pick = pick_of_address()
    if st.session_state.get("_pick", pick) != pick:
        st.query_params.pop("page", None)  # another list begins at its beginning
    st.session_state["_pick"] = pick
    return pick


def choose_part(of: Judgement, pick: Pick) -> None:
    """Of a threshold on a class's probability: all that it selects, or its false alarms, its hits, or what it misses."""
    parts = pick.parted()
    if not parts:
        return
    titles = {kind: parted_title(kind, pick.threshold_on, len(picked(of, part))) for kind, part in parts.items()}
    st.session_state["_part"] = next(kind for kind, part in parts.items() if part == pick)

    def push() -> None:
        if chosen := st.session_state["_part"]:
            put_pick(parts[chosen])

    st.segmented_control(
        "Of this threshold", list(parts), key="_part", on_change=push, format_func=titles.get, required=True
    )


def _number_in_address(key: str, label: str) -> None:
    st.session_state[f"_{key}"] = _number(st.query_params.get(key))

    def push() -> None:
        value = st.session_state[f"_{key}"]
        if value is None:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = _text(value)

    st.number_input(label, key=f"_{key}", on_change=push, format="%g", placeholder="open")


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < float("inf") else None


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
