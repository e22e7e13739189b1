"""How an LSST light curve becomes the input of t2-lsst and atx-lsst: the recipe that their cards hold."""

from __future__ import annotations

from typing import Any

from core.recipe import Recipe
from training.recipe_ztf import RECIPE_ZTF

#: As for ZTF in six bands, with three differences. No band is required: a visit is in one filter, and a source that
#: lasts a week is seen in two or three; two points are enough, or every third kilonova of ELAsTiCC2 goes unscored. Gaps
#: may be longer, since a season's visits are shared among the filters. And redshift is always a feature, known or not:
#: Rubin's catalogues give a photometric one to most hosts.
RECIPE_LSST: dict[str, Any] = {
    **RECIPE_ZTF,
    "bands": ["lsst_u", "lsst_g", "lsst_r", "lsst_i", "lsst_z", "lsst_y"],
    "cuts": {**RECIPE_ZTF["cuts"], "max_gap": 60.0, "min_points": 2, "min_points_per_band": 0},
    "features": ["redshift", "redshift_err", "absolute_magnitude"],
    "feature_scaling": {
        "redshift": [0.4, 0.4, -3.0],
        "redshift_err": [0.0, 0.08, -3.0],
        "absolute_magnitude": [-19.0, 2.0, 6.0],
    },
}


def recipe_lsst() -> Recipe:
    """The recipe as core runs it."""
    return Recipe.from_card(RECIPE_LSST)
