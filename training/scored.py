"""The real objects by which a model is judged, as a broker would serve them, each with the fold that has not seen it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.bands import BANDS
from core.lightcurve import LightCurve, light_curve
from core.recipe import Recipe
from core.refusal import Refusal
from training.augment import DEGRADE_ONLY, redraw, same_band_gaps
from training.curves import CurveSet


@dataclass(frozen=True)
class ScoredSet:
    """Light curves (n) and their table: object_id, fold, class, origin, physical_id, redshift, …"""

    curves: list[LightCurve]
    objects: pd.DataFrame

    def take(self, keep: np.ndarray) -> ScoredSet:
        """The objects where ``keep`` (bool) says so."""
        return ScoredSet(
            [c for c, k in zip(self.curves, keep, strict=True) if k], self.objects[keep].reset_index(drop=True)
        )

    def without_redshift(self) -> ScoredSet:
        """The same objects, as if nobody knew their redshifts."""
        return ScoredSet([replace(c, redshift=None, redshift_err=None) for c in self.curves], self.objects)

    def and_without_redshift(self) -> ScoredSet:
        """Every object twice: with what is known of its redshift, and without."""
        blind = self.without_redshift()
        return ScoredSet(self.curves + blind.curves, pd.concat([self.objects, blind.objects], ignore_index=True))


def scored_set(real: CurveSet, recipe: Recipe, which: np.ndarray, *, seed: int = 7) -> ScoredSet:
    """Light curves of the rows where ``which`` (bool) says so, as `as_served`; those that the recipe refuses are left out."""
    curves = as_served(real, recipe, which, seed=seed)
    kept = [r for r, c in enumerate(curves) if c is not None and not isinstance(recipe.select(c), Refusal)]
    return ScoredSet([curve for r in kept if (curve := curves[r])], real.objects.iloc[kept].reset_index(drop=True))


def as_served(real: CurveSet, recipe: Recipe, which: np.ndarray, *, seed: int = 7) -> list[LightCurve | None]:
    """(n,) light curves of the rows where ``which`` (bool) says so: alerts as they are, the rest degraded once to alert-like.

    None for the other rows, and where degrading left no light curve that passes the recipe's cuts.
    """
    alert = (real.objects["origin"] == "alert").to_numpy()
    curves: list[LightCurve | None] = [None] * len(real)
    for row in np.flatnonzero(which & alert):
        curves[row] = real.light_curve(row)
    rest = np.flatnonzero(which & ~alert)
    if len(rest):
        made = redraw(
            real,
            rest,
            np.random.default_rng(seed),
            cuts=recipe.cuts,
            gaps=same_band_gaps(real, alert & (real.objects["source"] == "ztf_bts").to_numpy()),
            from_survey=~alert,
            signed_star=np.zeros(len(real), bool),
            ranges=DEGRADE_ONLY,
        )
        for k, row in enumerate(made.rows):
            where = slice(made.offsets[k], made.offsets[k + 1])
            curves[row] = light_curve(
                real.objects["object_id"].iloc[row],
                real.mjd[real.offsets[row]] + made.t[where],
                made.flux[where],
                made.flux_err[where],
                made.band[where],
                redshift=_number(real.objects["redshift"].iloc[row]),
            )
    return curves


def first_days(curve: LightCurve, recipe: Recipe, days: float) -> LightCurve:
    """The same object as it stood ``days`` after the first detection that the recipe uses at full length."""
    chosen = recipe.select(curve)
    if isinstance(chosen, Refusal):
        return curve
    return curve.subset(curve.mjd <= chosen.curve.mjd[0] + days)


def has_both(curve: LightCurve, at_least: int = 2) -> bool:
    """Whether the curve has this many points in each of ZTF g and r."""
    letters = [BANDS[b].name for b in curve.band]
    return min(letters.count("ztf_g"), letters.count("ztf_r")) >= at_least


def sources_folder(text: str) -> Path:
    """The DATA folder, checked."""
    path = Path(text)
    if not path.is_dir():
        raise SystemExit(f"DATA={text!r} is no folder; training/README.md says where each source is to be had")
    return path


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
