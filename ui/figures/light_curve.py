"""The light curve, its Gaussian process, and the class activation map on the same time axis."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core import photometry
from core.bands import BANDS, Band
from core.explain import Explanation
from core.lightcurve import LightCurve
from ui.figures.theme import Theme, layout, translucent
from ui.figures.view import SIGNED, CurveView, along, flux_range, outside, shown_span, time_range
from ui.reading import rows_by_time

#: Times at which the Gaussian process is drawn.
GP_POINTS = 160
#: Low enough for curve and strip to stand above the fold of a laptop.
HEIGHT = 470


def light_curve_figure(view: CurveView, theme: Theme) -> go.Figure:
    """Points with errors, upper limits, GP mean ± 1σ per band; below it the activation map, when there is one."""
    with_map = view.explanation is not None
    if with_map:
        figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.86, 0.14], vertical_spacing=0.075)
    else:
        figure = make_subplots(rows=1, cols=1)
    bands = sorted(set(view.curve.band.tolist()) | set(view.curve.limits.band.tolist()))
    if view.fit is not None:
        for index in view.model_bands:
            _add_process(figure, view, theme, BANDS[index])
    for index in bands:
        _add_points(figure, view, theme, BANDS[index])
    _add_limits(figure, view, theme, bands)
    if with_map:
        _add_map(figure, view)
        if view.focus is not None:
            low, high = (float(along(view, t)) for t in view.focus)
            figure.add_vrect(x0=low, x1=high, fillcolor=view.colour, opacity=0.09, line_width=0, row=1, col=1)
    _finish(figure, view, theme, with_map=with_map)
    return figure


def summary(view: CurveView) -> str:
    """The figure in one sentence, for a screen reader."""
    curve = view.curve
    letters = " ".join(BANDS[b].label for b in sorted(set(curve.band.tolist())))
    if not len(curve):
        return f"Light curve of {curve.object_id}: no detections, {len(curve.limits)} upper limits."
    brightest = int(np.argmax(curve.flux))
    magnitude = float(photometry.flux_to_magnitude(curve.flux[brightest]))
    peak = f", brightest {BANDS[curve.band[brightest]].label} {magnitude:.1f} mag" if np.isfinite(magnitude) else ""
    span = curve.mjd[-1] - curve.mjd[0]
    text = f"Light curve of {curve.object_id} in {letters}: {len(curve)} points over {span:.0f} days{peak}"
    if view.explanation is not None:
        text += f". Below it, the class activation map for {view.class_title}"
    return text + "."


def _y(view: CurveView, flux: NDArray[np.float64]) -> NDArray[np.float64]:
    return photometry.flux_to_magnitude(flux) if view.unit == "magnitude" else flux


def _add_process(figure: go.Figure, view: CurveView, theme: Theme, band: Band) -> None:
    """GP mean and ±1σ of one band, as far as the points and the map reach."""
    assert view.fit is not None
    curve = view.curve
    used = curve.mjd[view.used] if view.used is not None and view.used.any() else curve.mjd
    margin = max(3.0, 0.12 * (used[-1] - used[0]))
    mjd = np.linspace(used[0] - margin, used[-1] + margin, GP_POINTS)
    mean, std = view.fit.predict(mjd, BANDS.index(band))
    x, colour = along(view, mjd), theme.band(band)
    low, high = mean - std, mean + std
    if view.unit == "magnitude":
        # Below zero flux there is no magnitude; half the faintest error is as deep as the plot goes.
        floor = 0.5 * float(np.min(curve.flux_err))
        low, high = np.maximum(low, floor), np.maximum(high, floor)
        mean = np.where(mean > floor, mean, np.nan)
    group = {"legendgroup": band.name, "showlegend": False, "hoverinfo": "skip"}
    figure.add_trace(
        go.Scatter(
            x=np.concatenate([x, x[::-1]]), y=_y(view, np.concatenate([high, low[::-1]])), fill="toself",
            fillcolor=translucent(colour, 0.16), line_width=0, mode="lines", name=f"{band.label} GP ±1σ", **group,
        ), row=1, col=1,
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=x, y=_y(view, mean), mode="lines", line={"color": colour, "width": 1.6}, name=f"{band.label} GP", **group
        ),
        row=1,
        col=1,
    )


def _add_points(figure: go.Figure, view: CurveView, theme: Theme, band: Band) -> None:
    """Measurements of one band: filled where the classifier used them, hollow where it did not."""
    curve = view.curve
    here = curve.band == BANDS.index(band)
    used = np.ones(len(curve), bool) if view.used is None else view.used
    shown = False
    for mask, hollow in ((here & used, False), (here & ~used, True)):
        if not mask.any() and (hollow or len(curve) == 0 or here.any()):
            continue
        symbol = band.symbol + ("-open" if hollow else "")
        flux, error = curve.flux[mask], curve.flux_err[mask]
        y = _y(view, flux)
        size = photometry.flux_error_to_magnitude_error(flux, error) if view.unit == "magnitude" else error
        figure.add_trace(
            go.Scatter(
                x=along(view, curve.mjd[mask]),
                y=y,
                mode="markers",
                name=band.label if not hollow else f"{band.label}, not used",
                legendgroup=band.name,
                legend="legend2" if hollow and shown else "legend",
                marker={
                    "color": theme.band(band), "symbol": symbol, "size": 8,
                    "line": {"width": 1.3 if hollow else 0.7, "color": theme.band(band) if hollow else theme.outline},
                },
                error_y={"array": size, "width": 0, "thickness": 1.1, "color": translucent(theme.band(band), 0.75)},
                text=_hover(view, mask),
                customdata=np.flatnonzero(mask),  # the number of the point, for a page that asks which was clicked
                hovertemplate="%{text}<extra></extra>",
            ), row=1, col=1,
        )  # fmt: skip
        shown = True


def _hover(view: CurveView, mask: NDArray[np.bool_]) -> list[str]:
    curve = view.curve
    magnitude = photometry.flux_to_magnitude(curve.flux[mask])
    magnitude_error = photometry.flux_error_to_magnitude_error(curve.flux[mask], curve.flux_err[mask])
    share = None if view.observation_share is None else view.observation_share[mask]
    used = None if view.used is None else view.used[mask]
    lines = []
    for i, k in enumerate(np.flatnonzero(mask)):
        parts = [
            f"{BANDS[curve.band[k]].label}, MJD {curve.mjd[k]:.4f} (day {curve.mjd[k] - curve.first_detection:.1f})",
            f"flux {curve.flux[k]:.4g} ± {curve.flux_err[k]:.2g} FLUXCAL",
            f"{magnitude[i]:.2f} ± {magnitude_error[i]:.2f} mag"
            if np.isfinite(magnitude[i])
            else "no magnitude: flux is not positive",
        ]
        if curve.forced[k]:
            parts.append("forced photometry")
        if used is not None and not used[i]:
            parts.append("not used by the classifier")
        elif share is not None and np.isfinite(share[i]):
            parts.append(f"{share[i]:.1f} % of the map for {view.class_title}")
        lines.append("<br>".join(parts))
    return lines


def _add_limits(figure: go.Figure, view: CurveView, theme: Theme, bands: list[int]) -> None:
    """Upper limits: entries of their own in the second legend, and each band's limits follow its toggle."""
    limits = view.curve.limits
    for index in bands:
        here = limits.band == index
        if not here.any():
            continue
        label = BANDS[index].label
        depth = photometry.flux_to_magnitude(limits.flux_limit[here])
        days = limits.mjd[here] - view.curve.first_detection if len(view.curve) else np.zeros(int(here.sum()))
        figure.add_trace(
            go.Scatter(
                x=along(view, limits.mjd[here]),
                y=_y(view, limits.flux_limit[here]),
                mode="markers",
                name=f"{label} upper limit ({limits.n_sigma:.0f}σ)",
                legendgroup=BANDS[index].name,
                legend="legend2",
                marker={"symbol": "arrow-bar-down-open", "color": theme.limit, "size": 9, "line": {"width": 1.2}},
                text=[
                    f"{label} upper limit {m:.2f} mag ({limits.n_sigma:.0f}σ), MJD {t:.4f} (day {d:.1f})"
                    for m, t, d in zip(depth, limits.mjd[here], days, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
            ),
            row=1,
            col=1,
        )


def _add_map(figure: go.Figure, view: CurveView) -> None:
    """The activation map as a strip, binned to the true edges of the grid, in percent or in signed logit units."""
    explanation = view.explanation
    assert explanation is not None
    if view.map_kind == SIGNED:
        values = explanation.contribution[view.class_index]
        reach = float(np.max(np.abs(values[: len(explanation.times)]))) or 1.0
        scale = {"colorscale": "RdBu_r", "zmin": -reach, "zmax": reach}
        text = "%{z:+.3f} logit"
    else:
        values = explanation.share(view.class_index)
        scale = {"colorscale": "Cividis", "zmin": 0.0}
        text = "%{z:.1f} % of the weight"
    # What the network does not read stays blank: no weight is not the same as none measured.
    edges, values = rows_by_time(explanation, np.where(explanation.pooled, values, np.nan))
    figure.add_trace(
        go.Heatmap(
            x=along(view, edges), y=[""], z=values[None, :], showscale=False,
            hovertemplate=text + "<extra>" + view.class_title + "</extra>", **scale,
        ), row=2, col=1,
    )  # fmt: skip


def _finish(figure: go.Figure, view: CurveView, theme: Theme, *, with_map: bool) -> None:
    curve = view.curve
    start = f" (MJD {curve.first_detection:.2f})" if len(curve) else ""
    scale = "UTC" if curve.time_scale == "utc" else "TAI"
    title = f"days since first detection{start}" if view.days and len(curve) else f"MJD ({scale})"
    grid = {"gridcolor": theme.grid, "zerolinecolor": theme.grid, "linecolor": theme.grid,
            "tickfont": {"color": theme.ink}, "title_font": {"color": theme.ink}}  # fmt: skip
    figure.update_layout(
        **layout(
            theme,
            height=HEIGHT,
            showlegend=True,  # also for a single band
            # On the left: the mode bar comes up on the right and would cover its entries.
            legend={"orientation": "h", "y": 1.03, "yanchor": "bottom", "x": 0, "xanchor": "left"},
            # A second legend, so that limits and unused points can be hidden alone and still go with their band.
            legend2={
                "orientation": "h",
                "y": -0.21,
                "yanchor": "top",
                "x": 0,
                "xanchor": "left",
                "groupclick": "toggleitem",
                "font": {"size": 12},
            },
            hovermode="closest",
        )
    )
    figure.update_xaxes(showgrid=False, automargin=True, tickformat="~f" if view.days else ".0f", **grid)
    figure.update_yaxes(automargin=True, **grid)
    y_title = "magnitude (AB)" if view.unit == "magnitude" else "difference flux (FLUXCAL, zp 27.5)"
    figure.update_yaxes(title_text=y_title, zeroline=view.unit == "flux", row=1, col=1)
    if view.unit == "magnitude":
        figure.update_yaxes(autorange="reversed", row=1, col=1)
    else:
        figure.update_yaxes(range=flux_range(view), row=1, col=1)
        _mark_outside(figure, view, theme)
    figure.update_xaxes(range=time_range(view))
    if curve.provenance.simulated:  # in the picture itself: it travels without the page
        figure.add_annotation(
            text="SIMULATED", xref="paper", yref="paper", x=0.995, y=0.985, xanchor="right", yanchor="top",
            showarrow=False, font={"size": 13, "color": theme.muted},
        )  # fmt: skip
    if with_map:
        figure.update_xaxes(showline=False, ticks="", row=1, col=1)
        figure.update_yaxes(showline=False, ticks="", row=2, col=1)
        figure.update_xaxes(title_text=title, showticklabels=True, row=2, col=1)
        figure.update_yaxes(showticklabels=False, showgrid=False, fixedrange=True, row=2, col=1)
        for text, side in zip(_map_title(view), ("left", "right"), strict=True):
            figure.add_annotation(
                text=text, xref="paper", yref="paper", x=0 if side == "left" else 1, y=0.13,
                xanchor=side, yanchor="bottom", showarrow=False, font={"size": 11, "color": theme.muted},
            )  # fmt: skip
    else:
        figure.update_xaxes(title_text=title, row=1, col=1)


def _mark_outside(figure: go.Figure, view: CurveView, theme: Theme) -> None:
    """An arrow with a count at the edge beyond which points lie that would squeeze all others."""
    for count, mjd, above in outside(view):
        figure.add_annotation(
            text=f"{'▲' if above else '▼'} {count} point{'' if count == 1 else 's'} {'above' if above else 'below'}",
            x=float(along(view, mjd)), y=1.0 if above else 0.0, yref="y domain", yanchor="top" if above else "bottom",
            showarrow=False, font={"size": 12, "color": theme.ink}, bgcolor=theme.page, row=1, col=1,
        )  # fmt: skip


def _map_title(view: CurveView) -> tuple[str, str]:
    """What stands above the strip: its name, after what is cut off on the left, and what is cut off on the right."""
    assert view.explanation is not None
    signed = view.map_kind == SIGNED
    row = view.explanation.contribution if signed else None
    values = view.explanation.share(view.class_index) if row is None else row[view.class_index]
    edges, values = rows_by_time(view.explanation, values)
    span = shown_span(view)
    left = right = 0.0
    if span is not None:
        left, right = float(values[edges[1:] <= span[0]].sum()), float(values[edges[:-1] >= span[1]].sum())
    words = (lambda v: f"{v:+.2f}") if signed else (lambda v: f"{v:.0f} %")
    blank = " (blank: not read)" if not view.explanation.pooled[: len(view.explanation.times)].all() else ""
    name = f"class activation map for {view.class_title}{', signed' if signed else ''}{blank}"
    shown = 0.005 if signed else 0.5
    return (f"← {words(left)} · {name}" if abs(left) >= shown else name), (
        f"{words(right)} →" if abs(right) >= shown else ""
    )


def map_strip_figure(
    explanation: Explanation, class_index: int, class_title: str, curve: LightCurve, theme: Theme
) -> go.Figure:
    """The activation map alone, over the days of the light curve, for models side by side."""
    view = CurveView(curve, "flux", True, explanation=explanation, class_index=class_index, class_title=class_title)
    figure = make_subplots(rows=2, cols=1, row_heights=[0.01, 0.99])
    _add_map(figure, view)
    trace = figure.data[0].update(xaxis="x", yaxis="y")
    strip = go.Figure(trace)
    strip.update_layout(**layout(theme, height=130, margin={"l": 6, "r": 6, "t": 6, "b": 44}))
    strip.update_xaxes(title_text="days since first detection", range=time_range(view), showgrid=False)
    strip.update_yaxes(showticklabels=False, showgrid=False, fixedrange=True)
    return strip
