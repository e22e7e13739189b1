"""Many light curves in flat arrays: what batches, files and streams score, without an object per light curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.bands import WAVELENGTH
from core.lightcurve import MAX_FLUX, MJD_RANGE, LightCurve

_SECOND = 1.0 / 86400.0


@dataclass(frozen=True)
class FlatCurves:
    """B light curves, each in order as `core.lightcurve.light_curve` leaves it.

    offsets : (B+1,) int64, points of light curve b are offsets[b]:offsets[b+1]. mjd [d], flux, flux_err [FLUXCAL] :
    (N,) float64. band : (N,) int8, indices into BANDS. forced : (N,) bool. numbers : name -> (B,), NaN where unknown:
    redshift, redshift_err and context, for models that read them.
    """

    offsets: NDArray[np.int64]
    mjd: NDArray[np.float64]
    flux: NDArray[np.float64]
    flux_err: NDArray[np.float64]
    band: NDArray[np.int8]
    forced: NDArray[np.bool_]
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def slice(self, start: int, stop: int) -> FlatCurves:
        """Light curves start:stop."""
        offsets = self.offsets[start : min(stop, len(self)) + 1]
        here = slice(int(offsets[0]), int(offsets[-1]))
        numbers = {name: values[start:stop] for name, values in self.numbers.items()}
        points = (self.mjd[here], self.flux[here], self.flux_err[here], self.band[here], self.forced[here])
        return FlatCurves(offsets - offsets[0], *points, numbers)

    def take(self, index: NDArray[np.int64]) -> FlatCurves:
        """The light curves of these numbers, in this order."""
        lengths = np.diff(self.offsets)[index]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        here = np.repeat(self.offsets[:-1][index] - offsets[:-1], lengths) + np.arange(offsets[-1])
        numbers = {name: values[index] for name, values in self.numbers.items()}
        points = (self.mjd[here], self.flux[here], self.flux_err[here], self.band[here], self.forced[here])
        return FlatCurves(offsets, *points, numbers)

    def light_curve(self, number: int, object_id: str = "") -> LightCurve:
        """One of them by itself: its photometry alone."""
        here = slice(int(self.offsets[number]), int(self.offsets[number + 1]))
        points = (self.mjd[here], self.flux[here], self.flux_err[here], self.band[here], self.forced[here])
        return LightCurve(object_id, *points)

    def number(self, name: str) -> NDArray[np.float64]:
        """(B,) one of ``numbers``; NaN throughout where nobody gave it."""
        return self.numbers.get(name, np.full(len(self), np.nan))


def flatten(curves: Sequence[LightCurve], names: Sequence[str] = ()) -> FlatCurves:
    """Light curves side by side. names : of the numbers to take along (redshift, redshift_err, context)."""
    empty = [np.empty(0)]
    return FlatCurves(
        offsets=np.concatenate([[0], np.cumsum([len(c.mjd) for c in curves])]).astype(np.int64),
        mjd=np.concatenate([c.mjd for c in curves] or empty),
        flux=np.concatenate([c.flux for c in curves] or empty),
        flux_err=np.concatenate([c.flux_err for c in curves] or empty),
        band=np.concatenate([c.band for c in curves] or empty).astype(np.int8),
        forced=np.concatenate([c.forced for c in curves] or empty).astype(bool),
        numbers={name: np.array([_number(c, name) for c in curves], dtype=float) for name in names},
    )


@njit(cache=True)
def in_order(offsets, mjd, flux, flux_err, band):
    """(B,) whether `core.lightcurve.light_curve` would leave a light curve as it is, but for too many points."""
    out = np.empty(offsets.size - 1, np.bool_)
    for b in range(offsets.size - 1):
        here = slice(offsets[b], offsets[b + 1])
        out[b] = points_in_order(mjd[here], flux[here], flux_err[here], band[here])
    return out


@njit(cache=True)
def points_in_order(mjd, flux, flux_err, band):
    """As `in_order`, of one light curve: all in range, sorted by time and band, no two of a band within a second."""
    for i in range(len(mjd)):
        if not (
            MJD_RANGE[0] <= mjd[i] <= MJD_RANGE[1] and abs(flux[i]) <= MAX_FLUX
            and 1.0 / MAX_FLUX <= flux_err[i] <= MAX_FLUX and band[i] >= 0
        ):  # fmt: skip
            return False
        k = i - 1
        while k >= 0:
            if mjd[k] > mjd[i] or (mjd[k] == mjd[i] and band[k] >= band[i]):
                return False
            if mjd[i] - mjd[k] >= _SECOND:
                break
            if band[k] == band[i]:
                return False
            k -= 1
    return True


def coordinates(curves: FlatCurves) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) times since each light curve's first point [d], and wavelengths [Å]: the Gaussian process's plane."""
    start = np.repeat(curves.mjd[curves.offsets[:-1]], np.diff(curves.offsets))
    return curves.mjd - start, WAVELENGTH[curves.band]


def _number(curve: LightCurve, name: str) -> float:
    value = getattr(curve, name) if name in ("redshift", "redshift_err") else curve.context.get(name)
    return np.nan if value is None else value
