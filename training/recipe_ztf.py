"""How a ZTF light curve becomes the input of t2-ztf: the recipe that its card holds."""

from __future__ import annotations

from typing import Any

from core.recipe import Recipe

#: Brightness is left out on purpose: it carries the magnitude cut of the spectroscopic surveys, not physics alone.
RECIPE_ZTF: dict[str, Any] = {
    "kind": "fixed-grid",
    "length": 50,
    "bands": ["ztf_g", "ztf_r"],
    "step": 3.0,
    "before": 40.0,
    "channels": ["flux", "sigma", "log_flux", "colour", "slope", "coverage", "time_scale", "amplitude"],
    "cuts": {
        "min_snr": 4.0,
        "max_gap": 45.0,
        "before": 100.0,
        "after": 200.0,
        "min_points": 3,
        "min_points_per_band": 1,
    },
}


#: The same with redshift: three appended rows, each with (centre, width, stand-in when missing).
RECIPE_ZTF_Z: dict[str, Any] = {
    **RECIPE_ZTF,
    "features": ["redshift", "redshift_err", "absolute_magnitude"],
    "feature_scaling": {
        "redshift": [0.1, 0.2, -3.0],
        "redshift_err": [0.0, 0.05, -3.0],
        "absolute_magnitude": [-19.0, 1.5, 6.0],
    },
}


#: The published input (Allam & McEwen 2021, §3.2) on the same light curves: no σ, no coverage, no time scale. The scaler
#: holds median and interquartile range of the Gaussian processes' means over the real training objects [FLUXCAL].
RECIPE_PUBLISHED: dict[str, Any] = {
    "kind": "published",
    "length": 100,
    "bands": ["ztf_g", "ztf_r"],
    "convention": "as-trained",
    "scaler": {"ztf_g": [1893.0, 2497.0], "ztf_r": [2446.0, 2605.0]},
    "cuts": RECIPE_ZTF["cuts"],
}


def recipe_ztf(*, redshift: bool = False) -> Recipe:
    """The recipe as core runs it."""
    return Recipe.from_card(RECIPE_ZTF_Z if redshift else RECIPE_ZTF)
