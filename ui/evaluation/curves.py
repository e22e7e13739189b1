"""ROC and precision–recall of each class against the rest, with micro and macro averages and areas with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.evaluate.judgement import Judgement, Pick
from core.evaluate.ranking import (
    Area,
    Ranking,
    areas,
    macro_precision_recall,
    macro_roc,
    micro_ranking,
    ranking,
)
from ui import tables
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download, draw
from ui.evaluation.drill import clicked
from ui.evaluation.words import name_of, range_of, small_number
from ui.figures.ranking import Curve, curves_figure
from ui.figures.theme import Theme
from ui.state import url_choice

#: Points drawn per curve; areas and tables are of all objects.
DRAWN = 120
ALL = "all"
_AXES = {"linear": "Linear", "log": "Logarithmic: where few are selected"}


@dataclass(frozen=True)
class Drawn:
    """One class against the rest: points to draw of each curve, and the areas, which are of all objects.

    threshold, false_rate, completeness, purity : (T,). share : of objects that are of the class.
    """

    name: str
    threshold: NDArray[np.float64]
    false_rate: NDArray[np.float64]
    completeness: NDArray[np.float64]
    purity: NDArray[np.float64]
    share: float
    auc: Area
    precision: Area


@dataclass(frozen=True)
class Ranked:
    """The classes that occur, all answers together (micro), and the means over classes (macro) as (x, y)."""

    each: tuple[Drawn, ...]
    micro: Drawn
    macro_roc: tuple[NDArray[np.float64], NDArray[np.float64]]
    macro_pr: tuple[NDArray[np.float64], NDArray[np.float64]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.each)


def show_curves(chosen: Chosen, theme: Theme) -> None:
    """Both figures beside each other, the areas below."""
    ranked = _ranked(chosen.key, chosen.of)
    if len(ranked.names) < 2:
        st.info("A curve needs objects of two classes at least; this selection has fewer.")
        return
    shown = url_choice(
        st.selectbox, "Curves of", [ALL, *ranked.names], "curve", ALL, width=320,
        format_func=lambda n: "every class, and the averages" if n == ALL else name_of(n),
    )  # fmt: skip
    log = url_choice(
        st.segmented_control, "False positives", list(_AXES), "axis", "linear", format_func=_AXES.get
    ) == "log"  # fmt: skip
    names = ranked.names if shown == ALL else (shown,)
    for column, kind in zip(st.columns(2, gap="medium"), ("roc", "pr"), strict=True):
        with column:
            st.markdown("**ROC**" if kind == "roc" else "**Precision and recall**")
            key = f"{kind}_{shown}_{hash(chosen.key)}"
            figure = _figure(kind, ranked, names, theme, averages=shown == ALL)
            if log and kind == "roc":
                figure.update_xaxes(type="log", range=[-4, 0])
            draw(
                figure, chosen, kind, key=key, on_select=clicked(key, _pick),
                alt=f"{'ROC' if kind == 'roc' else 'Precision–recall'} curves of {len(names)} classes; areas in the table.",
            )  # fmt: skip
    st.caption("Click a point of a class's curve to list the objects that its threshold selects.")
    table = area_table(ranked)
    tables.show(_shown(table))
    download(table, chosen, "areas", "Areas under the curves (CSV)")


def area_table(ranked: Ranked) -> pd.DataFrame:
    """One row per class, then macro (mean over classes) and micro (all answers alike)."""
    rows = [
        {
            "class": one.name, "objects": one.auc.positives, "auc": one.auc.value, "auc_low": one.auc.low,
            "auc_high": one.auc.high, "average_precision": one.precision.value, "ap_low": one.precision.low,
            "ap_high": one.precision.high,
        }
        for one in ranked.each
    ]  # fmt: skip
    n = sum(one.auc.positives for one in ranked.each)
    for name, values in (
        ("macro average", [np.mean([getattr(o, kind).value for o in ranked.each]) for kind in ("auc", "precision")]),
        ("micro average", [ranked.micro.auc.value, ranked.micro.precision.value]),
    ):
        rows.append({"class": name, "objects": n, "auc": float(values[0]), "average_precision": float(values[1])})
    return pd.DataFrame(rows)


def _shown(table: pd.DataFrame) -> tables.Table:
    rows = [
        [
            name_of(r["class"]),
            f"{r['objects']:,.0f}",
            small_number(r["auc"]) + range_of(r["auc_low"], r["auc_high"]),
            small_number(r["average_precision"]) + range_of(r["ap_low"], r["ap_high"]),
        ]
        for r in table.to_dict("records")
    ]
    return tables.table(
        "Areas, with 95 % bootstrap intervals over objects", ["class", "objects", "AUC", "average precision"], rows
    )


def _figure(kind: str, ranked: Ranked, names: Sequence[str], theme: Theme, *, averages: bool) -> go.Figure:
    shown = [one for one in ranked.each if one.name in names]
    curves = [_curve(kind, one, theme.of_class(one.name)) for one in shown]
    if averages:
        micro = _curve(kind, ranked.micro, theme.ink)
        x, y = ranked.macro_roc if kind == "roc" else ranked.macro_pr
        curves += [
            Curve("", "micro average", micro.x, micro.y, None, theme.ink, "dash"),
            Curve("", "macro average", x, y, None, theme.ink, "dashdot"),
        ]
    level = [0.0, 1.0] if kind == "roc" else [shown[0].share] * 2
    chance = Curve("", "guessing", np.array([0.0, 1.0]), np.array(level), None, theme.muted)
    if kind == "roc":
        return curves_figure(curves, "false positive rate", "completeness", theme, chance=chance)
    return curves_figure(curves, "completeness", "purity", theme, chance=None if averages else chance)


def _curve(kind: str, of: Drawn, colour: str) -> Curve:
    x, y = (of.false_rate, of.completeness) if kind == "roc" else (of.completeness, of.purity)
    return Curve(of.name, name_of(of.name), x, y, of.threshold, colour)


def _pick(point: dict) -> Pick:
    name, threshold = point["customdata"]
    return Pick(by=f"p:{name}", low=float(threshold) * (1 - 1e-9))


@st.cache_resource(show_spinner="Ranking every class…", max_entries=24)
def _ranked(key: tuple[str, ...], _of: Judgement) -> Ranked:
    classes = [k for k in _of.shown if _of.met[k]]
    rng = np.random.default_rng(0)
    whole, each = [], []
    for k in classes:
        whole.append(ranking(_of.truth == k, _of.p[:, k]))
        each.append(_drawn(_of.level.names[k], whole[-1], *areas(whole[-1], rng)))
    place = np.searchsorted(classes, _of.truth)
    micro = micro_ranking(place, _of.p[:, classes])
    nan = float("nan")
    return Ranked(
        tuple(each),
        _drawn("", micro, Area(micro.auc, nan, nan, len(_of)), Area(micro.average_precision, nan, nan, len(_of))),
        macro_roc(whole),
        macro_precision_recall(whole),
    )


def _drawn(name: str, of: Ranking, auc: Area, precision: Area) -> Drawn:
    at = of.drawn(DRAWN)
    share = of.positives / (of.positives + of.negatives)
    return Drawn(
        name, of.threshold[at], of.false_rate[at], of.completeness[at], of.purity[at], share, auc, precision
    )  # fmt: skip
