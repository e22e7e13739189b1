"""What a simulated source does on the sky, before any telescope looks: the value between the models and the survey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS, WAVELENGTH
from core.photometry import magnitude_to_flux
from training.simulate.colours import smooth_colours

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Event:
    """A source that changes.

    name : class (`core.taxonomy`). type : what exactly. flux : (days since the event's own zero, band index) ->
    FLUXCAL, noise-free. Transients start from nothing and ``persistent`` is False; stars and AGN have flux all the time
    and the survey subtracts a reference of them. span : observed days within which a transient differs from zero.
    underlying : (9,) constant flux in each band that lies below (host, blend); adds noise and nothing else.
    fast : whether it lives for hours to days, so that few visits meet it. min_nights : on how many it must be seen.
    """

    name: str
    type: str
    flux: Callable[[Array, NDArray[np.int8]], Array]
    persistent: bool
    span: tuple[float, float] = (-np.inf, np.inf)
    underlying: Array = field(default_factory=lambda: np.zeros(len(BANDS)))
    redshift: float = np.nan
    fast: bool = False
    min_nights: int = 1
    parameters: dict[str, float] = field(default_factory=dict)


def host_extinction(av: float, rest_angstrom: Array) -> Array:
    """What dust of A_V magnitudes in the host leaves; A(λ) ∝ λ^-1.2 (Cardelli et al. 1989, about)."""
    return 10 ** (-0.4 * av * (rest_angstrom / 5500.0) ** -1.2)


def host_dust(av: float, redshift: float) -> Array:
    """(9,) what dust in the host leaves of each observed band, at its effective wavelength."""
    return host_extinction(av, WAVELENGTH / (1 + redshift))


def host_light(rng: np.random.Generator, redshift: float = 0.07) -> Array:
    """(9,) flux of a host galaxy under the point spread function; fainter with distance."""
    r = rng.normal(20.2, 1.3) + 2.5 * np.log10(max(redshift / 0.07, 1.0) ** 2)
    return magnitude_to_flux(r + smooth_colours(rng.normal(0.7, 0.2)))
