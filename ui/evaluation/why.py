"""Why it was wrong: what the maps of the listed objects look at, and how these objects differ from those told right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import streamlit as st
from numpy.typing import NDArray

from core.evaluate.judgement import Judgement
from core.evaluate.table import QUANTITIES
from ui import tables
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download, draw
from ui.evaluation.words import name_of, quantity_title, small_number
from ui.figures.mean_maps import mean_maps_figure, spread_figure
from ui.figures.theme import Theme
from ui.wording import plain

_SHORT = {
    "n_points": "points",
    "span_days": "age [d]",
    "peak_magnitude": "brightest [mag]",
    "redshift": "redshift",
    "snr": "S/N",
}
_DIGITS = {"span_days": 0, "peak_magnitude": 1, "redshift": 3, "snr": 1}


def show_why(chosen: Chosen, index: NDArray[np.int64], theme: Theme) -> None:
    """For the mistakes among the listed objects, against the objects of the same true classes that were told right."""
    of = chosen.of
    wrong = index[~of.right[index]]
    if not len(wrong):
        return
    classes = np.unique(of.truth[wrong])
    right = np.flatnonzero(of.right & np.isin(of.truth, classes))
    with st.container(key="why"):
        st.subheader("Why it was wrong", anchor=False)
        names = ", ".join(name_of(of.level.names[k]) for k in classes[:4]) + (" …" if len(classes) > 4 else "")
        st.caption(
            f"{len(wrong):,} mistakes listed above, against {len(right):,} objects of the same true class ({names}) told right."
        )
        if not len(right):
            st.info("No object of this class was told right: there is nothing to compare with.")
        left, beside = st.columns(2, gap="medium")
        with left:
            _show_maps(chosen, wrong, right, theme)
        with beside:
            _show_differences(chosen, wrong, right, theme)
        _show_doubts(chosen, wrong, right)


def _show_maps(chosen: Chosen, wrong: NDArray, right: NDArray, theme: Theme) -> None:
    edges = np.array(chosen.test.about.get("map_edges", []))
    read = _maps(chosen.test.token) if len(edges) else None
    if read is None:
        st.caption("No maps are kept with this set: they need the light curves.")
        return
    of_true, of_answer = read
    rows, good = chosen.of.rows[wrong], chosen.of.rows[right]
    orange, blue = ("#f08a3c", "#4aa8e0") if theme.dark else ("#D55E00", "#0072B2")
    lines = [
        ("mistakes, map of the class they were called", of_answer[rows], orange, "solid"),
        ("mistakes, map of their true class", of_true[rows], blue, "solid"),
    ]
    lines += [("told right, map of their class", of_true[good], theme.muted, "dash")] if len(good) else []
    st.markdown("**Where the maps look, on average**")
    draw(
        mean_maps_figure(edges, lines, theme), chosen, "mean-maps", key="mean_maps",
        alt="Mean class activation maps of the mistakes for the answer and the true class, aligned on the brightest point.",
    )  # fmt: skip


def _show_differences(chosen: Chosen, wrong: NDArray, right: NDArray, theme: Theme) -> None:
    panels = []
    for quantity in QUANTITIES:
        values = chosen.of.quantity(quantity)
        a, b = (v[np.isfinite(v)] for v in (values[wrong], values[right]))
        if len(a) >= 3 and len(b) >= 3 and np.ptp(np.concatenate([a, b])) > 0:
            panels.append((_SHORT[quantity], a, b))
    st.markdown("**What they are like**")
    if panels:
        draw(
            spread_figure(panels, ("mistakes", "told right"), theme), chosen, "mistakes-are-like", key="spread",
            alt="Histograms of points, age, brightness, redshift and S/N: mistakes against objects told right.",
        )  # fmt: skip
    table = difference_table(chosen.of, wrong, right)
    rows = [
        [
            r["what"],
            *(median_text(r["quantity"], r[k]) for k in ("mistakes_median", "right_median")),
            small_number(r["shift"], 2),
        ]
        for r in table.to_dict("records")
    ]
    tables.show(tables.table("Medians", ["", "mistakes", "told right", "chance that a mistake has more"], rows))
    download(table, chosen, "differences", "Differences (CSV)")


def difference_table(of: Judgement, wrong: NDArray, right: NDArray) -> pd.DataFrame:
    """Medians of each quantity, and the chance that a mistake has more of it than an object told right (½: no difference)."""
    from core.evaluate.scores import auc

    rows = []
    for quantity in QUANTITIES:
        values = of.quantity(quantity)
        a, b = (v[np.isfinite(v)] for v in (values[wrong], values[right]))
        if len(a) and len(b):
            both = np.concatenate([a, b])
            rows.append(
                {
                    "quantity": quantity, "what": quantity_title(quantity), "mistakes": len(a), "right": len(b),
                    "mistakes_median": float(np.median(a)), "right_median": float(np.median(b)),
                    "shift": auc(np.arange(len(both)) < len(a), both),
                }
            )  # fmt: skip
    return pd.DataFrame(
        rows, columns=["quantity", "what", "mistakes", "right", "mistakes_median", "right_median", "shift"]
    )


def median_text(quantity: str, value: float) -> str:
    """A median with the digits that its quantity is known to: 14.5 points, 34 days, 18.4 mag, z = 0.041."""
    return f"{value:,g}" if quantity == "n_points" else f"{value:.{_DIGITS[quantity]}f}"


def _show_doubts(chosen: Chosen, wrong: NDArray, right: NDArray) -> None:
    facts = chosen.of.evaluation.facts
    if "doubt" not in facts:
        return
    doubt = facts["doubt"].fillna("").astype(str).to_numpy()[chosen.of.rows]
    share = [float(np.mean(doubt[i] != "")) if len(i) else float("nan") for i in (wrong, right)]
    named = pd.Series(doubt[wrong][doubt[wrong] != ""]).value_counts()
    said = "; ".join(f"{text} ({n})" for text, n in named.head(6).items())
    st.markdown(
        f"**Is the label to blame?** {int((doubt[wrong] != '').sum()):,} of {len(wrong):,} mistakes have a doubtful label "
        f"({100 * share[0]:.0f} %; among those told right {100 * share[1]:.0f} %)."
        + (f" {plain(said)}." if said else "")
    )


@st.cache_resource(show_spinner=False, max_entries=6)
def _maps(token: tuple[str, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """(V, K) maps of the true and of the likeliest class; None where the file keeps none."""
    names = pq.read_schema(token[0]).names
    if "map_true" not in names:
        return None
    table = pq.read_table(token[0], columns=["map_true", "map_answer"])
    columns = (table.column(c).combine_chunks() for c in ("map_true", "map_answer"))
    true, answer = (c.values.to_numpy(zero_copy_only=False).astype(np.float32).reshape(len(c), -1) for c in columns)
    return true, answer
