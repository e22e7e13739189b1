"""The smallest set of observations whose removal changes the answer."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.pipeline import Classification
from core.removal import SmallestChange, smallest_change
from ui.lab.edit import point_title
from ui.lab.state import Bench
from ui.lab.words import smallest_sentence
from ui.sections.score import result_key
from ui.tables import Table, show, style


def show_minimal(bench: Bench, result: Classification) -> None:
    """Which observations, whether fewer were ruled out, and the way to try it on the bench."""
    found = _smallest((*result_key(bench.curve, result.model, result.prior), repr(bench.changes)), result)
    st.markdown(smallest_sentence(found, result))
    if found is None:
        return
    curve = result.selection.curve
    style()
    titles = [point_title(curve, number, bench.curve.first_detection).removeprefix("day ") for number in found.members]
    show(Table("What carries the answer", ("day", "band", "brightness"), tuple(tuple(t.split(" · ")) for t in titles)))
    numbers = original_numbers(bench, result, found)
    if numbers is None:
        st.caption("These points were combined of several measurements each, so they can't be left out one by one.")
        return
    left_out = tuple(sorted({*bench.changes.without, *numbers}))
    st.button(
        "Leave them out under What if",
        icon=":material/content_cut:",
        on_click=_leave_out,
        args=(bench, left_out),
        type="primary",
    )


def original_numbers(bench: Bench, result: Classification, found: SmallestChange) -> list[int] | None:
    """Numbers of the points in the original light curve; None where they were combined per night."""
    used = np.flatnonzero(bench.changes.kept(bench.curve))[result.selection.used]
    return None if len(used) != len(result.selection.curve) else used[list(found.members)].tolist()


def _leave_out(bench: Bench, numbers: tuple[int, ...]) -> None:
    bench.put(without=numbers)
    st.query_params["view"] = "whatif"


@st.cache_resource(max_entries=64, show_spinner="Trying every set of observations, smallest first…", show_time=True)
def _smallest(key: tuple[str, ...], _result: Classification) -> SmallestChange | None:
    return smallest_change(_result)
