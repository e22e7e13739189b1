"""Spectral templates seen through filters: read from a folder at run time, never copied, integrated as matrices."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import BANDS

Array = NDArray[np.float64]
Transmission = Callable[[Array], Array]
_C_ANGSTROM = 2.99792458e18
_AB_ZERO = 3631e-23


class Filters:
    """Bandpasses as weights: FLUXCAL of a spectrum F_λ [erg/s/cm²/Å] is their sum over the nodes of each band."""

    def __init__(self, folder: Path) -> None:
        wave, weight, band = [], [], []
        for index, entry in enumerate(BANDS):
            name = entry.name.replace("_", "")
            nodes, transmission = np.loadtxt(folder / f"{name}.dat", unpack=True)
            nodes, transmission = nodes[::2], transmission[::2]  # of 10 Å; templates have 20 Å
            step = np.gradient(nodes)
            per_ab = np.sum(transmission * _AB_ZERO * _C_ANGSTROM / nodes * step)
            seen = transmission > 1e-4
            wave.append(nodes[seen])
            weight.append((transmission * nodes * step)[seen] / per_ab * 1e11)
            band.append(np.full(seen.sum(), index))
        self.wave, self.weight, self.band = np.concatenate(wave), np.concatenate(weight), np.concatenate(band)

    def matrix(self, wave: Array, z: float, transmission: Transmission | None = None) -> Array:
        """(W, 9) so that ``spectrum @ matrix`` is FLUXCAL in each band of a source at redshift ``z``.

        wave : (W,) rest wavelengths [Å] of the spectrum, linear between them, nothing outside. transmission : of dust
        at rest wavelengths. The flux is diminished by one 1 + z, as sncosmo does; distance is the caller's.
        """
        rest = self.wave / (1 + z)
        weight = self.weight / (1 + z)
        if transmission is not None:
            weight = weight * transmission(rest)
        i = np.clip(np.searchsorted(wave, rest) - 1, 0, len(wave) - 2)
        share = (rest - wave[i]) / (wave[i + 1] - wave[i])
        weight = np.where((share < 0) | (share > 1), 0.0, weight)
        size = len(wave) * len(BANDS)
        low = np.bincount(i * len(BANDS) + self.band, weight * (1 - share), size)
        high = np.bincount((i + 1) * len(BANDS) + self.band, weight * share, size)
        return (low + high).reshape(len(wave), len(BANDS))


@dataclass(frozen=True)
class Series:
    """Spectra in time. phase : (P,) rest days. wave : (W,) rest Å. flux : (P, W) F_λ at the template's own distance."""

    phase: Array
    wave: Array
    flux: Array
    filters: Filters

    def in_bands(self, z: float, transmission: Transmission | None = None) -> Array:
        """(P, 9) FLUXCAL in every band."""
        return np.maximum(self.flux @ self.filters.matrix(self.wave, z, transmission), 0.0)


def series(phase: Array, wave: Array, flux: Array, filters: Filters) -> Series:
    """Spectra made to last: falling to zero below their first wavelength, Rayleigh-Jeans beyond their last."""
    flux = np.maximum(flux, 0.0)
    beyond = wave[-1] * np.array([1.05, 1.15, 1.3, 1.6, 2.2])
    infrared = flux[:, -4:].mean(axis=1)[:, None] * (wave[-1] / beyond) ** 4
    padded = np.concatenate([np.zeros((len(phase), 1)), flux, infrared], axis=1)
    return Series(phase, np.concatenate([[0.6 * wave[0]], wave, beyond]), padded, filters)


def in_time(
    phase: Array, curves: Array, days: Array, band: NDArray[np.int8], *, z: float, stretch: float = 1.0, late: Array
) -> Array:
    """FLUXCAL at observed days from the template's zero; nothing before its first phase, a straight decline after.

    phase : (P,) rest days. curves : (P, 9), as `Series.in_bands` gives. late : (9,) mag per rest-frame day.
    """
    rest = days / (1 + z)
    own = rest / stretch
    out = np.zeros(len(days))
    for b in np.unique(band):
        here = band == b
        out[here] = np.interp(own[here], phase, curves[:, b], left=0.0)
    beyond = np.maximum(rest - phase[-1] * stretch, 0.0)
    return out * 10 ** (-0.4 * late[band] * beyond)


@dataclass(frozen=True)
class Salt:
    """SALT3 (Kenworthy et al. 2021): two surfaces and a colour law; its own unit gives m_B = 10.5 at x0 = 1."""

    mean: Series
    stretch: Series
    colour_law: Array

    def in_bands(self, z: float, x0: float, x1: float, c: float, transmission: Transmission | None = None) -> Array:
        """(P, 9) FLUXCAL."""
        matrix = self.mean.filters.matrix(self.mean.wave, z, transmission)
        matrix = matrix * (10 ** (-0.4 * c * self.colour_law))[:, None]
        return x0 * np.maximum(self.mean.flux @ matrix + x1 * (self.stretch.flux @ matrix), 0.0)


