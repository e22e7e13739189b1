"""Redshift as an appended feature: what a network is told of it in training, so that it can do with and without.

Half of the draws have no redshift. Stars and simulations, which have none of their own, get that of a random supernova
as often as a supernova gets its own, so that having a redshift says nothing about the class: what is left to learn is
what the redshift says about brightness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from core.cosmology import distance_modulus, redshift_at
from core.photometry import ZERO_POINT

#: Share of draws that keep a redshift, and of those the share that is spectroscopic.
KEPT, SPECTROSCOPIC = 0.5, 0.5
#: Scatter of a photometric redshift, in units of 1 + z (bright hosts in wide surveys).
PHOTOMETRIC = 0.03
#: Below it, a catalogue's "redshift" is the velocity of a star and says nothing about distance.
STELLAR = 0.002


def dimmed(redshift: NDArray, dim: NDArray) -> NDArray[np.float64]:
    """(V,) redshifts at which sources made fainter by a factor ``dim`` keep their luminosity; NaN stays NaN."""
    known = np.isfinite(redshift) & (redshift > STELLAR)
    modulus = distance_modulus(np.where(known, redshift, 0.1)) - 2.5 * np.log10(dim)
    return np.where(known, redshift_at(modulus), np.nan)


def preparer(
    redshift: NDArray, peak_flux: NDArray, scaling: Mapping[str, tuple[float, float, float]]
) -> Callable[[NDArray, NDArray, np.random.Generator], NDArray]:
    """What `training.fit.train` calls on every batch: appends the rows redshift, redshift_err, absolute_magnitude.

    redshift, peak_flux [FLUXCAL] : (V,) of the training versions; redshift NaN where a version has none of its own.
    """
    pool = redshift[np.isfinite(redshift)]

    def prepare(values: NDArray, index: NDArray, rng: np.random.Generator) -> NDArray:
        z = redshift[index]
        borrowed = ~np.isfinite(z)
        z = np.where(borrowed, rng.choice(pool, len(z)), z)
        kept = rng.random(len(z)) < KEPT
        spectroscopic = rng.random(len(z)) < SPECTROSCOPIC
        error = np.where(spectroscopic, 0.001, PHOTOMETRIC * (1 + z) * rng.uniform(0.7, 1.5, len(z)))
        told = np.maximum(z + error * rng.standard_normal(len(z)), 1e-3)
        absolute = ZERO_POINT - 2.5 * np.log10(np.maximum(peak_flux[index], 1e-3)) - distance_modulus(told)
        # Catalogues give most spectroscopic redshifts without an error.
        error = np.where(spectroscopic & (rng.random(len(z)) < 0.7), np.nan, error)
        absolute = np.where(peak_flux[index] > 0, absolute, np.nan)
        columns = {"redshift": told, "redshift_err": error, "absolute_magnitude": absolute}
        rows = [_scaled(np.where(kept, columns[name], np.nan), scaling[name]) for name in columns]
        extra = np.stack(rows, axis=1).astype(np.float32)
        return np.concatenate([values, np.repeat(extra[:, :, None], values.shape[2], axis=2)], axis=1)

    return prepare


def _scaled(values: NDArray, scaling: tuple[float, float, float]) -> NDArray:
    centre, width, missing = scaling
    return np.where(np.isfinite(values), (values - centre) / width, missing)
