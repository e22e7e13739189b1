"""Colours of stars and nuclei: from g and r to every band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.bands import WAVELENGTH
from core.photometry import magnitude_to_flux

Array = NDArray[np.float64]

#: How far each band lies from r towards g in log wavelength: 0 in ztf_r, 1 in ztf_g, negative in the infrared.
_TOWARDS_G = np.log(WAVELENGTH / WAVELENGTH[1]) / np.log(WAVELENGTH[0] / WAVELENGTH[1])
#: Changes saturate in the Balmer continuum and on the Rayleigh-Jeans side.
_CHANGE = np.clip(_TOWARDS_G, -1.2, 1.2)
#: The stellar locus (Covey et al. 2007): g-r against u-g, r-i, i-z; z-y is about half of i-z.
_G_R = np.array([-0.3, 0.0, 0.25, 0.45, 0.65, 0.9, 1.2, 1.35, 1.45, 1.6])
_U_G = np.array([-0.2, 0.8, 1.0, 1.3, 1.8, 2.2, 2.5, 2.55, 2.6, 2.6])
_R_I = np.array([-0.3, -0.1, 0.08, 0.17, 0.24, 0.35, 0.55, 0.9, 1.3, 1.8])
_I_Z = np.array([-0.25, -0.1, 0.02, 0.07, 0.12, 0.19, 0.3, 0.48, 0.7, 1.0])


def smooth_colours(g_minus_r: float | Array) -> Array:
    """(…, 9) magnitude of every band minus r for a power-law spectrum through g and r."""
    return np.asarray(g_minus_r, float)[..., None] * _TOWARDS_G


def stellar_colours(g_minus_r: float) -> Array:
    """(9,) magnitude of every band minus r for a star on the locus; what is redder than it is reddened beyond its end."""
    on_locus = min(g_minus_r, _G_R[-1])
    u_g, r_i, i_z = (float(np.interp(on_locus, _G_R, table)) for table in (_U_G, _R_I, _I_Z))
    of = {"g": on_locus, "r": 0.0, "i": -r_i, "z": -r_i - i_z, "y": -r_i - 1.5 * i_z, "u": on_locus + u_g}
    colours = np.array([of[letter] for letter in "griugrizy"])
    return colours + (g_minus_r - on_locus) * _TOWARDS_G


def changing(r_mean: float, colours: Array, g_change: Array, r_change: Array, band: NDArray[np.int8]) -> Array:
    """FLUXCAL of a source that changes by so many magnitudes in g and in r, other bands by what their colour says.

    colours : (9,) mean magnitude of each band minus r. g_change, r_change, band : (N,).
    """
    change = r_change + (g_change - r_change) * _CHANGE[band]
    return magnitude_to_flux(r_mean + colours[band] + change)


def constant(r: float, colours: Array) -> Array:
    """(9,) FLUXCAL of a source that does not change."""
    return magnitude_to_flux(r + colours)
