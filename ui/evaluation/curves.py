"""ROC and precision–recall of each class against the rest, with micro and macro averages and areas with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.evaluate.areas import Areas, Cut, bootstrapped, cut
from core.evaluate.judgement import Judgement, Pick
from core.evaluate.ranking import (
    Ranking,
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
from ui.figures.ranking import Curve, class_curve, curves_figure
from ui.figures.theme import Theme
from ui.state import url_choice

#: Points drawn of each curve, and of one that is shown alone; areas and tables are of all objects.
DRAWN, DRAWN_ALONE = 70, 150
ALL = "all"
_AXES = {"linear": "Linear", "log": "Logarithmic: where few are selected"}


@dataclass(frozen=True)
class Drawn:
    """One class against the rest: points to draw of each curve, and what the intervals are made from.

    threshold, false_rate, completeness, purity : (T,). share : of objects that are of the class.
    """

    name: str
    threshold: NDArray[np.float64]
    false_rate: NDArray[np.float64]
    completeness: NDArray[np.float64]
    purity: NDArray[np.float64]
    share: float
    cut: Cut

    def thinned(self, most: int) -> Drawn:
        """About so many of its points, the ends among them."""
        at = np.unique(np.linspace(0, len(self.threshold) - 1, most).round().astype(int))
        drawn = (self.threshold, self.false_rate, self.completeness, self.purity)
        return Drawn(self.name, *(values[at] for values in drawn), self.share, self.cut)


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
    st.caption(
        "Each class has its marker. Click a point of its curve to list what its threshold selects: what it finds, its false "
        "alarms, and what it misses. Double-click a name in the legend to see its curve alone."
    )
    # Last, when the curves are on the screen: intervals take longer than the areas themselves.
    table = area_table(ranked, *_areas(chosen.key, chosen.of, ranked))
    tables.show(_shown(table))
    download(table, chosen, "areas", "Areas under the curves (CSV)")


def area_table(ranked: Ranked, each: Sequence[Areas], macro: Areas, micro: Areas) -> pd.DataFrame:
    """One row per class, then macro (mean over classes) and micro (all answers alike)."""
    named = [*zip(ranked.names, each, strict=True), ("macro average", macro), ("micro average", micro)]
    return pd.DataFrame(
        [
            {
                "class": name, "objects": of.auc.positives, "auc": of.auc.value, "auc_low": of.auc.low,
                "auc_high": of.auc.high, "average_precision": of.precision.value, "ap_low": of.precision.low,
                "ap_high": of.precision.high,
            }
            for name, of in named
        ]
    )  # fmt: skip


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
    shown = [one.thinned(DRAWN if len(names) > 1 else DRAWN_ALONE) for one in ranked.each if one.name in names]
    curves = [_curve(kind, one, theme) for one in shown]
    if averages:
        micro = _curve(kind, ranked.micro, theme)
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


def _curve(kind: str, of: Drawn, theme: Theme) -> Curve:
    x, y = (of.false_rate, of.completeness) if kind == "roc" else (of.completeness, of.purity)
    return class_curve(of.name, name_of(of.name), x, y, of.threshold, theme)


def _pick(point: dict) -> Pick:
    name, threshold = point["customdata"]
    return Pick(by=f"p:{name}", low=float(threshold) * (1 - 1e-9))


@st.cache_resource(show_spinner="Ranking every class…", max_entries=24)
def _ranked(key: tuple[str, ...], _of: Judgement) -> Ranked:
    classes = _met(_of)
    whole = [ranking(_of.truth == k, _of.p[:, k]) for k in classes]
    return Ranked(
        tuple(_drawn(_of.level.names[k], ranked) for k, ranked in zip(classes, whole, strict=True)),
        _drawn("", micro_ranking(*_among(_of, classes))),
        macro_roc(whole),
        macro_precision_recall(whole),
    )


@st.cache_resource(show_spinner="Drawing objects anew for the intervals…", max_entries=24)
def _areas(key: tuple[str, ...], _of: Judgement, _ranked: Ranked) -> tuple[list[Areas], Areas, Areas]:
    cuts = [one.cut for one in _ranked.each]
    return bootstrapped(*_among(_of, _met(_of)), cuts, _ranked.micro.cut, np.random.default_rng(0))


def _met(of: Judgement) -> list[int]:
    """Classes that have a curve."""
    return [k for k in of.shown if of.met[k]]


def _among(of: Judgement, classes: list[int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Truth and probabilities, counted among these classes."""
    place = np.zeros(len(of.level.names), np.int64)
    place[classes] = np.arange(len(classes))
    return place[of.truth], of.p if len(classes) == of.p.shape[1] else of.p.take(classes, axis=1)


def _drawn(name: str, of: Ranking) -> Drawn:
    at = of.drawn(DRAWN_ALONE)
    share = of.positives / (of.positives + of.negatives)
    return Drawn(name, of.threshold[at], of.false_rate[at], of.completeness[at], of.purity[at], share, cut(of))
