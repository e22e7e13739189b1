"""Transients that shine as black bodies: superluminous supernovae driven by a magnetar, and tidal disruptions."""

from __future__ import annotations

import numpy as np
from numba import njit

from core.bands import WAVELENGTH
from training.simulate.event import Array, Event, host_dust, host_light
from training.simulate.parameters import draw
from training.simulate.reach import draw_flux_limited, luminosity_distance_cm
from training.simulate.scene import Scene

_C, _H, _K, _SIGMA = 2.998e10, 6.626e-27, 1.381e-16, 5.670e-5
_DAY, _SUN = 86400.0, 1.989e33


def observed_flux(
    luminosity: Array, temperature: Array, redshift: float, band: np.ndarray, uv_cut: float = 0.0
) -> Array:
    """FLUXCAL of a black body of bolometric luminosity [erg/s] and temperature [K] at the band's effective wavelength.

    uv_cut : below this rest wavelength [Å] the flux falls in proportion to it (Nicholl et al. 2017), 0 for none.
    """
    rest_cm = WAVELENGTH[band] / (1 + redshift) * 1e-8
    frequency = _C / rest_cm
    b_nu = 2 * _H * frequency**3 / _C**2 / np.expm1(np.minimum(_H * frequency / (_K * temperature), 600.0))
    l_nu = np.pi * b_nu / (_SIGMA * temperature**4) * luminosity
    if uv_cut:
        l_nu = l_nu * np.minimum(rest_cm * 1e8 / uv_cut, 1.0)
    f_nu = (1 + redshift) * l_nu / (4 * np.pi * luminosity_distance_cm(redshift) ** 2)
    return f_nu / 3.631e-20 * 1e11


def absolute_g(luminosity: float, temperature: float) -> float:
    """Absolute magnitude in ztf_g of a black body, luminosity [erg/s], temperature [K]."""
    frequency = _C / (WAVELENGTH[0] * 1e-8)
    b_nu = 2 * _H * frequency**3 / _C**2 / np.expm1(_H * frequency / (_K * temperature))
    l_nu = np.pi * b_nu / (_SIGMA * temperature**4) * luminosity
    return float(-2.5 * np.log10(l_nu / (4 * np.pi * 3.0857e19**2) / 3.631e-20))


def magnetar_luminosity(days: Array, spin_ms: float, field_1e14: float, mass: float, velocity_kms: float) -> Array:
    """Bolometric luminosity [erg/s] of an exploded star heated by a magnetar, against days since explosion.

    Arnett's diffusion integral with the spin-down of Kasen & Bildsten 2010 (Inserra et al. 2013, eqs 1 to 3),
    opacity 0.15 cm²/g. mass in solar masses.
    """
    energy = 2e52 / spin_ms**2
    spin_down = 4.7 * spin_ms**2 / field_1e14**2
    diffusion = np.sqrt(2 * 0.15 * mass * _SUN / (13.7 * _C * velocity_kms * 1e5)) / _DAY
    grid = np.linspace(0, 1, 300) ** 1.5 * max(float(np.max(days, initial=1.0)), 1.0)
    power = energy / (spin_down * _DAY) / (1 + grid / spin_down) ** 2
    return np.interp(days, grid, _diffused(grid, power, diffusion), left=0.0)


@njit(cache=True)
def _diffused(grid: Array, power: Array, diffusion: float) -> Array:
    """The integral of P(t') exp((t'² - t²)/τ²) 2t'/τ² dt', stepped forward so that the exponential cannot overflow."""
    out = np.zeros_like(grid)
    for i in range(1, len(grid)):
        keep = np.exp((grid[i - 1] ** 2 - grid[i] ** 2) / diffusion**2)
        out[i] = out[i - 1] * keep + 0.5 * (power[i] + power[i - 1]) * (1 - keep)
    return out


def superluminous(rng: np.random.Generator, scene: Scene) -> Event:
    """SLSN-I: magnetar-heated black body with a photosphere that expands until it reaches a floor temperature."""
    grid = np.linspace(0.5, 600, 400)
    tries, curves, absolute = [], [], []
    while len(tries) < 6:
        p = draw("SLSN-I", rng)
        curve = magnetar_luminosity(grid, p["spin_ms"], p["field_1e14"], p["mass"], p["velocity_kms"])
        peak_mag = -2.5 * np.log10(np.max(curve)) + 88.8
        # Observed ones peak at -19.8 to -22.8 (Gomez et al. 2024); a fainter one would not be called superluminous.
        if -23.0 < peak_mag < -19.8:
            tries, curves, absolute = [*tries, p], [*curves, curve], [*absolute, peak_mag]
    i, z = draw_flux_limited(rng, np.array(absolute), scene, "SLSN-I")
    p, luminosity = tries[i], curves[i]
    dust = scene.dust * host_dust(p["av_host"], z)
    radius = p["velocity_kms"] * 1e5 * grid * _DAY
    temperature = np.maximum((luminosity / (4 * np.pi * radius**2 * _SIGMA)) ** 0.25, p["floor_kk"] * 1e3)
    peak = grid[np.argmax(luminosity)]

    def flux(t, band):
        rest = t / (1 + z) + peak
        light = np.interp(rest, grid, luminosity, left=0.0, right=0.0)
        return observed_flux(light, np.interp(rest, grid, temperature), z, band, p["uv_cut"]) * dust[band]

    span = (-peak * (1 + z), (600 - peak) * (1 + z))
    return Event("SLSN-I", "SLSN-I", flux, False, span, host_light(rng, z) * 0.3, z, parameters=p)


def tidal_disruption(rng: np.random.Generator, scene: Scene) -> Event:
    """TDE: hot black body, Gaussian rise and power-law fall near t^-5/3 (van Velzen et al. 2021)."""
    tries = [draw("TDE", rng) for _ in range(12)]
    absolute = np.array([absolute_g(10 ** p["log_l"], 1e3 * p["temperature_kk"]) for p in tries])
    i, z = draw_flux_limited(rng, absolute, scene, "TDE")
    p = tries[i]
    dust = scene.dust * host_dust(p["av_host"], z)

    def flux(t, band):
        rest = t / (1 + z)
        shape = np.where(
            rest < 0,
            np.exp(-0.5 * (rest / p["rise"]) ** 2),
            (1 + np.maximum(rest, 0) / p["fall"]) ** -p["power"],
        )
        temperature = 1e3 * np.clip(p["temperature_kk"] + p["heating_kk"] * np.clip(rest, -30, 100) / 100, 9, 60)
        return observed_flux(10 ** p["log_l"] * shape, temperature, z, band) * dust[band]

    span = (-4 * p["rise"] * (1 + z), 500.0 * (1 + z))
    return Event("TDE", "TDE", flux, False, span, host_light(rng, z), z, parameters=p)
