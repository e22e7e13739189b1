"""Recipe: light curves to tensors, and which times the tensor's rows stand for.

A recipe is data: it lives in the model card, so that a file of weights and the way its input was made can't part.
Two kinds. ``published`` is Allam & McEwen 2021 as trained, or Allam, Peloton & McEwen 2023 as it was served in Fink;
``fixed-grid`` is this project's own: a fixed time step around the brightest point, one scale factor for all bands,
and channels for what the Gaussian process does not know.

One flat batch or a batch of one run through the same code: `Recipe.apply`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS, WAVELENGTH, band_index
from core.cosmology import absolute_magnitude
from core.gp import engine
from core.lightcurve import LightCurve
from core.refusal import Refusal
from core.selection import Cuts, Selection, select

#: log10 of flux / peak is clipped here: 2 % of the peak is below the noise of nearly every alert.
LOG_FLUX_FLOOR = 0.02


@dataclass(frozen=True)
class TensorBatch:
    """Input of a network for B light curves, with what it stands for.

    values : (B, L, M) float32. times : (B, L) [MJD], what each row stands for; falling when the recipe reverses time.
    features : (B, R) float32, appended numbers (redshift, …), already scaled; R may be 0.
    amplitude [FLUXCAL], time_scale [d] : (B,) of the Gaussian process. log_likelihood, status : (B,) of its fit.
    peak : (B,) largest |GP mean| at an observed point [FLUXCAL]. gp_seconds : what the batch's Gaussian processes took.
    """

    values: NDArray[np.float32]
    times: NDArray[np.float64]
    features: NDArray[np.float32]
    amplitude: NDArray[np.float64]
    time_scale: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]
    status: NDArray[np.int64]
    peak: NDArray[np.float64]
    gp_seconds: float


@dataclass(frozen=True)
class Recipe:
    """How a light curve becomes a tensor.

    kind : "published" or "fixed-grid". length : L, rows of the tensor. bands : names, in channel order.
    step, before [d] : the fixed grid, and how far it starts before the brightest point (fixed-grid only).
    channels : names of channel groups, in order (see `_CHANNELS`). features : appended numbers, in order:
    redshift, redshift_err, absolute_magnitude (of the brightest used point, from the redshift), or names of `context`.
    feature_scaling : feature -> (centre, width, stand-in when missing).
    convention : "as-trained" or "as-served" (published only). scaler : band -> (median, IQR) of as-trained.
    cuts : what is taken from a light curve, and when it is refused.
    """

    kind: str
    length: int
    bands: tuple[str, ...]
    step: float = 0.0
    before: float = 0.0
    channels: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    feature_scaling: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    convention: str = ""
    scaler: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cuts: Cuts = field(default_factory=Cuts)

    @classmethod
    def from_card(cls, data: Mapping[str, Any]) -> Recipe:
        """A recipe from its form in a model card (a JSON object with the fields above)."""
        values = dict(data)
        for name in ("bands", "channels", "features"):
            values[name] = tuple(values.get(name, ()))
        values["feature_scaling"] = {k: tuple(v) for k, v in values.get("feature_scaling", {}).items()}
        values["scaler"] = {k: tuple(v) for k, v in values.get("scaler", {}).items()}
        values["cuts"] = Cuts(**values.get("cuts", {}))
        return cls(**values)

    @property
    def survey(self) -> str:
        """The survey whose bands this recipe reads."""
        return BANDS[self.band_indices[0]].survey

    @property
    def band_indices(self) -> tuple[int, ...]:
        """Indices of the recipe's bands, in channel order."""
        return tuple(band_index(name) for name in self.bands)

    @property
    def coverage_channel(self) -> int | None:
        """Where the coverage channel stands, None without one: networks pool over the rows that it marks."""
        if "coverage" not in self.channels:
            return None
        return channel_count(self.channels[: self.channels.index("coverage")], len(self.bands))

    @property
    def width(self) -> int:
        """M, the number of channels."""
        return channel_count(self.channels, len(self.bands)) if self.kind == "fixed-grid" else len(self.bands)

    def select(self, curve: LightCurve) -> Selection | Refusal:
        """The points that this recipe uses, or why the curve can't be scored."""
        return select(curve, self.band_indices, self.cuts)

    def apply(self, curves: Sequence[LightCurve]) -> TensorBatch:
        """Tensors of selected light curves (each from `select(...).curve`, so every point is used)."""
        # Lengths bound the engine's scratch matrices; times are relative to each curve's first point, so that a
        # shift in time changes nothing, not even rounding of the grid.
        offsets = np.concatenate([[0], np.cumsum([len(c) for c in curves])]).astype(np.int64)
        t = np.concatenate([c.mjd - c.mjd[0] for c in curves])
        lam = WAVELENGTH[np.concatenate([c.band for c in curves])]
        flux = np.concatenate([c.flux for c in curves])
        flux_err = np.concatenate([c.flux_err for c in curves])
        start = np.array([c.mjd[0] for c in curves])
        batch = self.apply_flat(offsets, t, lam, flux, flux_err, self._features(curves))
        return TensorBatch(**{**batch.__dict__, "times": batch.times + start[:, None]})

    def apply_flat(
        self,
        offsets: NDArray[np.int64],
        t: NDArray[np.float64],
        lam: NDArray[np.float64],
        flux: NDArray[np.float64],
        flux_err: NDArray[np.float64],
        features: NDArray[np.float32] | None = None,
    ) -> TensorBatch:
        """As `apply`, from flat arrays: rows of light curve b are offsets[b]:offsets[b+1], times relative [d]."""
        n, length, m = len(offsets) - 1, self.length, len(self.bands)
        times, mean, std = np.empty((n, length)), np.empty((n, length, m)), np.empty((n, length, m))
        theta, log_l, status = np.empty((n, 2)), np.empty(n), np.empty(n, np.int64)
        centre, peak = np.empty(n), np.empty(n)
        clock = time.perf_counter()
        engine.interpolate(
            offsets, t, lam, flux, flux_err, WAVELENGTH[list(self.band_indices)], length,
            self.step if self.kind == "fixed-grid" else 0.0, self.before,
            times, mean, std, theta, log_l, status, centre, peak,
        )  # fmt: skip
        gp_seconds = time.perf_counter() - clock
        first, last = t[offsets[:-1]], t[offsets[1:] - 1]
        if self.kind == "fixed-grid":
            values = _fixed_grid_channels(self.channels, times, mean, std, theta, peak, first, last)
        else:
            values, times = self._published(mean, times)
        return TensorBatch(
            values=np.ascontiguousarray(values, dtype=np.float32),
            times=times,
            features=np.zeros((n, 0), np.float32) if features is None else features,
            amplitude=np.exp(0.5 * theta[:, 0]),
            time_scale=np.exp(0.5 * theta[:, 1]),
            log_likelihood=log_l,
            status=status,
            peak=peak,
            gp_seconds=gp_seconds,
        )

    def _published(self, mean: NDArray, times: NDArray) -> tuple[NDArray, NDArray]:
        if self.convention == "as-served":
            # Fink fed jd[0] − jd, so the rows run backwards, and scaled each object by its own grid.
            mean, times = mean[:, ::-1], times[:, ::-1]
            low, middle, high = np.percentile(mean, [25, 50, 75], axis=1, keepdims=True)
            spread = high - low
            return (mean - middle) / np.where(spread == 0, 1.0, spread), times
        medians = np.array([self.scaler[band][0] for band in self.bands])
        spreads = np.array([self.scaler[band][1] for band in self.bands])
        return (mean - medians) / spreads, times

    def _features(self, curves: Sequence[LightCurve]) -> NDArray[np.float32]:
        rows = [[self._feature(name, curve) for name in self.features] for curve in curves]
        return np.array(rows, dtype=np.float32).reshape(len(curves), len(self.features))

    def _feature(self, name: str, curve: LightCurve) -> float:
        if name == "absolute_magnitude":
            value = absolute_magnitude(float(curve.flux.max()), curve.redshift)
        else:
            value = getattr(curve, name, None) if name in ("redshift", "redshift_err") else curve.context.get(name)
        centre, width, missing = self.feature_scaling.get(name, (0.0, 1.0, -1.0))
        return missing if value is None or not np.isfinite(value) else (float(value) - centre) / width


