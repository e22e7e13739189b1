"""Supernovae and kilonovae from spectral templates."""

from __future__ import annotations

import numpy as np

from core.cosmology import distance_modulus
from training.simulate.event import Array, Event, host_extinction, host_light
from training.simulate.parameters import draw
from training.simulate.reach import draw_flux_limited
from training.simulate.scene import Scene
from training.simulate.spectra import Templates, in_time

__all__ = ["Templates", "core_collapse", "faint_ia", "iax", "kilonova", "normal_ia"]

#: Absolute magnitude of a SN Ia of zero stretch and colour, and the Tripp slopes (Betoule et al. 2014).
M_B, ALPHA, BETA = -19.36, 0.14, 3.1
#: Late decline of thermonuclear supernovae [mag per rest-frame day] past the template's end, in the order of
#: `core.bands`: 0.017 in blue and 0.028 in red bands.
LATE_IA = np.array([0.017, 0.028, 0.028, 0.017, 0.017, 0.028, 0.028, 0.028, 0.028])
#: The same of kilonovae.
LATE_KN = np.array([1.0, 0.6, 0.5, 1.0, 1.0, 0.6, 0.5, 0.4, 0.35])
_RED = 1


def normal_ia(rng: np.random.Generator, templates: Templates, scene: Scene) -> Event:
    """SN Ia: SALT3 with stretch, colour and the Tripp relation (Kenworthy et al. 2021; Scolnic & Kessler 2016)."""
    tries = [draw("SNIa", rng) for _ in range(12)]
    absolute = np.array([M_B - ALPHA * p["x1"] + BETA * p["c"] + p["scatter"] for p in tries])
    return _salt("SNIa", "SN Ia", rng, templates, scene, tries, absolute, [1.0] * len(tries))


def iax(rng: np.random.Generator, templates: Templates, scene: Scene) -> Event:
    """SN Iax: a dim SN Ia, the fainter the faster (Foley et al. 2013): a stand-in, for there is no free template."""
    tries = [draw("SNIax", rng) for _ in range(12)]
    for p in tries:
        p["x1"] = float(np.clip(rng.normal(-1.2, 0.8), -3, 0.5))
    absolute = np.array([p["m_v"] for p in tries])
    stretch = [float(np.clip(0.9 + 0.09 * (-17.5 - p["m_v"]) + p["stretch_scatter"], 0.55, 1.15)) for p in tries]
    return _salt("SNIax", "SN Iax", rng, templates, scene, tries, absolute, stretch)


def _salt(
    name: str,
    kind: str,
    rng: np.random.Generator,
    templates: Templates,
    scene: Scene,
    tries: list[dict[str, float]],
    absolute: Array,
    stretch: list[float],
) -> Event:
    i, z = draw_flux_limited(rng, absolute, scene, name)
    p, s, model = tries[i], stretch[i], templates.salt
    # m_B of SALT3 at x0 = 1 is 10.5 (its own normalisation): distance and brightness set x0.
    x0 = 10 ** (-0.4 * (absolute[i] + float(distance_modulus(z)) - 10.5))
    av = p.get("av_host", 0.0)
    curves = model.in_bands(z, x0, p["x1"], p["c"], lambda wave: host_extinction(av, wave)) * scene.dust

    def flux(t, band):
        return in_time(model.mean.phase, curves, t, band, z=z, stretch=s, late=LATE_IA)

    span = (-20 * s * (1 + z), 200.0 * (1 + z))
    return Event(name, kind, flux, False, span, host_light(rng, z), z, parameters=p | {"stretch": s})


