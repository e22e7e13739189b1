"""Mean class activation maps, aligned on the brightest point: what the mistakes' maps look at, and the right ones'."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ui.figures.theme import Theme, layout


def mean_maps_figure(
    edges: NDArray[np.float64], lines: Sequence[tuple[str, NDArray[np.float64], str, str]], theme: Theme
) -> go.Figure:
    """lines : (title, (V, K) percent of the map per bin, colour, dash). edges : (K+1,) [d] from the brightest point.

    A line is the mean over objects, its shade one standard error of that mean.
    """
    figure = go.Figure()
    middle = 0.5 * (edges[1:] + edges[:-1])
    for title, maps, colour, dash in lines:
        mean = maps.mean(axis=0)
        error = maps.std(axis=0) / np.sqrt(max(len(maps), 1))
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([middle, middle[::-1]]), y=np.concatenate([mean + error, (mean - error)[::-1]]),
                fill="toself", fillcolor=colour, opacity=0.16, line={"width": 0}, hoverinfo="skip", showlegend=False,
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=middle, y=mean, name=f"{title} ({len(maps):,})", mode="lines",
                line={"color": colour, "width": 2, "dash": dash},
                hovertemplate=f"{title}<br>%{{x:.0f}} d: %{{y:.2f}} % of the map<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(
        **layout(theme, height=360, dragmode=False, legend={"orientation": "h", "y": -0.22, "yanchor": "top"})
    )
    figure.update_xaxes(
        title_text="days from the brightest point",
        fixedrange=True,
        showgrid=False,
        zeroline=True,
        zerolinecolor=theme.muted,
    )
    figure.update_yaxes(
        title_text="percent of the map", fixedrange=True, gridcolor=theme.grid, rangemode="tozero", automargin=True
    )
    return figure


def spread_figure(
    panels: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64]]], names: tuple[str, str], theme: Theme
) -> go.Figure:
    """Histograms of several quantities, the picked objects' over the others', each as shares of its own group."""
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=len(panels), shared_yaxes=False, horizontal_spacing=0.03)
    colours = ("#f08a3c" if theme.dark else "#D55E00", theme.muted)
    for column, (title, picked, others) in enumerate(panels, start=1):
        both = np.concatenate([picked, others])
        edges = np.histogram_bin_edges(
            both, bins=min(16, max(4, len(both) // 4)), range=tuple(np.quantile(both, [0.01, 0.99]))
        )
        for values, name, colour in zip((others, picked), names[::-1], colours[::-1], strict=True):
            share = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / max(len(values), 1)
            figure.add_trace(
                go.Scatter(
                    x=np.repeat(edges, 2)[1:-1], y=np.repeat(share, 2), mode="lines", name=name,
                    line={"color": colour, "width": 1.8}, legendgroup=name, showlegend=column == 1,
                    fill="tozeroy" if values is others else None, hovertemplate=f"{name}<br>%{{x:.3g}}: %{{y:.1%}}<extra></extra>",
                ),
                row=1, col=column,
            )  # fmt: skip
        figure.update_xaxes(
            title_text=title, row=1, col=column, fixedrange=True, showgrid=False, title_font={"size": 12}
        )
        figure.update_yaxes(
            showticklabels=False, rangemode="tozero", row=1, col=column, fixedrange=True, showgrid=False
        )
    figure.update_layout(
        **layout(theme, height=240, dragmode=False, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    )
    return figure
