"""ZTF photometry as brokers publish it, difference magnitudes with a sign, put into a LightCurve.

Rows carry the names of the ZTF alert packet: ``mjd`` or ``jd``, ``fid``, ``magpsf``, ``sigmapsf``, ``isdiffpos``,
``diffmaglim``, ``ra``, ``dec``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.bands import band_index
from core.brokers.rows import Row, median_position, number, numbers
from core.lightcurve import LightCurve, Limits, Note, Provenance, light_curve, upper_limits
from core.photometry import difference_sign, jd_to_mjd, magnitude_error_to_flux_error, magnitude_to_flux
from core.refusal import BadInput

#: Numbers of the newest alert that ride along in `LightCurve.context`.
CONTEXT = ("ndethist", "sgscore1", "distpsnr1", "magnr", "distnr")
#: A magnitude error of 1 or more is a sentinel (100) or no measurement.
LARGEST_MAG_ERR = 1.0
#: Brighter or fainter than this is a sentinel (0, 99, 100, -999), not a magnitude.
MAG_RANGE = (1.0, 50.0)


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
    """The light curve of ZTF rows: flux from ``magpsf`` with the sign of ``isdiffpos``, limits from ``diffmaglim``.

    Rows without a magnitude, with a sentinel, an unknown filter or an unknown sign are dropped and counted.
    ra, dec [deg] : of the object; the median of the detections when None.
    """
    log = list(notes)
    mag, mag_err = numbers(detections, "magpsf"), numbers(detections, "sigmapsf")
    band, sign = _bands(detections), _signs(detections)
    keep = np.ones(len(detections), bool)
    for bad, why in (
        (~_is_magnitude(mag), "no magnitude"),
        (~((mag_err > 0) & (mag_err < LARGEST_MAG_ERR)), f"magnitude error not between 0 and {LARGEST_MAG_ERR:g}"),
        (band < 0, "unknown filter"),
        (sign == 0, "isdiffpos says neither positive nor negative"),
    ):
        count = int(np.sum(bad & keep))
        if count:
            log.append(Note("dropped", f"{count} {'row' if count == 1 else 'rows'} dropped: {why}", count))
        keep &= ~bad
    median_ra, median_dec = median_position(detections)
    return light_curve(
        object_id,
        _mjd(detections)[keep],
        (sign * magnitude_to_flux(mag))[keep],
        magnitude_error_to_flux_error(mag, mag_err)[keep],
        band[keep],
        limits=_limits(limits),
        ra=median_ra if ra is None else ra,
        dec=median_dec if dec is None else dec,
        redshift=redshift,
        context=context,
        provenance=provenance,
        notes=log,
    )


def _limits(rows: Sequence[Row]) -> Limits:
    limit, band = numbers(rows, "diffmaglim"), _bands(rows)
    keep = _is_magnitude(limit) & (band >= 0)
    return upper_limits(_mjd(rows)[keep], magnitude_to_flux(limit)[keep], band[keep], n_sigma=5.0)


def _mjd(rows: Sequence[Row]) -> NDArray[np.float64]:
    mjd = numbers(rows, "mjd")
    return np.where(np.isfinite(mjd), mjd, jd_to_mjd(numbers(rows, "jd")))


def _is_magnitude(mag: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (mag > MAG_RANGE[0]) & (mag < MAG_RANGE[1])


def _bands(rows: Sequence[Row]) -> NDArray[np.int64]:
    return np.array([_band(row.get("fid")) for row in rows], dtype=np.int64)


def _band(fid: object) -> int:
    try:
        return band_index(int(number(fid)), "ztf")
    except (BadInput, ValueError):
        return -1


def _signs(rows: Sequence[Row]) -> NDArray[np.int64]:
    return np.array([_sign(row.get("isdiffpos")) for row in rows], dtype=np.int64)


def _sign(isdiffpos: object) -> int:
    try:
        return difference_sign(isdiffpos)
    except ValueError:
        return 0
