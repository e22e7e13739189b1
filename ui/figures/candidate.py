"""A light curve for vetting: axes, errors and limits, drawn without a plotting library so that the next one is there at once."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS, Band
from core.lightcurve import LightCurve
from core.photometry import flux_error_to_magnitude_error, flux_to_magnitude
from ui.figures.theme import Theme

WIDTH, HEIGHT = 720, 390
LEFT, RIGHT, TOP, BOTTOM = 54, 8, 30, 44
#: On a phone the picture is drawn at less than half its size: larger letters then, and no name under the axis.
_SMALL = "<style>@media (max-width: 460px) { text { font-size: 23px } .only-large { display: none } }</style>"
#: Half the width of a figure of those larger letters.
HALF_LETTER = 7.0
#: Points below this signal-to-noise ratio have no magnitude worth drawing.
DETECTED = 3.0
MAX_POINTS = 1500
#: Where so many of the points have a magnitude, magnitudes are drawn; flux otherwise.
MOST = 0.7


def candidate_svg(curve: LightCurve, theme: Theme) -> str:
    """Magnitude (or flux, where most points have no magnitude) against days since the first detection, as an SVG.

    A title in words stands in it for screen readers. Upper limits are hollow marks with a bar, as on the object's page.
    """
    keep = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), MAX_POINTS)).astype(int)) if len(curve) else []
    curve = curve.subset(np.asarray(keep, int))
    in_magnitudes = not len(curve) or float(np.mean(curve.signal_to_noise >= DETECTED)) >= MOST
    y, low, high, mask = _values(curve, in_magnitudes)
    limits = flux_to_magnitude(curve.limits.flux_limit) if in_magnitudes else np.empty(0)
    since = curve.first_detection if len(curve) else (curve.limits.mjd.min() if len(curve.limits) else 0.0)
    days, limit_days = curve.mjd[mask] - since, (curve.limits.mjd - since)[: len(limits)]
    near = _near(limit_days, days)
    axes = _Axes.around(
        np.concatenate([days, limit_days[near]]), np.concatenate([low[mask], high[mask], limits[near]]), in_magnitudes
    )
    unit = "mag (AB)" if in_magnitudes else "flux [FLUXCAL]"
    parts = [_frame(axes, theme, f"{' and '.join(survey.upper() for survey in curve.surveys)} {unit}")]
    parts += [_limit(axes.x(d), axes.y(m), theme) for d, m in zip(limit_days[near], limits[near], strict=True)]
    for day, value, bottom, top, band in zip(days, y[mask], low[mask], high[mask], curve.band[mask], strict=True):
        parts.append(_point(axes.x(day), axes.y(value), axes.y(bottom), axes.y(top), BANDS[band], theme))
    parts.append(_legend(curve, theme, limits=bool(near.any())))
    title = escape(candidate_title(curve))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="system-ui, sans-serif" font-size="14" fill="{theme.ink}">'
        f"{_SMALL}<title>{title}</title>{''.join(parts)}</svg>"
    )


def candidate_title(curve: LightCurve) -> str:
    """The figure in a line, for a screen reader."""
    letters = " ".join(BANDS[b].label for b in sorted(set(curve.band.tolist())))
    span = f" over {curve.mjd[-1] - curve.mjd[0]:.0f} days" if len(curve) > 1 else ""
    return f"Light curve of {curve.object_id}: {len(curve)} points{span}, {letters or 'no band'}"


def _values(curve: LightCurve, in_magnitudes: bool) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Value, both ends of its error bar, and which points are drawn."""
    if not in_magnitudes:
        return curve.flux, curve.flux - curve.flux_err, curve.flux + curve.flux_err, np.ones(len(curve), bool)
    value = flux_to_magnitude(curve.flux)
    error = flux_error_to_magnitude_error(curve.flux, curve.flux_err)
    return value, value - error, value + error, curve.signal_to_noise >= DETECTED


def _near(limit_days: NDArray, days: NDArray) -> NDArray[np.bool_]:
    """The limits worth drawing: from 30 days before the first point to 30 after the last; all where there is no point."""
    if not len(days):
        return np.ones(len(limit_days), bool)
    return (limit_days >= days.min() - 30) & (limit_days <= days.max() + 30)


