"""Alert packets, from any container, to light curves: which survey's packet it is, and the values all packets share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.brokers.files.content import listing
from core.lightcurve import LightCurve, Note, Provenance
from core.refusal import BadInput

Packet = Mapping[str, Any]

#: Fields of a packet that a light curve is made of; everything else (cut-outs first) is never unpacked.
TOP_FIELDS = frozenset(
    "objectId candid schemavsn candidate prv_candidates fp_hists Plx e_Plx tns "
    "alertId diaSourceId diaSource prvDiaSources prvDiaForcedSources prvDiaNondetectionLimits diaObject ssSource xm".split()
)
NESTED_FIELDS = frozenset(
    "jd fid magpsf sigmapsf isdiffpos diffmaglim ra dec candid ndethist sgscore1 distpsnr1 magnr distnr "
    "forcediffimflux forcediffimfluxunc magzpsci procstatus "
    "diaSourceId diaObjectId ssObjectId midpointMjdTai midPointTai band filterName psfFlux psfFluxErr psFlux psFluxErr "
    "psfFlux_flag decl diaNoise z_final z_final_err designation gaiadr3_Plx gaiadr3_e_Plx tns_type tns_redshift".split()
)
#: Stand-ins for "no value" in ZTF packets. Exact values only: a flux of -1000 DN is a flux.
SENTINELS = (-999.0, -9999.0, -99999.0)
#: Above this, a float no longer holds every integer, and a 64-bit id has lost digits.
EXACT_IN_FLOAT = 2**53


def packet_survey(fields: object) -> str | None:
    """Whose packet has these top-level field names: ``ztf``, ``lsst`` or None."""
    names = set(fields) if not isinstance(fields, str) else set()  # type: ignore[call-overload]
    if {"objectId", "candidate"} <= names:
        return "ztf"
    if "diaSource" in names:
        return "lsst"
    return None


def light_curve_of(packet: Packet, provenance: Provenance | None = None) -> LightCurve:
    """The light curve of one ZTF or LSST alert packet, plain or as Fink sends it on.

    Raises BadInput when it is neither, or has no id, time or band that could be read.
    """
    from core.brokers.files.lsst_packets import lsst_light_curve
    from core.brokers.files.ztf_packets import ztf_light_curve

    survey = packet_survey(packet)
    if survey == "ztf":
        return ztf_light_curve(packet, provenance)
    if survey == "lsst":
        return lsst_light_curve(packet, provenance)
    raise wrong_fields(packet)


def wrong_fields(fields: object, what: str = "record") -> BadInput:
    """The error for something that is no alert, naming the fields that were found."""
    return BadInput(
        "schema",
        f"{what} with fields {listing(fields)}; expected a ZTF alert (objectId, candidate) or an LSST alert (diaSource)",  # type: ignore[arg-type]
    )


def number(value: object) -> float:
    """A field as float; NaN where it is missing, a sentinel (-999, -99999) or not a number."""
    if value is None or isinstance(value, str | bytes):
        return np.nan
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return np.nan
    return np.nan if result in SENTINELS else result


def known(value: object) -> float | None:
    """As `number`, with None for missing: for values that a light curve may lack."""
    result = number(value)
    return result if np.isfinite(result) else None


def exact_id(value: object, field: str) -> tuple[str, tuple[Note, ...]]:
    """An id as exact text, with a warning when it was stored as a float and has lost digits.

    Empty text when there is none: null, NaN, 0 (which stands for "no object" in LSST alerts) or "".
    """
    if value is None or value == "" or value == 0:
        return "", ()
    if isinstance(value, float):
        if not np.isfinite(value):
            return "", ()
        text = str(int(value))
        if abs(value) >= EXACT_IN_FLOAT:
            message = f"{field} was stored as a floating-point number: its last digits are lost ({text} is not exact)"
            return text, (Note("warning", message, 1),)
        return text, ()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip(), ()
    return str(value).strip(), ()


def dropped(count: int, why: str) -> tuple[Note, ...]:
    """The note for points that were left out while reading; empty when there were none."""
    return (Note("dropped", f"{count:,} point{'' if count == 1 else 's'} dropped: {why}", count),) if count else ()
