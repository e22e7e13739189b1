"""What a byte and a microsecond buy: size or time against loss, the sweeps, weights before and after, bytes by tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from ui.figures.theme import Theme, layout, translucent

#: Blue and vermilion of the palette that colour-blind people tell apart (Okabe & Ito), for a light and a dark page.
_INK = {False: ("#0072B2", "#D55E00"), True: ("#56B4E9", "#E69F00")}
#: Where the logarithmic axes have their numbers.
_TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
_LOSSES = [0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0]
#: What holds the bytes of a file, by the beginning of the tensors' names, in the order of the figure.
PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("embedding", ("embed",)),
    ("positions", ("positions",)),
    ("attention", ("query", "key", "value", "mix")),
    ("feed-forward", ("widen", "narrow")),
    ("norms", ("norm",)),
    ("last layer", ("head",)),
    ("graph", ("graph", "other constants")),
)


@dataclass(frozen=True)
class Point:
    """One variant in the plane. x : size or time. group : names its marker. hover : text shown over it."""

    x: float
    loss: float
    title: str
    group: str
    hover: str
    marked: bool = False


def trade_figure(points: Sequence[Point], theme: Theme, *, x_title: str) -> go.Figure:
    """Loss against size or time, both axes logarithmic, with the Pareto front as steps. The marked point is labelled."""
    figure = go.Figure()
    front = pareto(points)
    figure.add_trace(
        go.Scatter(
            x=[p.x for p in front], y=[p.loss for p in front], mode="lines", line={"shape": "hv", "color": theme.muted, "width": 1.4, "dash": "dot"},
            name="Pareto front", hoverinfo="skip",
        )
    )  # fmt: skip
    first, second = _INK[theme.dark]
    looks = {"TFLite, shipped": ("circle", first), "TFLite": ("circle-open", first), "SavedModel": ("square", second)}
    for group, (symbol, colour) in looks.items():
        here = [p for p in points if p.group == group]
        if here:
            figure.add_trace(
                go.Scatter(
                    x=[p.x for p in here], y=[p.loss for p in here], mode="markers", name=group,
                    marker={"symbol": symbol, "color": colour, "size": 10, "line": {"width": 1.6}},
                    customdata=[p.hover for p in here], hovertemplate="%{customdata}<extra></extra>",
                )
            )  # fmt: skip
    for p in points:
        if p.marked:
            figure.add_annotation(
                x=np.log10(p.x), y=np.log10(p.loss), text=p.title, showarrow=True, ax=0, ay=-34, arrowwidth=1, arrowcolor=theme.muted,
                font={"size": 12, "color": theme.ink}, bgcolor=translucent(theme.page, 0.8),
            )  # fmt: skip
    figure.update_layout(
        **layout(theme, height=380, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    )
    figure.update_xaxes(
        type="log", title=x_title, gridcolor=theme.grid, tickvals=_TICKS, ticktext=[f"{t:,}" for t in _TICKS]
    )
    figure.update_yaxes(
        type="log", title="flat log-loss, equal priors", gridcolor=theme.grid, automargin=True, tickvals=_LOSSES, ticktext=[f"{t:g}" for t in _LOSSES]
    )  # fmt: skip
    return figure


def pareto(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats in both, from the smallest x on."""
    out: list[Point] = []
    for point in sorted(points, key=lambda p: (p.x, p.loss)):
        if not out or point.loss < out[-1].loss:
            out.append(point)
    return out


def sweep_figure(sweeps: Mapping[str, Sequence[Mapping[str, float]]], baseline: float, theme: Theme) -> go.Figure:
    """Loss against the number of distinct values, and against the share of zeros; the float network as a dotted line."""
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.04)
    for column, (kind, name, unit) in enumerate(
        (("centroids", "distinct values", ""), ("sparsity", "zeros", " %")), start=1
    ):
        rows = sweeps.get(kind, [])
        x = [100 * row[kind] if kind == "sparsity" else row[kind] for row in rows]
        figure.add_trace(
            go.Scatter(
                x=x, y=[row["log_loss_flat"] for row in rows], mode="lines+markers", showlegend=False,
                line={"color": _INK[theme.dark][0], "width": 1.6}, marker={"size": 8},
                customdata=[[row["deflate_bytes"] / 1000, row["macro_f1_survey"]] for row in rows],
                hovertemplate=f"%{{x:.3g}}{unit}: loss %{{y:.3f}}, zip %{{customdata[0]:.1f}} kB, macro-F1 %{{customdata[1]:.3f}}<extra></extra>",
            ),
            row=1, col=column,
        )  # fmt: skip
        figure.update_xaxes(
            title=name + (" [%]" if unit else ""), type="linear" if unit else "log", tickvals=None if unit else [2, 4, 8, 16, 32, 64, 128, 256],
            gridcolor=theme.grid, row=1, col=column,
        )  # fmt: skip
        figure.add_hline(y=baseline, line={"dash": "dot", "width": 1.2, "color": theme.muted}, row=1, col=column)
    figure.update_yaxes(type="log", gridcolor=theme.grid, tickvals=_LOSSES, ticktext=[f"{t:g}" for t in _LOSSES])
    figure.update_yaxes(title="flat log-loss, equal priors", automargin=True, row=1, col=1)
    figure.update_layout(**layout(theme, height=320))
    return figure


