"""ZTF photometry from a broker's rows or an alert's, difference magnitudes with a sign, put into a LightCurve.

Rows carry the names of the ZTF alert packet: ``mjd`` or ``jd``, ``fid``, ``magpsf``, ``sigmapsf``, ``isdiffpos``,
``diffmaglim``, ``ra``, ``dec``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.bands import band_index
from core.brokers.rows import Points, Row, dropped, magnitude, median_position, number
from core.lightcurve import LightCurve, Limits, Note, Provenance, light_curve, upper_limits
from core.photometry import JD_MINUS_MJD, difference_sign, magnitude_error_to_flux_error, magnitude_to_flux

#: Numbers of the newest alert that ride along in `LightCurve.context`.
CONTEXT = ("ndethist", "sgscore1", "distpsnr1", "magnr", "distnr")
#: A magnitude error of 1 or more is a sentinel (100) or no measurement.
LARGEST_MAG_ERR = 1.0
_FID = {float(fid): band_index(fid, "ztf") for fid in (1, 2, 3)}


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
    nothing = no_error = no_band = 0
    signs: list[str] = []
    for row in rows:
        band = band_of(row)
        mag = magnitude(row.get("magpsf"))
        if band < 0:
            no_band += 1
        elif mag == mag:
            mag_err = number(row.get("sigmapsf"))
            try:
                sign = difference_sign(row.get("isdiffpos"))
            except ValueError as error:
                signs.append(str(error))
                continue
            if 0 < mag_err < LARGEST_MAG_ERR:
                found.append((mjd_of(row), mag, mag_err, band, sign))
            else:
                no_error += 1
        elif (limit := magnitude(row.get("diffmaglim"))) == limit:
            limits.append((mjd_of(row), limit, band))
        else:
            nothing += 1
    d = np.array(found, dtype=float).reshape(-1, 5)
    k = np.array(limits, dtype=float).reshape(-1, 3)
    notes = (
        *dropped(nothing, "no magnitude (magpsf) and no limit (diffmaglim)"),
        *dropped(no_error, f"magnitude error (sigmapsf) not between 0 and {LARGEST_MAG_ERR:g}"),
        *dropped(no_band, "unknown filter (fid is not 1, 2 or 3)"),
        *dropped(len(signs), signs[0] if signs else ""),
    )
    # Alerts list the newest first; that is their habit and not worth a note to the reader.
    d = d[np.argsort(d[:, 0], kind="stable")]
    points = Points(
        d[:, 0],
        d[:, 4] * magnitude_to_flux(d[:, 1]),
        magnitude_error_to_flux_error(d[:, 1], d[:, 2]),
        d[:, 3].astype(np.int64),
        np.zeros(len(d), bool),
        notes,
    )
    return points, upper_limits(k[:, 0], magnitude_to_flux(k[:, 1]), k[:, 2], n_sigma=5.0)


def band_of(row: Row) -> int:
    """The band index of a row's ``fid``; -1 when there is none, or another than 1, 2, 3."""
    return _FID.get(number(row.get("fid")), -1)


def mjd_of(row: Row) -> float:
    """The time of a row [MJD], from ``mjd`` or ``jd``; NaN without either."""
    mjd = number(row.get("mjd"))
    return mjd if mjd == mjd else number(row.get("jd")) - JD_MINUS_MJD
