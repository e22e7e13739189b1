"""The published way from an alert's photometry to probabilities, step by step as it was served, for comparison alone.

After Allam, Peloton & McEwen 2023 and their science module in Fink: a pandas table per alert, george with SciPy's
L-BFGS-B (tolerance 1e-6) from the published start, mean and variance on 100 times and two bands as a table, a pivot, a
robust scaling of the object's own grid, and one interpreter call per object. Written anew from the description; its
speed is what is compared, its answers are those of `t2-published-gr`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.bands import BANDS
from core.gp.george import fit_gp_george
from core.lightcurve import LightCurve
from core.model import Model
from core.photometry import (
    flux_error_to_magnitude_error,
    flux_to_magnitude,
    magnitude_error_to_flux_error,
    magnitude_to_flux,
)

LENGTH = 100


def alert_table(curve: LightCurve) -> pd.DataFrame:
    """The photometry as an alert holds it: Julian date, filter, magnitude and its error. Not part of what is timed."""
    flux = np.abs(curve.flux)  # the service ignored the sign
    return pd.DataFrame(
        {
            "jd": curve.mjd + 2400000.5,
            "fid": curve.band.astype(int) + 1,
            "magpsf": flux_to_magnitude(flux),
            "sigmapsf": flux_error_to_magnitude_error(flux, curve.flux_err),
        }
    )


def score_one(alert: pd.DataFrame, model: Model) -> np.ndarray:
    """(C,) probabilities of one alert."""
    table = alert.dropna(subset=["magpsf"]).assign(
        mjd=lambda t: t["jd"].iloc[0] - t["jd"],
        flux=lambda t: magnitude_to_flux(t["magpsf"]),
        flux_error=lambda t: magnitude_error_to_flux_error(t["magpsf"], t["sigmapsf"]),
        filter=lambda t: t["fid"].map({1: "ztf_g", 2: "ztf_r"}),
    )
    table = table.sort_values("mjd")
    band = np.array([0 if name == "ztf_g" else 1 for name in table["filter"]], np.int8)
    arrays = (table[name].to_numpy(float) for name in ("mjd", "flux", "flux_error"))
    curve = LightCurve("", *arrays, band, np.zeros(len(table), bool))  # type: ignore[arg-type]
    fit = fit_gp_george(curve)
    times = np.linspace(curve.mjd[0], curve.mjd[-1], LENGTH)
    rows = []
    for index in (0, 1):
        mean, std = fit.predict(times, index)
        rows.append(pd.DataFrame({"mjd": times, "flux": mean, "flux_error": std, "filter": BANDS[index].name}))
    grid = pd.concat(rows).pivot(index="mjd", columns="filter", values="flux")[["ztf_g", "ztf_r"]]
    low, middle, high = np.percentile(grid.to_numpy(), [25, 50, 75], axis=0)
    scaled = ((grid - middle) / np.where(high == low, 1.0, high - low)).to_numpy(np.float32)[None]
    return model._session(1).run(np.ascontiguousarray(scaled))[1][0]
