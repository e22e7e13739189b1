"""What each observation counts for, one row a method; and the deletion and insertion curves that put the methods to the proof."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.bands import BANDS
from core.lightcurve import LightCurve
from core.removal import METHODS, Comparison
from ui.figures.theme import Theme, layout, translucent

ROW, TOP = 46, 190
#: Random orders, by which the methods are measured.
BY_CHANCE = "By chance"
#: One colour and dash a method, none of a class's meaning; told apart without colour by the dash.
STYLE = {
    "cam": ("#0072B2", "#4aa8e0", "solid"),
    "occlusion": ("#b45309", "#f0a04b", "dash"),
    "nights": ("#D55E00", "#ff8c4a", "solid"),
    "masks": ("#009E73", "#3fcf9f", "dashdot"),
    "shap": ("#8a3ffc", "#c1a0ff", "solid"),
    "attention": ("#7a6a00", "#d8c94a", "dot"),
}


def importance_figure(comparison: Comparison, curve: LightCurve, zero: float, theme: Theme) -> go.Figure:
    """The light curve, and below it a row of marks a method: red speaks for the class, blue against it, pale for nothing.

    curve : the points that entered the Gaussian process. zero : MJD that days are counted from. Each row is scaled by its
    own largest mark.
    """
    days = curve.mjd - zero
    names = [METHODS[each.method] for each in comparison.maps]
    height = TOP + ROW * len(names)
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.03, row_heights=[TOP / height, 1 - TOP / height]
    )
    for index in sorted(set(curve.band.tolist())):
        band, here = BANDS[index], curve.band == index
        figure.add_trace(
            go.Scatter(
                x=days[here], y=curve.flux[here], mode="markers", name=band.label,
                marker={"color": theme.band(band), "symbol": band.symbol, "size": 7, "line": {"width": 0.7, "color": theme.outline}},
                error_y={"array": curve.flux_err[here], "width": 0, "thickness": 1.1, "color": translucent(theme.band(band), 0.75)},
                hovertemplate=band.label + ", day %{x:.1f}: flux %{y:.4g}<extra></extra>",
            ), row=1, col=1,
        )  # fmt: skip
    for each, name in zip(comparison.maps, names, strict=True):
        reach = float(np.abs(each.importance).max()) or 1.0
        order = np.argsort(np.abs(each.importance), kind="stable")  # the strongest on top where marks overlap
        figure.add_trace(
            go.Scatter(
                x=days[order], y=np.full(len(days), name), mode="markers", showlegend=False,
                marker={
                    "symbol": "line-ns", "size": 26,
                    "line": {"width": 5, "color": each.importance[order] / reach, "colorscale": _scale(theme), "cmin": -1, "cmax": 1},
                },
                customdata=100 * each.importance[order] / reach,
                hovertemplate="day %{x:.1f}: %{customdata:.0f} % of the row's largest<extra>" + METHODS[each.method] + "</extra>",
            ), row=2, col=1,
        )  # fmt: skip
    figure.update_layout(**layout(theme, height=height + 80))
    figure.update_layout(
        margin={"l": 6, "r": 6, "t": 6, "b": 6},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
    )
    span = float(np.ptp(days)) or 1.0
    ink = {"tickfont": {"color": theme.ink}, "title_font": {"color": theme.ink}, "automargin": True, "zeroline": False}
    figure.update_xaxes(showgrid=False, range=[days.min() - 0.03 * span, days.max() + 0.03 * span], **ink)
    figure.update_xaxes(title_text="days since first detection", row=2, col=1)
    figure.update_yaxes(gridcolor=theme.grid, **ink)
    figure.update_yaxes(title_text="flux", nticks=4, row=1, col=1)
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], fixedrange=True, row=2, col=1)
    return figure


def proof_figure(comparison: Comparison, theme: Theme) -> go.Figure:
    """Probability of the class while observations are removed (left) and inserted (right) in each method's order."""
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=["Deletion", "Insertion"]
    )
    lines = [(METHODS[each.method], each.curves, STYLE[each.method]) for each in comparison.maps]
    for name, proof, (light, dark, dash) in [
        *lines,
        (BY_CHANCE, comparison.chance, (theme.limit, theme.limit, "dot")),
    ]:
        line = {"color": dark if theme.dark else light, "width": 2, "dash": dash}
        for column, (values, area) in enumerate(
            [(proof.deletion, proof.deletion_area), (proof.insertion, proof.insertion_area)], start=1
        ):
            figure.add_trace(
                go.Scatter(
                    x=100 * proof.removed, y=values, mode="lines", name=name, line=line, legendgroup=name,
                    showlegend=column == 1,
                    hovertemplate=f"{name}: " + "%{y:.1%} at %{x:.0f} %" + f"<br>area {area:.3f}<extra></extra>",
                ), row=1, col=column,
            )  # fmt: skip
    figure.update_layout(**layout(theme, height=340))
    figure.update_layout(
        margin={"l": 6, "r": 6, "t": 26, "b": 6}, legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0}
    )
    ink = {"tickfont": {"color": theme.ink}, "title_font": {"color": theme.ink}, "gridcolor": theme.grid}
    figure.update_xaxes(showgrid=False, zeroline=False, tickvals=[0, 50, 100], **ink)
    figure.update_xaxes(title_text="removed [%]", row=1, col=1)
    figure.update_xaxes(title_text="present [%]", row=1, col=2)
    figure.update_yaxes(
        range=[-0.02, 1.02], tickvals=[0, 0.5, 1], ticktext=["0", "50 %", "100 %"], zeroline=False, **ink
    )
    figure.update_annotations(font={"size": 13, "color": theme.ink})
    return figure


def heads_figure(heads: NDArray, days: NDArray, theme: Theme) -> go.Figure:
    """(heads, N) attention received by each observation, one row a head, in percent of the head's attention."""
    names = [f"head {k + 1}" for k in range(len(heads))]
    figure = go.Figure()
    top = float(heads.max()) or 1.0
    for name, head in zip(names, heads, strict=True):
        order = np.argsort(head, kind="stable")
        figure.add_trace(
            go.Scatter(
                x=days[order], y=np.full(len(days), name), mode="markers", showlegend=False,
                marker={"symbol": "line-ns", "size": 22,
                        "line": {"width": 5, "color": head[order] / top, "colorscale": "Cividis", "cmin": 0, "cmax": 1}},
                customdata=100 * head[order], hovertemplate="day %{x:.1f}: %{customdata:.1f} %<extra>" + name + "</extra>",
            )
        )  # fmt: skip
    figure.update_layout(**layout(theme, height=70 + 34 * len(names)))
    figure.update_layout(margin={"l": 6, "r": 6, "t": 6, "b": 6})
    ink = {"tickfont": {"color": theme.ink}, "title_font": {"color": theme.ink}}
    figure.update_xaxes(title_text="days since first detection", showgrid=False, zeroline=False, automargin=True, **ink)
    figure.update_yaxes(
        categoryorder="array", categoryarray=names[::-1], fixedrange=True, gridcolor=theme.grid, automargin=True, **ink
    )
    return figure


def _scale(theme: Theme) -> Sequence[Sequence[object]]:
    """Blue, the page's own paleness, red: what counts for nothing fades into the page."""
    return [[0.0, "#2166ac"], [0.5, theme.grid], [1.0, "#ff6b5e" if theme.dark else "#b2182b"]]
