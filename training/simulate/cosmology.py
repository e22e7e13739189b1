"""Distances and volumes of the simulation's universe (flat ΛCDM, Planck 2018), from one small table."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

H0, OMEGA_M = 67.66, 0.30966  # Planck Collaboration 2018 VI, table 2
_C_KMS = 299792.458


@cache
def _table() -> tuple[NDArray, NDArray]:
    z = np.concatenate([[0.0], np.geomspace(1e-5, 4.0, 4000)])
    rate = 1.0 / np.sqrt(OMEGA_M * (1 + z) ** 3 + 1 - OMEGA_M)
    comoving = np.concatenate([[0.0], np.cumsum(np.diff(z) * 0.5 * (rate[1:] + rate[:-1]))]) * _C_KMS / H0
    return z, comoving


def comoving_mpc(redshift: float | NDArray) -> NDArray:
    """Comoving distance [Mpc]."""
    z, comoving = _table()
    return np.interp(redshift, z, comoving)


def luminosity_distance_cm(redshift: float) -> float:
    """Luminosity distance [cm]."""
    return float(comoving_mpc(redshift) * (1 + redshift) * 3.0857e24)


def distance_modulus(redshift: float | NDArray) -> NDArray:
    """Distance modulus [mag]."""
    return 5 * np.log10(np.maximum(comoving_mpc(redshift) * (1 + np.asarray(redshift)), 1e-9)) + 25


def redshift_limit(absolute: float | NDArray, limit: float) -> NDArray:
    """How far a source of this absolute magnitude is brighter than ``limit`` (no K correction but 2.5 log(1+z))."""
    z, _ = _table()
    apparent = distance_modulus(z[1:]) - 2.5 * np.log10(1 + z[1:])
    return np.interp(limit - np.asarray(absolute), apparent, z[1:])


def draw_redshift(rng: np.random.Generator, z_max: float) -> float:
    """One redshift, uniform in comoving volume per source-frame time, out to ``z_max``."""
    while True:
        z_table, comoving = _table()
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
