"""Where a source is looked for, before it is drawn: which survey, how deep, behind how much dust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Galactic extinction per E(B-V) in the bands of `core.bands` (Schlafly & Finkbeiner 2011, R_V = 3.1; PS1 gri, LSST).
GALACTIC_R = np.array([3.172, 2.271, 1.682, 4.145, 3.237, 2.273, 1.684, 1.323, 1.088])


@dataclass(frozen=True)
class Scene:
    """survey : ``ztf`` or ``lsst``. limit : magnitude that a transient should reach. mwebv : Galactic E(B-V) [mag].

    spectroscopic : whether only what was followed up down to the limit is listed.
    """

    survey: str
    limit: float
    mwebv: float = 0.0
    spectroscopic: bool = False

    @property
    def dust(self) -> np.ndarray:
        """(9,) what Galactic dust leaves of each band of `core.bands`."""
        return 10 ** (-0.4 * self.mwebv * GALACTIC_R)


def latitude_sine(ra: float, dec: float) -> float:
    """Sine of the Galactic latitude of a place [deg, J2000]."""
    pole_ra, pole_dec = np.deg2rad(192.8595), np.deg2rad(27.1283)
    a, d = np.deg2rad(ra), np.deg2rad(dec)
    return float(np.sin(d) * np.sin(pole_dec) + np.cos(d) * np.cos(pole_dec) * np.cos(a - pole_ra))


def dust_at(rng: np.random.Generator, ra: float, dec: float) -> float:
    """E(B-V) [mag] behind a plane of dust: 0.018 towards the poles (median of Schlegel et al. 1998), patchy by 0.2 dex."""
    return float(0.018 / max(abs(latitude_sine(ra, dec)), 0.03) * 10 ** rng.normal(0.0, 0.2))
