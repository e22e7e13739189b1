"""Letter-value plots: nested boxes from the middle half to the far tails, for many numbers at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ui.figures.theme import Theme, layout, translucent

#: A box is drawn as long as at least this many values lie beyond it on either side (Hofmann et al. 2017).
BEYOND = 8


def letter_values(values: NDArray) -> list[tuple[float, float]]:
    """(low, high) of the boxes: the middle half, then ¾, ⅞, …, as deep as the number of values allows."""
    known = values[np.isfinite(values)]
    boxes, tail = [], 0.25
    while len(known) * tail >= (BEYOND if boxes else 1) and len(boxes) < 8:
        low, high = np.quantile(known, [tail, 1 - tail])
        boxes.append((float(low), float(high)))
        tail /= 2
    return boxes


def letter_value_figure(
    groups: Mapping[str, NDArray], colours: Mapping[str, str], x_title: str, flat: float | None, theme: Theme
) -> go.Figure:
    """One row of boxes per group; the median as a line, what a flat map gives dotted. groups : title -> values."""
    figure = go.Figure()
    names = [name for name, values in groups.items() if np.isfinite(values).any()]
    for name in names:
        values = groups[name][np.isfinite(groups[name])]
        boxes = letter_values(values)
        for depth, (low, high) in reversed(list(enumerate(boxes))):
            figure.add_trace(
                go.Bar(
                    x=[high - low], base=[low], y=[name], orientation="h", width=0.78 * 0.8**depth,
                    marker={"color": translucent(colours[name], 0.30 + 0.5 * 0.7**depth), "line": {"width": 0}},
                    hovertemplate=f"{name}<br>{100 * (1 - 0.5 ** (depth + 1)):.4g} % of {len(values):,} objects: "
                    f"{low:.3g} to {high:.3g}<extra></extra>", showlegend=False,
                )
            )  # fmt: skip
        median = float(np.median(values))
        figure.add_trace(
            go.Scatter(
                x=[median], y=[name], mode="markers", showlegend=False,
                marker={"symbol": "line-ns", "size": 20, "line": {"width": 2.4, "color": theme.ink}},
                hovertemplate=f"{name}: median {median:.3g}<extra></extra>",
            )
        )  # fmt: skip
    if flat is not None:
        figure.add_vline(x=flat, line={"dash": "dot", "width": 1.5, "color": theme.ink})
        figure.add_annotation(
            x=flat, y=1.0, yref="paper", yanchor="bottom", showarrow=False, text=f"a flat map: {flat:.3g}",
            font={"size": 11, "color": theme.muted},
        )  # fmt: skip
    figure.update_layout(
        **layout(theme, height=110 + 34 * len(names), barmode="overlay", dragmode=False, showlegend=False)
    )
    figure.update_xaxes(title_text=x_title, fixedrange=True, gridcolor=theme.grid, zeroline=False)
    figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True, showgrid=False, type="category")
    return figure
