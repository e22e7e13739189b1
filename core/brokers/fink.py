"""Fink's REST API: ZTF (`/objects` is the light curve) and LSST (`/sources` and `/fp` are; `/objects` is not)."""

from __future__ import annotations

from collections.abc import Sequence

from core.brokers.base import BrokerError
from core.brokers.endpoint import Endpoint
from core.brokers.http import Fetcher, not_found
from core.brokers.lsst import lsst_light_curve
from core.brokers.rows import Row, known_number, known_text, newest
from core.brokers.source import BrokerSource, left_out
from core.brokers.ztf import CONTEXT, ztf_light_curve
from core.lightcurve import LightCurve, Note

CITATION = "Möller et al. 2021, MNRAS 501, 3272"

# Fink leaves unknown columns out without a word; `Endpoint.required` notices the ones that matter.
_ZTF_NEEDED = ("i:jd", "i:fid", "i:magpsf", "i:sigmapsf", "i:isdiffpos", "i:diffmaglim")
_ZTF_CONTEXT = tuple(f"i:{name}" for name in CONTEXT)
_ZTF_COLUMNS = (*_ZTF_NEEDED, "i:ra", "i:dec", *_ZTF_CONTEXT, "d:tns", "d:Plx", "d:e_Plx")
_LSST_NEEDED = ("r:midpointMjdTai", "r:band", "r:psfFlux", "r:psfFluxErr")
_LSST_MATCHES = (
    "f:xm_tns_type",
    "f:xm_tns_redshift",
    "f:xm_gaiadr3_Plx",
    "f:xm_gaiadr3_e_Plx",
    "f:xm_legacydr8_zphot",
)
_LSST_COLUMNS = (*_LSST_NEEDED, "r:psfFlux_flag", "r:ra", "r:dec", *_LSST_MATCHES)


class FinkZtf(BrokerSource):
    """ZTF light curves from Fink: alerts, with upper limits; rows of bad quality are left out and counted."""

    key = "fink-ztf"
    title = "Fink (ZTF)"
    survey = "ztf"
    examples = ("ZTF25abcydiy", "ZTF19aaosfcb", "ZTF18aabjigr")
    broker = "Fink"
    alternative = "ALeRCE"
    citation = CITATION
    host = "https://api.ztf.fink-portal.org"
    endpoints = (
        Endpoint(
            "light curve",
            "/api/v1/objects",
            {"objectId": "{oid}", "withupperlim": "True", "output-format": "json", "columns": ",".join(_ZTF_COLUMNS)},
            required=_ZTF_NEEDED,
            expected=("d:tag", *_ZTF_COLUMNS[len(_ZTF_NEEDED) :]),
        ),
    )

    def _read(self, fetcher: Fetcher, oid: str) -> LightCurve:
        endpoint = self.endpoints[0]
        rows = endpoint.rows(endpoint.ask(fetcher, oid), self.broker)
        if not rows:
            raise not_found(self.broker, oid, "Check the id, or try another broker.")
        by_tag = {tag: [_packet_row(row, "i:") for row in rows if _tag(row) == tag] for tag in _TAGS}
        notes = fetcher.notes()
        if poor := len(by_tag["badquality"]):
            notes.append(
                Note("dropped", f"{poor} {'row' if poor == 1 else 'rows'} left out: Fink tags bad quality", poor)
            )
        return ztf_light_curve(
            oid,
            by_tag["valid"],
            by_tag["upperlim"],
            context=_context(rows, _ZTF_CONTEXT, "d:Plx", "d:e_Plx", time="i:jd"),
            provenance=self._provenance(
                endpoint.url(self.base_url, oid), tns_type=known_text(newest(rows, "d:tns", time="i:jd"))
            ),
            notes=notes,
        )


class FinkLsst(BrokerSource):
    """LSST light curves from Fink: detections and, with ``forced``, forced photometry; redshift from TNS."""

    key = "fink-lsst"
    title = "Fink (LSST)"
    survey = "lsst"
    examples = ("170032921165955139", "169298433216610349", "313853517735395444")
    broker = "Fink"
    alternative = "ALeRCE"
    citation = CITATION
    host = "https://api.lsst.fink-portal.org"
    endpoints = (
        Endpoint(
            "detections",
            "/api/v1/sources",
            {"diaObjectId": "{oid}", "output-format": "json", "columns": ",".join(_LSST_COLUMNS)},
            required=_LSST_NEEDED,
            expected=_LSST_COLUMNS[len(_LSST_NEEDED) :],
        ),
        Endpoint(
            "forced photometry",
            "/api/v1/fp",
            {"diaObjectId": "{oid}", "output-format": "json", "columns": ",".join(_LSST_NEEDED)},
            required=_LSST_NEEDED,
        ),
    )

    def _read(self, fetcher: Fetcher, oid: str) -> LightCurve:
        endpoint = self.endpoints[0]
        rows = endpoint.rows(endpoint.ask(fetcher, oid), self.broker)
        if not rows:
            raise not_found(self.broker, oid, "Check the id, or try another broker.")
        notes: list[Note] = []
        forced = self._forced(fetcher, oid, notes) if self.forced else []
        context = _context(rows, (), "f:xm_gaiadr3_Plx", "f:xm_gaiadr3_e_Plx", time="r:midpointMjdTai")
        host_photoz = known_number(newest(rows, "f:xm_legacydr8_zphot", time="r:midpointMjdTai"))
        if host_photoz is not None and host_photoz >= 0:
            context["host_photoz"] = host_photoz
        return lsst_light_curve(
            oid,
            [_packet_row(row, "r:") for row in rows],
            [_packet_row(row, "r:") for row in forced],
            redshift=known_number(newest(rows, "f:xm_tns_redshift", time="r:midpointMjdTai")),
            context=context,
            provenance=self._provenance(
                endpoint.url(self.base_url, oid),
                tns_type=known_text(newest(rows, "f:xm_tns_type", time="r:midpointMjdTai")),
            ),
            notes=[*fetcher.notes(), *notes],
        )

    def _forced(self, fetcher: Fetcher, oid: str, notes: list[Note]) -> list[Row]:
        endpoint = self.endpoints[1]
        try:
            return endpoint.rows(endpoint.ask(fetcher, oid), self.broker)
        except BrokerError as error:
            notes.append(left_out("Forced photometry", error))
            return []


_TAGS = ("valid", "upperlim", "badquality")


def _tag(row: Row) -> str:
    return str(row.get("d:tag") or "valid")


def _packet_row(row: Row, prefix: str) -> Row:
    """The survey's own fields of a Fink row, under their names in the alert packet."""
    return {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}


def _context(
    rows: Sequence[Row], fields: Sequence[str], parallax: str, parallax_err: str, *, time: str
) -> dict[str, float]:
    names = {field: field.split(":", 1)[1] for field in fields} | {parallax: "parallax", parallax_err: "parallax_err"}
    values = {name: known_number(newest(rows, field, time=time)) for field, name in names.items()}
    return {name: value for name, value in values.items() if value is not None}
