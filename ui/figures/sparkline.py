"""A light curve in a cell of a table: a kilobyte of SVG, so that a page of them is sent with every key that is pressed."""

from __future__ import annotations

import base64

import numpy as np

from core.bands import BANDS
from core.lightcurve import LightCurve
from ui.figures.theme import Theme

WIDTH, HEIGHT, MARGIN = 120, 40, 4
MAX_POINTS = 60


def sparkline_uri(curve: LightCurve, theme: Theme) -> str:
    """Flux against time as a data address: a dot per measurement in its band's colour, a line at zero flux."""
    keep = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), MAX_POINTS)).astype(int))
    mjd, flux, band = curve.mjd[keep], curve.flux[keep], curve.band[keep]
    low, high = min(float(flux.min()), 0.0), max(float(flux.max()), 0.0)
    x = MARGIN + (mjd - mjd[0]) / (float(mjd[-1] - mjd[0]) or 1.0) * (WIDTH - 2 * MARGIN)
    y = HEIGHT - MARGIN - (flux - low) / ((high - low) or 1.0) * (HEIGHT - 2 * MARGIN)
    zero = HEIGHT - MARGIN - (0.0 - low) / ((high - low) or 1.0) * (HEIGHT - 2 * MARGIN)
    dots = "".join(
        f'<path stroke="{theme.band(BANDS[b])}" d="'
        + "".join(f"M{px:.0f} {py:.1f}h.1" for px, py in zip(x[band == b], y[band == b], strict=True))
        + '"/>'
        for b in np.unique(band)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke-linecap="round" '
        f'stroke-width="4.4"><path stroke="{theme.grid}" stroke-width="1" d="M0 {zero:.1f}h{WIDTH}"/>{dots}</svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
