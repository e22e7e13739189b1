"""Alert packets, from any container, to light curves: whose packet it is, and which of its fields are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.brokers.files.content import listing
from core.brokers.files.lsst_packets import lsst_light_curve
from core.brokers.files.ztf_packets import ztf_light_curve
from core.lightcurve import LightCurve, Provenance
from core.refusal import BadInput

Packet = Mapping[str, Any]

#: Fields of a packet that a light curve is made of; everything else (cut-outs first) is never unpacked.
TOP_FIELDS = frozenset(
    [
        "objectId",
        "candid",
        "schemavsn",
        "candidate",
        "prv_candidates",
        "fp_hists",
        "Plx",
        "e_Plx",
        "roid",
        "cdsxmatch",
        "tns",
        "alertId",
        "diaSourceId",
        "diaSource",
        "prvDiaSources",
        "prvDiaForcedSources",
        "prvDiaNondetectionLimits",
        "diaObject",
        "ssSource",
        "xm",
    ]
)
NESTED_FIELDS = frozenset(
    [
        "jd",
        "fid",
        "magpsf",
        "sigmapsf",
        "isdiffpos",
        "diffmaglim",
        "ra",
        "dec",
        "candid",
        "ndethist",
        "sgscore1",
        "distpsnr1",
        "magnr",
        "distnr",
        "jdstarthist",
        "ssdistnr",
        "forcediffimflux",
        "forcediffimfluxunc",
        "magzpsci",
        "procstatus",
        "diaSourceId",
        "diaObjectId",
        "ssObjectId",
        "midpointMjdTai",
        "midPointTai",
        "band",
        "filterName",
        "psfFlux",
        "psfFluxErr",
        "psFlux",
        "psFluxErr",
        "psfFlux_flag",
        "decl",
        "diaNoise",
        "z_final",
        "z_final_err",
        "designation",
        "firstDiaSourceMjdTai",
        "gaiadr3_Plx",
        "gaiadr3_e_Plx",
        "tns_type",
        "tns_redshift",
    ]
)


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
