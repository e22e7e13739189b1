"""ZTF alert packets of every schema version (2.0 to 4.02, and the unversioned ones of 2018), plain or from Fink."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.bands import band_index
from core.brokers.files.fields import dropped, exact_id, known, magnitude, number, real, with_tns_type
from core.lightcurve import LightCurve, Limits, Note, Provenance, light_curve, upper_limits
from core.photometry import (
    ZERO_POINT,
    difference_sign,
    jd_to_mjd,
    magnitude_error_to_flux_error,
    magnitude_to_flux,
)
from core.refusal import BadInput

#: Numbers of the candidate that ride along in `LightCurve.context`.
CONTEXT = ("ndethist", "sgscore1", "distpsnr1", "magnr", "distnr")
#: What the forced-photometry service writes when it has no flux.
FAILED = -99999.0
_FID = {fid: band_index(fid, "ztf") for fid in (1, 2, 3)}


def ztf_light_curve(packet: Mapping[str, Any], provenance: Provenance | None = None) -> LightCurve:
    """The light curve of one ZTF packet: candidate, history and forced photometry, as signed difference flux.

    Magnitudes of ``isdiffpos`` f or 0 are negative fluxes. A history row without magpsf is an upper limit (diffmaglim,
    5 sigma). fp_hists (4.02 on) is forced photometry: DN with the zero point of its own row.
    Raises BadInput when objectId, or the candidate with its jd and fid, is missing.
    """
    object_id, notes = exact_id(packet.get("objectId"), "objectId")
    candidate = packet.get("candidate")
    if not object_id:
        raise BadInput("no_id", "the alert has no objectId")
    if not isinstance(candidate, Mapping):
        raise BadInput("schema", f"candidate is {type(candidate).__name__}; expected a record with jd, fid and magpsf")
    if not np.isfinite(number(candidate.get("jd"))):
        raise BadInput("no_time", f"candidate has jd {candidate.get('jd')!r}; expected a Julian date")
    if candidate.get("fid") not in _FID:
        raise BadInput("band", f"candidate has fid {candidate.get('fid')!r}; expected 1 (g), 2 (r) or 3 (i)")
    alert_id, id_notes = exact_id(packet.get("candid") or candidate.get("candid"), "candid")

    rows = [candidate, *_rows(packet.get("prv_candidates"))]
    mjd, flux, flux_err, band, limits, alert_notes = _alert_photometry(rows)
    f_mjd, f_flux, f_err, f_band, forced_notes = _forced_photometry(_rows(packet.get("fp_hists")))
    times = np.concatenate([mjd, f_mjd])
    order = np.argsort(times, kind="stable")  # packets list the newest first: not worth a note to the reader
    return light_curve(
        object_id,
        times[order],
        np.concatenate([flux, f_flux])[order],
        np.concatenate([flux_err, f_err])[order],
        np.concatenate([band, f_band])[order],
        forced=np.repeat([False, True], [len(mjd), len(f_mjd)])[order],
        limits=limits,
        ra=known(candidate.get("ra")),
        dec=known(candidate.get("dec")),
        alert_id=alert_id or None,
        context=_context(packet, candidate),
        provenance=with_tns_type(provenance, packet.get("tns")),
        notes=(*notes, *id_notes, *alert_notes, *forced_notes),
    )


def _rows(value: object) -> Sequence[Mapping[str, Any]]:
    """The rows of a list that may be null, or hold nulls."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _alert_photometry(rows: Sequence[Mapping[str, Any]]) -> tuple[Any, Any, Any, Any, Limits, tuple[Note, ...]]:
    detections: list[tuple[float, float, float, int, int]] = []
    limits: list[tuple[float, float, int]] = []
    no_band = no_value = 0
    signs: list[str] = []
    for row in rows:
        band = _FID.get(row.get("fid"))  # type: ignore[arg-type]
        jd, mag = number(row.get("jd")), magnitude(row.get("magpsf"))
        if band is None:
            no_band += 1
        elif np.isfinite(mag):
            try:
                sign = difference_sign(row.get("isdiffpos"))
            except ValueError as error:
                signs.append(str(error))
                continue
            detections.append((jd, mag, number(row.get("sigmapsf")), band, sign))
        elif np.isfinite(limit := magnitude(row.get("diffmaglim"))):
            limits.append((jd, limit, band))
        else:
            no_value += 1
    d = np.array(detections, dtype=float).reshape(-1, 5)
    k = np.array(limits, dtype=float).reshape(-1, 3)
    notes = (
        *dropped(no_band, "no fid, or one other than 1, 2, 3"),
        *dropped(no_value, "neither magpsf nor diffmaglim"),
        *dropped(len(signs), signs[0] if signs else ""),
    )
    flux = d[:, 4] * magnitude_to_flux(d[:, 1])
    flux_err = magnitude_error_to_flux_error(d[:, 1], d[:, 2])
    kept = upper_limits(jd_to_mjd(k[:, 0]), magnitude_to_flux(k[:, 1]), k[:, 2], n_sigma=5.0)
    return jd_to_mjd(d[:, 0]), flux, flux_err, d[:, 3].astype(np.int64), kept, notes


def _forced_photometry(rows: Sequence[Mapping[str, Any]]) -> tuple[Any, Any, Any, Any, tuple[Note, ...]]:
    values: list[tuple[float, float, float, float, int]] = []
    failed = flagged = 0
    for row in rows:
        band = _FID.get(row.get("fid"))  # type: ignore[arg-type]
        jd, zero_point = number(row.get("jd")), number(row.get("magzpsci"))
        flux, unc = real(row.get("forcediffimflux")), number(row.get("forcediffimfluxunc"))
        if band is None or flux == FAILED or not np.all(np.isfinite((jd, zero_point, flux, unc))):
            failed += 1
        elif str(row.get("procstatus", "0")).strip() not in ("0", "None", ""):
            flagged += 1
        else:
            values.append((jd, flux, unc, zero_point, band))
    v = np.array(values, dtype=float).reshape(-1, 5)
    scale = np.power(10.0, 0.4 * (ZERO_POINT - v[:, 3]))
    notes = (
        *dropped(failed, "forced photometry failed (-99999)"),
        *dropped(flagged, "forced photometry with a warning (procstatus not 0)"),
    )
    return jd_to_mjd(v[:, 0]), v[:, 1] * scale, v[:, 2] * scale, v[:, 4].astype(np.int64), notes


def _context(packet: Mapping[str, Any], candidate: Mapping[str, Any]) -> dict[str, float]:
    found = {name: number(candidate.get(name)) for name in CONTEXT}
    # Fink adds Gaia's parallax at top level.
    found["parallax"], found["parallax_err"] = number(packet.get("Plx")), number(packet.get("e_Plx"))
    return {name: value for name, value in found.items() if np.isfinite(value)}
