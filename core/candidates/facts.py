"""What a list tells of a light curve beside the model's answer: how bright it is, and how fast it brightens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.lightcurve import LightCurve
from core.photometry import flux_error_to_magnitude_error, flux_to_magnitude

#: Fluxes from this signal-to-noise ratio on have a magnitude worth telling.
DETECTED = 3.0
#: The rise is measured over this many days before the last point [d], and needs points at least so far apart [d].
RECENT_DAYS = 10.0
LEAST_SPAN = 0.5


@dataclass(frozen=True)
class Facts:
    """first_mjd, last_mjd : of the points. magnitude_now, magnitude_peak : AB, latest and brightest detection in any band.

    rise_rate : [mag/d], positive while it brightens. NaN where there is nothing to tell.
    """

    first_mjd: float = math.nan
    last_mjd: float = math.nan
    magnitude_now: float = math.nan
    magnitude_peak: float = math.nan
    rise_rate: float = math.nan


def facts_of(curve: LightCurve) -> Facts:
    """The facts of one light curve."""
    if not len(curve):
        return Facts()
    seen = curve.signal_to_noise >= DETECTED
    if not seen.any():
        return Facts(curve.first_detection, float(curve.mjd[-1]))
    bright = curve.flux[seen]
    now, peak = flux_to_magnitude(np.array([bright[-1], bright.max()]))
    return Facts(curve.first_detection, float(curve.mjd[-1]), float(now), float(peak), rise_rate(curve))


def rise_rate(curve: LightCurve) -> float:
    """How fast it brightened in its last `RECENT_DAYS` [mag/d]: minus the slope of magnitude against time.

    A weighted straight line per band through its detections; of the bands, the one whose slope is known best. NaN where
    no band has two detections at least `LEAST_SPAN` apart.
    """
    if not len(curve):
        return math.nan
    recent = (curve.mjd >= curve.mjd[-1] - RECENT_DAYS) & (curve.signal_to_noise >= DETECTED)
    best_weight, rate = 0.0, math.nan
    for band in np.unique(curve.band[recent]):
        here = recent & (curve.band == band)
        t = curve.mjd[here]
        if t[-1] - t[0] < LEAST_SPAN:
            continue
        magnitude = flux_to_magnitude(curve.flux[here])
        weight = 1.0 / flux_error_to_magnitude_error(curve.flux[here], curve.flux_err[here]) ** 2
        t = t - np.average(t, weights=weight)
        spread = float(np.sum(weight * t**2))  # the inverse variance of the slope
        if spread > best_weight:
            best_weight, rate = spread, -float(np.sum(weight * t * magnitude)) / spread
    return rate
