"""A light curve as a stamp: small, still, and drawn without a plotting library, so that a page can show eighty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS
from core.lightcurve import LightCurve
from ui.figures.theme import Theme

WIDTH, HEIGHT, MARGIN = 220, 96, 6
MAX_POINTS = 160


def thumbnail_svg(curve: LightCurve, theme: Theme) -> str:
    """An SVG of flux against time: a dot per measurement in its band's colour, a line at zero flux."""
    keep = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), MAX_POINTS)).astype(int))
    x = _scaled(curve.mjd[keep], MARGIN, WIDTH - MARGIN)
    low, high = _robust_range(curve.flux[keep])
    y = HEIGHT - MARGIN - (np.clip(curve.flux[keep], low, high) - low) / (high - low) * (HEIGHT - 2 * MARGIN)
    zero = HEIGHT - MARGIN - (0.0 - low) / (high - low) * (HEIGHT - 2 * MARGIN)
    dots = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.4" fill="{theme.band(BANDS[band])}"/>'
        for a, b, band in zip(x, y, curve.band[keep], strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<line x1="0" x2="{WIDTH}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="{theme.grid}" stroke-width="1"/>{dots}</svg>'
    )


def _scaled(values: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    span = float(np.ptp(values)) or 1.0
    return start + (values - values.min()) / span * (end - start)


def _robust_range(flux: NDArray[np.float64]) -> tuple[float, float]:
    """From the faintest to the brightest, without the wildest hundredth; zero is always in it."""
    low, high = np.percentile(flux, [0.5, 99.5]) if len(flux) > 20 else (flux.min(), flux.max())
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    return (low, high) if high > low else (low - 1.0, high + 1.0)
