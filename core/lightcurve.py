"""LightCurve: the one value that everything starts from, and the one border where photometry is put in order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bands import BANDS
from core.refusal import BadInput

#: MJD range of modern surveys (1995 to 2064). A Julian date in an MJD column lies far outside, and is refused by name.
MJD_RANGE = (50000.0, 75000.0)
MAX_POINTS = 50_000
#: Beyond any star but the Sun: what lies above is a sentinel, and its square would overflow the arithmetic.
MAX_FLUX = 1e12
MAX_REDSHIFT = 10.0


@dataclass(frozen=True)
class Note:
    """One thing that the border did to the data, in words a person reads: "3 duplicate points merged".

    kind : dropped, merged, reordered, converted or warning. count : how many rows it touched.
    short : what is said beside the answer, because it bears on it; empty for what the input panel alone tells.
    """

    kind: str
    message: str
    count: int = 0
    short: str = ""


@dataclass(frozen=True)
class Limits:
    """Upper limits (non-detections), kept apart from detections so that they never pass for one.

    mjd : (K,) float64. flux_limit : (K,) float64 [FLUXCAL], the n-sigma limit. band : (K,) int8.
    n_sigma : how many standard deviations the limits stand for (ZTF's diffmaglim: 5).
    left_out : rows that were no limits; `light_curve` makes a note of them, and counts from zero again.
    """

    mjd: NDArray[np.float64] = field(default_factory=lambda: frozen([], np.float64))
    flux_limit: NDArray[np.float64] = field(default_factory=lambda: frozen([], np.float64))
    band: NDArray[np.int8] = field(default_factory=lambda: frozen([], np.int8))
    n_sigma: float = 5.0
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.mjd)


@dataclass(frozen=True)
class Provenance:
    """Where a light curve came from.

    source : name for the page ("ALeRCE", "sample", a file's name). retrieved : ISO 8601 UTC, when it was fetched.
    url : the request that can be repeated. simulated : made by a simulation, and labelled so wherever it is shown.
    true_class, true_class_source : the known class and who says so; empty when unknown.
    licence, citation : what the source asks of a reader. cached : shown from the last good copy, not live.
    """

    source: str = ""
    retrieved: str = ""
    url: str = ""
    simulated: bool = False
    true_class: str = ""
    true_class_source: str = ""
    licence: str = ""
    citation: str = ""
    cached: bool = False
    survey_id: str = ""


@dataclass(frozen=True)
class LightCurve:
    """The photometry of one object, in order: times rise, errors are positive, everything is finite.

    mjd : (N,) float64 [d]. flux, flux_err : (N,) float64 [FLUXCAL, zp 27.5 AB], signed; errors > 0.
    band : (N,) int8, index into `core.bands.BANDS`. forced : (N,) bool, forced photometry rather than a detection.
    redshift, redshift_err, ra, dec [deg] : None when unknown. context : further numbers that rode along.
    time_scale : "utc" or "tai", of ``mjd``. notes : what the border did. Build it with `light_curve`.
    """

    object_id: str
    mjd: NDArray[np.float64]
    flux: NDArray[np.float64]
    flux_err: NDArray[np.float64]
    band: NDArray[np.int8]
    forced: NDArray[np.bool_]
    limits: Limits = field(default_factory=Limits)
    redshift: float | None = None
    redshift_err: float | None = None
    ra: float | None = None
    dec: float | None = None
    alert_id: str | None = None
    time_scale: str = "utc"
    context: Mapping[str, float] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return len(self.mjd)

    @property
    def surveys(self) -> tuple[str, ...]:
        """Surveys whose bands occur, in the order of the band table."""
        present = set(self.band.tolist()) | set(self.limits.band.tolist())
        return tuple(dict.fromkeys(BANDS[i].survey for i in sorted(present)))

    @property
    def first_detection(self) -> float:
        """MJD that days are counted from: the first detection, or the first point where all is forced photometry."""
        detected = self.mjd[~self.forced]
        return float(detected[0] if len(detected) else self.mjd[0]) if len(self.mjd) else float("nan")

    @property
    def signal_to_noise(self) -> NDArray[np.float64]:
        """(N,) flux / flux_err, signed."""
        return self.flux / self.flux_err

    def subset(self, keep: NDArray) -> LightCurve:
        """The same object with only the points where ``keep`` (bool mask or indices) selects; limits stay."""
        return replace(
            self,
            mjd=frozen(self.mjd[keep], np.float64),
            flux=frozen(self.flux[keep], np.float64),
            flux_err=frozen(self.flux_err[keep], np.float64),
            band=frozen(self.band[keep], np.int8),
            forced=frozen(self.forced[keep], np.bool_),
        )

    def photometry_sha256(self) -> str:
        """Hash of the photometry alone: with object and model it is the key of a scored row that has no alert id."""
        digest = hashlib.sha256()
        for array in (self.mjd, self.flux, self.flux_err, self.band):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def light_curve(
    object_id: object,
    mjd: ArrayLike,
    flux: ArrayLike,
    flux_err: ArrayLike,
    band: ArrayLike,
    *,
    forced: ArrayLike | None = None,
    limits: Limits | None = None,
    redshift: float | None = None,
    redshift_err: float | None = None,
    ra: float | None = None,
    dec: float | None = None,
    alert_id: object = None,
    time_scale: str = "utc",
    context: Mapping[str, float] | None = None,
    provenance: Provenance | None = None,
    notes: Sequence[Note] = (),
) -> LightCurve:
    """Put photometry in order, once: sorted, finite, without duplicates, every step noted.

    Rows with a missing or infinite time, flux or error, with an error that is not positive, or with a time outside
    `MJD_RANGE` are dropped and counted. Rows of the same band and time are merged by inverse variance (a detection
    wins over forced photometry of the same exposure, which measured the same photons). Times must be MJD: when most of
    them look like Julian dates they are refused by name rather than guessed at.

    Raises BadInput when arrays differ in length, times are Julian dates, or there are more than `MAX_POINTS` rows.
    """
    t = np.asarray(mjd, dtype=np.float64).ravel()
    y = np.asarray(flux, dtype=np.float64).ravel()
    e = np.asarray(flux_err, dtype=np.float64).ravel()
    b = np.asarray(band, dtype=np.int64).ravel()
    f = np.zeros(len(t), bool) if forced is None else np.asarray(forced, dtype=bool).ravel()
    if not len(t) == len(y) == len(e) == len(b) == len(f):
        raise BadInput(
            "shape", f"columns differ in length: {len(t)} times, {len(y)} fluxes, {len(e)} errors, {len(b)} bands"
        )
    if len(t) > MAX_POINTS:
        raise BadInput("too_long", f"{len(t):,} points in one light curve; at most {MAX_POINTS:,} are read")
    if len(b) and (b.min() < 0 or b.max() >= len(BANDS)):
        raise BadInput(
            "band", f"band index {int(b.max() if b.max() >= len(BANDS) else b.min())}; expected 0 to {len(BANDS) - 1}"
        )
    finite_times = t[np.isfinite(t)]
    if len(finite_times) and np.mean(finite_times > 2_400_000) > 0.5:
        raise BadInput(
            "julian_date", f"times look like Julian dates (first: {finite_times[0]:.5f}); expected MJD = JD - 2400000.5"
        )
    log = list(notes)
    keep = np.ones(len(t), bool)

    def drop(bad: NDArray[np.bool_], why: str) -> None:
        count = int(np.sum(bad & keep))
        if count:
            log.append(Note("dropped", f"{_points(count)} dropped: {why}", count))
            keep[bad] = False

    drop(~np.isfinite(t), "no time")
    drop(
        np.isfinite(t) & ((t < MJD_RANGE[0]) | (t > MJD_RANGE[1])),
        f"MJD outside {MJD_RANGE[0]:.0f} to {MJD_RANGE[1]:.0f}",
    )
    drop(~np.isfinite(y), "no flux")
    drop(np.isfinite(y) & (np.abs(y) > MAX_FLUX), f"flux beyond ±{MAX_FLUX:.0e} FLUXCAL (magnitude −2.5)")
    drop(~np.isfinite(e), "no flux error")
    drop(np.isfinite(e) & (e <= 0), "flux error zero or negative")
    drop(
        (e > 0) & ((e < 1.0 / MAX_FLUX) | (e > MAX_FLUX)),
        f"flux error outside {1 / MAX_FLUX:.0e} to {MAX_FLUX:.0e} FLUXCAL",
    )
    t, y, e, b, f = t[keep], y[keep], e[keep], b[keep], f[keep]

    # Total order, so that shuffled rows give the same light curve bit for bit, even at equal times.
    order = np.lexsort((y, e, f, b, t))
    if np.any(np.diff(t) < 0):
        log.append(Note("reordered", f"{_points(len(t))} sorted by time", len(t)))
    t, y, e, b, f = t[order], y[order], e[order], b[order], f[order]
    t, y, e, b, f, merged = _merge_duplicates(t, y, e, b, f)
    if merged:
        log.append(
            Note("merged", f"{merged} duplicate {'row' if merged == 1 else 'rows'} merged (same band and time)", merged)
        )

    limits = limits if limits is not None else Limits()
    if limits.left_out:
        what = "upper limit" if limits.left_out == 1 else "upper limits"
        why = f"no limit above zero, or no MJD from {MJD_RANGE[0]:.0f} to {MJD_RANGE[1]:.0f}"
        log.append(Note("dropped", f"{limits.left_out:,} {what} dropped: {why}", limits.left_out))

    z, z_err = _number(redshift), _number(redshift_err)
    if z is not None and not 0 < z < MAX_REDSHIFT:
        # 0, -9 and 99 stand for "unknown" in catalogues; a network takes them at their word.
        log.append(Note("dropped", f"redshift {z:g} not used: expected more than 0 and less than {MAX_REDSHIFT:g}", 0))
        z = None
    if z_err is not None and not 0 < z_err < MAX_REDSHIFT:
        z_err = None
    return LightCurve(
        object_id=str(object_id),
        mjd=frozen(t, np.float64),
        flux=frozen(y, np.float64),
        flux_err=frozen(e, np.float64),
        band=frozen(b, np.int8),
        forced=frozen(f, np.bool_),
        limits=replace(limits, left_out=0),
        redshift=z,
        redshift_err=z_err if z is not None else None,
        ra=_number(ra),
        dec=_number(dec),
        alert_id=None if alert_id is None else str(alert_id),
        time_scale=time_scale,
        context=dict(context or {}),
        provenance=provenance or Provenance(),
        notes=tuple(log),
    )


def upper_limits(mjd: ArrayLike, flux_limit: ArrayLike, band: ArrayLike, *, n_sigma: float = 5.0) -> Limits:
    """Upper limits in order: sorted by time; rows that are not finite, or not positive, are left out and counted.

    flux_limit : (K,) [FLUXCAL], the n-sigma limit.
    """
    t = np.asarray(mjd, dtype=np.float64).ravel()
    y = np.asarray(flux_limit, dtype=np.float64).ravel()
    b = np.asarray(band, dtype=np.int64).ravel()
    keep = np.isfinite(t) & np.isfinite(y) & (y > 0) & (t >= MJD_RANGE[0]) & (t <= MJD_RANGE[1])
    left_out = int(np.sum(~keep))
    t, y, b = t[keep], y[keep], b[keep]
    order = np.lexsort((y, b, t))
    return Limits(
        frozen(t[order], np.float64), frozen(y[order], np.float64), frozen(b[order], np.int8), n_sigma, left_out
    )


def _merge_duplicates(t, y, e, b, f):
    """Merge rows of one band and time (within 1 s) by inverse variance; a detection beats forced photometry."""
    if len(t) < 2:
        return t, y, e, b, f, 0
    order = np.lexsort((t, b))
    same = (np.diff(b[order]) == 0) & (np.diff(t[order]) < 1.0 / 86400.0)
    if not same.any():
        return t, y, e, b, f, 0
    group = np.empty(len(t), np.int64)
    group[order] = np.concatenate([[0], np.cumsum(~same)])
    n_groups = int(group.max()) + 1
    has_detection = np.zeros(n_groups, bool)
    np.logical_or.at(has_detection, group, ~f)
    weight = np.where(f & has_detection[group], 0.0, 1.0 / e**2)
    total = np.bincount(group, weight, n_groups)
    flux = np.bincount(group, weight * y, n_groups) / total
    # An exact copy must leave no trace, not even in the last bit: the photometry's hash is a key.
    lowest, highest = np.full(n_groups, np.inf), np.full(n_groups, -np.inf)
    np.minimum.at(lowest, group, np.where(weight > 0, y, np.inf))
    np.maximum.at(highest, group, np.where(weight > 0, y, -np.inf))
    flux = np.where(lowest == highest, lowest, flux)
    # Copies of one measurement carry no new information: the error of the best row stands, not the smaller combined one.
    error = np.full(n_groups, np.inf)
    np.minimum.at(error, group, np.where(weight > 0, e, np.inf))
    time = np.full(n_groups, np.inf)
    np.minimum.at(time, group, t)
    band = np.zeros(n_groups, np.int64)
    band[group] = b
    out = np.lexsort((flux, error, band, time))
    return time[out], flux[out], error[out], band[out], ~has_detection[out], len(t) - n_groups


def frozen(values: ArrayLike, dtype: type) -> NDArray:
    """A read-only copy: arrays that cross a border are never changed."""
    array: NDArray = np.array(values, dtype=dtype, ndmin=1)
    array.flags.writeable = False
    return array


def _number(value: float | None) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if np.isfinite(number) else None


def _points(count: int) -> str:
    return f"{count:,} point" + ("" if count == 1 else "s")
