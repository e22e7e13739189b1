"""Class probabilities and weights of added features, as bars with their numbers in a column of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ui.figures.theme import Theme, layout
from ui.wording import class_title, percent

BAR_HEIGHT = 30


def probability_figure(
    classes: Sequence[str],
    probabilities: NDArray[np.float64],
    theme: Theme,
    *,
    spread: NDArray[np.float64] | None = None,
    selected: str = "",
    shown: int = 6,
) -> go.Figure:
    """Sorted bars of the ``shown`` most likely classes and of the ``selected`` one. spread : (F, C) of the fold models,
    drawn as whiskers."""
    order = drawn_classes(classes, probabilities, selected, shown)
    names = [classes[i] for i in order]
    titles = [f"<b>{class_title(n)}</b>" if n == selected else class_title(n) for n in names]
    values = probabilities[order]
    error = None
    if spread is not None and len(spread):
        low, high = spread[:, order].min(axis=0), spread[:, order].max(axis=0)
        error = {
            "array": np.maximum(high - values, 0), "arrayminus": np.maximum(values - low, 0), "symmetric": False,
            "width": 0, "thickness": 1.4, "color": theme.ink,
        }  # fmt: skip
    figure = go.Figure(
        go.Bar(
            x=values, y=titles, orientation="h", error_x=error,
            marker={"color": [theme.of_class(n) for n in names], "cornerradius": 2},
            customdata=names, hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )  # fmt: skip
    _numbers(figure, titles, [percent(v) for v in values], theme)
    figure.update_xaxes(range=[0, 1.28], tickvals=[0, 0.5, 1.0], ticktext=["0", "50 %", "100 %"])
    return figure


def drawn_classes(
    classes: Sequence[str], probabilities: NDArray[np.float64], selected: str, shown: int
) -> NDArray[np.int64]:
    """Indices of the classes with a bar: the likeliest, and the one that is explained where it is not among them."""
    order = np.argsort(-probabilities, kind="stable")
    return np.array([i for place, i in enumerate(order) if place < shown or classes[i] == selected])


def feature_figure(shares: dict[str, float], flat_share: float, theme: Theme) -> go.Figure:
    """Percent of weight of each added feature, with what a map that says nothing would give as a dotted line."""
    titles = [feature_title(name) for name in shares]
    values = list(shares.values())
    top = max([*values, flat_share]) * 1.15
    figure = go.Figure(
        go.Bar(
            x=values, y=titles, orientation="h", marker={"color": theme.limit, "cornerradius": 2},
            hovertemplate="%{y}: %{x:.2f} % of the weight<extra></extra>",
        )
    )  # fmt: skip
    _numbers(figure, titles, [f"{v:.1f} %" for v in values], theme, at=top * 1.27)
    figure.add_vline(x=flat_share, line={"dash": "dot", "width": 1.4, "color": theme.ink})
    figure.add_annotation(
        x=flat_share, y=1.0, yref="paper", yanchor="bottom", showarrow=False, text=f"a flat map gives {flat_share:.2f} %",
        font={"size": 11, "color": theme.muted},
    )  # fmt: skip
    figure.update_xaxes(range=[0, top * 1.28], showticklabels=False)
    return figure


def feature_title(name: str) -> str:
    """How a page writes an added feature."""
    return {"redshift": "redshift", "redshift_err": "redshift error", "absolute_magnitude": "absolute magnitude"}.get(
        name, name.replace("_", " ")
    )


def _numbers(figure: go.Figure, titles: list[str], texts: list[str], theme: Theme, at: float = 1.27) -> None:
    """Right-aligned numbers beside the bars: at a bar's end the whiskers would run through them."""
    for title, text in zip(titles, texts, strict=True):
        figure.add_annotation(
            x=at, y=title, text=text, showarrow=False, xanchor="right", font={"size": 13, "color": theme.ink}
        )
    figure.update_layout(**layout(theme, height=46 + BAR_HEIGHT * len(titles), showlegend=False, bargap=0.42))
    figure.update_layout(margin={"l": 6, "r": 6, "t": 22, "b": 6})
    figure.update_xaxes(showgrid=False, zeroline=False, fixedrange=True, showline=False)
    figure.update_yaxes(
        autorange="reversed", automargin=True, fixedrange=True, showgrid=False, tickfont={"color": theme.ink}
    )
