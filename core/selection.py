"""Which points of a light curve a model uses, and when a light curve can't be scored at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS
from core.lightcurve import LightCurve, Note, frozen
from core.refusal import Refusal

#: The Gaussian process is exact up to about this many points; above it, points are combined per band and night.
MAX_GP_POINTS = 150
#: The shipped model that reads a survey's bands: what a refused light curve is told, and what a page shows by itself.
READERS = {"ztf": "t2-ztf", "lsst": "t2-lsst"}


@dataclass(frozen=True)
class Cuts:
    """What is taken from a light curve.

    min_snr : points fainter than this |S/N| are left out (alerts are issued at 5; forced photometry goes deeper).
    max_gap, before, after [d] : points are kept when connected to the brightest one by gaps of at most ``max_gap``,
    within [−before, +after] of it; infinite keeps all. min_points : in total. min_points_per_band : in each band of
    the model. max_span [d] : refuse longer histories (0: no limit). positive_only : drop negative fluxes.
    detections_only : drop forced photometry.
    """

    min_snr: float = 0.0
    max_gap: float = float("inf")
    before: float = float("inf")
    after: float = float("inf")
    min_points: int = 2
    min_points_per_band: int = 1
    max_span: float = 0.0
    positive_only: bool = False
    detections_only: bool = False

    def __post_init__(self) -> None:
        for name in ("max_gap", "before", "after"):  # JSON has no infinity: null in a card
            if getattr(self, name) is None:
                object.__setattr__(self, name, float("inf"))

    def counts_only(self) -> Cuts:
        """The same minimum numbers of points, and nothing left out: for a curve that was selected already."""
        return Cuts(min_points=self.min_points, min_points_per_band=self.min_points_per_band)

    def sentence(self) -> str:
        """The cuts in words, for the provenance line."""
        per_band = self.min_points_per_band
        parts = [f"≥ {per_band} point{'s' * (per_band > 1)} per band" if per_band else f"≥ {self.min_points} points"]
        if self.min_snr > 0:
            parts.append(f"S/N ≥ {self.min_snr:g}")
        if np.isfinite(self.max_gap):
            parts.append(f"gaps ≤ {self.max_gap:g} d")
        if np.isfinite(self.before):
            parts.append(f"{self.before:g} d before to {self.after:g} d after the brightest point")
        if self.detections_only:
            parts.append("detections only")
        if self.max_span > 0:
            parts.append(f"history ≤ {self.max_span:g} d")
        return ", ".join(parts)


@dataclass(frozen=True)
class Selection:
    """What a model uses of a light curve.

    curve : the points that enter the Gaussian process (combined per night where there were too many).
    used : (N,) bool over the points of the original curve. notes : what was left out or combined, and why.
    """

    curve: LightCurve
    used: NDArray[np.bool_]
    notes: tuple[Note, ...]


def select(curve: LightCurve, bands: tuple[int, ...], cuts: Cuts) -> Selection | Refusal:
    """The points of ``curve`` that a model with ``bands`` (indices) and ``cuts`` uses, or why there are too few.

    Refusal reasons: wrong_survey, no_points, too_few_points, missing_band, too_long.
    """
    refusal = _survey_refusal(curve, bands)
    if refusal is not None:
        return refusal
    used = np.isin(curve.band, bands)
    others = curve.band[~used]
    left_out = [len(others)]

    def leave_out(mask: NDArray) -> None:
        gone = used & mask
        left_out.append(int(gone.sum()))
        used[gone] = False

    leave_out(curve.forced & cuts.detections_only)
    leave_out((curve.flux <= 0) & cuts.positive_only)
    leave_out(np.abs(curve.signal_to_noise) < cuts.min_snr)
    if used.any() and np.isfinite(cuts.max_gap):
        leave_out(~_connected(curve, used, cuts))
    refusal = count_refusal([int(np.sum(used & (curve.band == b))) for b in bands], bands, cuts)
    if refusal is not None:
        return refusal
    kept = curve.subset(used)
    span = float(kept.mjd[-1] - kept.mjd[0])
    if cuts.max_span and span > cuts.max_span:
        return Refusal("too_long", f"The history spans {span:.0f} d; this model takes at most {cuts.max_span:.0f} d.")
    combined = combine_nights(kept) if len(kept) > MAX_GP_POINTS else kept
    notes = selection_notes(left_out, others, cuts, len(kept), len(combined))
    return Selection(combined, frozen(used, np.bool_), notes)


def selection_notes(
    left_out: Sequence[int], others: NDArray, cuts: Cuts, n_used: int, n_fitted: int
) -> tuple[Note, ...]:
    """What a selection did, in words.

    left_out : points left out: in other bands, forced, negative, faint, unconnected. others : band indices of the first.
    n_used, n_fitted : points used, and what they were combined to.
    """
    whys = (
        f"in bands that the model does not use ({', '.join(_names(others))})",
        "forced photometry, where the model reads detections",
        "negative flux",
        f"S/N below {cuts.min_snr:g}",
        "not connected to the brightest part of the light curve",
    )
    notes = [
        Note("dropped", f"{count:,} point{'' if count == 1 else 's'} not used: {why}", count)
        for count, why in zip(left_out, whys, strict=False)
        if count
    ]
    if n_fitted < n_used:
        what = f"{n_used:,} points combined to {n_fitted} per band and night for the Gaussian process"
        notes.append(Note("merged", what, n_used - n_fitted))
    return tuple(notes)


def combine_nights(curve: LightCurve, max_points: int = MAX_GP_POINTS) -> LightCurve:
    """Combine points per band and night by inverse variance; if still more than ``max_points``, per longer bins.

    A night is one day counted from half a day before the first point. Bins of 1, 2, 4, … d are tried until the curve
    fits.
    """
    width = 1.0
    while True:
        night = np.floor((curve.mjd - curve.mjd[0] + 0.5) / width).astype(np.int64)
        _, group = np.unique(np.stack([night, curve.band.astype(np.int64)]), axis=1, return_inverse=True)
        group = group.ravel()
        if group.max() + 1 <= max_points:
            break
        width *= 2.0
    weight = 1.0 / curve.flux_err**2
    total = np.bincount(group, weight)
    mjd = np.bincount(group, weight * curve.mjd) / total
    flux = np.bincount(group, weight * curve.flux) / total
    band = np.zeros(len(total), np.int8)
    band[group] = curve.band
    forced = np.ones(len(total), bool)
    np.logical_and.at(forced, group, curve.forced)
    order = np.lexsort((flux, band, mjd))
    return replace(
        curve,
        mjd=frozen(mjd[order], np.float64),
        flux=frozen(flux[order], np.float64),
        flux_err=frozen((1.0 / np.sqrt(total))[order], np.float64),
        band=frozen(band[order], np.int8),
        forced=frozen(forced[order], np.bool_),
    )


def _connected(curve: LightCurve, used: NDArray[np.bool_], cuts: Cuts) -> NDArray[np.bool_]:
    """Points reached from the brightest used point by gaps of at most ``max_gap`` among the used points."""
    index = np.flatnonzero(used)
    t = curve.mjd[index]
    flux = curve.flux[index]
    brightest = int(np.argmax(flux)) if flux.max() > 0 else int(np.argmax(np.abs(flux)))
    island = np.concatenate([[0], np.cumsum(np.diff(t) > cuts.max_gap)])
    keep = (island == island[brightest]) & (t >= t[brightest] - cuts.before) & (t <= t[brightest] + cuts.after)
    mask = np.zeros(len(curve), bool)
    mask[index[keep]] = True
    return mask


def _survey_refusal(curve: LightCurve, bands: tuple[int, ...]) -> Refusal | None:
    if len(curve) == 0:
        extra = f"; there are {len(curve.limits)} upper limits" if len(curve.limits) else ""
        return Refusal("no_points", f"Not scored: there is no detection in this light curve{extra}.")
    survey = BANDS[bands[0]].survey
    here = dict.fromkeys(BANDS[i].survey for i in sorted(set(curve.band.tolist())))
    if survey in here:
        return None
    names = ", ".join(_names(curve.band))
    readers = " and ".join(READERS[name] for name in here if name in READERS)
    hint = f" {readers} reads those." if readers else ""
    return Refusal(
        "wrong_survey", f"Not scored: this model reads {survey.upper()} bands, and the light curve has {names}.{hint}"
    )


def count_refusal(points: Sequence[int], bands: tuple[int, ...], cuts: Cuts) -> Refusal | None:
    """Why so few usable points per band can't be scored; None where they can. points : in the order of ``bands``."""
    counts = {BANDS[b].label: n for b, n in zip(bands, points, strict=True)}
    has = " and ".join(f"{count} usable point{'' if count == 1 else 's'} in {name}" for name, count in counts.items())
    if min(counts.values()) < cuts.min_points_per_band:
        reason = "missing_band" if min(counts.values()) == 0 and any(counts.values()) else "too_few_points"
        each = " and in ".join(BANDS[b].label for b in bands)
        need = cuts.min_points_per_band
        return Refusal(
            reason, f"Not scored: {has}; this model needs at least {need} point{'' if need == 1 else 's'} in {each}."
        )
    if sum(points) < cuts.min_points:
        return Refusal("too_few_points", f"Not scored: {has}; this model needs at least {cuts.min_points} in total.")
    return None


def _names(bands: NDArray) -> list[str]:
    return [BANDS[b].label for b in sorted(set(bands.tolist()))]
