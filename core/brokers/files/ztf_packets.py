"""ZTF alert packets of every schema version (2.0 to 4.02, and the unversioned ones of 2018), plain or from Fink."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.brokers.files.fields import exact_id, with_tns_type
from core.brokers.rows import SENTINELS, Points, dropped, known_number, number, real
from core.brokers.simbad import is_other
from core.brokers.ztf import CONTEXT, alert_photometry, band_of, mjd_of
from core.lightcurve import LightCurve, Note, Provenance, light_curve
from core.photometry import JD_MINUS_MJD, ZERO_POINT
from core.refusal import BadInput

#: What the forced-photometry service writes when it has no flux.
FAILED = -99999.0
#: What a row of forced photometry can be.
GOOD, FAILURE, FLAGGED = range(3)


def ztf_light_curve(packet: Mapping[str, Any], provenance: Provenance | None = None) -> LightCurve:
    """The light curve of one ZTF packet: candidate, history and forced photometry, as signed difference flux.

    Magnitudes of ``isdiffpos`` f or 0 are negative fluxes. A history row without magpsf is an upper limit (diffmaglim,
    5 sigma). fp_hists (4.02 on) is forced photometry: DN with the zero point of its own row.
    Raises BadInput when objectId, or the candidate with its jd and fid, is missing, or an id has lost digits.
    """
    facts = packet_facts(packet, provenance)
    alerts, limits = alert_photometry([packet["candidate"], *_rows(packet.get("prv_candidates"))])
    forced = _forced_photometry(_rows(packet.get("fp_hists")))
    order = np.argsort(np.concatenate([alerts.mjd, forced.mjd]), kind="stable")

    def both(name: str) -> Any:
        return np.concatenate([getattr(alerts, name), getattr(forced, name)])[order]

    return light_curve(
        mjd=both("mjd"),
        flux=both("flux"),
        flux_err=both("flux_err"),
        band=both("band"),
        forced=both("forced"),
        limits=limits,
        notes=(*alerts.notes, *forced.notes),
        **facts,
    )


def packet_facts(packet: Mapping[str, Any], provenance: Provenance | None) -> dict[str, Any]:
    """What a packet says beside its photometry: ids, position, context, provenance. Raises as `ztf_light_curve`."""
    object_id = exact_id((packet.get("objectId"),), "objectId")
    candidate = packet.get("candidate")
    if not object_id:
        raise BadInput("no_id", "the alert has no objectId")
    if not isinstance(candidate, Mapping):
        raise BadInput("schema", f"candidate is {type(candidate).__name__}; expected a record with jd, fid and magpsf")
    if not math.isfinite(number(candidate.get("jd"))):
        raise BadInput("no_time", f"candidate has jd {candidate.get('jd')!r}; expected a Julian date")
    if band_of(candidate) < 0:
        raise BadInput("band", f"candidate has fid {candidate.get('fid')!r}; expected 1 (g), 2 (r) or 3 (i)")
    return {
        "object_id": object_id,
        "ra": known_number(candidate.get("ra")),
        "dec": known_number(candidate.get("dec")),
        "alert_id": exact_id((packet.get("candid"), candidate.get("candid")), "candid") or None,
        "context": _context(packet, candidate),
        "provenance": with_tns_type(provenance, packet.get("tns")) or Provenance(),
    }


def _rows(value: object) -> Sequence[Mapping[str, Any]]:
    """The rows of a list that may be null, or hold nulls."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _forced_photometry(rows: Sequence[Mapping[str, Any]]) -> Points:
    values: list[tuple[float, float, float, float, int]] = []
    counts = [0, 0, 0]
    for row in rows:
        band, mjd, zero_point = band_of(row), mjd_of(row), real(row.get("magzpsci"))
        flux, unc = real(row.get("forcediffimflux")), real(row.get("forcediffimfluxunc"))
        state = forced_state_of(band, mjd, flux, unc, zero_point, has_warning(row.get("procstatus")))
        counts[state] += 1
        if state == GOOD:
            values.append((mjd, flux, unc, zero_point, band))
    v = np.array(values, dtype=float).reshape(-1, 5)
    every = np.ones(len(v), bool)
    return Points(v[:, 0], *forced_fluxes(v), v[:, 4].astype(np.int64), every, forced_notes(*counts[1:]))


def forced_state_of(band: int, mjd: float, flux: float, unc: float, zero_point: float, warning: float) -> int:
    """What a row of forced photometry is: `GOOD`, `FAILURE` or `FLAGGED`. Compiled for many alerts at once."""
    if band < 0 or flux == FAILED or unc in SENTINELS or zero_point in SENTINELS:
        return FAILURE
    if not math.isfinite(mjd + zero_point + flux + unc):
        return FAILURE
    return FLAGGED if warning else GOOD


def forced_fluxes(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(flux, flux_err) [FLUXCAL] of rows (mjd, flux, unc, zero point, …): DN with the zero point of its own row."""
    scale = np.power(10.0, 0.4 * (ZERO_POINT - rows[:, 3]))
    return rows[:, 1] * scale, rows[:, 2] * scale


def forced_notes(failed: int, flagged: int) -> tuple[Note, ...]:
    """Notes for rows of forced photometry that were dropped."""
    return (
        *dropped(failed, "forced photometry failed (-99999)"),
        *dropped(flagged, "forced photometry with a warning (procstatus not 0)"),
    )


def has_warning(procstatus: object) -> bool:
    """Whether the forced-photometry service warns of a row with this ``procstatus``."""
    return str(procstatus).strip() not in ("0", "None", "")


def _context(packet: Mapping[str, Any], candidate: Mapping[str, Any]) -> dict[str, float]:
    found = {name: number(candidate.get(name)) for name in CONTEXT}
    found["ssdistnr"] = number(candidate.get("ssdistnr"))
    found["mjdstarthist"] = number(candidate.get("jdstarthist")) - JD_MINUS_MJD
    # Fink adds Gaia's parallax, its Solar System flag and SIMBAD's label at top level.
    found["parallax"], found["parallax_err"] = number(packet.get("Plx")), number(packet.get("e_Plx"))
    found["roid"] = number(packet.get("roid"))
    found["simbad_other"] = is_other(packet.get("cdsxmatch"))
    return {name: value for name, value in found.items() if math.isfinite(value)}
