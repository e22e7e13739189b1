"""What a threshold buys: purity, completeness, contamination and counts of one class, and what abstaining gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.evaluate.judgement import TOP, Judgement, Pick
from core.evaluate.ranking import abstaining, ranking
from core.evaluate.selected import contaminants, selection
from ui import resources, tables
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download, draw
from ui.evaluation.drill import clicked
from ui.evaluation.words import name_of
from ui.figures.ranking import abstaining_figure, threshold_figure
from ui.figures.theme import Theme
from ui.state import url_choice

DRAWN = 150
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sweep:
    """Completeness and purity at the thresholds that are drawn."""

    threshold: Array
    completeness: Array
    purity: Array


def show_thresholds(chosen: Chosen, theme: Theme) -> None:
    """A class, a slider and what it selects; beside it the model that may abstain."""
    of = chosen.of
    names = [of.level.names[k] for k in of.shown if of.met[k]]
    left, right = st.columns(2, gap="medium")
    with left:
        name = url_choice(st.selectbox, "Select objects of class", names, "select", names[0], format_func=name_of)
        at = _slider()
        sweep = _sweep((*chosen.key, name), of, name)
        key = f"threshold_{name}_{hash(chosen.key)}"
        colour = theme.of_class(name)
        draw(
            threshold_figure(sweep.threshold, sweep.completeness, sweep.purity, at, name, colour, theme),
            chosen, "threshold", key=key, on_select=clicked(key, _pick_class),
            alt=f"Completeness and purity of {name_of(name)} against the threshold.",
        )  # fmt: skip
        _show_selected(chosen, name, at)
    with right:
        st.markdown("**If the model may abstain**")
        _show_abstaining(chosen, theme)


def _slider() -> float:
    """The threshold, in the address."""
    try:
        wanted = float(st.query_params.get("threshold", 0.5))
    except ValueError:
        wanted = 0.5
    st.session_state["threshold"] = min(max(wanted, 0.0), 1.0)

    def push() -> None:
        st.query_params["threshold"] = f"{st.session_state['threshold']:g}"

    return float(st.slider("Threshold on its probability", 0.0, 1.0, step=0.01, key="threshold", on_change=push))


def _show_selected(chosen: Chosen, name: str, at: float) -> None:
    found = selection(chosen.of, name, at)
    if not found["selected"]:
        st.info(f"No object has p({name_of(name)}) of {at:g} or more. Lower the threshold.")
        return
    items = [
        ("purity", f"{found['purity']:.3f}", f"{found['purity_prior']:.3f} in the prior's mix"),
        ("completeness", f"{found['completeness']:.3f}", f"{found['missed']:,.0f} missed"),
        ("contamination", f"{found['contamination']:.3f}", f"{found['false']:,.0f} of {found['selected']:,.0f}"),
    ]
    st.html(tables.strip_html(items))
    table = contaminants(chosen.of, name, at)
    rows = [
        [name_of(r["class"]), f"{r['selected']:,}", f"{100 * r['share_of_class']:.1f} %"]
        for r in table.to_dict("records")
    ]
    tables.show(tables.table("What is selected", ["true class", "selected", "share of its objects"], rows))
    download(table, chosen, f"selected-{name}-{at:g}", "What is selected (CSV)")


def _show_abstaining(chosen: Chosen, theme: Theme) -> None:
    of = chosen.of
    threshold, coverage, accuracy = _coverage(chosen.key, of)
    card = resources.cards().get(chosen.model.partition("@")[0])
    below = None if card is None else card.data.get("rules", {}).get("abstain_below")
    rule = float(np.mean(of.top >= below)) if below and of.level.key == "all" else None
    key = f"coverage_{hash(chosen.key)}"
    majority = float(of.matrix.sum(axis=1).max() / len(of))
    draw(
        abstaining_figure(coverage, accuracy, threshold, majority, theme, rule=rule), chosen, "coverage", key=key,
        on_select=clicked(key, _pick_top), alt="Accuracy of the answers against the share of objects that get one.",
    )  # fmt: skip
    rows = []
    for least in (0.0, 0.3, 0.5, 0.7, 0.9, 0.95):
        answered = of.top >= least
        if answered.any():
            right = of.right[answered]
            rows.append([f"{least:g}", f"{len(right):,}", f"{100 * len(right) / len(of):.1f} %",
                         f"{100 * right.mean():.1f} %", f"{np.sum(~right):,}"])  # fmt: skip
    head = ["answer only from", "answered", "share", "right", "wrong"]
    tables.show(tables.table("Answering only when the largest probability is high enough", head, rows))


@st.cache_resource(show_spinner=False, max_entries=48)
def _sweep(key: tuple[str, ...], _of: Judgement, name: str) -> Sweep:
    k = _of.level.names.index(name)
    of = ranking(_of.truth == k, _of.p[:, k])
    at = of.drawn(DRAWN)
    return Sweep(of.threshold[at], of.completeness[at], of.purity[at])


@st.cache_resource(show_spinner=False, max_entries=24)
def _coverage(key: tuple[str, ...], _of: Judgement) -> tuple[Array, Array, Array]:
    of = abstaining(_of.truth, _of.p)
    at = np.unique(np.searchsorted(of.coverage, np.linspace(0.005, 1.0, DRAWN)).clip(0, len(of.coverage) - 1))
    return of.threshold[at], of.coverage[at], of.accuracy[at]


def _pick_class(point: dict) -> Pick:
    name, threshold = point["customdata"]
    return Pick(by=f"p:{name}", low=float(threshold) * (1 - 1e-9))


def _pick_top(point: dict) -> Pick:
    return Pick(answer="wrong", by=TOP, low=float(point["customdata"][1]) * (1 - 1e-9))
