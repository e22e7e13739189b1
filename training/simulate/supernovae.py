"""Supernovae and kilonovae from spectral templates, which are read from a folder at run time and never copied."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from core.cosmology import distance_modulus
from training.simulate.event import Array, Event, galactic_dust, host_dust, host_light
from training.simulate.parameters import draw
from training.simulate.reach import draw_flux_limited

_BANDS = ("ztfg", "ztfr")
#: Absolute magnitude of a SN Ia of zero stretch and colour, and the Tripp slopes (Betoule et al. 2014).
M_B, ALPHA, BETA = -19.36, 0.14, 3.1
#: Late decline of thermonuclear supernovae in g and r [mag per rest-frame day] past the template's end.
LATE_IA = np.array([0.017, 0.028])


class Templates:
    """The template folder: bandpasses, SALT3, 91bg, core-collapse spectra, the kilonova grid; opened when first used."""

    def __init__(self, folder: str | Path) -> None:
        import sncosmo

        self.folder = Path(folder)
        self.sncosmo = sncosmo
        for name in _BANDS:
            wave, transmission = np.loadtxt(self.folder / "bandpasses" / f"{name}.dat", unpack=True)
            sncosmo.register(sncosmo.Bandpass(wave, transmission, name=name), name, force=True)
        self._core_collapse: dict[str, object] = {}

    @cached_property
    def salt(self):
        """SALT3 (Kenworthy et al. 2021)."""
        with tempfile.TemporaryDirectory() as unpacked:
            with tarfile.open(self.folder / "salt/salt3-k21.tar.xz") as archive:
                archive.extractall(unpacked, filter="data")
            model_folder = next(Path(unpacked).rglob("salt3_template_0.dat")).parent
            return self.sncosmo.Model(self.sncosmo.SALT3Source(modeldir=str(model_folder)))

    @cached_property
    def faint_ia(self) -> list[tuple[Array, Array, Array]]:
        """The two SN Ia-91bg spectral series of PLAsTiCC (phase, wavelength, flux)."""
        series = []
        for path in sorted((self.folder / "snia91bg_subsampled").glob("*.sed.gz")):
            with gzip.open(path) as file:
                table = np.loadtxt(file)
            phase, wave = np.unique(table[:, 0]), np.unique(table[:, 1])
            series.append((phase, wave, table[:, 2].reshape(len(phase), len(wave))))
        return series

    @cached_property
    def index(self) -> pd.DataFrame:
        """The core-collapse templates: file, type, class, peak magnitudes (Vincenzi et al. 2019, Sako et al. 2011)."""
        return pd.read_csv(self.folder / "sed_npz/index.csv")

    def core_collapse(self, file: str):
        """One core-collapse model."""
        if file not in self._core_collapse:
            d = np.load(self.folder / "sed_npz" / file)
            flux = d["flux"].astype(float) * float(d["scale"])
            self._core_collapse[file] = self.series(d["phase"].astype(float), d["wave"].astype(float), flux)
        return self._core_collapse[file]

    def series(self, phase: Array, wave: Array, flux: Array):
        """A model from a table of spectra; nothing before its first phase."""
        return self.sncosmo.Model(self.sncosmo.TimeSeriesSource(phase, wave, np.maximum(flux, 0), zero_before=True))

    @cached_property
    def kilonovae(self) -> dict[str, Array]:
        """The grid of Kasen et al. 2017: ejecta mass, velocity, lanthanides -> spectra at 10 pc."""
        with np.load(self.folder / "kilonova/kasen2017_grid.npz") as d:
            return {name: d[name] for name in d.files}


def observed(model, days: Array, band: np.ndarray, *, stretch: float = 1.0, late: Array, z: float) -> Array:
    """FLUXCAL of a model, its time axis stretched, continued past its last phase by a straight decline.

    days : observed days from the model's zero. late : (2,) decline in g and r [mag per rest-frame day].
    """
    first, last = model.mintime() * stretch, model.maxtime() * stretch - 1e-3
    inside = np.clip(days, first, last)
    names = np.array(_BANDS)[band]
    flux = np.maximum(model.bandflux(names, inside / stretch, zp=27.5, zpsys="ab"), 0.0)
    beyond = np.maximum(days - last, 0) / (1 + z)
    return np.where(days < first, 0.0, flux) * 10 ** (-0.4 * late[band] * beyond)


def normal_ia(rng: np.random.Generator, templates: Templates, limit: float) -> Event:
    """SN Ia: SALT3 with stretch, colour and the Tripp relation (Kenworthy et al. 2021; Scolnic & Kessler 2016)."""
    tries = [draw("SNIa", rng) for _ in range(12)]
    absolute = np.array([M_B - ALPHA * p["x1"] + BETA * p["c"] + p["scatter"] for p in tries])
    return _salt("SNIa", "SN Ia", rng, templates, limit, tries, absolute, [1.0] * len(tries))


def iax(rng: np.random.Generator, templates: Templates, limit: float) -> Event:
    """SN Iax: a dim SN Ia, the fainter the faster (Foley et al. 2013): a stand-in, for there is no free template."""
    tries = [draw("SNIax", rng) for _ in range(12)]
    for p in tries:
        p["x1"] = float(np.clip(rng.normal(-1.2, 0.8), -3, 0.5))
    absolute = np.array([p["m_v"] for p in tries])
    stretch = [float(np.clip(0.9 + 0.09 * (-17.5 - p["m_v"]) + p["stretch_scatter"], 0.55, 1.15)) for p in tries]
    return _salt("SNIax", "SN Iax", rng, templates, limit, tries, absolute, stretch)


def _salt(name, kind, rng, templates, limit, tries, absolute, stretch) -> Event:
    i, z = draw_flux_limited(rng, absolute, limit, 0.3)
    p, s, model = tries[i], stretch[i], templates.salt
    ebv, dust = galactic_dust(rng)
    dust = dust * host_dust(p.get("av_host", 0.0), z)
    # m_B of SALT3 at x0 = 1 is 10.5 (its own normalisation): distance and brightness set x0.
    x0 = 10 ** (-0.4 * (absolute[i] + float(distance_modulus(z)) - 10.5))

    def flux(t, band):
        model.set(z=z, t0=0.0, x0=x0, x1=p["x1"], c=p["c"])
        return observed(model, t, band, stretch=s, late=LATE_IA, z=z) * dust[band]

    span = (-20 * s * (1 + z), 200.0)
    return Event(name, kind, flux, False, span, host_light(rng), z, parameters=p | {"stretch": s, "ebv": ebv})


def faint_ia(rng: np.random.Generator, templates: Templates, limit: float) -> Event:
    """SN Ia-91bg: a mixture of the two PLAsTiCC spectral series, stretched (Taubenberger 2017, Kessler et al. 2019)."""
    tries = [draw("SNIa-91bg", rng) for _ in range(12)]
    absolute = np.array([-18.1 - p["brightening"] for p in tries])
    i, z = draw_flux_limited(rng, absolute, limit, 0.12)
    p = tries[i]
    (phase, wave, one), (_, _, two) = templates.faint_ia[:2]
    # Tilted about V so that B-V changes by the drawn amount: 4400 and 5500 Å are 0.097 dex apart.
    tilt = (wave / 5500.0) ** (-p["bluer_b_minus_v"] / (2.5 * 0.0969))
    model = templates.series(phase, wave, (p["mix"] * one + (1 - p["mix"]) * two) * tilt)
    # The series are fluxes at 10 pc.
    brightness = 10 ** (-0.4 * (float(distance_modulus(z)) - p["brightening"]))
    ebv, dust = galactic_dust(rng)
    dust = dust * host_dust(p["av_host"], z) * brightness
    model.set(z=z, t0=0.0)

    def flux(t, band):
        return observed(model, t, band, stretch=p["stretch"], late=LATE_IA, z=z) * dust[band]

    span = (-10 * p["stretch"] * (1 + z), 200.0)
    return Event("SNIa-91bg", "SN Ia-91bg", flux, False, span, host_light(rng), z, parameters=p | {"ebv": ebv})


def core_collapse(rng: np.random.Generator, templates: Templates, limit: float, name: str) -> Event:
    """SN II (with IIn) or Ib/c (with IIb): a random spectral template, stretched, with host dust (Vincenzi et al. 2019)."""
    row = "SNIIn" if name == "SNII" and rng.uniform() < 0.18 else name
    tries = [draw(row, rng) for _ in range(12)]
    absolute = np.array([p["m_r"] + 0.75 * p["av_host"] for p in tries])
    i, z = draw_flux_limited(rng, absolute, limit, 0.25)
    p = tries[i]
    index = templates.index
    stripped = (index["plasticc_class"] == "SNIbc") | (index["type"] == "IIb")
    wanted = stripped if name == "SNIbc" else ~stripped & ((index["type"] == "IIn") == (row == "SNIIn"))
    chosen = index[wanted].iloc[int(rng.integers(wanted.sum()))]
    model = templates.core_collapse(chosen["file"])
    brightness = 10 ** (-0.4 * (float(distance_modulus(z)) + p["m_r"] - chosen["abs_R_peak_ab"]))
    ebv, dust = galactic_dust(rng)
    dust = dust * host_dust(p["av_host"], z) * brightness
    late = np.full(2, p["tail"])

    def flux(t, band):
        model.set(z=z, t0=0.0)
        return observed(model, t, band, stretch=p["stretch"], late=late, z=z) * dust[band]

    span = (model.source.minphase() * p["stretch"] * (1 + z), 250.0)
    kind = f"SN {chosen['type']}"
    extra = {"template": int(chosen.name), "ebv": ebv}
    return Event(name, kind, flux, False, span, host_light(rng), z, parameters=p | extra)


def kilonova(rng: np.random.Generator, templates: Templates, limit: float) -> Event:
    """Kilonova: a fast blue and a slower red component of the grid of Kasen et al. 2017 (Villar et al. 2017)."""
    p = draw("KN", rng)
    grid = templates.kilonovae
    # The grid's third parameter is already a logarithm.
    known = np.column_stack([np.log10(grid["params"][:, :2]), grid["params"][:, 2]])
    components = ("red_", "blue_") if p["blue_visible"] < 0.8 else ("red_",)
    flux_10pc = np.zeros(grid["log10_Llam_minus36"].shape[1:])
    for prefix in components:
        wanted = np.log10([p[prefix + name] for name in ("mass", "velocity", "lanthanides")])
        nearest = int(np.argmin((((known - wanted) / (0.5, 0.25, 1.0)) ** 2).sum(axis=1)))
        luminosity = 10.0 ** (grid["log10_Llam_minus36"][nearest].astype(float) + 36)
        flux_10pc += luminosity / (4 * np.pi * 3.0857e19**2)
    model = templates.series(grid["phase"].astype(float), grid["wave"].astype(float), flux_10pc)
    peak = -2.5 * np.log10(max(float(np.max(model.bandflux("ztfr", np.array([0.5, 1.0, 2.0, 3.0]), 0.0, "ab"))), 1e-30))
    _, z = draw_flux_limited(rng, np.array([peak]), limit, 0.1)
    brightness = 10 ** (-0.4 * float(distance_modulus(z)))
    ebv, dust = galactic_dust(rng)
    dust = dust * brightness
    model.set(z=z, t0=0.0)

    def flux(t, band):
        return observed(model, t, band, late=np.array([1.0, 0.6]), z=z) * dust[band]

    # One night of repeated visits is no light curve that anyone would call a kilonova: three quarters are seen on two.
    nights = 1 if rng.uniform() < 0.25 else 2
    return Event(
        "KN", "kilonova", flux, False, (0.0, 25.0), host_light(rng), z, True, nights, parameters=p | {"ebv": ebv}
    )
