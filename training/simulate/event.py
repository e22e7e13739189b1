"""What a simulated source does on the sky, before any telescope looks: the value between the models and the survey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.bands import WAVELENGTH
from core.photometry import magnitude_to_flux

Array = NDArray[np.float64]

#: Galactic extinction in ztf_g and ztf_r per E(B-V) (Schlafly & Finkbeiner 2011, PS1 g and r).
GALACTIC_R = np.array([3.17, 2.27])


@dataclass(frozen=True)
class Event:
    """A source that changes.

    name : class (`core.taxonomy`). type : what exactly. flux : (days since the event's own zero, band) -> FLUXCAL,
    noise-free. Transients start from nothing and ``persistent`` is False; stars and AGN have flux all the time and the
    survey subtracts a reference of them. span : observed days within which a transient differs from zero.
    underlying : (2,) constant flux in ztf_g, ztf_r that lies below (host, blend); adds noise and nothing else.
    fast : whether it lives for hours to days, so that few visits meet it. min_nights : on how many it must be seen.
    """

    name: str
    type: str
    flux: Callable[[Array, NDArray[np.int8]], Array]
    persistent: bool
    span: tuple[float, float] = (-np.inf, np.inf)
    underlying: Array = field(default_factory=lambda: np.zeros(2))
    redshift: float = np.nan
    fast: bool = False
    min_nights: int = 1
    parameters: dict[str, float] = field(default_factory=dict)


def mags_to_band_flux(mag_g: float | Array, mag_r: float | Array, band: NDArray[np.int8]) -> Array:
    """Flux [FLUXCAL] in each point's band, from magnitudes in g and r."""
    return magnitude_to_flux(np.where(band == 0, mag_g, mag_r))


def galactic_dust(rng: np.random.Generator) -> tuple[float, Array]:
    """E(B-V) of a random extragalactic line of sight (mean 0.06 mag) and what it leaves of g and r."""
    ebv = float(min(rng.exponential(0.06), 0.4))
    return ebv, 10 ** (-0.4 * ebv * GALACTIC_R)


def host_dust(av: float, redshift: float) -> Array:
    """What dust of A_V magnitudes in the host leaves of observed g and r; A(λ) ∝ λ^-1.2 (Cardelli et al. 1989, about)."""
    rest = WAVELENGTH[:2] / (1 + redshift)
    return 10 ** (-0.4 * av * (rest / 5500.0) ** -1.2)


def host_light(rng: np.random.Generator) -> Array:
    """Flux of a host galaxy under the point spread function, in g and r."""
    r = rng.normal(20.2, 1.3)
    return magnitude_to_flux(np.array([r + rng.normal(0.7, 0.2), r]))
