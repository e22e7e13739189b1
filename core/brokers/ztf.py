"""ZTF photometry from a broker's rows or an alert's, difference magnitudes with a sign, put into a LightCurve.

Rows carry the names of the ZTF alert packet: ``mjd`` or ``jd``, ``fid``, ``magpsf``, ``sigmapsf``, ``isdiffpos``,
``diffmaglim``, ``ra``, ``dec``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from core.bands import band_index
from core.brokers.rows import MAGNITUDES, Points, Row, dropped, median_position, number, real
from core.lightcurve import LightCurve, Limits, Note, Provenance, light_curve, upper_limits
from core.photometry import JD_MINUS_MJD, difference_sign, magnitude_error_to_flux_error, magnitude_to_flux

#: Numbers of the newest alert that ride along in `LightCurve.context`.
CONTEXT = ("ndethist", "sgscore1", "distpsnr1", "magnr", "distnr")
#: A magnitude error of 1 or more is a sentinel (100) or no measurement.
LARGEST_MAG_ERR = 1.0
#: ZTF's diffmaglim is quoted at five standard deviations.
LIMIT_SIGMA = 5.0
BANDS_OF_FID = (band_index(1, "ztf"), band_index(2, "ztf"), band_index(3, "ztf"))
#: What a row of an alert can be; all but the first two are dropped.
DETECTION, LIMIT, NOTHING, NO_ERROR, NO_BAND, NO_SIGN = range(6)
N_STATES = 6


def ztf_light_curve(
    object_id: str,
    detections: Sequence[Row],
    limits: Sequence[Row] = (),
    *,
    provenance: Provenance,
    notes: Sequence[Note] = (),
    ra: float | None = None,
    dec: float | None = None,
    redshift: float | None = None,
    context: Mapping[str, float] | None = None,
) -> LightCurve:
    """The light curve of a broker's ZTF rows (see `alert_photometry`). A row among ``limits`` is never a detection; one
    among ``detections`` is never a limit.

    ra, dec [deg] : of the object; the median of the detections when None.
    """
    told_apart = [{**row, "diffmaglim": None} for row in detections] + [{**row, "magpsf": None} for row in limits]
    points, kept_limits = alert_photometry(told_apart)
    median_ra, median_dec = median_position(detections)
    return light_curve(
        object_id,
        points.mjd,
        points.flux,
        points.flux_err,
        points.band,
        limits=kept_limits,
        ra=median_ra if ra is None else ra,
        dec=median_dec if dec is None else dec,
        redshift=redshift,
        context=context,
        provenance=provenance,
        notes=[*notes, *points.notes],
    )


def alert_photometry(rows: Sequence[Row]) -> tuple[Points, Limits]:
    """(detections, limits) of rows: flux from ``magpsf`` with the sign of ``isdiffpos``, 5-sigma limits from ``diffmaglim``.

    A row without a magnitude is a limit. Rows without either, with an error that is none, an unknown filter or an unknown
    sign are dropped and counted.
    """
    found: list[tuple[float, float, float, int, int]] = []
    limits: list[tuple[float, float, int]] = []
    counts = [0] * N_STATES
    unknown_sign = ""
    for row in rows:
        band = band_of(row)
        mag, mag_err, limit = (real(row.get(name)) for name in ("magpsf", "sigmapsf", "diffmaglim"))
        sign, error = _sign(row.get("isdiffpos"))
        state = state_of(band, mag, mag_err, sign, limit)
        counts[state] += 1
        if state == DETECTION:
            found.append((mjd_of(row), mag, mag_err, band, int(sign)))
        elif state == LIMIT:
            limits.append((mjd_of(row), limit, band))
        elif state == NO_SIGN:
            unknown_sign = unknown_sign or error
    d = np.array(found, dtype=float).reshape(-1, 5)
    k = np.array(limits, dtype=float).reshape(-1, 3)
    # Alerts list the newest first; that is their habit and not worth a note to the reader.
    d = d[np.argsort(d[:, 0], kind="stable")]
    points = Points(
        d[:, 0],
        d[:, 4] * magnitude_to_flux(d[:, 1]),
        magnitude_error_to_flux_error(d[:, 1], d[:, 2]),
        d[:, 3].astype(np.int64),
        np.zeros(len(d), bool),
        alert_notes(counts, unknown_sign),
    )
    return points, upper_limits(k[:, 0], magnitude_to_flux(k[:, 1]), k[:, 2], n_sigma=LIMIT_SIGMA)


def state_of(band: int, mag: float, mag_err: float, sign: float, limit: float) -> int:
    """What a row of an alert is, one of `DETECTION` and so on. sign : NaN when unknown. Compiled for many alerts at once."""
    if band < 0:
        return NO_BAND
    if MAGNITUDES[0] < mag < MAGNITUDES[1]:
        if sign != sign:
            return NO_SIGN
        return DETECTION if 0 < mag_err < LARGEST_MAG_ERR else NO_ERROR
    return LIMIT if MAGNITUDES[0] < limit < MAGNITUDES[1] else NOTHING


def alert_notes(counts: Sequence[int], unknown_sign: str = "") -> tuple[Note, ...]:
    """Notes for rows that were dropped. counts : rows in each state. unknown_sign : what is said of the first such."""
    return (
        *dropped(counts[NOTHING], "no magnitude (magpsf) and no limit (diffmaglim)"),
        *dropped(counts[NO_ERROR], f"magnitude error (sigmapsf) not between 0 and {LARGEST_MAG_ERR:g}"),
        *dropped(counts[NO_BAND], "unknown filter (fid is not 1, 2 or 3)"),
        *dropped(counts[NO_SIGN], unknown_sign),
    )


def band_of_fid(fid: float) -> int:
    """The band index of a ``fid``; -1 for any other than 1, 2, 3. Compiled for many alerts at once."""
    return BANDS_OF_FID[int(fid) - 1] if fid in (1.0, 2.0, 3.0) else -1


def band_of(row: Row) -> int:
    """The band index of a row's ``fid``; -1 when there is none, or another than 1, 2, 3."""
    return band_of_fid(number(row.get("fid")))


def mjd_of(row: Row) -> float:
    """The time of a row [MJD], from ``mjd`` or ``jd``; NaN without either."""
    mjd = number(row.get("mjd"))
    return mjd if mjd == mjd else number(row.get("jd")) - JD_MINUS_MJD


def _sign(isdiffpos: object) -> tuple[float, str]:
    """(+1 or -1, "") or (NaN, what is wrong)."""
    try:
        return difference_sign(isdiffpos), ""
    except ValueError as error:
        return math.nan, str(error)
