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
from numba import njit
from numpy.typing import NDArray

from core.bands import BANDS, WAVELENGTH, band_index
from core.cosmology import absolute_magnitude
from core.flat import FlatCurves, coordinates, flatten
from core.gp import engine
from core.gp.fit import GPFit
from core.lightcurve import LightCurve
from core.refusal import Refusal
from core.selection import Cuts, Selection, select

#: log10 of flux / peak is clipped here: 2 % of the peak is below the noise of nearly every alert.
LOG_FLUX_FLOOR = 0.02
LOG_FLUX_TOP = np.log10(3.0)
#: Rows beyond the covered ones that reach the answer all the same: two by the width of the embedding, one by the slope.
MARGIN = 3


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

    @property
    def numbers(self) -> tuple[str, ...]:
        """What `core.flat.flatten` has to take along for the features."""
        return tuple(dict.fromkeys("redshift" if f == "absolute_magnitude" else f for f in self.features))

    def apply(self, curves: Sequence[LightCurve]) -> TensorBatch:
        """Tensors of selected light curves (each from `select(...).curve`, so every point is used)."""
        return self.apply_flat(flatten(curves, self.numbers))

    def apply_flat(self, curves: FlatCurves) -> TensorBatch:
        """As `apply`, from flat arrays of selected light curves.

        Times are relative to each light curve's first point while the Gaussian process runs, so that a shift in time
        changes nothing, not even rounding of the grid.
        """
        offsets, (t, lam) = curves.offsets, coordinates(curves)
        n, length, m = len(curves), self.length, len(self.bands)
        times, mean, std = np.empty((n, length)), np.empty((n, length, m)), np.empty((n, length, m))
        theta, log_l, status = np.empty((n, 2)), np.empty(n), np.empty(n, np.int64)
        centre, peak = np.empty(n), np.empty(n)
        clock = time.perf_counter()
        engine.interpolate(
            offsets, t, lam, curves.flux, curves.flux_err, WAVELENGTH[list(self.band_indices)], length,
            self.step if self.kind == "fixed-grid" else 0.0, self.before, MARGIN if self.coverage_channel is not None else -1,
            times, mean, std, theta, log_l, status, centre, peak,
        )  # fmt: skip
        gp_seconds = time.perf_counter() - clock
        return self._tensors(curves, t, times, mean, std, theta, log_l, status, peak, gp_seconds)

    def apply_fit(self, curve: LightCurve, fit: GPFit) -> TensorBatch:
        """As `apply`, of one selected light curve with a Gaussian process that was fitted elsewhere."""
        clock = time.perf_counter()
        t = curve.mjd - curve.mjd[0]
        smooth = np.empty(len(curve))
        for band in set(curve.band.tolist()):
            here = curve.band == band
            smooth[here] = fit.mean(curve.mjd[here], band)
        brightest = int(np.argmax(smooth if smooth.max() > 0 else np.abs(smooth)))
        if self.kind == "fixed-grid":
            times = t[brightest] - self.before + self.step * np.arange(self.length)
        else:
            times = np.linspace(t[0], t[-1], self.length)
        mean = np.zeros((1, self.length, len(self.bands)))
        std = np.zeros_like(mean)
        near = np.ones(self.length, bool)
        if self.kind == "fixed-grid" and self.coverage_channel is not None:
            reach = (MARGIN + 0.5) * self.step
            near = (times >= t[0] - reach) & (times <= t[-1] + reach)
        for channel, band in enumerate(self.band_indices):
            mean[0, near, channel], std[0, near, channel] = fit.predict(curve.mjd[0] + times[near], band)
        return self._tensors(
            flatten([curve], self.numbers),
            t,
            times[None, :],
            mean,
            std,
            2.0 * np.log(np.array([[fit.amplitude, fit.time_scale]])),
            np.array([fit.log_likelihood]),
            np.array([0 if fit.converged else engine.NOT_CONVERGED], np.int64),
            np.array([np.abs(smooth).max()]),
            time.perf_counter() - clock,
        )

    def _tensors(
        self,
        curves: FlatCurves,
        t: NDArray,
        times: NDArray,
        mean: NDArray,
        std: NDArray,
        theta: NDArray,
        log_l: NDArray,
        status: NDArray,
        peak: NDArray,
        gp_seconds: float,
    ) -> TensorBatch:
        """From the Gaussian processes on their grids to the input of the network."""
        offsets = curves.offsets
        first, last = t[offsets[:-1]], t[offsets[1:] - 1]
        if self.kind == "fixed-grid":
            values = np.empty((len(curves), self.length, self.width), np.float32)
            codes = np.array([_CHANNELS.index(name) for name in self.channels])
            _fixed_grid(codes, times, mean, std, theta, peak, first, last, values)
        else:
            values, times = self._published(mean, times)
        return TensorBatch(
            values=np.ascontiguousarray(values, dtype=np.float32),
            times=times + curves.mjd[offsets[:-1]][:, None],
            features=self._features(curves),
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

    def _features(self, curves: FlatCurves) -> NDArray[np.float32]:
        columns = [self._feature(name, curves) for name in self.features]
        return np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((len(curves), 0), np.float32)

    def _feature(self, name: str, curves: FlatCurves) -> NDArray[np.float64]:
        if name == "absolute_magnitude":
            value = absolute_magnitude(np.maximum.reduceat(curves.flux, curves.offsets[:-1]), curves.number("redshift"))
        else:
            value = curves.number(name)
        centre, width, missing = self.feature_scaling.get(name, (0.0, 1.0, -1.0))
        return np.where(np.isfinite(value), (value - centre) / width, missing)


def channel_count(channels: Sequence[str], n_bands: int) -> int:
    """Number of channels that a list of channel groups makes with ``n_bands`` bands."""
    per_group = {"flux": n_bands, "sigma": n_bands, "log_flux": n_bands, "colour": n_bands - 1,
                 "slope": 2 * n_bands - 1, "coverage": 1, "time_scale": 1, "amplitude": 1, "brightness": 1}  # fmt: skip
    if unknown := [name for name in channels if name not in per_group]:
        raise ValueError(f"unknown channel group {unknown[0]!r}; known are {', '.join(_CHANNELS)}")
    return sum(per_group[name] for name in channels)


#: Channel groups, in the order of the codes that `_fixed_grid` takes.
_CHANNELS = ("flux", "sigma", "log_flux", "colour", "slope", "coverage", "time_scale", "amplitude", "brightness")
_FLUX, _SIGMA, _LOG_FLUX, _COLOUR, _SLOPE, _COVERAGE, _TIME_SCALE, _AMPLITUDE, _BRIGHTNESS = range(len(_CHANNELS))


@njit(cache=True)
def _fixed_grid(codes, times, mean, std, theta, peak, first, last, out):
    """Channels of the fixed-grid recipe into ``out`` (B, L, M), group after group in the order of ``codes``.

    flux : GP mean / peak, all bands by one factor, so colour survives. sigma : GP σ / √A, 1 where nothing is known.
    log_flux : log10 of flux, clipped at 2 % of the peak. colour : differences of neighbouring bands' log_flux.
    slope : centred time differences of log_flux and colour (a 1×1 embedding sees no slopes).
    coverage : 1 where a row's share of time meets the stretch from first to last point, so on at least one row.
    time_scale : ln √M₀ [d]; amplitude : ln(√A / peak), clipped at ±3; both constant in time. brightness : log10 peak
    [FLUXCAL], off by default, since it carries the survey's selection.
    """
    n, length, m = mean.shape
    log_flux = np.empty((length, m))
    colour = np.empty((length, m - 1))
    for b in range(n):
        scale = max(peak[b], 1e-12)
        root_a = np.exp(0.5 * theta[b, 0])
        half = 0.5 * (times[b, 1] - times[b, 0])
        for i in range(length):
            for k in range(m):
                log_flux[i, k] = np.log10(max(mean[b, i, k] / scale, LOG_FLUX_FLOOR))
                log_flux[i, k] = min(log_flux[i, k], LOG_FLUX_TOP)
            for k in range(m - 1):
                colour[i, k] = min(max(log_flux[i, k] - log_flux[i, k + 1], -1.0), 1.0)
        at = 0
        for code in codes:
            if code == _FLUX:
                for i in range(length):
                    for k in range(m):
                        out[b, i, at + k] = min(max(mean[b, i, k] / scale, -3.0), 3.0)
                at += m
            elif code == _SIGMA:
                for i in range(length):
                    for k in range(m):
                        out[b, i, at + k] = std[b, i, k] / root_a
                at += m
            elif code == _LOG_FLUX:
                for i in range(length):
                    for k in range(m):
                        out[b, i, at + k] = log_flux[i, k] + 1.0
                at += m
            elif code == _COLOUR:
                for i in range(length):
                    for k in range(m - 1):
                        out[b, i, at + k] = 2.0 * colour[i, k]
                at += m - 1
            elif code == _SLOPE:
                for i in range(length):
                    before, after = max(i - 1, 0), min(i + 1, length - 1)
                    for k in range(m):
                        out[b, i, at + k] = 2.0 * (log_flux[after, k] - log_flux[before, k])
                    for k in range(m - 1):
                        out[b, i, at + m + k] = 2.0 * (colour[after, k] - colour[before, k])
                at += 2 * m - 1
            elif code == _COVERAGE:
                for i in range(length):
                    inside = times[b, i] + half >= first[b] and times[b, i] - half <= last[b]
                    out[b, i, at] = 1.0 if inside else 0.0
                at += 1
            else:
                if code == _TIME_SCALE:
                    value = 0.5 * theta[b, 1] - 3.5
                elif code == _AMPLITUDE:
                    value = min(max(0.5 * theta[b, 0] - np.log(scale), -3.0), 3.0)
                else:
                    value = np.log10(scale) - 3.0
                for i in range(length):
                    out[b, i, at] = value
                at += 1
