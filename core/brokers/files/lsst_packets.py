"""LSST alert packets of every schema version (2 to 11), ELAsTiCC's cut-down form, and their JSON and Fink forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.brokers.files.fields import exact_id, with_tns_type
from core.brokers.lsst import band_of, first, mjd_of, source_photometry
from core.brokers.rows import dropped, known_number, number
from core.lightcurve import LightCurve, Limits, Note, Provenance, light_curve, upper_limits
from core.photometry import to_fluxcal
from core.refusal import BadInput

_DEC = ("dec", "decl")
#: diaNoise is one standard deviation; limits are quoted at five, as ZTF's are.
LIMIT_SIGMA = 5.0


def lsst_light_curve(packet: Mapping[str, Any], provenance: Provenance | None = None) -> LightCurve:
    """The light curve of one LSST packet: diaSource, its history and forced photometry, psfFlux [nJy] as FLUXCAL.

    Times are TAI and stay so (``time_scale``). An alert without a diaObject (a known asteroid) is named by its
    diaSourceId, and says so in its notes. Raises BadInput when no id is there or it has lost digits, or diaSource is not a
    record.
    """
    source = packet.get("diaSource")
    if not isinstance(source, Mapping):
        raise BadInput("schema", f"diaSource is {type(source).__name__}; expected a record with psfFlux and band")
    target = packet.get("diaObject")
    target = target if isinstance(target, Mapping) else {}
    object_id, alert_id, notes = _ids(packet, source, target)

    points = source_photometry([source, *_rows(packet.get("prvDiaSources"))], _rows(packet.get("prvDiaForcedSources")))
    limits, limit_notes = _limits(_rows(packet.get("prvDiaNondetectionLimits")))
    simulated = "z_final" in target  # only ELAsTiCC, a simulation, has it
    provenance = with_tns_type(provenance, _mapping(packet.get("xm")).get("tns_type"))
    redshift, redshift_err = _redshift(packet, target)
    return light_curve(
        object_id,
        points.mjd,
        points.flux,
        points.flux_err,
        points.band,
        forced=points.forced,
        limits=limits,
        redshift=redshift,
        redshift_err=redshift_err,
        ra=_position(target, source, ("ra",)),
        dec=_position(target, source, _DEC),
        alert_id=alert_id,
        time_scale="tai",
        context=_context(packet, source, target),
        provenance=replace(provenance or Provenance(), simulated=True) if simulated else provenance,
        notes=(*notes, *points.notes, *limit_notes),
    )


def _rows(value: object) -> Sequence[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _position(target: Mapping[str, Any], source: Mapping[str, Any], names: Sequence[str]) -> float | None:
    """A coordinate [deg] of the object, or else of the source."""
    value = known_number(first(target, names))
    return value if value is not None else known_number(first(source, names))


def _ids(
    packet: Mapping[str, Any], source: Mapping[str, Any], target: Mapping[str, Any]
) -> tuple[str, str | None, tuple[Note, ...]]:
    """(object_id, alert_id, notes). An exact copy of an id is preferred over one that was stored as a float."""
    # alertId is a constant in some simulations; diaSourceId is unique in all.
    alert = exact_id((source.get("diaSourceId"), packet.get("diaSourceId"), packet.get("alertId")), "diaSourceId")
    name = exact_id((source.get("diaObjectId"), target.get("diaObjectId")), "diaObjectId")
    if name:
        return name, alert or None, ()
    if not alert:
        raise BadInput("no_id", "the alert has neither a diaObjectId nor a diaSourceId")
    solar_system = source.get("ssObjectId") or first(_mapping(packet.get("ssSource")), ("designation",))
    why = f"matched to solar-system object {solar_system}" if solar_system else "no diaObject"
    note = Note("warning", f"the alert belongs to no diaObject ({why}); named by its diaSourceId", 1)
    return alert, alert, (note,)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _limits(rows: Sequence[Mapping[str, Any]]) -> tuple[Limits, tuple[Note, ...]]:
    found = [(mjd_of(row), number(row.get("diaNoise")), band_of(row)) for row in rows]
    v = np.array([row for row in found if row[2] >= 0], dtype=float).reshape(-1, 3)
    limits = upper_limits(v[:, 0], LIMIT_SIGMA * to_fluxcal(v[:, 1], "njy"), v[:, 2], n_sigma=LIMIT_SIGMA)
    return limits, dropped(len(found) - len(v), "unknown band", "upper limit")


def _redshift(packet: Mapping[str, Any], target: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """From ELAsTiCC's host (z_final) or from TNS by way of Fink."""
    z = known_number(target.get("z_final"))
    if z is not None:
        return z, known_number(target.get("z_final_err"))
    return known_number(_mapping(packet.get("xm")).get("tns_redshift")), None


def _context(packet: Mapping[str, Any], source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, float]:
    match = _mapping(packet.get("xm"))
    asteroid = source.get("ssObjectId") or first(_mapping(packet.get("ssSource")), ("designation",))
    found = {"parallax": number(match.get("gaiadr3_Plx")), "parallax_err": number(match.get("gaiadr3_e_Plx"))}
    found["mjdstarthist"] = number(target.get("firstDiaSourceMjdTai"))
    found["known_asteroid"] = 1.0 if asteroid else np.nan
    return {name: value for name, value in found.items() if np.isfinite(value)}
