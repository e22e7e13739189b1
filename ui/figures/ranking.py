"""One class against the rest: ROC and precision–recall curves, thresholds, and what abstaining gains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ui.figures.theme import Theme, layout, line_of

Array = NDArray[np.float64]
#: Points of a curve can be clicked; about so many of them carry the class's marker in full size.
MARKED = 9


@dataclass(frozen=True)
class Curve:
    """A curve to draw. name : of the class, empty for an average. threshold : (T,) that each point stands for, or None.

    symbol : of the marker that tells it from curves of a similar colour; empty where points are dots alone.
    """

    name: str
    title: str
    x: Array
    y: Array
    threshold: Array | None
    colour: str
    dash: str = "solid"
    symbol: str = ""


def class_curve(name: str, title: str, x: Array, y: Array, threshold: Array | None, theme: Theme) -> Curve:
    """The curve of a class among others, in its colour, dash and marker."""
    dash, symbol = line_of(name)
    return Curve(name, title, x, y, threshold, theme.of_class(name), dash, symbol)


def curves_figure(
    curves: Sequence[Curve], x_title: str, y_title: str, theme: Theme, *, chance: Curve | None = None
) -> go.Figure:
    """Curves in the unit square; points carry (class, threshold) for a click. chance : what guessing gives, dotted."""
    figure = go.Figure()
    for curve in curves:
        custom = None if curve.threshold is None else [[curve.name, float(t)] for t in curve.threshold]
        clickable = custom is not None
        figure.add_trace(
            go.Scatter(
                x=curve.x, y=curve.y, name=curve.title, customdata=custom,
                mode="lines+markers" if clickable else "lines",
                line={"color": curve.colour, "width": 2 if clickable else 2.4, "dash": curve.dash},
                marker=_markers(curve),
                selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
                hovertemplate=f"{curve.title}<br>{x_title} %{{x:.3f}}<br>{y_title} %{{y:.3f}}"
                + ("<br>threshold %{customdata[1]:.3f}" if clickable else "") + "<extra></extra>",
            )
        )  # fmt: skip
    if chance is not None:
        figure.add_trace(
            go.Scatter(
                x=chance.x, y=chance.y, name=chance.title, mode="lines", hoverinfo="skip",
                line={"color": theme.muted, "width": 1.4, "dash": "dot"},
            )
        )  # fmt: skip
    figure.update_layout(
        **layout(theme, height=470, dragmode=False, hovermode="closest", hoverdistance=25,
                 legend={"orientation": "h", "y": -0.18, "yanchor": "top", "font": {"size": 12}, "itemwidth": 44})
    )  # fmt: skip
    _unit_axes(figure, x_title, y_title, theme)
    return figure


def _markers(curve: Curve) -> dict[str, object]:
    if not curve.symbol:
        return {"size": 4, "color": curve.colour}
    # The first is in full size: the legend takes it for all.
    full = np.arange(len(curve.x)) % max(len(curve.x) // MARKED, 1) == 0
    return {"size": np.where(full, 9, 3), "color": curve.colour, "symbol": curve.symbol, "opacity": 1,
            "line": {"width": 1, "color": curve.colour}}  # fmt: skip


def threshold_figure(
    threshold: Array, completeness: Array, purity: Array, at: float, name: str, colour: str, theme: Theme
) -> go.Figure:
    """Completeness (solid) and purity (dashed) against the threshold, and where the threshold stands."""
    figure = curves_figure(
        [
            Curve(name, "completeness", threshold, completeness, threshold, colour),
            Curve(name, "purity", threshold, purity, threshold, theme.ink, "dash"),
        ],
        "threshold on the probability", "share", theme,
    )  # fmt: skip
    figure.add_vline(x=at, line={"dash": "dot", "width": 1.6, "color": theme.ink})
    return figure.update_layout(height=360)


def abstaining_figure(
    coverage: Array, accuracy: Array, threshold: Array, majority: float, theme: Theme, *, rule: float | None = None
) -> go.Figure:
    """Accuracy among the answered against the share that is answered. majority : of the always same answer, dotted.

    rule : the coverage at the threshold below which the card's rule abstains, marked.
    """
    colour = "#4aa8e0" if theme.dark else "#0072B2"
    base = Curve(
        "", "always the commonest class", np.array([0.0, 1.0]), np.array([majority, majority]), None, theme.muted
    )
    figure = curves_figure(
        [Curve("", "this model", coverage, accuracy, threshold, colour)],
        "share of objects answered", "share of answers that are right", theme, chance=base,
    )  # fmt: skip
    if rule is not None:
        figure.add_vline(x=rule, line={"dash": "dash", "width": 1.2, "color": theme.muted})
        figure.add_annotation(
            x=rule, y=0.02, yref="paper", yanchor="bottom", xanchor="right", showarrow=False, text="the card's rule ",
            font={"size": 11, "color": theme.muted},
        )  # fmt: skip
    return figure.update_layout(height=360)


def _unit_axes(figure: go.Figure, x_title: str, y_title: str, theme: Theme) -> None:
    common = {"range": [-0.01, 1.01], "fixedrange": True, "gridcolor": theme.grid, "zeroline": False}
    figure.update_xaxes(title_text=x_title, automargin=True, **common)
    figure.update_yaxes(title_text=y_title, automargin=True, **common)
