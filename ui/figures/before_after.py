"""Probabilities before and after changes, with how far they scatter within the errors; and against the redshift told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from ui.figures.theme import Theme, layout, translucent
from ui.wording import class_title, percent

ROW_HEIGHT = 44
#: Quantiles of the draws that the thin line reaches to.
REACH = (5.0, 95.0)


def before_after_figure(
    classes: Sequence[str],
    before: NDArray,
    after: NDArray,
    theme: Theme,
    *,
    draws: NDArray | None = None,
    shown: int = 6,
) -> go.Figure:
    """Two bars a class: hollow as measured, full with the changes; a thin line over the draws within the errors."""
    order = largest(before, after, shown)
    titles = [class_title(classes[i]) for i in order]
    colours = [theme.of_class(classes[i]) for i in order]
    figure = go.Figure()
    figure.add_trace(
        go.Bar(
            x=before[order], y=titles, orientation="h", name="as measured",
            marker={"color": "rgba(0,0,0,0)", "line": {"color": colours, "width": 1.5}, "cornerradius": 2},
            hovertemplate="%{y} as measured: %{x:.1%}<extra></extra>",
        )
    )  # fmt: skip
    reach = None
    if draws is not None and np.isfinite(draws).any():
        low, high = np.nanpercentile(draws[:, order], REACH, axis=0)
        reach = {
            "array": np.maximum(high - after[order], 0), "arrayminus": np.maximum(after[order] - low, 0), "symmetric": False,
            "width": 0, "thickness": 1.6, "color": theme.ink,
        }  # fmt: skip
    figure.add_trace(
        go.Bar(
            x=after[order], y=titles, orientation="h", name="with the changes", error_x=reach,
            marker={"color": colours, "cornerradius": 2}, hovertemplate="%{y} with the changes: %{x:.1%}<extra></extra>",
        )
    )  # fmt: skip
    for i, title in zip(order, titles, strict=True):
        text = (
            percent(after[i])
            if percent(before[i]) == percent(after[i])
            else f"{percent(before[i])} → {percent(after[i])}"
        )
        figure.add_annotation(
            x=1.62, y=title, text=text, showarrow=False, xanchor="right", font={"size": 13, "color": theme.ink}
        )
    figure.update_layout(
        **layout(
            theme, height=50 + ROW_HEIGHT * len(order), showlegend=False, barmode="group", bargap=0.3, bargroupgap=0.12
        )
    )
    figure.update_layout(margin={"l": 6, "r": 6, "t": 8, "b": 6})
    figure.update_xaxes(
        range=[0, 1.64], tickvals=[0, 0.5, 1.0], ticktext=["0", "50 %", "100 %"], showgrid=False, zeroline=False,
        fixedrange=True, tickfont={"color": theme.ink},
    )  # fmt: skip
    figure.update_yaxes(
        autorange="reversed", automargin=True, fixedrange=True, showgrid=False, tickfont={"color": theme.ink}
    )
    return figure


def largest(before: NDArray, after: NDArray, shown: int) -> NDArray[np.int64]:
    """Classes with a bar: those that are largest before or after, by falling probability after."""
    chosen = np.argsort(-np.maximum(before, after), kind="stable")[:shown]
    return chosen[np.argsort(-after[chosen], kind="stable")]


def redshift_figure(
    classes: Sequence[str],
    redshifts: NDArray,
    probabilities: NDArray,
    theme: Theme,
    *,
    told: float | None,
    known: float | None,
    training: NDArray | None = None,
    shown: int = 5,
) -> go.Figure:
    """Probability of the leading classes against the redshift told; under it the training objects with each redshift.

    probabilities : (Z, C). told, known : lines at the redshift told now, and at the object's own. training : (n,).
    """
    with_training = training is not None and len(training) > 0
    figure = make_subplots(
        rows=2 if with_training else 1, cols=1, shared_xaxes=True, vertical_spacing=0.04,
        row_heights=[0.74, 0.26] if with_training else [1.0],
    )  # fmt: skip
    for index in np.argsort(-np.nanmax(probabilities, axis=0), kind="stable")[:shown]:
        name = classes[int(index)]
        colour = theme.of_class(name)
        figure.add_trace(
            go.Scatter(
                x=redshifts, y=probabilities[:, index], mode="lines", name=class_title(name), line={"color": colour, "width": 2},
                hovertemplate=class_title(name) + " %{y:.1%} at z = %{x:.3f}<extra></extra>",
            ), row=1, col=1,
        )  # fmt: skip
    same = known is not None and known == told
    for value, dash, text in (
        (None if same else known, "dot", "known"),
        (told, "solid", "known and told" if same else "told"),
    ):
        if value and redshifts[0] <= value <= redshifts[-1]:
            figure.add_vline(x=value, line={"dash": dash, "width": 1.4, "color": theme.ink}, row=1, col=1)
            figure.add_annotation(
                x=value, y=1.04, text=text, showarrow=False, yanchor="bottom", font={"size": 11, "color": theme.muted},
                row=1, col=1,
            )  # fmt: skip
    if with_training:
        counts, edges = np.histogram(training, bins=40, range=(0.0, float(redshifts[-1])))
        figure.add_trace(
            go.Bar(
                x=0.5 * (edges[1:] + edges[:-1]), y=counts, showlegend=False, width=np.diff(edges),
                marker={"color": translucent(theme.limit, 0.7), "line": {"width": 0}},
                hovertemplate="%{y} training objects near z = %{x:.2f}<extra></extra>",
            ), row=2, col=1,
        )  # fmt: skip
    figure.update_layout(**layout(theme, height=330 if with_training else 250, bargap=0))
    figure.update_layout(
        margin={"l": 6, "r": 6, "t": 6, "b": 6},
        legend={"orientation": "h", "y": 1.08, "yanchor": "bottom", "x": 0, "xanchor": "left"},
    )
    ink = {
        "tickfont": {"color": theme.ink},
        "title_font": {"color": theme.ink},
        "gridcolor": theme.grid,
        "zeroline": False,
    }
    figure.update_xaxes(showgrid=False, automargin=True, **ink)
    figure.update_yaxes(automargin=True, fixedrange=True, **ink)
    figure.update_yaxes(range=[-0.02, 1.04], tickvals=[0, 0.5, 1], ticktext=["0", "50 %", "100 %"], row=1, col=1)
    if with_training:
        figure.update_yaxes(title_text="training", nticks=3, row=2, col=1)
    figure.update_xaxes(title_text="redshift told to the model", row=2 if with_training else 1, col=1)
    return figure