def bytes_figure(files: Mapping[str, Mapping[str, int]], theme: Theme) -> go.Figure:
    """Where the bytes of some files are. files : title -> bytes by tensor."""
    figure = go.Figure()
    colours = _INK[theme.dark]
    for k, (title, tensors) in enumerate(files.items()):
        parts = bytes_by_part(tensors)
        figure.add_trace(
            go.Bar(
                y=list(parts), x=[v / 1000 for v in parts.values()], orientation="h", name=title,
                marker={"color": theme.limit if k == 0 else colours[0], "cornerradius": 2},
                hovertemplate="%{y}: %{x:.2f} kB<extra>" + title + "</extra>",
            )
        )  # fmt: skip
    figure.update_layout(
        **layout(theme, height=340, barmode="group", bargap=0.3, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"})
    )  # fmt: skip
    figure.update_xaxes(title="kB", gridcolor=theme.grid)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, tickfont={"color": theme.ink})
    return figure


def bytes_by_part(tensors: Mapping[str, int]) -> dict[str, int]:
    """Bytes of the file's parts as a person names them."""
    out = dict.fromkeys((name for name, _ in PARTS), 0)
    for tensor, size in tensors.items():
        part = next((name for name, starts in PARTS if tensor.startswith(starts)), "graph")
        out[part] += size
    return out


def weights_figure(before: NDArray[np.float32], after: NDArray[np.float32], theme: Theme) -> go.Figure:
    """The weights of a matrix as a histogram, above; its distinct values and how many weights share each, below."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.5, 0.5], vertical_spacing=0.08)
    first, second = _INK[theme.dark]
    reach = 1.05 * float(np.max(np.abs(np.concatenate([before.ravel(), after.ravel()])))) or 1.0
    counts, edges = np.histogram(before, bins=81, range=(-reach, reach))
    figure.add_trace(
        go.Bar(
            x=0.5 * (edges[1:] + edges[:-1]), y=counts, width=np.diff(edges), marker={"color": translucent(first, 0.75), "line": {"width": 0}},
            hovertemplate="%{x:.3f}: %{y} weights<extra>float32</extra>", showlegend=False,
        ),
        row=1, col=1,
    )  # fmt: skip
    values, shared = np.unique(after, return_counts=True)
    figure.add_trace(
        go.Bar(
            x=values, y=shared, width=max(reach / 220, 1e-6), marker={"color": second, "line": {"width": 0}},
            hovertemplate="%{x:.3f}: %{y} weights<extra>variant</extra>", showlegend=False,
        ),
        row=2, col=1,
    )  # fmt: skip
    figure.update_yaxes(title="weights, float32", gridcolor=theme.grid, automargin=True, row=1, col=1)
    figure.update_yaxes(title="variant", gridcolor=theme.grid, automargin=True, row=2, col=1)
    figure.update_xaxes(title="value", gridcolor=theme.grid, range=[-reach, reach], row=2, col=1)
    figure.update_xaxes(gridcolor=theme.grid, row=1, col=1)
    figure.update_layout(**layout(theme, height=340, bargap=0))
    return figure


def stage_figure(stages: Mapping[str, float], theme: Theme, *, unit: str = "ms") -> go.Figure:
    """Milliseconds (or percent) of each stage as bars with their numbers."""
    names, values = list(stages), list(stages.values())
    top = max(values) or 1.0
    figure = go.Figure(
        go.Bar(
            x=values, y=names, orientation="h", marker={"color": _INK[theme.dark][0], "cornerradius": 2},
            text=[f"{v:.3g} {unit}" for v in values], textposition="outside", cliponaxis=False, textfont={"color": theme.ink},
            hovertemplate="%{y}: %{x:.3g} " + unit + "<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        **layout(
            theme, height=66 + 30 * len(names), bargap=0.4, showlegend=False, margin={"l": 6, "r": 6, "t": 6, "b": 6}
        )
    )
    figure.update_xaxes(range=[0, 1.3 * top], gridcolor=theme.grid, title=unit, fixedrange=True)
    figure.update_yaxes(
        autorange="reversed", automargin=True, showgrid=False, fixedrange=True, tickfont={"color": theme.ink}
    )
    return figure


def rates_figure(per_second: Mapping[str, float], theme: Theme) -> go.Figure:
    """Light curves a second of several ways, on a logarithmic axis."""
    names, values = list(per_second), list(per_second.values())
    figure = go.Figure(
        go.Bar(
            x=values, y=names, orientation="h", marker={"color": _INK[theme.dark][0], "cornerradius": 2},
            text=[f"{v:,.0f}" for v in values], textposition="outside", cliponaxis=False, textfont={"color": theme.ink},
            hovertemplate="%{y}: %{x:,.0f} a second<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        **layout(
            theme, height=66 + 30 * len(names), bargap=0.4, showlegend=False, margin={"l": 6, "r": 6, "t": 6, "b": 6}
        )
    )
    figure.update_xaxes(type="log", gridcolor=theme.grid, title="light curves a second", dtick=1,
                        range=[np.log10(max(min(values) / 3, 1)), np.log10(max(values) * 6)], fixedrange=True)  # fmt: skip
    figure.update_yaxes(
        autorange="reversed", automargin=True, showgrid=False, fixedrange=True, tickfont={"color": theme.ink}
    )
    return figure
