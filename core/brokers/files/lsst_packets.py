"""LSST alert packets of every schema version (2 to 11), ELAsTiCC's cut-down form, and their JSON and Fink forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from core.bands import band_index
from core.brokers.files.fields import dropped, exact_id, known, number, real, with_tns_type
from core.lightcurve import MJD_RANGE, LightCurve, Limits, Note, Provenance, light_curve, upper_limits
from core.photometry import to_fluxcal
from core.refusal import BadInput

# Names changed with version 7; the data preview calls the difference flux of forced sources psfDiffFlux.
_TIME = ("midpointMjdTai", "midPointTai")
_BAND = ("band", "filterName")
_FLUX = ("psfDiffFlux", "psfFlux", "psFlux")
_FLUX_ERR = ("psfDiffFluxErr", "psfFluxErr", "psFluxErr")
_DEC = ("dec", "decl")
#: diaNoise is one standard deviation; limits are quoted at five, as ZTF's are.
LIMIT_SIGMA = 5.0


def lsst_light_curve(packet: Mapping[str, Any], provenance: Provenance | None = None) -> LightCurve:
    """The light curve of one LSST packet: diaSource, its history and forced photometry, psfFlux [nJy] as FLUXCAL.

    Times are TAI and stay so (``time_scale``). An alert without a diaObject (a known asteroid) is named by its
    diaSourceId, and says so in its notes. Raises BadInput when no id is there, or diaSource is not a record.
    """
    source = packet.get("diaSource")
    if not isinstance(source, Mapping):
        raise BadInput("schema", f"diaSource is {type(source).__name__}; expected a record with psfFlux and band")
    target = packet.get("diaObject")
    target = target if isinstance(target, Mapping) else {}
    object_id, alert_id, notes = _ids(packet, source, target)

    rows = [source, *_rows(packet.get("prvDiaSources"))]
    forced = _rows(packet.get("prvDiaForcedSources"))
    mjd, flux, flux_err, band, is_forced, row_notes = _photometry([*rows, *forced], len(rows))
    simulated = "z_final" in target  # only ELAsTiCC, a simulation, has it
    provenance = with_tns_type(provenance, _mapping(packet.get("xm")).get("tns_type"))
    redshift, redshift_err = _redshift(packet, target)
    return light_curve(
        object_id,
        mjd,
        to_fluxcal(flux, "njy"),
        to_fluxcal(flux_err, "njy"),
        band,
        forced=is_forced,
        limits=_limits(_rows(packet.get("prvDiaNondetectionLimits"))),
        redshift=redshift,
        redshift_err=redshift_err,
        ra=_position(target, source, ("ra",)),
        dec=_position(target, source, _DEC),
        alert_id=alert_id,
        time_scale="tai",
        context=_context(packet),
        provenance=replace(provenance or Provenance(), simulated=True) if simulated else provenance,
        notes=(*notes, *row_notes),
    )


def _rows(value: object) -> Sequence[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _first(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    for name in names:
        if row.get(name) is not None:
            return row[name]
    return None


def _position(target: Mapping[str, Any], source: Mapping[str, Any], names: Sequence[str]) -> float | None:
    """A coordinate [deg] of the object, or else of the source."""
    value = known(_first(target, names))
    return value if value is not None else known(_first(source, names))


def _ids(
    packet: Mapping[str, Any], source: Mapping[str, Any], target: Mapping[str, Any]
) -> tuple[str, str | None, tuple[Note, ...]]:
    """(object_id, alert_id, notes). The exact one of several copies of an id is preferred over a float."""
    # alertId is a constant in some simulations; diaSourceId is unique in all.
    alert, alert_notes = _exact(
        (source.get("diaSourceId"), packet.get("diaSourceId"), packet.get("alertId")), "diaSourceId"
    )
    name, notes = _exact((source.get("diaObjectId"), target.get("diaObjectId")), "diaObjectId")
    if name:
        return name, alert or None, (*notes, *alert_notes)
    if not alert:
        raise BadInput("no_id", "the alert has neither a diaObjectId nor a diaSourceId")
    solar_system = source.get("ssObjectId") or _first(_mapping(packet.get("ssSource")), ("designation",))
    why = f"matched to solar-system object {solar_system}" if solar_system else "no diaObject"
    return (
        alert,
        alert,
        (Note("warning", f"the alert belongs to no diaObject ({why}); named by its diaSourceId", 1), *alert_notes),
    )


def _exact(values: Sequence[object], field: str) -> tuple[str, tuple[Note, ...]]:
    found = [exact_id(value, field) for value in values]
    return min((f for f in found if f[0]), key=lambda f: len(f[1]), default=("", ()))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _photometry(rows: Sequence[Mapping[str, Any]], n_sources: int) -> tuple[Any, Any, Any, Any, Any, tuple[Note, ...]]:
    """(mjd, flux [nJy], flux_err [nJy], band, forced, notes) of rows whose first ``n_sources`` are detections, by time."""
    band = np.array([_band(_first(row, _BAND)) for row in rows], dtype=np.int64)
    values = np.array(
        [(number(_first(row, _TIME)), real(_first(row, _FLUX)), number(_first(row, _FLUX_ERR))) for row in rows]
    )
    flagged = np.array([row.get("psfFlux_flag") is True for row in rows])
    known_band = band >= 0
    # The field is MJD by definition, so that a number outside the range is a placeholder, not a Julian date.
    in_time = (values[:, 0] >= MJD_RANGE[0]) & (values[:, 0] <= MJD_RANGE[1])
    kept = known_band & in_time & ~flagged
    first_time = values[~in_time, 0][:1]
    notes = (
        *dropped(int((~known_band).sum()), "no band, or one that is not an LSST band"),
        *dropped(int((known_band & ~in_time).sum()), f"time {first_time[0]:.1f} is no MJD" if len(first_time) else ""),
        *dropped(int((known_band & in_time & flagged).sum()), "the PSF fit failed (psfFlux_flag)"),
    )
    # Packets list the newest first; that is their habit and not worth a note to the reader.
    order = np.flatnonzero(kept)[np.argsort(values[kept, 0], kind="stable")]
    return values[order, 0], values[order, 1], values[order, 2], band[order], order >= n_sources, notes


@lru_cache(maxsize=1024)
def _band(name: str | None) -> int:
    try:
        return band_index(name, "lsst") if name is not None else -1
    except BadInput:
        return -1


def _limits(rows: Sequence[Mapping[str, Any]]) -> Limits:
    bands = [_band(_first(row, _BAND)) for row in rows]
    values = [
        (number(_first(row, _TIME)), number(row.get("diaNoise")), band)
        for row, band in zip(rows, bands, strict=True)
        if band >= 0
    ]
    v = np.array(values, dtype=float).reshape(-1, 3)
    return upper_limits(v[:, 0], LIMIT_SIGMA * to_fluxcal(v[:, 1], "njy"), v[:, 2], n_sigma=LIMIT_SIGMA)


def _redshift(packet: Mapping[str, Any], target: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """From ELAsTiCC's host (z_final) or from TNS by way of Fink; 0 and negative numbers stand for "unknown"."""
    z = number(target.get("z_final"))
    if z > 0:
        err = number(target.get("z_final_err"))
        return z, err if err > 0 else None
    z = number(_mapping(packet.get("xm")).get("tns_redshift"))
    return (z, None) if z > 0 else (None, None)


def _context(packet: Mapping[str, Any]) -> dict[str, float]:
    match = _mapping(packet.get("xm"))
    found = {"parallax": number(match.get("gaiadr3_Plx")), "parallax_err": number(match.get("gaiadr3_e_Plx"))}
    return {name: value for name, value in found.items() if np.isfinite(value)}
