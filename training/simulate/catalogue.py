"""What a catalogue would say of a source's distance: photometric redshifts with errors, outliers and gaps."""

from __future__ import annotations

import numpy as np

#: Scatter of good photometric redshifts over 1 + z near and far (Graham et al. 2018 for ten years of LSST; the depth
#: of early templates is less), and how much the quoted error itself is off [dex].
SCATTER_NEAR, SCATTER_PER_Z, ERROR_DEX = 0.025, 0.02, 0.15
#: Share of catastrophic outliers near, and their growth with redshift.
OUTLIERS, OUTLIERS_PER_Z = 0.05, 0.06
#: Share of sources without a photometric redshift near (no host found, or too bright and large), and its growth.
MISSING, MISSING_PER_Z = 0.12, 0.25
#: Share with a spectroscopic redshift of the host, which falls with redshift.
SPECTROSCOPIC = 0.2
#: Of stars, this share lies before a galaxy that the association takes for a host.
CHANCE_HOST = 0.1


def photometric_redshift(rng: np.random.Generator, z: float) -> tuple[float, float]:
    """(redshift, its quoted error) as a catalogue lists it; NaN when it lists none.

    z : the true redshift, NaN for a star.
    """
    if not np.isfinite(z):
        if rng.uniform() > CHANCE_HOST:
            return np.nan, np.nan
        z = float(rng.gamma(2.5, 0.28))
    if rng.uniform() < min(MISSING + MISSING_PER_Z * z, 0.7):
        return np.nan, np.nan
    if rng.uniform() < SPECTROSCOPIC * np.exp(-z / 0.4):
        return max(z + rng.normal(0, 5e-4), 1e-4), 5e-4
    scatter = (SCATTER_NEAR + SCATTER_PER_Z * z) * (1 + z) * 10 ** rng.normal(0, ERROR_DEX)
    quoted = scatter * 10 ** rng.normal(0, ERROR_DEX)
    if rng.uniform() < min(OUTLIERS + OUTLIERS_PER_Z * z, 0.3):
        wrong = float(rng.gamma(2.0, 0.45))
        # Outliers know of it half of the time: their posterior is broad.
        return max(wrong, 1e-3), quoted * (float(rng.uniform(2, 8)) if rng.uniform() < 0.5 else 1.0)
    return max(z + rng.normal() * scatter, 1e-3), quoted
