"""What the light-curve figure shows, as data, and how far its axes reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.explain import Explanation
from core.gp.fit import GPFit
from core.lightcurve import LightCurve

#: A few points are left outside the flux axis when the others would fill less than this part of it.
SQUEEZED = 0.3
FEW, MIN_POINTS = 0.03, 8
PERCENT, SIGNED = "percent of weight", "signed contribution"


@dataclass(frozen=True)
class CurveView:
    """What the figure shows, in data: nothing here knows the page.

    unit : "flux" or "magnitude". days : x is days since the first detection rather than MJD.
    used : (N,) bool, points the classifier used; None when nothing was scored.
    fit, explanation, class_index, class_title : None when nothing was scored.
    observation_share : (N,) percent of the map per point, NaN where unused. map_kind : PERCENT or SIGNED.
    focus : (start, end) [MJD] of the shaded region. whole : show points far from the used ones too. colour : of the class shown. model_bands : bands the process has.
    """

    curve: LightCurve
    unit: str
    days: bool
    used: NDArray[np.bool_] | None = None
    fit: GPFit | None = None
    model_bands: tuple[int, ...] = ()
    explanation: Explanation | None = None
    class_index: int = 0
    class_title: str = ""
    observation_share: NDArray[np.float64] | None = None
    map_kind: str = PERCENT
    focus: tuple[float, float] | None = None
    whole: bool = False
    colour: str = "#0072B2"


def along(view: CurveView, mjd: object) -> NDArray[np.float64]:
    """Times [MJD] on the figure's time axis."""
    values = np.asarray(mjd, dtype=float)
    return values - view.curve.first_detection if view.days and len(view.curve) else values


def shown_span(view: CurveView) -> tuple[float, float] | None:
    """(start, end) [MJD] that the figure opens on: what the classifier used and what lies near, or the whole history.

    A map that reaches further is cut, and says how much of it is; limits within 60 d count as near.
    """
    curve = view.curve
    if not len(curve):
        return None
    used = curve.mjd if view.used is None or view.whole or not view.used.any() else curve.mjd[view.used]
    low, high = float(used[0]), float(used[-1])
    reach = max(20.0, 0.5 * (high - low))
    limits = curve.limits.mjd[(curve.limits.mjd > low - 60) & (curve.limits.mjd < high + 60)]
    near = np.concatenate([curve.mjd[(curve.mjd > low - reach) & (curve.mjd < high + reach)], limits])
    low, high = min(low, float(near.min())), max(high, float(near.max()))
    margin = max(3.0, 0.06 * (high - low))
    return low - margin, high + margin


def time_range(view: CurveView) -> list[float] | None:
    """The span on the figure's axis."""
    span = shown_span(view)
    return None if span is None else [float(along(view, t)) for t in span]


def flux_range(view: CurveView) -> list[float] | None:
    """The measurements shown, with their errors: neither a Gaussian process that flies off nor a wild point squeezes them."""
    fitting = _fitting(view)
    if fitting is None:
        return None
    curve = view.curve
    low = float(np.min(curve.flux[fitting] - curve.flux_err[fitting]))
    high = float(np.max(curve.flux[fitting] + curve.flux_err[fitting]))
    margin = 0.12 * (high - low) or 1.0
    return [min(low - margin, -0.05 * abs(high)), high + margin]


def outside(view: CurveView) -> list[tuple[int, float, bool]]:
    """(count, MJD of the wildest, above) of the points beyond the top and the bottom of the flux axis."""
    span, reach = shown_span(view), flux_range(view)
    if span is None or reach is None:
        return []
    curve, found = view.curve, []
    shown = (curve.mjd >= span[0]) & (curve.mjd <= span[1])
    for beyond, above in ((curve.flux > reach[1], True), (curve.flux < reach[0], False)):
        index = np.flatnonzero(shown & beyond)
        if len(index):
            found.append((len(index), float(curve.mjd[index[np.argmax(np.abs(curve.flux[index]))]]), above))
    return found


def _fitting(view: CurveView) -> NDArray[np.int64] | None:
    """Indices of the points that the flux axis has to hold: those shown, less a few that would squeeze the others."""
    span = shown_span(view)
    if span is None:
        return None
    curve = view.curve
    index = np.flatnonzero((curve.mjd >= span[0]) & (curve.mjd <= span[1]))
    if len(index) < MIN_POINTS:
        return index
    low, high = curve.flux[index] - curve.flux_err[index], curve.flux[index] + curve.flux_err[index]
    middle = float(np.median(curve.flux[index]))
    reach = np.maximum(high - middle, middle - low)
    kept = np.sort(np.argsort(reach, kind="stable")[: len(index) - max(1, int(FEW * len(index)))])
    whole, most = np.max(high) - np.min(low), np.max(high[kept]) - np.min(low[kept])
    return index[kept] if most < SQUEEZED * whole else index
