"""Shares in bins with their intervals: reliability, and accuracy against anything that an object has a number for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from core.evaluate.calibration import wilson
from ui.figures.theme import Theme, layout

#: Bins with fewer objects than this are drawn hollow.
FEW = 10


def reliability_figure(series: Sequence[tuple[str, pd.DataFrame, bool]], theme: Theme) -> go.Figure:
    """Share of right answers against the mean probability, bin by bin, with 95 % intervals; calibrated ones lie on the line.

    series : (title, bins as `core.evaluate.calibration.reliability` makes them, clickable).
    """
    figure = go.Figure(
        go.Scatter(
            x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", name="a probability that is worth what it says",
            line={"color": theme.muted, "width": 1.4, "dash": "dot"},
        )
    )  # fmt: skip
    colours = ("#4aa8e0" if theme.dark else "#0072B2", "#f08a3c" if theme.dark else "#D55E00")
    for (title, bins, clickable), colour in zip(series, colours, strict=False):
        share = bins["correct"] / bins["count"]
        low, high = wilson(share * bins["objects"], bins["objects"])
        figure.add_trace(
            go.Scatter(
                x=bins["mean_probability"], y=share, name=title, mode="lines+markers",
                line={"color": colour, "width": 1.6, "dash": "solid" if clickable else "dash"},
                marker={"size": 9, "color": colour, "symbol": ["circle" if n >= FEW else "circle-open" for n in bins["objects"]]},
                selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
                error_y={"array": (high - share).clip(lower=0), "arrayminus": (share - low).clip(lower=0), "symmetric": False,
                         "width": 0, "thickness": 1.2, "color": colour},
                customdata=bins[["low", "high", "objects"]].to_numpy().tolist() if clickable else None,
                text=[f"{n:,} objects" for n in bins["objects"]],
                hovertemplate=f"{title}<br>said %{{x:.3f}}, right %{{y:.3f}}<br>%{{text}}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(
        **layout(theme, height=440, dragmode=False, hovermode="closest", hoverdistance=30,
                 legend={"orientation": "h", "y": -0.18, "yanchor": "top"})
    )  # fmt: skip
    common = {
        "range": [-0.02, 1.02],
        "fixedrange": True,
        "gridcolor": theme.grid,
        "zeroline": False,
        "automargin": True,
    }
    figure.update_xaxes(title_text="mean of the largest probability", **common)
    figure.update_yaxes(title_text="share that is right", **common)
    return figure


def bins_figure(bins: pd.DataFrame, x_title: str, y_title: str, theme: Theme, colour: str) -> go.Figure:
    """Accuracy (or completeness of a class) per bin of a quantity with intervals; the always-same answer as a line.

    Bins are as wide as each other on the page, and named by their edges, so that none is too narrow to click.
    """
    labels = [f"{low:.3g} to {high:.3g}" for low, high in zip(bins["low"], bins["high"], strict=True)]
    figure = go.Figure(
        go.Bar(
            x=labels, y=bins["accuracy"], marker={"color": colour, "opacity": 0.85, "cornerradius": 2}, name=y_title,
            customdata=bins[["low", "high", "objects", "right"]].to_numpy().tolist(),
            error_y={"array": bins["accuracy_high"] - bins["accuracy"], "arrayminus": bins["accuracy"] - bins["accuracy_low"],
                     "symmetric": False, "width": 0, "thickness": 1.4, "color": theme.ink},
            selected={"marker": {"opacity": 0.85}}, unselected={"marker": {"opacity": 0.85}},
            hovertemplate="%{x}<br>%{customdata[3]} right of %{customdata[2]}: %{y:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=labels, y=bins["majority"], mode="lines", name="always the commonest class of the bin",
            line={"color": theme.muted, "width": 1.6, "dash": "dot"}, hoverinfo="skip",
        )
    )  # fmt: skip
    for label, row in zip(labels, bins.itertuples(), strict=True):
        figure.add_annotation(
            x=label,
            y=0.015,
            yanchor="bottom",
            showarrow=False,
            text=f"{row.objects:,}",
            font={"size": 11, "color": "#FFFFFF"},
        )
    figure.update_layout(
        **layout(theme, height=400, dragmode=False, bargap=0.25,
                 legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    )  # fmt: skip
    figure.update_xaxes(title_text=x_title, fixedrange=True, showgrid=False, automargin=True, type="category")
    figure.update_yaxes(title_text=y_title, range=[0, 1.02], fixedrange=True, gridcolor=theme.grid, automargin=True)
    return figure