@dataclass(frozen=True)
class Kilonovae:
    """known : (K, 3) log10 of ejecta mass [solar], velocity [c] and lanthanide fraction. flux : (K, P, W) at 10 pc."""

    known: Array
    phase: Array
    wave: Array
    flux: NDArray[np.float32]

    def nearest(self, mass: float, velocity: float, lanthanides: float) -> NDArray[np.float32]:
        """(P, W) the model closest in mass, velocity and lanthanides, each in its own step of the grid."""
        wanted = np.log10([mass, velocity, lanthanides])
        return self.flux[int(np.argmin((((self.known - wanted) / (0.5, 0.25, 1.0)) ** 2).sum(axis=1)))]


class Templates:
    """The template folder: bandpasses, SALT3, 91bg, core-collapse spectra, the kilonova grid; opened when first used."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._core_collapse: dict[str, Series] = {}

    @cached_property
    def filters(self) -> Filters:
        """The nine bandpasses."""
        return Filters(self.folder / "bandpasses")

    def series(self, phase: Array, wave: Array, flux: Array) -> Series:
        """A model from a table of spectra."""
        return series(phase, wave, flux, self.filters)

    @cached_property
    def salt(self) -> Salt:
        """SALT3 on a grid of one day and 20 Å."""
        import sncosmo

        with tempfile.TemporaryDirectory() as unpacked:
            with tarfile.open(self.folder / "salt/salt3-k21.tar.xz") as archive:
                archive.extractall(unpacked, filter="data")
            source = sncosmo.SALT3Source(modeldir=str(next(Path(unpacked).rglob("salt3_template_0.dat")).parent))
        phase = np.arange(source.minphase(), source.maxphase() + 0.5)
        wave = np.arange(source.minwave(), source.maxwave() + 1, 20.0)
        source.set(x0=1.0, x1=0.0, c=0.0)
        mean = source.flux(phase, wave)
        source.set(x1=1.0)
        change = source.flux(phase, wave) - mean
        source.set(x1=0.0, c=1.0)
        top = int(np.argmin(np.abs(phase)))
        reddened = source.flux(phase[top], wave)
        law = -2.5 * np.log10(np.maximum(reddened, 1e-300) / np.maximum(mean[top], 1e-300))
        mean_series = self.series(phase, wave, mean)
        # Stretch changes the sign of the flux: padded like the mean, never clipped.
        grid = mean_series.wave
        stretch = np.array([np.interp(grid, wave, row, left=0.0, right=0.0) for row in change])
        return Salt(mean_series, Series(phase, grid, stretch, self.filters), np.interp(grid, wave, law))

    @cached_property
    def faint_ia(self) -> list[tuple[Array, Array, Array]]:
        """The two SN Ia-91bg spectral series of PLAsTiCC (phase, wavelength, flux)."""
        tables = []
        for path in sorted((self.folder / "snia91bg_subsampled").glob("*.sed.gz")):
            with gzip.open(path) as file:
                table = np.loadtxt(file)
            phase, wave = np.unique(table[:, 0]), np.unique(table[:, 1])
            tables.append((phase, wave, table[:, 2].reshape(len(phase), len(wave))))
        return tables

    @cached_property
    def index(self) -> pd.DataFrame:
        """The core-collapse templates: file, type, class, peak magnitudes (Vincenzi et al. 2019, Sako et al. 2011)."""
        return pd.read_csv(self.folder / "sed_npz/index.csv")

    @cached_property
    def collapsed(self) -> dict[str, list]:
        """Rows of the index by row of the table of parameters: IIn apart, and IIb with the stripped ones."""
        stripped = (self.index["plasticc_class"] == "SNIbc") | (self.index["type"] == "IIb")
        narrow = self.index["type"] == "IIn"
        chosen = {"SNIbc": stripped, "SNII": ~stripped & ~narrow, "SNIIn": narrow}
        return {row: list(self.index[wanted].itertuples()) for row, wanted in chosen.items()}

    def core_collapse(self, file: str) -> Series:
        """One core-collapse model."""
        if file not in self._core_collapse:
            d = np.load(self.folder / "sed_npz" / file)
            flux = d["flux"].astype(float) * float(d["scale"])
            self._core_collapse[file] = self.series(d["phase"].astype(float), d["wave"].astype(float), flux)
        return self._core_collapse[file]

    @cached_property
    def kilonovae(self) -> Kilonovae:
        """The grid of Kasen et al. 2017."""
        with np.load(self.folder / "kilonova/kasen2017_grid.npz") as d:
            # The grid's third parameter is already a logarithm.
            known = np.column_stack([np.log10(d["params"][:, :2]), d["params"][:, 2]])
            at_10pc = 4 * np.pi * 3.0857e19**2
            flux = (10.0 ** (d["log10_Llam_minus36"].astype(float) + 36) / at_10pc).astype(np.float32)
            return Kilonovae(known, d["phase"].astype(float), d["wave"].astype(float), flux)
