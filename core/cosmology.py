"""How far and how bright a source is by itself: distances and absolute magnitude in flat ΛCDM (Planck 2018)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.photometry import ZERO_POINT

#: Planck Collaboration 2018 VI, table 2.
H0, OMEGA_M = 67.66, 0.30966
SPEED_OF_LIGHT = 299792.458


@cache
def comoving_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Redshifts from 0 to 6 and their comoving distances [Mpc], both rising: interpolate either way."""
    z = np.concatenate([[0.0], np.geomspace(1e-5, 6.0, 4000)])
    rate = 1.0 / np.sqrt(OMEGA_M * (1 + z) ** 3 + 1 - OMEGA_M)
    comoving = np.concatenate([[0.0], np.cumsum(np.diff(z) * 0.5 * (rate[1:] + rate[:-1]))])
    return z, comoving * SPEED_OF_LIGHT / H0


def comoving_mpc(redshift: ArrayLike) -> NDArray[np.float64]:
    """Comoving distance [Mpc] of a redshift up to 6."""
    return np.interp(np.asarray(redshift, dtype=float), *comoving_table())


def distance_modulus(redshift: ArrayLike) -> NDArray[np.float64]:
    """m − M [mag] at a redshift, without K correction; below z = 1e-5 that of 1e-5."""
    z = np.maximum(np.asarray(redshift, dtype=float), 1e-5)
    return 5.0 * np.log10(comoving_mpc(z) * (1 + z)) + 25.0


def redshift_at(modulus: ArrayLike) -> NDArray[np.float64]:
    """The redshift of a distance modulus [mag]."""
    z = comoving_table()[0][1:]
    return np.interp(np.asarray(modulus, dtype=float), distance_modulus(z), z)


def absolute_magnitude(peak_flux: ArrayLike, redshift: ArrayLike) -> NDArray[np.float64]:
    """Absolute AB magnitudes of fluxes [FLUXCAL] at redshifts; NaN without a positive flux and a positive redshift."""
    flux, z = np.asarray(peak_flux, dtype=float), np.asarray(redshift, dtype=float)
    known = (flux > 0) & (z > 0)
    return np.where(known, ZERO_POINT - 2.5 * np.log10(np.where(known, flux, 1.0)) - distance_modulus(z), np.nan)
