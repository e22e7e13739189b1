"""Versions of real light curves as alerts might have shown them: fainter, sparser, noisier, younger; redrawn each time.

What makes a training set of a few thousand objects enough, and what keeps the origin of an object from being read off
its photometry: forced photometry and other telescopes' data first get the gaps, the noise and the depth of ZTF alerts.
Everything works on flat arrays and is compiled; a version costs about as much as its Gaussian process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.photometry import LN10_OVER_2P5
from core.selection import Cuts
from training.alertlike import TRUE_OVER_QUOTED
from training.curves import CurveSet

#: Error of a ZTF alert in magnitudes against its magnitude: medians of the Bright Transient Survey's alerts.
LAW_MAG = np.array([13.0, 16.0, 18.2, 19.2, 20.2, 21.2])
LAW_ERR = np.array([0.02, 0.03, 0.07, 0.12, 0.21, 0.36])
#: Alerts are cut at five standard deviations.
DETECTION_SN = 5.0
_ZERO_POINT = 27.5
_TRIES = 6


class Ranges(NamedTuple):
    """How far versions may differ from what was observed.

    dim [mag] : made fainter by up to this, in ``dim_share`` of versions. keep_low : at least this share of points is
    kept. stretch_low, stretch_high : of time. truncate_low, truncate_high [d] : age at which ``truncate_share`` of
    versions end, log-uniform, counted from the first detection. noise : further scatter, in units of the error.
    depth, depth_scatter [mag] : 5-sigma limit of an alert. unsigned_share : of a signed star's versions that lose
    their sign, as sources that publish magnitudes do. max_points : more are thinned at random.
    """

    dim: float = 2.0
    dim_share: float = 0.6
    keep_low: float = 0.4
    stretch_low: float = 0.9
    stretch_high: float = 1.15
    truncate_share: float = 0.5
    truncate_low: float = 4.0
    truncate_high: float = 120.0
    noise: float = 0.6
    depth: float = 20.55
    depth_scatter: float = 0.3
    unsigned_share: float = 0.25
    max_points: int = 80


#: What a curve of a survey gets before it is scored: the alert-like degradation, and nothing else.
DEGRADE_ONLY = Ranges(dim_share=0.0, keep_low=1.0, stretch_low=1.0, stretch_high=1.0, truncate_share=0.0, noise=0.0,
                      unsigned_share=0.0, max_points=400)  # fmt: skip


class _Cuts(NamedTuple):
    """`core.selection.Cuts` in a form that compiled code takes."""

    min_snr: float
    max_gap: float
    before: float
    after: float
    min_points: int
    min_per_band: int


@dataclass(frozen=True)
class Versions:
    """Augmented light curves in flat arrays, already cut as in serving.

    rows : (V,) which object each version was made from. offsets : (V+1,). t [d], flux, flux_err [FLUXCAL] : (N,)
    float64, in order of time. band : (N,) int8. dim : (V,) factor that the fluxes were made fainter by, at most 1.
    """

    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]
    t: NDArray[np.float64]
    flux: NDArray[np.float64]
    flux_err: NDArray[np.float64]
    band: NDArray[np.int8]
    dim: NDArray[np.float64]
    lengths: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", np.diff(self.offsets))


def same_band_gaps(curves: CurveSet, rows: NDArray) -> NDArray[np.float64]:
    """Sorted days between neighbouring points of one band in alert curves: the cadence that degraded curves get."""
    chosen = curves.take(rows)
    gaps = []
    for band in (0, 1):
        in_band = chosen.band == band
        days = np.diff(chosen.mjd[in_band])
        same = np.diff(chosen.owner[in_band]) == 0
        gaps.append(days[same & (days > 0.01) & (days < 60)])
    return np.sort(np.concatenate(gaps))


def redraw(
    curves: CurveSet,
    rows: NDArray,
    rng: np.random.Generator,
    *,
    cuts: Cuts,
    gaps: NDArray[np.float64],
    from_survey: NDArray[np.bool_],
    signed_star: NDArray[np.bool_],
    ranges: Ranges = Ranges(),  # noqa: B008 (immutable)
) -> Versions:
    """One new version per entry of ``rows`` (indices of objects, repeated as often as wanted).

    cuts : as in serving. gaps : see `same_band_gaps`. from_survey : (n,) per object, not alert photometry and to be
    degraded to it. signed_star : (n,) per object, variable whose sign is sometimes lost. Versions that the cuts refuse
    six times over are left out.
    """
    rows = np.asarray(rows, np.int64)
    room = np.concatenate([[0], np.cumsum(np.minimum(curves.lengths[rows], ranges.max_points))]).astype(np.int64)
    t, y, e = (np.empty(room[-1]) for _ in range(3))
    b = np.empty(room[-1], np.int8)
    count = np.zeros(len(rows), np.int64)
    dim = np.ones(len(rows))
    compiled = _Cuts(cuts.min_snr, cuts.max_gap, cuts.before, cuts.after, cuts.min_points, cuts.min_points_per_band)
    _redraw_all(
        rng, curves.offsets, curves.mjd, curves.flux.astype(np.float64), curves.flux_err.astype(np.float64),
        curves.band, rows, from_survey, signed_star, gaps, ranges, compiled, room, t, y, e, b, count, dim,
    )  # fmt: skip
    used = np.repeat(room[:-1], count) + _within(count)
    kept = count > 0
    offsets = np.concatenate([[0], np.cumsum(count[kept])]).astype(np.int64)
    return Versions(rows[kept], offsets, t[used], y[used], e[used], b[used], dim[kept])


def _within(count: NDArray[np.int64]) -> NDArray[np.int64]:
    start = np.cumsum(count) - count
    return np.arange(int(count.sum())) - np.repeat(start, count)


@njit(cache=True)
def _redraw_all(
    rng, offsets, mjd, flux, err, band, rows, survey, star, gaps, ranges, cuts, room, t, y, e, b, count, dim
):
    for v in range(rows.size):
        lo, hi = offsets[rows[v]], offsets[rows[v] + 1]
        for attempt in range(_TRIES):
            gentle = attempt >= _TRIES - 2  # too few points survived so far: leave the curve its age and brightness
            tv, yv, ev, bv = mjd[lo:hi] - mjd[lo], flux[lo:hi].copy(), err[lo:hi].copy(), band[lo:hi].copy()
            keep = np.ones(tv.size, np.bool_)
            if survey[rows[v]]:
                _degrade(rng, tv, yv, ev, bv, keep, gaps, ranges)
            dim[v] = _vary(rng, tv, yv, ev, keep, ranges, star[rows[v]], gentle)
            select_points(tv, yv, ev, bv, keep, cuts)
            if rng.random() < ranges.truncate_share and not gentle:
                _truncate(rng, tv, keep, ranges)
                select_points(tv, yv, ev, bv, keep, cuts)
            _thin(rng, keep, ranges.max_points)
            if _enough(bv, keep, cuts):
                n = 0
                for i in range(tv.size):
                    if keep[i]:
                        j = room[v] + n
                        t[j], y[j], e[j], b[j] = tv[i], yv[i], ev[i], bv[i]
                        n += 1
                first = t[room[v]]
                for j in range(room[v], room[v] + n):
                    t[j] -= first
                count[v] = n
                break


@njit(cache=True)
def law(flux):
    """Error [FLUXCAL] of a ZTF alert of this flux, from `LAW_ERR`."""
    size = max(abs(flux), 1.0)
    mag = _ZERO_POINT - 2.5 * np.log10(size)
    return size * LN10_OVER_2P5 * np.exp(np.interp(mag, LAW_MAG, np.log(LAW_ERR)))


@njit(cache=True)
def _degrade(rng, t, y, e, b, keep, gaps, ranges):
    """Gaps, noise and depth of alerts, for photometry that has neither."""
    quality = np.exp(0.25 * rng.standard_normal())
    for band in range(2):
        wait = -1.0
        last = 0.0
        for i in range(t.size):
            if b[i] != band:
                continue
            if wait >= 0.0 and t[i] - last < wait:
                keep[i] = False
                continue
            last = t[i]
            # Drawn per point, a little short of the drawn gap, since the next image is always somewhat later.
            wait = 0.7 * gaps[int(rng.random() * gaps.size)]
    for i in range(t.size):
        wanted = quality * law(y[i])
        if wanted > e[i]:
            # Alerts scatter less than their errors say; the curve's own noise is already there.
            true = TRUE_OVER_QUOTED * wanted
            y[i] += np.sqrt(max(true * true - e[i] * e[i], 0.0)) * rng.standard_normal()
            e[i] = wanted
        _cut_at_depth(rng, i, y, e, keep, ranges)


@njit(cache=True)
def _cut_at_depth(rng, i, y, e, keep, ranges):
    """Not detected: fainter than five sigma or than the depth of this image."""
    depth = ranges.depth + ranges.depth_scatter * rng.standard_normal()
    limit = 10.0 ** (0.4 * (_ZERO_POINT - depth))
    if abs(y[i]) < max(DETECTION_SN * e[i] * 0.9, limit):
        keep[i] = False


@njit(cache=True)
def _vary(rng, t, y, e, keep, ranges, star, gentle):
    """Dim, scatter, drop and stretch, in place; returns the factor of the fluxes."""
    dim = 1.0
    if not gentle and rng.random() < ranges.dim_share:
        dim = 10.0 ** (-0.4 * ranges.dim * rng.random())
    scatter = ranges.noise * rng.random() if rng.random() < 0.5 else 0.0
    share = 1.0 if gentle else ranges.keep_low + (1.0 - ranges.keep_low) * rng.random()
    stretch = ranges.stretch_low + (ranges.stretch_high - ranges.stretch_low) * rng.random()
    unsigned = star and rng.random() < ranges.unsigned_share
    for i in range(t.size):
        t[i] *= stretch
        if rng.random() > share:
            keep[i] = False
        if dim < 1.0:
            # The error follows the law of the fainter flux; what the old error does not cover is drawn.
            new = max(e[i] * law(dim * y[i]) / law(y[i]), dim * e[i])
            extra = TRUE_OVER_QUOTED * np.sqrt(max(new * new - dim * dim * e[i] * e[i], 0.0))
            y[i] = dim * y[i] + extra * rng.standard_normal()
            e[i] = new
            _cut_at_depth(rng, i, y, e, keep, ranges)
        if scatter > 0.0:
            y[i] += TRUE_OVER_QUOTED * scatter * e[i] * rng.standard_normal()
            e[i] *= np.sqrt(1.0 + scatter * scatter)
        if unsigned:
            y[i] = abs(y[i])
    return dim


@njit(cache=True)
def _truncate(rng, t, keep, ranges):
    """End the light curve at a random age after its first kept point."""
    first = np.inf
    for i in range(t.size):
        if keep[i]:
            first = min(first, t[i])
    age = ranges.truncate_low * (ranges.truncate_high / ranges.truncate_low) ** rng.random()
    for i in range(t.size):
        if t[i] > first + age:
            keep[i] = False


@njit(cache=True)
def _thin(rng, keep, most):
    total = 0
    for i in range(keep.size):
        total += keep[i]
    for i in range(keep.size):  # selection sampling: exactly ``most`` survive
        if keep[i] and total > most and rng.random() * total > most:
            keep[i] = False
            total -= 1
    for i in range(keep.size - 1, -1, -1):
        if total <= most:
            break
        if keep[i]:
            keep[i] = False
            total -= 1


@njit(cache=True)
def select_points(t, y, e, b, keep, cuts):
    """The cuts of `core.selection.select` on one curve, into ``keep`` (which may already exclude points)."""
    top, top_abs, where, where_abs = -np.inf, -1.0, -1, -1
    for i in range(t.size):
        if keep[i] and abs(y[i]) < cuts.min_snr * e[i]:
            keep[i] = False
        if keep[i]:
            if y[i] > top:
                top, where = y[i], i
            if abs(y[i]) > top_abs:
                top_abs, where_abs = abs(y[i]), i
    if where < 0:
        return
    brightest = where if top > 0.0 else where_abs
    last = t[brightest]
    joined = True
    for i in range(brightest + 1, t.size):
        if keep[i]:
            joined = joined and t[i] - last <= cuts.max_gap
            last = t[i]
            keep[i] = joined and t[i] <= t[brightest] + cuts.after
    last = t[brightest]
    joined = True
    for i in range(brightest - 1, -1, -1):
        if keep[i]:
            joined = joined and last - t[i] <= cuts.max_gap
            last = t[i]
            keep[i] = joined and t[i] >= t[brightest] - cuts.before


@njit(cache=True)
def _enough(b, keep, cuts):
    per_band = np.zeros(2, np.int64)
    for i in range(b.size):
        if keep[i]:
            per_band[b[i]] += 1
    return per_band.sum() >= cuts.min_points and per_band.min() >= cuts.min_per_band
