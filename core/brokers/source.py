"""What all brokers have in common: id checked, one conversation under one clock, one LightCurve with its provenance."""

from __future__ import annotations

from datetime import UTC, datetime

from core.brokers.base import BrokerError
from core.brokers.endpoint import Endpoint
from core.brokers.http import MAX_BYTES, Fetcher, Timeouts, base_url_of
from core.brokers.ids import checked_id
from core.lightcurve import LightCurve, Note, Provenance
from core.taxonomy import class_of


class BrokerSource:
    """A broker's light curves of one survey. Subclasses name themselves and write `_read`.

    key, title, survey, examples : as in `core.brokers.base.LightCurveSource`. broker : short name in messages.
    host : the fixed address. alternative : the broker to try when this one fails. endpoints : what is asked.
    forced : merge forced photometry in, where the broker has it (LSST).
    base_url : a loopback address in place of ``host``, for tests; anything else raises ValueError.
    """

    key: str
    title: str
    survey: str
    examples: tuple[str, ...]
    broker: str
    host: str
    alternative: str
    citation: str
    endpoints: tuple[Endpoint, ...]

    def __init__(
        self,
        *,
        base_url: str | None = None,
        timeouts: Timeouts | None = None,
        max_bytes: int = MAX_BYTES,
        token: str = "",
        forced: bool = True,
    ) -> None:
        self.base_url = base_url_of(self.host, base_url)
        self.timeouts = timeouts or Timeouts()
        self.max_bytes = max_bytes
        self.token = token
        self.forced = forced

    def fetch(self, object_id: str) -> LightCurve:
        """The light curve of one object. Raises a `BrokerError`, or `BadInput` for photometry that can't be read."""
        oid = self.checked_id(object_id)
        return self._read(self.fetcher(oid), oid)

    def checked_id(self, object_id: object) -> str:
        """The id in the broker's form. Raises BadRequest naming the expected form."""
        return checked_id(object_id, self.survey, broker=self.broker)

    def fetcher(self, object_id: str, timeouts: Timeouts | None = None) -> Fetcher:
        """A conversation about one object; its clock starts with the first request."""
        return Fetcher(
            self.broker,
            self.base_url,
            about=object_id,
            advice=self.advice,
            timeouts=timeouts or self.timeouts,
            max_bytes=self.max_bytes,
            token=self.token,
        )

    @property
    def advice(self) -> str:
        """What a person can do when this broker fails."""
        return f"Try again, or open it through {self.alternative}."

    def _read(self, fetcher: Fetcher, oid: str) -> LightCurve:
        raise NotImplementedError

    def _provenance(self, url: str, *, tns_type: str = "") -> Provenance:
        return Provenance(
            source=self.broker,
            retrieved=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            url=url,
            citation=self.citation,
            true_class=class_of(tns_type) or "",
            true_class_source=f"TNS ({tns_type}), through {self.broker}" if tns_type else "",
        )


def left_out(what: str, error: BrokerError) -> Note:
    """The note that says which part of a light curve a broker did not give, when the rest stands without it."""
    return Note("warning", f"{what} left out: {error.message}")
