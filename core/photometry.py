"""Magnitudes, fluxes, limits and times: every conversion that photometry needs at the border, once.

Inside, flux is FLUXCAL: linear, signed, AB zero point 27.5 (as SNANA and PLAsTiCC use it), so magnitude 20 is
FLUXCAL 1000, 36,307.8 nJy, 36.3078 µJy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

ZERO_POINT = 27.5
#: AB zero point of each flux unit that the border accepts. Jy is exact: 2.5 log10(3631).
ZERO_POINTS: dict[str, float] = {
    "fluxcal": ZERO_POINT,
    "njy": 31.4,
    "ujy": 23.9,
    "mjy": 16.4,
    "jy": 8.9,
}
LN10_OVER_2P5 = np.log(10.0) / 2.5
JD_MINUS_MJD = 2400000.5
#: TAI runs ahead of UTC by 37 s since 2017. LSST stamps TAI, ZTF stamps UTC.
TAI_MINUS_UTC_DAYS = 37.0 / 86400.0


def magnitude_to_flux(mag: ArrayLike, zero_point: float = ZERO_POINT) -> Array:
    """FLUXCAL (or flux at ``zero_point``) of an AB magnitude."""
    return np.power(10.0, 0.4 * (zero_point - np.asarray(mag, dtype=float)))


def magnitude_error_to_flux_error(mag: ArrayLike, mag_err: ArrayLike, zero_point: float = ZERO_POINT) -> Array:
    """Flux error of a magnitude error, to first order: σ_F = F ln(10)/2.5 σ_m."""
    return magnitude_to_flux(mag, zero_point) * LN10_OVER_2P5 * np.asarray(mag_err, dtype=float)


def flux_to_magnitude(flux: ArrayLike, zero_point: float = ZERO_POINT) -> Array:
    """AB magnitude of a flux; NaN where the flux is zero or negative, which has no magnitude."""
    flux = np.asarray(flux, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(flux > 0, zero_point - 2.5 * np.log10(flux), np.nan)


def flux_error_to_magnitude_error(flux: ArrayLike, flux_err: ArrayLike) -> Array:
    """Magnitude error of a flux error, to first order; NaN where the flux is zero or negative."""
    flux = np.asarray(flux, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(flux > 0, np.asarray(flux_err, dtype=float) / (flux * LN10_OVER_2P5), np.nan)


def to_fluxcal(flux: ArrayLike, unit: str) -> Array:
    """A flux (or its error) in ``unit`` (a key of `ZERO_POINTS`) as FLUXCAL; the sign stays."""
    return np.asarray(flux, dtype=float) * 10.0 ** (0.4 * (ZERO_POINT - ZERO_POINTS[unit]))


def from_fluxcal(flux: ArrayLike, unit: str) -> Array:
    """FLUXCAL as a flux in ``unit``."""
    return np.asarray(flux, dtype=float) * 10.0 ** (0.4 * (ZERO_POINTS[unit] - ZERO_POINT))


def limiting_magnitude_to_sigma(limit_mag: ArrayLike, n_sigma: float = 5.0) -> Array:
    """The flux error [FLUXCAL] behind an n-sigma limiting magnitude; the flux itself stays unknown."""
    return magnitude_to_flux(limit_mag) / n_sigma


def sigma_to_limiting_magnitude(flux_err: ArrayLike, n_sigma: float = 5.0) -> Array:
    """The n-sigma limiting magnitude of a flux error [FLUXCAL]."""
    return flux_to_magnitude(np.asarray(flux_err, dtype=float) * n_sigma)


def jd_to_mjd(jd: ArrayLike) -> Array:
    """Modified Julian date of a Julian date, same time scale."""
    return np.asarray(jd, dtype=float) - JD_MINUS_MJD


def mjd_to_jd(mjd: ArrayLike) -> Array:
    """Julian date of a modified Julian date, same time scale."""
    return np.asarray(mjd, dtype=float) + JD_MINUS_MJD


def tai_to_utc(mjd_tai: ArrayLike) -> Array:
    """UTC MJD of a TAI MJD (valid from 2017, when the last leap second was added)."""
    return np.asarray(mjd_tai, dtype=float) - TAI_MINUS_UTC_DAYS


_TRUE = {"t", "true", "1", "1.0", "y", "+"}
_FALSE = {"f", "false", "0", "0.0", "-1", "-1.0", "n", "-"}


def difference_sign(isdiffpos: object) -> int:
    """+1 or -1 from any of the six encodings of ZTF's ``isdiffpos`` ("t"/"f", "1"/"0", 1/-1, true/false).

    Missing (None, NaN, "") counts as +1: sources that drop the sign publish brightenings. Raises ValueError
    for anything else, so that an unknown encoding is never silently a brightening.
    """
    text = str(isdiffpos).strip().lower()
    if text in ("", "nan", "none", "null", "<na>"):
        return 1
    if text in _TRUE:
        return 1
    if text in _FALSE:
        return -1
    raise ValueError(f"isdiffpos is {isdiffpos!r}; expected t/f, 1/0, 1/-1 or true/false")
