"""Where a survey of limited depth meets the sources that are simulated: redshifts drawn by volume and brightness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.cosmology import comoving_mpc, comoving_table, distance_modulus
from training.simulate.scene import Scene

#: class -> exponent of the volumetric rate's growth with 1 + z, and the redshift at which a survey's search ends.
#: SN Ia: Dilday et al. 2010. Core collapse and SLSN: star formation, Madau & Dickinson 2014. TDE: Kochanek 2016.
REACH: dict[str, tuple[float, dict[str, float]]] = {
    "SNIa": (1.5, {"ztf": 0.3, "lsst": 1.2}),
    "SNIa-91bg": (0.0, {"ztf": 0.12, "lsst": 0.7}),
    "SNIax": (1.5, {"ztf": 0.3, "lsst": 0.8}),
    "SNII": (2.5, {"ztf": 0.25, "lsst": 1.2}),
    "SNIbc": (2.5, {"ztf": 0.25, "lsst": 1.0}),
    "SLSN-I": (2.5, {"ztf": 1.2, "lsst": 3.0}),
    "TDE": (-2.0, {"ztf": 0.6, "lsst": 1.8}),
    "KN": (0.0, {"ztf": 0.1, "lsst": 0.35}),
}


def luminosity_distance_cm(redshift: float) -> float:
    """Luminosity distance [cm]."""
    return float(comoving_mpc(redshift) * (1 + redshift) * 3.0857e24)


def redshift_limit(absolute: float | NDArray, limit: float) -> NDArray:
    """How far a source of this absolute magnitude is brighter than ``limit`` (no K correction but 2.5 log(1+z))."""
    z = comoving_table()[0][1:]
    apparent = distance_modulus(z) - 2.5 * np.log10(1 + z)
    return np.interp(limit - np.asarray(absolute), apparent, z)


def draw_redshift(rng: np.random.Generator, z_max: float, evolution: float = 0.0) -> float:
    """One redshift out to ``z_max``: uniform in comoving volume per source-frame time, times (1 + z)^evolution."""
    power = evolution - 1.0
    most = max((1 + z_max) ** power, 1.0)
    z_table, comoving = comoving_table()
    farthest = comoving_mpc(z_max)
    while True:
        z = float(np.interp(farthest * rng.uniform() ** (1 / 3), comoving, z_table))
        if rng.uniform() * most < (1 + z) ** power:
            return z


def draw_flux_limited(rng: np.random.Generator, absolute: NDArray, scene: Scene, name: str) -> tuple[int, float]:
    """Which of some drawn absolute magnitudes a flux-limited survey meets, and at which redshift.

    Bright ones are seen further: each candidate counts with the comoving volume in which it exceeds the scene's limit.
    name : row of `REACH`. Returns (index into ``absolute``, redshift).
    """
    evolution, caps = REACH[name]
    z_max = np.minimum(redshift_limit(absolute, scene.limit), caps[scene.survey])
    volume = comoving_mpc(z_max) ** 3
    chosen = int(rng.choice(len(absolute), p=volume / volume.sum()))
    return chosen, draw_redshift(rng, float(z_max[chosen]), evolution)
