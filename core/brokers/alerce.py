"""ALeRCE, through the ``alerce`` client, which is given the limits that it lacks: time-outs, size, redirects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.brokers.base import BadResponse, BrokerError
from core.brokers.endpoint import Endpoint
from core.brokers.http import Answer, Fetcher, not_found
from core.brokers.lsst import lsst_light_curve
from core.brokers.rows import Row, known_number, newest
from core.brokers.source import BrokerSource, left_out
from core.brokers.ztf import CONTEXT, ztf_light_curve
from core.lightcurve import LightCurve, Note

CITATION = "Förster et al. 2021, AJ 161, 242"
#: All that ALeRCE's LSST service says, with status 500, of a failure and of an unknown id alike.
_UNKNOWN_OR_BROKEN = "An error occurred"


class GuardedSession:
    """Stands where the client keeps its `requests.Session`, so that every request passes through a `Fetcher`."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def request(
        self, method: str, url: str, params: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
    ) -> Answer:
        """What the client calls. Raises a `BrokerError` for everything but a full answer."""
        return self._fetcher.request(method, url, params=params, data=data)


def guarded_client(fetcher: Fetcher) -> Any:
    """An ``alerce`` client all of whose sub-clients ask through ``fetcher``, at its address.

    Raises BrokerError when the client is missing or can't start.
    """
    try:
        from alerce.core import Alerce  # takes seconds to import: astropy, IPython, matplotlib

        client = Alerce()
    except (ImportError, OSError, ValueError, KeyError) as error:
        raise BrokerError(
            fetcher.broker, f"The alerce client could not start ({error}).", "Install it with pip install alerce."
        ) from error
    session = GuardedSession(fetcher)
    for part in (client, *vars(client).values()):
        if hasattr(part, "session"):
            part.session = session
    client.legacy_ztf_client.config["ZTF_API_URL"] = fetcher.base_url
    client.multisurvey_client.url_ms = fetcher.base_url + "/"
    return client


class _Alerce(BrokerSource):
    broker = "ALeRCE"
    alternative = "Fink"
    citation = CITATION

    def _ask(self, question: Callable[[], Any]) -> Any:
        # The client indexes into the answer before it returns it, so an answer of another shape fails inside it.
        try:
            return question()
        except (KeyError, AttributeError, TypeError, IndexError) as error:
            raise BadResponse(
                self.broker, f"{self.broker}'s answer is not laid out as expected ({error}).", self.advice
            ) from error

    def _object(self, client: Any, oid: str, notes: list[Note]) -> Row:
        """The object's own record; an empty one, with a note, when only that fails."""
        try:
            record = self._ask(lambda: client.query_object(oid, format="json", survey=self.survey))
        except BrokerError as error:
            notes.append(left_out("Object record", error))
            return {}
        return record if isinstance(record, Mapping) else {}


class AlerceZtf(_Alerce):
    """ZTF light curves from ALeRCE: detections and non-detections of the alert stream."""

    key = "alerce-ztf"
    title = "ALeRCE (ZTF)"
    survey = "ztf"
    examples = ("ZTF25abcydiy", "ZTF26aaaldio", "ZTF18aabjigr")
    host = "https://api.alerce.online"
    endpoints = (
        Endpoint(
            "detections",
            "/ztf/v1/objects/{oid}/lightcurve",
            rows_at="detections",
            required=("mjd", "fid", "magpsf", "sigmapsf", "isdiffpos"),
            expected=("ra", "dec", "distnr"),
        ),
        Endpoint(
            "non-detections",
            "/ztf/v1/objects/{oid}/lightcurve",
            rows_at="non_detections",
            required=("mjd", "fid", "diffmaglim"),
        ),
        Endpoint("object", "/ztf/v1/objects/{oid}", rows_at=None, expected=("meanra", "meandec", "ndethist")),
    )

    def _read(self, fetcher: Fetcher, oid: str) -> LightCurve:
        client = guarded_client(fetcher)
        answer = self._ask(lambda: client.query_lightcurve(oid, format="json", survey="ztf"))
        detections = self.endpoints[0].rows(answer, self.broker)
        limits = self.endpoints[1].rows(answer, self.broker)
        if not detections and not limits:
            raise not_found(self.broker, oid, "Check the id, or try another broker.")
        notes: list[Note] = []
        record = self._object(client, oid, notes)
        context = {name: known_number(newest(detections, name, time="mjd")) for name in CONTEXT}
        context["ndethist"] = known_number(record.get("ndethist"))
        return ztf_light_curve(
            oid,
            detections,
            limits,
            ra=known_number(record.get("meanra")),
            dec=known_number(record.get("meandec")),
            context={name: value for name, value in context.items() if value is not None},
            provenance=self._provenance(self.endpoints[0].url(self.base_url, oid)),
            notes=[*fetcher.notes(), *notes],
        )