def channel_count(channels: Sequence[str], n_bands: int) -> int:
    """Number of channels that a list of channel groups makes with ``n_bands`` bands."""
    per_group = {"flux": n_bands, "sigma": n_bands, "log_flux": n_bands, "colour": n_bands - 1,
                 "slope": 2 * n_bands - 1, "coverage": 1, "time_scale": 1, "amplitude": 1, "brightness": 1}  # fmt: skip
    return sum(per_group[name] for name in channels)


def _fixed_grid_channels(
    channels: Sequence[str],
    times: NDArray,
    mean: NDArray,
    std: NDArray,
    theta: NDArray,
    peak: NDArray,
    first: NDArray,
    last: NDArray,
) -> NDArray:
    """(B, L, M) channels of the fixed-grid recipe, in the order of ``channels``.

    flux : GP mean / peak, all bands by one factor, so colour survives. sigma : GP σ / √A, 1 where nothing is known.
    log_flux : log10 of flux, clipped at 2 % of the peak. colour : differences of neighbouring bands' log_flux.
    slope : centred time differences of log_flux and colour (a 1×1 embedding sees no slopes).
    coverage : 1 where a row's share of time meets the stretch from first to last point, so on at least one row. time_scale : ln √M₀ [d]; amplitude : ln(√A / peak), clipped at ±3; both
    constant in time. brightness : log10 peak [FLUXCAL], off by default, since it carries the survey's selection.
    """
    n, length, _ = mean.shape
    scale = np.maximum(peak, 1e-12)[:, None, None]
    flux = np.clip(mean / scale, -3.0, 3.0)
    log_flux = np.log10(np.maximum(flux, LOG_FLUX_FLOOR))
    colour = np.clip(-np.diff(log_flux, axis=2), -1.0, 1.0)
    constant = np.ones((n, length, 1))
    groups: list[NDArray] = []
    for name in channels:
        if name == "flux":
            groups.append(flux)
        elif name == "sigma":
            groups.append(std / np.exp(0.5 * theta[:, :1, None]))
        elif name == "log_flux":
            groups.append(log_flux + 1.0)
        elif name == "colour":
            groups.append(2.0 * colour)
        elif name == "slope":
            both = np.concatenate([log_flux, colour], axis=2)
            padded = np.concatenate([both[:, :1], both, both[:, -1:]], axis=1)
            groups.append(2.0 * (padded[:, 2:] - padded[:, :-2]))
        elif name == "coverage":
            half = 0.5 * (times[:, 1:2] - times[:, :1])
            inside = (times + half >= first[:, None]) & (times - half <= last[:, None])
            groups.append(inside[:, :, None].astype(float))
        elif name == "time_scale":
            groups.append(constant * (0.5 * theta[:, 1] - 3.5)[:, None, None])
        elif name == "amplitude":
            ratio = np.clip(0.5 * theta[:, 0] - np.log(scale[:, 0, 0]), -3.0, 3.0)
            groups.append(constant * ratio[:, None, None])
        elif name == "brightness":
            groups.append(constant * (np.log10(scale[:, 0, 0]) - 3.0)[:, None, None])
        else:
            raise ValueError(f"unknown channel group {name!r}; known are {', '.join(_CHANNELS)}")
    return np.concatenate(groups, axis=2)


_CHANNELS = ("flux", "sigma", "log_flux", "colour", "slope", "coverage", "time_scale", "amplitude", "brightness")
