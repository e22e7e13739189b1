"""The protocol that every source of light curves follows, and the one family of errors that brokers raise."""

from __future__ import annotations

from typing import Protocol

from core.lightcurve import LightCurve


class BrokerError(Exception):
    """A broker could not give a light curve.

    broker : its name for the page. message : one sentence for a person. advice : what to do next, one sentence.
    last_good : the last good copy of the object, set by `core.brokers.cache.CachedSource` where it holds one.
    """

    last_good: LightCurve | None = None

    def __init__(self, broker: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.broker = broker
        self.message = message
        self.advice = advice


class NotFound(BrokerError):
    """The broker answered, and does not know the object (or has no light curve of it)."""


class BadRequest(BrokerError):
    """The id is malformed, or the broker refused the request as such."""


class TimedOut(BrokerError):
    """No answer within the time-out."""


class Unreachable(BrokerError):
    """No connection: refused, name not resolved, network down."""


class RateLimited(BrokerError):
    """Too many requests. retry_after : seconds to wait, None when the broker does not say."""

    def __init__(self, broker: str, message: str, advice: str = "", retry_after: float | None = None) -> None:
        super().__init__(broker, message, advice)
        self.retry_after = retry_after


class BadResponse(BrokerError):
    """An answer that can't be read: HTML, cut JSON, a server error, missing fields, too large."""


class NeedsToken(BrokerError):
    """The broker asks for a token and none is set."""


class LightCurveSource(Protocol):
    """A place light curves come from.

    key : short name used in URLs (``alerce-ztf``). title : name for the page. survey : ``ztf`` or ``lsst``.
    examples : ids that are known to exist.
    """

    key: str
    title: str
    survey: str
    examples: tuple[str, ...]

    def fetch(self, object_id: str) -> LightCurve:
        """The light curve of one object. Raises a `BrokerError`, or `core.refusal.BadInput` for unreadable photometry."""
        ...
