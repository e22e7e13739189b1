"""Periodic and irregular stars: RR Lyrae, eclipsing binaries, Miras, Cepheids, δ Scuti, young stars, microlensing."""

from __future__ import annotations

import numpy as np

from training.simulate.colours import changing, constant, smooth_colours, stellar_colours
from training.simulate.event import Array, Event
from training.simulate.parameters import ZTF, draw_for
from training.simulate.scene import Scene
from training.simulate.walk import damped_random_walk


def saw_tooth(phase: Array, rise: float, harmonics: int = 7) -> Array:
    """A pulsating star's light curve in magnitudes, from -0.5 (bright) to about +0.5: quick rise, slow fall.

    phase : in cycles, 0 at maximum light. rise : fraction of the cycle from minimum to maximum. A Fourier series of a
    skewed triangle with Lanczos factors against overshoot (as fitted to RR Lyrae by 5 to 8 terms, Sesar et al. 2010).
    """
    k = np.arange(1, harmonics + 1)
    strength = np.sin(np.pi * k * rise) / (np.pi**2 * k**2 * rise * (1 - rise)) * np.sinc(k / (harmonics + 1))
    return -(np.sin(2 * np.pi * np.outer(np.asarray(phase) + rise / 2, k)) @ strength)


def rr_lyrae(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """RR Lyrae star: saw-tooth (ab) or near-sine (c), 0.25 to 0.85 d (Sesar et al. 2010)."""
    p = draw_for(scene, "RRL", rng)
    type_c = p["is_c"] < 0.25
    period = rng.normal(0.32, 0.04) if type_c else rng.normal(0.57, 0.07)
    period = float(np.clip(period, 0.22, 0.9))
    # Period-amplitude relation: short-period ab stars swing more.
    g_amplitude = (
        rng.uniform(0.35, 0.65) if type_c else np.clip(1.1 - 2.2 * (period - 0.57) + rng.normal(0, 0.15), 0.4, 1.6)
    )
    rise = rng.uniform(0.38, 0.48) if type_c else rng.uniform(0.12, 0.2)
    offset, beat, r_over_g = rng.uniform(), rng.uniform(20, 100), rng.normal(0.72, 0.03)
    colours = stellar_colours(p["g_minus_r"])

    def flux(t, band):
        swing = saw_tooth(t / period + offset, rise) * (1 + p["blazhko"] * np.sin(2 * np.pi * t / beat))
        return changing(p["r_mean"], colours, g_amplitude * swing, r_over_g * g_amplitude * swing, band)

    parameters = p | {"period": period, "g_amplitude": float(g_amplitude)}
    return Event("RRL", "RRc" if type_c else "RRab", flux, True, parameters=parameters)


def eclipsing_binary(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """Eclipsing binary: detached (flat with dips), β Lyrae, or W UMa (always changing) (Prša et al. 2011)."""
    p = draw_for(scene, "EB", rng)
    kind = "EA" if p["kind"] < 0.45 else "EB" if p["kind"] < 0.6 else "EW"
    period = {
        "EA": float(np.exp(rng.uniform(np.log(0.5), np.log(15)))),
        "EB": float(np.exp(rng.uniform(np.log(0.4), np.log(3)))),
        "EW": float(rng.uniform(0.22, 0.7)),
    }[kind]
    width = rng.uniform(0.012, 0.06) if kind == "EA" else rng.uniform(0.05, 0.09)
    depth = min(p["depth"], 0.9) if kind == "EW" else p["depth"]
    second = depth * (rng.uniform(0.75, 1.0) if kind == "EW" else p["second_depth"])
    ellipsoidal = {"EA": 0.0, "EB": rng.uniform(0.1, 0.4), "EW": 1.0}[kind]
    offset = rng.uniform()
    colours = stellar_colours(p["g_minus_r"])

    def flux(t, band):
        phase = (t / period + offset + 0.5) % 1.0 - 0.5
        other = (phase + 1.0) % 1.0 - 0.5
        dips = depth * np.exp(-0.5 * (phase / width) ** 4) + second * np.exp(-0.5 * (other / width) ** 4)
        wave = (depth + second) / 4 * (1 + np.cos(4 * np.pi * phase)) + (depth - second) / 4 * (
            1 + np.cos(2 * np.pi * phase)
        )
        fading = (1 - ellipsoidal) * dips + ellipsoidal * wave
        return changing(p["r_mean"], colours, p["colour_of_dip"] * fading, fading, band)

    return Event("EB", kind, flux, True, parameters=p | {"period": period})


def long_period(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """Mira or semi-regular giant: months to years per cycle, larger in g than in r (Iwanek et al. 2021)."""
    p = draw_for(scene, "Mira", rng)
    mira = p["is_mira"] < 0.6
    amplitude = p["g_amplitude"] if mira else p["g_amplitude_semiregular"]
    period = max(p["period"], 100.0) if mira else p["period"]
    cycles = 1 + p["cycle_scatter"] * rng.normal(size=200)
    offset, second = rng.uniform(), rng.uniform(0.3, 0.7)
    colours = stellar_colours(p["g_minus_r"])

    def flux(t, band):
        phase = t / period + offset
        swing = saw_tooth(phase, p["rise_fraction"], 3) * np.abs(cycles[np.floor(phase).astype(int) % 200])
        if not mira:
            swing = 0.7 * swing + 0.3 * np.cos(2 * np.pi * phase / second)
        return changing(p["r_mean"], colours, amplitude * swing, p["r_over_g"] * amplitude * swing, band)

    return Event("Mira", "Mira" if mira else "LPV", flux, True, parameters=p)


def cepheid(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """Classical Cepheid: saw-tooth of days to weeks (Soszyński et al. 2008)."""
    return _pulsator("cepheid", rng, scene, rise=(0.2, 0.45))


def delta_scuti(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """High-amplitude δ Scuti star: saw-tooth of one to five hours (Jurcsik & Hajdu 2022)."""
    return _pulsator("delta-scuti", rng, scene, rise=(0.25, 0.45))


def _pulsator(kind: str, rng: np.random.Generator, scene: Scene, rise: tuple[float, float]) -> Event:
    p = draw_for(scene, kind, rng)
    skew, offset, r_over_g = rng.uniform(*rise), rng.uniform(), rng.normal(0.68, 0.04)
    colours = stellar_colours(p["g_minus_r"])

    def flux(t, band):
        swing = p["g_amplitude"] * saw_tooth(t / p["period"] + offset, skew)
        return changing(p["r_mean"], colours, swing, r_over_g * swing, band)

    return Event("other", kind, flux, True, parameters=p)


def young_star(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """Young stellar object: stochastic changes, in a third of them with quasi-periodic dips (Cody et al. 2014)."""
    p = draw_for(scene, "YSO", rng)
    walk = damped_random_walk(rng, 10 ** p["log_sf"], 10 ** p["log_tau"])
    dipper, offset, wobble = p["dips"] < 0.35, rng.uniform(), rng.uniform(0, 2 * np.pi, 3)
    colours = stellar_colours(p["g_minus_r"])

    def flux(t, band):
        fading = walk(t)
        if dipper:
            phase = t / p["dip_period"] + offset + 0.1 * np.sin(2 * np.pi * t / 47.0 + wobble[0])
            strength = 0.5 * (1 + np.sin(2 * np.pi * t / 31.0 + wobble[1]))
            fading = fading + p["dip_depth"] * strength * np.maximum(np.cos(2 * np.pi * phase), 0) ** 4
        return changing(p["r_mean"], colours, fading, p["r_over_g"] * fading, band)

    return Event("other", "YSO dipper" if dipper else "YSO", flux, True, parameters=p)


def microlensing(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """A star magnified by a point lens (Paczyński 1986, eq. 1), part of its light being a neighbour's."""
    p = draw_for(scene, "uLens", rng)
    total = constant(p["r_baseline"], stellar_colours(p["g_minus_r"]))
    tilt = 2 * smooth_colours(1.0) - 1
    # Colour of the blend only tilts which share of each band is lensed: magnification itself has no colour.
    share = np.clip(p["unblended"] * 10 ** (-0.2 * p["blend_colour"] * tilt), 0.05, 1.0)

    def flux(t, band):
        u = np.hypot(p["u0"], t / p["einstein_days"])
        magnification = (u**2 + 2) / (u * np.sqrt(u**2 + 4))
        return total[band] * share[band] * (magnification - 1)

    span = (-4 * p["einstein_days"], 4 * p["einstein_days"])
    return Event("uLens", "point lens", flux, False, span, underlying=total, parameters=p)


def active_nucleus(rng: np.random.Generator, scene: Scene = ZTF) -> Event:
    """Active galactic nucleus: a damped random walk in magnitude, bluer when brighter (MacLeod et al. 2010).

    Many nuclei flicker less on short times than a random walk does (Mushotzky et al. 2011): half are smoother.
    """
    p = draw_for(scene, "AGN", rng)
    smooth = p["smooth"] * (1 + p["redshift"]) if p["steep"] < 0.5 else 0.0
    walk = damped_random_walk(rng, 10 ** p["log_sf"], 10 ** p["log_tau"] * (1 + p["redshift"]), smooth=smooth)
    colours = smooth_colours(p["g_minus_r"])

    def flux(t, band):
        change = walk(t)
        return changing(p["r_mean"], colours, change, p["r_over_g"] * change, band)

    return Event("AGN", "AGN", flux, True, redshift=p["redshift"], parameters=p)
