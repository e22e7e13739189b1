"""Outbursts of stars: flares of M dwarfs, dwarf novae and novae."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.bands import WAVELENGTH
from core.photometry import magnitude_to_flux
from training.simulate.colours import constant, smooth_colours, stellar_colours
from training.simulate.event import Array, Event
from training.simulate.parameters import ZTF, draw_for
from training.simulate.scene import Scene


def flare_shape(time: Array) -> Array:
    """Flux of one flare, 1 at its peak, against time in units of its half width (Davenport et al. 2014, eqs 1, 4)."""
    t = np.asarray(time, float)
    rise = 1 + 1.941 * t - 0.175 * t**2 - 2.246 * t**3 - 1.125 * t**4
    fall = 0.6890 * np.exp(-1.600 * np.minimum(t, 1e3).clip(0)) + 0.3030 * np.exp(-0.2783 * np.minimum(t, 1e3).clip(0))
    return np.where(t < -1, 0.0, np.where(t <= 0, np.maximum(rise, 0.0), fall))


def m_dwarf_flares(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """An M dwarf that flares: many flares with power-law amplitudes at one place, each minutes to hours long.

    Hot (about 10,000 K) light on a red star, so that g stands out more than r (Kowalski et al. 2013).
    """
    p = draw_for(scene, "M-dwarf", rng)
    quiet = constant(p["r_quiet"], stellar_colours(p["g_minus_r"]))
    colour = planck(WAVELENGTH, p["temperature_kk"] * 1e3)
    colour = colour / colour[0]
    days = 400.0
    n = min(rng.poisson(p["flares_per_day"] * days), 4000)
    start = np.sort(rng.uniform(0, days, n))
    # Inverse of a power law of amplitudes (ratio to the quiet star in g) between 0.1 and the largest.
    low, high, a = 0.1, p["largest_amplitude"], 1 - p["slope"]
    amplitude = (low**a + rng.uniform(size=n) * (high**a - low**a)) ** (1 / a)
    # Larger flares last longer: duration grows as the cube root of energy (Maehara et al. 2015).
    width = p["half_width_min"] / 1440.0 * (amplitude / high) ** 0.3

    def flux(t, band):
        first, last = np.searchsorted(start, t - 1.0), np.searchsorted(start, t + 0.05)
        count = last - first
        point = np.repeat(np.arange(len(t)), count)
        flare = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
        light = amplitude[flare] * flare_shape((t[point] - start[flare]) / width[flare])
        out = np.bincount(point, light, len(t))
        return out * quiet[0] * colour[band]

    return Event("M-dwarf", "flare star", flux, False, (0.0, days), underlying=quiet, fast=True, parameters=p)


def planck(wavelength: Array, temperature: float) -> Array:
    """Black-body F_ν at a wavelength [Å] and temperature [K], without its constant factor."""
    frequency = 2.998e18 / np.asarray(wavelength, float)
    return frequency**3 / np.expm1(np.minimum(4.799e-11 * frequency / temperature, 700.0))


def dwarf_nova(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """Cataclysmic variable: outbursts of 2 to 8 mag, quick up, plateau, exponential down (Coppejans et al. 2016)."""
    p = draw_for(scene, "CV", rng)
    times, t = [], rng.uniform(-p["recurrence"], p["recurrence"])
    while t < 1600:
        times.append(t)
        t += p["recurrence"] * rng.uniform(0.5, 1.6)
    start = np.array(times)
    size = np.clip(rng.normal(1.0, 0.12, len(start)), 0.5, 1.3)
    length = p["plateau"] * np.exp(rng.normal(0, 0.3, len(start)))
    quiet = constant(p["r_quiet"], smooth_colours(p["g_minus_r_quiet"]))
    r_peak = p["r_quiet"] - p["amplitude"]

    def flux(t, band):
        since = t[:, None] - start
        fading = np.where(
            since < 0,
            -since / p["rise"] * p["amplitude"],
            0.06 * np.minimum(since, length) + p["fall_mag_per_day"] * np.maximum(since - length, 0),
        )
        fading = np.min(fading + (1 - size) * p["amplitude"], axis=1)
        r = r_peak + fading
        return quiet[band] + magnitude_to_flux(r + _of_band(p["g_minus_r_outburst"] + 0.02 * fading, band))

    return Event("other", "CV", flux, True, parameters=p)


def nova(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """Classical nova: days up, then a decline that slows, set by the time to fall two magnitudes (Strope et al. 2010)."""
    p = draw_for(scene, "nova", rng)

    def flux(t, band):
        up = np.clip(-t / p["rise"], 0, None) * 2.5
        down = 5.0 * np.log10(1 + np.clip(t, 0, None) / p["t2"] * (10**0.4 - 1))
        r = p["r_peak"] + up + down
        colour = p["g_minus_r"] + p["reddening_rate"] * np.clip(t, 0, 100)
        return magnitude_to_flux(r + _of_band(colour, band))

    quiet = constant(21.5, smooth_colours(0.5))
    return Event("other", "nova", flux, False, (-4 * p["rise"], 900.0), underlying=quiet, parameters=p)


def _of_band(g_minus_r: Array, band: NDArray[np.int8]) -> Array:
    """(N,) magnitude of each point's band minus r, for its own colour."""
    return np.take_along_axis(smooth_colours(g_minus_r), band[:, None].astype(np.int64), axis=1)[:, 0]