def faint_ia(rng: np.random.Generator, templates: Templates, scene: Scene) -> Event:
    """SN Ia-91bg: a mixture of the two PLAsTiCC spectral series, stretched (Taubenberger 2017, Kessler et al. 2019)."""
    tries = [draw("SNIa-91bg", rng) for _ in range(12)]
    absolute = np.array([-18.1 - p["brightening"] for p in tries])
    i, z = draw_flux_limited(rng, absolute, scene, "SNIa-91bg")
    p = tries[i]
    (phase, wave, one), (_, _, two) = templates.faint_ia[:2]
    # Tilted about V so that B-V changes by the drawn amount: 4400 and 5500 Å are 0.097 dex apart.
    tilt = (wave / 5500.0) ** (-p["bluer_b_minus_v"] / (2.5 * 0.0969))
    model = templates.series(phase, wave, (p["mix"] * one + (1 - p["mix"]) * two) * tilt)
    # The series are fluxes at 10 pc.
    brightness = 10 ** (-0.4 * (float(distance_modulus(z)) - p["brightening"]))
    curves = model.in_bands(z, lambda w: host_extinction(p["av_host"], w)) * scene.dust * brightness

    def flux(t, band):
        return in_time(phase, curves, t, band, z=z, stretch=p["stretch"], late=LATE_IA)

    span = (-10 * p["stretch"] * (1 + z), 200.0 * (1 + z))
    return Event("SNIa-91bg", "SN Ia-91bg", flux, False, span, host_light(rng, z), z, parameters=p)


def core_collapse(rng: np.random.Generator, templates: Templates, scene: Scene, name: str) -> Event:
    """SN II (with IIn) or Ib/c (with IIb): a random spectral template, stretched, with host dust (Vincenzi et al. 2019)."""
    row = "SNIIn" if name == "SNII" and rng.uniform() < 0.18 else name
    tries = [draw(row, rng) for _ in range(12)]
    absolute = np.array([p["m_r"] + 0.75 * p["av_host"] for p in tries])
    i, z = draw_flux_limited(rng, absolute, scene, name)
    p = tries[i]
    candidates = templates.collapsed[row]
    chosen = candidates[int(rng.integers(len(candidates)))]
    model = templates.core_collapse(chosen.file)
    brightness = 10 ** (-0.4 * (float(distance_modulus(z)) + p["m_r"] - chosen.abs_R_peak_ab))
    curves = model.in_bands(z, lambda w: host_extinction(p["av_host"], w)) * scene.dust * brightness
    late = np.full(curves.shape[1], p["tail"])

    def flux(t, band):
        return in_time(model.phase, curves, t, band, z=z, stretch=p["stretch"], late=late)

    span = (model.phase[0] * p["stretch"] * (1 + z), 250.0 * (1 + z))
    extra = {"template": int(chosen.Index)}
    return Event(name, f"SN {chosen.type}", flux, False, span, host_light(rng, z), z, parameters=p | extra)


def kilonova(rng: np.random.Generator, templates: Templates, scene: Scene) -> Event:
    """Kilonova: a fast blue and a slower red component of the grid of Kasen et al. 2017 (Villar et al. 2017)."""
    p = draw("KN", rng)
    grid = templates.kilonovae
    components = ("red_", "blue_") if p["blue_visible"] < 0.8 else ("red_",)
    flux_10pc = sum(grid.nearest(*(p[c + name] for name in ("mass", "velocity", "lanthanides"))) for c in components)
    phase = grid.phase
    model = templates.series(phase, grid.wave, flux_10pc)
    peak = 27.5 - 2.5 * np.log10(max(float(model.in_bands(0.0)[phase < 3.5, _RED].max()), 1e-30))
    _, z = draw_flux_limited(rng, np.array([peak]), scene, "KN")
    curves = model.in_bands(z) * scene.dust * 10 ** (-0.4 * float(distance_modulus(z)))

    def flux(t, band):
        return in_time(phase, curves, t, band, z=z, late=LATE_KN)

    # One night of repeated visits is no light curve that anyone would call a kilonova: three quarters are seen on two.
    nights = 1 if rng.uniform() < 0.25 else 2
    return Event("KN", "kilonova", flux, False, (0.0, 25.0), host_light(rng, z), z, True, nights, parameters=p)