class _Axes:
    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x_range, self.y_range = x, y

    @classmethod
    def around(cls, days: NDArray, values: NDArray, in_magnitudes: bool) -> _Axes:
        values = values[np.isfinite(values)]
        first, last = (float(days.min()), float(days.max())) if len(days) else (0.0, 1.0)
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        wide, tall = max(last - first, 1.0), max(high - low, 0.3 if in_magnitudes else 1.0)
        bottom, top = low - 0.06 * tall, low + 1.06 * tall
        return cls((first - 0.03 * wide, first + 1.03 * wide), (top, bottom) if in_magnitudes else (bottom, top))

    def x(self, day: float) -> float:
        first, last = self.x_range
        return LEFT + (day - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        bottom, top = self.y_range
        part = (value - bottom) / (top - bottom)
        return HEIGHT - BOTTOM - min(max(part, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)


def _frame(axes: _Axes, theme: Theme, unit: str) -> str:
    parts = []
    for value in _ticks(*sorted(axes.y_range), 5):
        y = axes.y(value)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{theme.grid}"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{y + 4.5:.1f}" text-anchor="end">{_short(value)}</text>')
    for day in _ticks(*axes.x_range, 8):
        x, text = axes.x(day), _number(day)
        if x + HALF_LETTER * len(text) <= WIDTH:  # no number is cut in half by the edge, nor pushed into the one before
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{text}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 3}" class="only-large" text-anchor="middle">days since the first detection</text>'
    )
    parts.append(f'<text x="4" y="17">{unit}</text>')
    return "".join(parts)


def _ticks(low: float, high: float, about: int) -> list[float]:
    step = 10.0 ** np.floor(np.log10((high - low) / about))
    step *= min((1, 2, 5, 10), key=lambda m: abs((high - low) / (m * step) - about))
    return [float(v) for v in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]


def _number(value: float) -> str:
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"
    return "0" if float(value) == 0 else text.replace("-", "−")


def _short(value: float) -> str:
    """A number that fits beside the axis, on a phone too: 20k, −1.5M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * unit or (unit > 1e3 and abs(value) >= unit):
            return f"{value / unit:.4g}{name}".replace("-", "−")
    return _number(value)


#: How each of plotly's marker symbols looks as a path around (0, 0), so that a band looks the same on every page.
_SYMBOLS = {
    "circle": "M4.2,0A4.2,4.2 0 1,1 -4.2,0A4.2,4.2 0 1,1 4.2,0Z",
    "triangle-up": "M0,-5L4.6,3.4L-4.6,3.4Z",
    "triangle-down": "M0,5L4.6,-3.4L-4.6,-3.4Z",
    "square": "M-3.8,-3.8H3.8V3.8H-3.8Z",
    "star": "M0,-5.4L1.5,-1.7L5.2,-1.7L2.2,0.7L3.3,4.4L0,2.1L-3.3,4.4L-2.2,0.7L-5.2,-1.7L-1.5,-1.7Z",
    "pentagon": "M0,-4.8L4.6,-1.5L2.8,3.9L-2.8,3.9L-4.6,-1.5Z",
}


def _mark(x: float, y: float, band: Band, theme: Theme) -> str:
    return (
        f'<path transform="translate({x:.1f},{y:.1f})" d="{_SYMBOLS[band.symbol]}" fill="{theme.band(band)}" '
        f'stroke="{theme.outline}" stroke-width="0.7"/>'
    )


def _point(x: float, y: float, bottom: float, top: float, band: Band, theme: Theme) -> str:
    bar = (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom:.1f}" y2="{top:.1f}" stroke="{theme.band(band)}" opacity="0.75"/>'
    )
    return bar + _mark(x, y, band, theme)


def _limit(x: float, y: float, theme: Theme) -> str:
    return (
        f'<path transform="translate({x:.1f},{y:.1f})" d="M-4,-4.5H4M0,-4.5V4M-3,1L0,4.5L3,1" fill="none" '
        f'stroke="{theme.limit}" stroke-width="1.2"/>'
    )


def _legend(curve: LightCurve, theme: Theme, *, limits: bool) -> str:
    """The bands by letter, with their survey where there are two."""
    parts, x = [], float(WIDTH - RIGHT)
    several = len(curve.surveys) > 1
    bands = [BANDS[b] for b in sorted(set(curve.band.tolist()))]
    entries: list[tuple[str, Band | None]] = [(band.label if several else band.letter, band) for band in bands]
    for text, band in reversed([*entries, *([("5σ limit", None)] if limits else [])]):
        x -= 11 * len(text) + 4
        parts.append(f'<text x="{x:.1f}" y="17">{text}</text>')
        x -= 11
        parts.append(_limit(x, 11, theme) if band is None else _mark(x, 11.5, band, theme))
        x -= 12
    return "".join(parts)
