"""Class probabilities as a light curve grew, one line a class, and the night from which the answer stands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.whatif import Timeline
from ui.figures.theme import Theme, layout, translucent
from ui.wording import class_title

#: Classes with a line of their own in each panel.
SHOWN = 5
PANEL = 210
#: Least distance between two names at the right edge, in probability.
_APART = 0.085


def timeline_figure(
    lines: Sequence[tuple[str, Timeline]], theme: Theme, *, zero: float, now: float | None = None
) -> go.Figure:
    """One panel a model over the same days. zero : MJD that days are counted from. now : MJD of the night looked at."""
    figure = make_subplots(
        rows=len(lines), cols=1, shared_xaxes=True, vertical_spacing=0.16 / max(len(lines), 1),
        subplot_titles=[title for title, _ in lines],
    )  # fmt: skip
    for row, (title, line) in enumerate(lines, start=1):
        _add_panel(figure, row, title, line, theme, zero)
        if now is not None:
            figure.add_vline(x=now - zero, line={"width": 1.4, "color": theme.ink}, row=row, col=1)
    ends = [t.mjd[-1] for _, t in lines if len(t.mjd)]
    starts = [t.mjd[0] for _, t in lines if len(t.mjd)]
    span = (max(ends) - min(starts)) or 1.0 if ends else 1.0
    figure.update_layout(
        **layout(theme, height=64 + PANEL * len(lines), showlegend=False, hovermode="closest"),
    )
    figure.update_layout(margin={"l": 6, "r": 96, "t": 26, "b": 6})  # on the right stand the names of the classes
    figure.update_xaxes(
        showgrid=False, automargin=True, tickfont={"color": theme.ink}, title_font={"color": theme.ink},
        linecolor=theme.grid, zeroline=False,
    )  # fmt: skip
    if ends:
        figure.update_xaxes(range=[min(starts) - zero - 0.03 * span, max(ends) - zero + 0.03 * span])
    figure.update_xaxes(title_text="days since first detection", row=len(lines), col=1)
    figure.update_yaxes(
        range=[-0.03, 1.05], tickvals=[0, 0.5, 1], ticktext=["0", "50 %", "100 %"], gridcolor=theme.grid,
        fixedrange=True, tickfont={"color": theme.ink}, zeroline=False, automargin=True,
    )  # fmt: skip
    figure.update_annotations(font={"size": 13, "color": theme.ink})
    for annotation in figure.layout.annotations[: len(lines)]:
        annotation.update(x=0, xanchor="left")
    _name_lines(figure, lines, theme, zero)
    return figure


def drawn_lines(line: Timeline) -> list[int]:
    """Classes with a line: those that reach furthest at any time, the final leader among them."""
    if not len(line.scored):
        return []
    reached = np.nanmax(line.probabilities[line.scored], axis=0)
    order = np.argsort(-reached, kind="stable")[:SHOWN].tolist()
    final = int(line.leaders[-1])
    return order if final in order else [*order[:-1], final]


def _add_panel(figure: go.Figure, row: int, title: str, line: Timeline, theme: Theme, zero: float) -> None:
    days = line.mjd - zero
    for index in drawn_lines(line):
        name = line.classes[index]
        figure.add_trace(
            go.Scatter(
                x=days, y=line.probabilities[:, index], mode="lines+markers", name=class_title(name),
                line={"color": theme.of_class(name), "width": 2}, marker={"size": 5},
                customdata=np.column_stack([line.mjd, line.n_points]),
                hovertemplate=class_title(name) + " %{y:.1%}<br>day %{x:.1f}, MJD %{customdata[0]:.2f}, "
                "%{customdata[1]:.0f} points used<extra>" + title + "</extra>",
            ), row=row, col=1,
        )  # fmt: skip
    if line.decided is not None:
        colour = theme.of_class(line.classes[int(line.leaders[-1])])
        figure.add_vrect(
            x0=days[line.decided], x1=days[-1], fillcolor=translucent(colour, 0.09),
            line_width=0, layer="below", row=row, col=1,
        )  # fmt: skip


def _name_lines(figure: go.Figure, lines: Sequence[tuple[str, Timeline]], theme: Theme, zero: float) -> None:
    """Each class by name at the end of its line, kept apart where lines end close together."""
    for row, (_, line) in enumerate(lines, start=1):
        drawn = drawn_lines(line)
        if not drawn:
            continue
        last = line.scored[-1]
        ends = sorted(((float(line.probabilities[last, i]), i) for i in drawn), reverse=True)
        heights = [min(value, 1.0) for value, _ in ends]
        for k, (above, _) in enumerate(pairwise(range(len(heights)))):
            heights[above + 1] = min(heights[above + 1], heights[k] - _APART)
        # What was pushed below the axis comes back up, and lifts those it meets: a leader alone at the top stays there.
        heights[-1] = max(heights[-1], 0.0)
        for k in range(len(heights) - 2, -1, -1):
            heights[k] = max(heights[k], heights[k + 1] + _APART)
        for (_, index), height in zip(ends, heights, strict=True):
            name = line.classes[index]
            figure.add_annotation(
                x=line.mjd[last] - zero, y=height, text=class_title(name), showarrow=False, xanchor="left", xshift=7,
                font={"size": 12, "color": theme.of_class(name)}, row=row, col=1,
            )  # fmt: skip


def timeline_summary(title: str, line: Timeline, zero: float) -> str:
    """The panel in one sentence, for a screen reader."""
    if line.decided is None:
        return f"{title}: no night has enough points for an answer."
    final = class_title(line.classes[int(line.leaders[-1])])
    return (
        f"{title}: {final} leads for good from day {line.mjd[line.decided] - zero:.1f}, "
        f"{float(line.probabilities[line.scored[-1]].max()):.0%} at the end."
    )
