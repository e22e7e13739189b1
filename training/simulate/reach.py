"""Where a survey of limited depth meets the sources that are simulated: redshifts drawn by volume and brightness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.cosmology import comoving_mpc, comoving_table, distance_modulus


def luminosity_distance_cm(redshift: float) -> float:
    """Luminosity distance [cm]."""
    return float(comoving_mpc(redshift) * (1 + redshift) * 3.0857e24)


def redshift_limit(absolute: float | NDArray, limit: float) -> NDArray:
    """How far a source of this absolute magnitude is brighter than ``limit`` (no K correction but 2.5 log(1+z))."""
    z = comoving_table()[0][1:]
    apparent = distance_modulus(z) - 2.5 * np.log10(1 + z)
    return np.interp(limit - np.asarray(absolute), apparent, z)


def draw_redshift(rng: np.random.Generator, z_max: float) -> float:
    """One redshift, uniform in comoving volume per source-frame time, out to ``z_max``."""
    while True:
        z_table, comoving = comoving_table()
        z = float(np.interp(comoving_mpc(z_max) * rng.uniform() ** (1 / 3), comoving, z_table))
        if rng.uniform() < 1 / (1 + z):
            return z


def draw_flux_limited(rng: np.random.Generator, absolute: NDArray, limit: float, z_cap: float) -> tuple[int, float]:
    """Which of some drawn absolute magnitudes a flux-limited survey meets, and at which redshift.

    Bright ones are seen further: each candidate counts with the comoving volume in which it exceeds ``limit``.
    Returns (index into ``absolute``, redshift).
    """
    z_max = np.minimum(redshift_limit(absolute, limit), z_cap)
    volume = comoving_mpc(z_max) ** 3
    chosen = int(rng.choice(len(absolute), p=volume / volume.sum()))
    return chosen, draw_redshift(rng, float(z_max[chosen]))
