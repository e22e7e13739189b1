"""Numbers of a light curve that scores are looked at against: span, brightest magnitude, signal to noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.lightcurve import LightCurve
from core.photometry import flux_to_magnitude
from core.refusal import Refusal
from core.selection import Selection


def measures(curves: Sequence[LightCurve], chosen: Sequence[Selection | Refusal]) -> pd.DataFrame:
    """One row per curve, of the points that a model uses; NaN where it refuses the curve.

    chosen : what the model's recipe selects of each curve. n_fitted : points that enter the fit. span_days [d] : from
    first to last. peak_magnitude [AB], peak_mjd [d] : of the brightest. snr : median of |flux / error|. redshift.
    """
    rows = [_of_one(curve, one) for curve, one in zip(curves, chosen, strict=True)]
    return pd.DataFrame(rows, columns=["n_fitted", "span_days", "peak_magnitude", "peak_mjd", "snr", "redshift"])


def _of_one(curve: LightCurve, chosen: Selection | Refusal) -> dict[str, float]:
    redshift = np.nan if curve.redshift is None else float(curve.redshift)
    if isinstance(chosen, Refusal):
        return {"redshift": redshift}
    used = curve.subset(chosen.used)
    brightest = int(np.argmax(used.flux))
    return {
        "n_fitted": len(chosen.curve),
        "span_days": float(used.mjd[-1] - used.mjd[0]),
        "peak_magnitude": float(flux_to_magnitude(used.flux[brightest])),
        "peak_mjd": float(used.mjd[brightest]),
        "snr": float(np.median(np.abs(used.signal_to_noise))),
        "redshift": redshift,
    }