class AlerceLsst(_Alerce):
    """LSST light curves from ALeRCE: detections and, with ``forced``, forced photometry."""

    key = "alerce-lsst"
    title = "ALeRCE (LSST)"
    survey = "lsst"
    examples = ("170587116732416143", "170032921165955139", "313853517735395444")
    host = "https://api-lsst.alerce.online"
    _fields = ("mjd", "band", "band_map", "psfFlux", "psfFluxErr")
    endpoints = (
        Endpoint(
            "detections",
            "/lightcurve_api/detections",
            {"survey_id": "lsst", "oid": "{oid}"},
            required=_fields,
            expected=("ra", "dec", "psfFlux_flag"),
        ),
        Endpoint(
            "forced photometry",
            "/lightcurve_api/forced-photometry",
            {"survey_id": "lsst", "oid": "{oid}"},
            required=_fields,
        ),
        Endpoint(
            "object",
            "/object_api/object",
            {"survey_id": "lsst", "oid": "{oid}"},
            rows_at=None,
            expected=("meanra", "meandec"),
        ),
    )

    def _read(self, fetcher: Fetcher, oid: str) -> LightCurve:
        client = guarded_client(fetcher)
        notes: list[Note] = []
        sources = self._detections(client, oid)
        if not sources:
            raise not_found(self.broker, oid, "Check the id, or try another broker.")
        forced = self._forced(client, oid, notes) if self.forced else []
        record = self._object(client, oid, notes)
        return lsst_light_curve(
            oid,
            sources,
            forced,
            ra=known_number(record.get("meanra")),
            dec=known_number(record.get("meandec")),
            provenance=self._provenance(self.endpoints[0].url(self.base_url, oid)),
            notes=[*fetcher.notes(), *notes],
        )

    def _detections(self, client: Any, oid: str) -> list[Row]:
        try:
            answer = self._ask(lambda: client.query_detections(oid, format="json", survey="lsst"))
        except BadResponse as error:
            if _UNKNOWN_OR_BROKEN not in error.message:
                raise
            message = f"{error.message} It says the same of an LSST id that it does not know."
            raise BadResponse(self.broker, message, f"Check the id. {self.advice}") from error
        return _packet_rows(answer, self.broker)

    def _forced(self, client: Any, oid: str, notes: list[Note]) -> list[Row]:
        try:
            answer = self._ask(lambda: client.query_forced_photometry(oid, format="json", survey="lsst"))
            return _packet_rows(answer, self.broker)
        except BrokerError as error:
            notes.append(left_out("Forced photometry", error))
            return []


def _packet_rows(answer: Any, broker: str) -> list[Row]:
    """Rows with the packet's names. The client has already turned band numbers (u is 6) into letters."""
    client_rows = Endpoint("rows", "", required=("mjd", "band_name", "psfFlux", "psfFluxErr")).rows(answer, broker)
    return [{**row, "midpointMjdTai": row.get("mjd"), "band": row.get("band_name")} for row in client_rows]
