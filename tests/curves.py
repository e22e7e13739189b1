"""Light curves that tests share: real ones from tests/data, and one made by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.lightcurve import LightCurve, light_curve

DATA = Path(__file__).parent / "data"


@cache
def real_curves() -> tuple[LightCurve, ...]:
    """39 real ZTF light curves of known class (tests/data/ztf_curves)."""
    table = pd.read_parquet(DATA / "ztf_curves" / "curves.parquet")
    return tuple(
        light_curve(name, rows.mjd, rows.flux, rows.flux_err, (rows.band == "r").astype(int))
        for name, rows in table.groupby("object_id")
    )


def supernova(*, points: int = 24, seed: int = 0, shift: float = 0.0, scale: float = 1.0) -> LightCurve:
    """A made-up rise and fall in g and r, noisy, alternating bands."""
    generator = np.random.default_rng(seed)
    t = np.sort(generator.uniform(-15.0, 45.0, points))
    band = np.arange(points) % 2
    true = 1000.0 * np.exp(-0.5 * (t / np.where(t < 0, 8.0, 18.0 + 6.0 * band)) ** 2)
    error = np.full(points, 30.0)
    flux = true + generator.normal(0.0, error)
    return light_curve("made up", 59000.0 + shift + t, scale * flux, scale * error, band)
