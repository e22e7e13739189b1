"""Lasair's REST API, for ZTF and LSST. It wants a token, which is free; one account per site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.brokers.base import BadResponse, NeedsToken
from core.brokers.endpoint import Endpoint
from core.brokers.http import Fetcher, not_found
from core.brokers.lsst import lsst_light_curve
from core.brokers.rows import Row, known_number, known_text, newest
from core.brokers.source import BrokerSource
from core.brokers.ztf import CONTEXT, ztf_light_curve
from core.lightcurve import LightCurve

CITATION = "Smith et al. 2019, RNAAS 3, 26"
_FORM = {"objectId": "{oid}", "lite": "false", "lasair_added": "true"}


class _Lasair(BrokerSource):
    broker = "Lasair"
    alternative = "ALeRCE"
    citation = CITATION

    def _ask(self, fetcher: Fetcher, oid: str) -> Mapping[str, Any]:
        if not self.token:
            raise NeedsToken(
                self.broker,
                f"Lasair asks for a token, and this server has none for {self.survey.upper()}.",
                f"Set T2SCOPE_LASAIR_TOKEN, or open it through {self.alternative}.",
            )
        answer = self.endpoints[0].ask(fetcher, oid)
        if not isinstance(answer, Mapping):
            raise BadResponse(
                self.broker, f"Lasair's answer is not one object (it is a {type(answer).__name__}).", self.advice
            )
        if answer.get("error"):
            said = known_text(answer["error"])[:200]
            raise BadResponse(self.broker, f"Lasair could not give {oid}: “{said}”.", self.advice)
        if not answer:
            raise not_found(self.broker, oid, "Check the id, or try another broker.")
        return answer


class LasairZtf(_Lasair):
    """ZTF light curves from Lasair: candidates, of which those without a ``candid`` are upper limits."""

    key = "lasair-ztf"
    title = "Lasair (ZTF)"
    survey = "ztf"
    examples = ("ZTF25abcydiy", "ZTF26aaaldio", "ZTF18aabjigr")
    host = "https://lasair-ztf.lsst.ac.uk/api"
    endpoints = (
        Endpoint(
            "object",
            "/object/",
            _FORM,
            method="POST",
            rows_at="candidates",
            required=("fid", "magpsf", "sigmapsf", "isdiffpos"),
            expected=("mjd", "jd", "diffmaglim", "ra", "dec", "magnr"),
        ),
    )

    def _read(self, fetcher: Fetcher, oid: str) -> LightCurve:
        answer = self._ask(fetcher, oid)
        candidates = self.endpoints[0].rows(answer, self.broker)
        if not candidates:
            raise not_found(self.broker, oid, "Check the id, or try another broker.")
        record, tns = _mapping(answer, "objectData"), _mapping(answer, "TNS")
        context = {name: known_number(newest(candidates, name, time="jd")) for name in CONTEXT}
        return ztf_light_curve(
            oid,
            [row for row in candidates if row.get("magpsf") is not None],
            [row for row in candidates if row.get("magpsf") is None],
            ra=known_number(record.get("ramean")),
            dec=known_number(record.get("decmean")),
            redshift=known_number(tns.get("z")),
            context={name: value for name, value in context.items() if value is not None},
            provenance=self._provenance(
                f"{self.base_url}/object/?objectId={oid}", tns_type=known_text(tns.get("type"))
            ),
            notes=fetcher.notes(),
        )


class LasairLsst(_Lasair):
    """LSST light curves from Lasair: diaSources and, with ``forced``, forced photometry."""

    key = "lasair-lsst"
    title = "Lasair (LSST)"
    survey = "lsst"
    examples = ("170032921165955139", "170028513830633513", "313853517735395444")
    host = "https://api.lasair.lsst.ac.uk/api"
    _fields = ("midpointMjdTai", "band", "psfFlux", "psfFluxErr")
    endpoints = (
        Endpoint(
            "object",
            "/object/",
            _FORM,
            method="POST",
            rows_at="diaSourcesList",
            required=_fields,
            expected=("ra", "dec"),
        ),
        Endpoint(
            "forced photometry", "/object/", _FORM, method="POST", rows_at="diaForcedSourcesList", required=_fields
        ),
    )

    def _read(self, fetcher: Fetcher, oid: str) -> LightCurve:
        answer = self._ask(fetcher, oid)
        sources = self.endpoints[0].rows(answer, self.broker)
        if not sources:
            raise not_found(self.broker, oid, "Check the id, or try another broker.")
        has_forced = self.forced and "diaForcedSourcesList" in answer
        record, tns = _mapping(answer, "diaObject"), _mapping(_mapping(answer, "lasairData"), "TNS")
        return lsst_light_curve(
            oid,
            sources,
            self.endpoints[1].rows(answer, self.broker) if has_forced else [],
            ra=known_number(record.get("ra")),
            dec=known_number(record.get("decl")),
            redshift=known_number(tns.get("z")),
            provenance=self._provenance(
                f"{self.base_url}/object/?objectId={oid}", tns_type=known_text(tns.get("type"))
            ),
            notes=fetcher.notes(),
        )


def _mapping(answer: Row, key: str) -> Row:
    value = answer.get(key)
    return value if isinstance(value, Mapping) else {}
