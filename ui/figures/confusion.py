"""The confusion matrix: true classes in rows, answers in columns, each cell a place to click."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ui.figures.theme import Theme, layout

COUNTS, ROWS, COLUMNS = "counts", "rows", "columns"


def confusion_figure(
    matrix: NDArray[np.int64], names: Sequence[str], titles: Sequence[str], theme: Theme, *, shown: str = COUNTS
) -> go.Figure:
    """matrix : (K, K) counts. shown : `COUNTS`, or percent of each row (of the true class) or column (of the answers).

    Cells are tinted by the share that is shown, counts by the share of their row, so that a rare class is seen too. A
    heat map gives no clicks: an invisible marker in each cell takes them, and carries (true, answer).
    """
    total = np.maximum(matrix.sum(axis=0, keepdims=True) if shown == COLUMNS else matrix.sum(axis=1, keepdims=True), 1)
    share = matrix / total
    text = [[_cell(n, s, shown) for n, s in zip(a, b, strict=True)] for a, b in zip(matrix, share, strict=True)]
    many = len(names) > 8
    figure = go.Figure(
        go.Heatmap(
            z=share, x=list(titles), y=list(titles), text=text, texttemplate="%{text}", hoverinfo="skip",
            showscale=False, zmin=0, zmax=1, colorscale=[[0, theme.page], [1, "#1f78b4" if theme.dark else "#0072B2"]],
            xgap=1, ygap=1, textfont={"size": 11 if many else 14},
        )
    )  # fmt: skip
    x, y = np.meshgrid(np.arange(len(names)), np.arange(len(names)))
    custom = [
        [names[i], names[k], int(matrix[i, k]), f"{100 * matrix[i, k] / max(matrix[i].sum(), 1):.1f}",
         f"{100 * matrix[i, k] / max(matrix[:, k].sum(), 1):.1f}"]
        for i, k in zip(y.ravel(), x.ravel(), strict=True)
    ]  # fmt: skip
    off = {"marker": {"opacity": 0}}
    figure.add_trace(
        go.Scatter(
            x=[titles[k] for k in x.ravel()], y=[titles[i] for i in y.ravel()], mode="markers", customdata=custom,
            marker={"symbol": "square", "size": 30, "opacity": 0}, selected=off, unselected=off, showlegend=False,
            hovertemplate="true %{y}, called %{x}<br>%{customdata[2]} objects<br>%{customdata[3]} % of the true class"
            "<br>%{customdata[4]} % of those called so<extra></extra>",
        )
    )  # fmt: skip
    height = 150 + (36 if many else 64) * len(names)
    figure.update_layout(**layout(theme, height=height, dragmode=False, hoverdistance=-1, showlegend=False))
    figure.update_xaxes(
        title_text="called", side="bottom", tickangle=-45 if many else 0, automargin=True, showgrid=False,
        fixedrange=True, tickfont={"color": theme.ink},
    )  # fmt: skip
    figure.update_yaxes(
        title_text="true class", autorange="reversed", automargin=True, showgrid=False, fixedrange=True,
        tickfont={"color": theme.ink},
    )  # fmt: skip
    return figure


def _cell(count: int, share: float, shown: str) -> str:
    """What stands in a cell; nothing where there is nothing, so that the eye finds what there is."""
    if count == 0:
        return ""
    if shown == COUNTS:
        return f"{count:,}" if count < 10_000 else f"{count / 1000:.0f}k"
    percent = 100 * share
    return "<1" if percent < 0.95 else f"{percent:.0f}"
