"""Which points a model uses, for many light curves at once.

`select_flat` decides for all of them what `core.selection.select` decides for one, by the same rules: a test holds the
two together on made-up and real light curves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.bands import BANDS
from core.flat import FlatCurves
from core.lightcurve import LightCurve
from core.selection import MAX_GP_POINTS, Cuts, combine_nights

#: What `select_flat` says of a light curve, as refusal reasons; "" where it can be scored.
REASONS = ("", "no_points", "wrong_survey", "too_few_points", "missing_band", "too_long")
_OK, _NO_POINTS, _WRONG_SURVEY, _TOO_FEW, _MISSING_BAND, _TOO_LONG = range(6)


@dataclass(frozen=True)
class Chosen:
    """What a model uses of B light curves.

    kept : those that can be scored, with the points used alone (combined per night where there were too many).
    verdict : (B,) on all, as indices into `REASONS`. n_used : (B,) measurements used, before any were combined; zero
    where nothing can be scored. n_fitted : (B,) what they were combined to. per_band : (B, M) usable points in each of the
    model's bands, also of the refused. left_out : (B, 5) points left out, as `core.selection.selection_notes` takes them.
    """

    kept: FlatCurves
    verdict: NDArray[np.int8]
    n_used: NDArray[np.int64]
    n_fitted: NDArray[np.int64]
    per_band: NDArray[np.int64]
    left_out: NDArray[np.int64]


def select_flat(curves: FlatCurves, bands: tuple[int, ...], cuts: Cuts) -> Chosen:
    """What a model with ``bands`` and ``cuts`` uses of every light curve."""
    wanted = np.zeros(len(BANDS), np.bool_)
    wanted[list(bands)] = True
    survey = np.array([band.survey == BANDS[bands[0]].survey for band in BANDS])
    used, verdict, n_used, counts, left_out = _select(
        curves.offsets, curves.mjd, curves.flux, curves.flux_err, curves.band, curves.forced, wanted, survey,
        np.array(bands, np.int64), cuts.min_snr, cuts.max_gap, cuts.before, cuts.after, cuts.detections_only,
        cuts.positive_only, cuts.min_points, cuts.min_points_per_band, cuts.max_span,
    )  # fmt: skip
    ok = verdict == _OK
    kept = FlatCurves(
        offsets=np.concatenate([[0], np.cumsum(n_used[ok])]).astype(np.int64),
        mjd=curves.mjd[used],
        flux=curves.flux[used],
        flux_err=curves.flux_err[used],
        band=curves.band[used],
        forced=curves.forced[used],
        numbers={name: values[ok] for name, values in curves.numbers.items()},
    )
    if n_used.max(initial=0) > MAX_GP_POINTS:
        kept = _combined(kept)
    n_fitted = np.zeros(len(curves), np.int64)
    n_fitted[ok] = np.diff(kept.offsets)
    return Chosen(kept, verdict, n_used, n_fitted, counts, left_out)


def _combined(curves: FlatCurves) -> FlatCurves:
    """The same with long light curves combined per band and night, as `core.selection.combine_nights` does."""
    parts = []
    for lo, hi in zip(curves.offsets[:-1], curves.offsets[1:], strict=True):
        arrays = [getattr(curves, name)[lo:hi] for name in ("mjd", "flux", "flux_err", "band", "forced")]
        if hi - lo > MAX_GP_POINTS:
            mjd, flux, flux_err, band, forced = arrays
            one = combine_nights(LightCurve("", mjd, flux, flux_err, band, forced))
            arrays = [one.mjd, one.flux, one.flux_err, one.band, one.forced]
        parts.append(arrays)
    mjd, flux, flux_err, band, forced = (np.concatenate(column) for column in zip(*parts, strict=True))
    offsets = np.concatenate([[0], np.cumsum([len(part[0]) for part in parts])]).astype(np.int64)
    return FlatCurves(offsets, mjd, flux, flux_err, band, forced, curves.numbers)


@njit(cache=True)
def _select(
    offsets, mjd, flux, flux_err, band, forced, wanted, survey, bands, min_snr, max_gap, before, after, detections_only,
    positive_only, min_points, min_per_band, max_span,
):  # fmt: skip
    n_curves = offsets.size - 1
    used = np.zeros(mjd.size, np.bool_)
    verdict = np.zeros(n_curves, np.int8)
    n_used = np.zeros(n_curves, np.int64)
    per_band = np.zeros((n_curves, bands.size), np.int64)
    left_out = np.zeros((n_curves, 5), np.int64)
    counts = np.zeros(wanted.size, np.int64)
    for b in range(n_curves):
        lo, hi = offsets[b], offsets[b + 1]
        if lo == hi:
            verdict[b] = _NO_POINTS
            continue
        known = False
        for i in range(lo, hi):
            known = known or survey[band[i]]
        if not known:
            verdict[b] = _WRONG_SURVEY
            continue
        top, top_abs, where, where_abs = -np.inf, -np.inf, -1, -1
        for i in range(lo, hi):
            why = -1
            if not wanted[band[i]]:
                why = 0
            elif detections_only and forced[i]:
                why = 1
            elif positive_only and flux[i] <= 0.0:
                why = 2
            elif abs(flux[i] / flux_err[i]) < min_snr:
                why = 3
            if why >= 0:
                left_out[b, why] += 1
                continue
            used[i] = True
            if flux[i] > top:
                top, where = flux[i], i
            if abs(flux[i]) > top_abs:
                top_abs, where_abs = abs(flux[i]), i
        if where >= 0 and max_gap < np.inf:
            centre = where if top > 0.0 else where_abs
            previous = centre
            cut = False
            for i in range(centre - 1, lo - 1, -1):
                if used[i]:
                    cut = cut or mjd[previous] - mjd[i] > max_gap
                    previous = i
                    if cut or mjd[i] < mjd[centre] - before:
                        used[i] = False
                        left_out[b, 4] += 1
            previous = centre
            cut = False
            for i in range(centre + 1, hi):
                if used[i]:
                    cut = cut or mjd[i] - mjd[previous] > max_gap
                    previous = i
                    if cut or mjd[i] > mjd[centre] + after:
                        used[i] = False
                        left_out[b, 4] += 1
        counts[:] = 0
        first, last = -1, -1
        total = 0
        for i in range(lo, hi):
            if used[i]:
                counts[band[i]] += 1
                total += 1
                if first < 0:
                    first = i
                last = i
        fewest, most = counts[bands[0]], counts[bands[0]]
        for k in range(1, bands.size):
            fewest, most = min(fewest, counts[bands[k]]), max(most, counts[bands[k]])
        if fewest < min_per_band:
            verdict[b] = _MISSING_BAND if fewest == 0 and most > 0 else _TOO_FEW
        elif total < min_points:
            verdict[b] = _TOO_FEW
        elif max_span > 0.0 and mjd[last] - mjd[first] > max_span:
            verdict[b] = _TOO_LONG
        if verdict[b] == _OK:
            n_used[b] = total
        else:
            used[lo:hi] = False
        per_band[b] = counts[bands]
    return used, verdict, n_used, per_band, left_out
