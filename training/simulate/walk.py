"""The damped random walk, the noise that AGN and young stars vary with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from training.simulate.event import Array


def damped_random_walk(
    rng: np.random.Generator, sf_infinity: float, tau: float, *, smooth: float = 0.0
) -> Callable[[Array], Array]:
    """A realisation of a damped random walk (Kelly et al. 2009) as a function of time; the same at every call.

    sf_infinity : asymptotic structure function [mag]; the variance is half its square. tau : damping time [d].
    smooth : [d] the walk is damped once more with this time, at the same variance: an overdamped harmonic oscillator
    (Kasliwal et al. 2017), whose spectrum falls with frequency to the fourth and not the second power.
    Grid of tau/20, at most 2000 days, interpolated; times outside repeat the walk, far beyond any survey.
    """
    step = max(tau / 20.0, 0.05)
    n = min(int(2200 / step) + 2, 30000)
    decay = np.exp(-step / tau)
    kicks = rng.normal(size=n) * sf_infinity / np.sqrt(2) * np.sqrt(1 - decay**2)
    kicks[0] = rng.normal() * sf_infinity / np.sqrt(2)
    # x[i] = decay x[i-1] + kick[i]: an exponential filter.
    values = lfilter([1.0], [1.0, -decay], kicks)
    if smooth > 0:
        again = np.exp(-step / smooth)
        values = lfilter([1.0 - again], [1.0, -again], values) * np.sqrt(1 + smooth / tau)
    grid = np.arange(n) * step

    def walk(t: Array) -> Array:
        return np.interp(np.mod(np.asarray(t) + 1100.0, grid[-1]), grid, values)

    return walk
