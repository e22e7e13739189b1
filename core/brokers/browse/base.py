"""What a list of objects is made of, whoever gives it, and what a broker can be asked for when nobody has an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, ClassVar

from core.brokers.base import BadRequest
from core.brokers.http import MAX_BYTES, Fetcher, Timeouts, base_url_of
from core.brokers.rows import known_number

#: Most objects that one search gives.
MOST = 1000
#: Largest radius of a cone [arcsec]: the smallest of the brokers' own limits.
MAX_RADIUS = 18_000.0


@dataclass(frozen=True)
class Listed:
    """One object of a list, with what its source says of it in passing.

    label : the class that the source gives, in its own words; label_by : who says so; label_probability : how sure.
    ra, dec [deg], n_points (detections), first_mjd, last_mjd : None when the source does not say.
    """

    object_id: str
    label: str = ""
    label_by: str = ""
    label_probability: float | None = None
    ra: float | None = None
    dec: float | None = None
    n_points: int | None = None
    first_mjd: float | None = None
    last_mjd: float | None = None


@dataclass(frozen=True)
class Listing:
    """What a broker answered. items : each object once, in the broker's order. url : the request that can be repeated.

    more : whether the broker has more of the same. notes : sentences on what was left out or merged.
    """

    items: tuple[Listed, ...]
    url: str
    more: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Search:
    """What is searched for. What is None or empty is not asked for; each `Browser` says which fields it knows.

    label : the class, tag or label in the broker's words. min_probability : of it. min_points : detections.
    first_after, last_after : dates of the first and the latest detection (UTC). ra, dec [deg], radius [arcsec] : a cone.
    most : objects (for Fink: alerts, of which several may be of one object).
    """

    classifier: str = ""
    label: str = ""
    min_probability: float | None = None
    min_points: int | None = None
    first_after: date | None = None
    last_after: date | None = None
    ra: float | None = None
    dec: float | None = None
    radius: float | None = None
    most: int = 100

    @property
    def has_cone(self) -> bool:
        return self.radius is not None


class Browser:
    """Lists of one broker and survey. Subclasses name themselves and write `_search`.

    key : of the source of light curves that opens what is listed. knows : names of the fields of `Search` that count.
    labels : classifier -> labels that are known to exist, for a form; "" where the broker has no classifiers.
    base_url : a loopback address in place of ``host``, for tests.
    """

    key: str
    title: str
    survey: str
    broker: str
    host: str
    alternative: str
    knows: frozenset[str]
    labels: ClassVar[Mapping[str, tuple[str, ...]]]

    def __init__(
        self, *, base_url: str | None = None, timeouts: Timeouts | None = None, max_bytes: int = MAX_BYTES
    ) -> None:
        self.base_url = base_url_of(self.host, base_url)
        self.timeouts = timeouts or Timeouts()
        self.max_bytes = max_bytes

    def search(self, search: Search) -> Listing:
        """What the broker lists. Raises a `BrokerError`; BadRequest, with nothing asked, for a search that makes no sense."""
        self._check(search)
        return self._search(self._fetcher("the search"), search)

    def current_labels(self) -> dict[str, tuple[str, ...]]:
        """The same as ``labels``, as the broker has them now. Raises a `BrokerError`."""
        return self._labels(self._fetcher("its classes"))

    def lacks(self, *, label: bool, cone: bool) -> str:
        """What a search with or without a label and a cone lacks for this broker, as a sentence; empty where it can be sent."""
        return ""

    def _fetcher(self, about: str) -> Fetcher:
        advice = f"Try again, or search through {self.alternative}."
        return Fetcher(
            self.broker, self.base_url, about=about, advice=advice, timeouts=self.timeouts, max_bytes=self.max_bytes
        )

    def _check(self, search: Search) -> None:
        empty = Search()
        asked = {f.name for f in fields(search) if getattr(search, f.name) != getattr(empty, f.name)} - {"most"}
        cone = {"ra", "dec", "radius"}
        if stray := asked - self.knows - (cone if "cone" in self.knows else set()):
            raise self._bad(f"{self.broker} can't be searched by {', '.join(sorted(stray))}")
        if asked & cone and asked & cone != cone:
            raise self._bad("A cone needs a right ascension, a declination and a radius")
        if search.has_cone:
            ra, dec, radius = search.ra or 0.0, search.dec or 0.0, search.radius or 0.0
            if not (0 <= ra < 360 and -90 <= dec <= 90):
                raise self._bad(f"The position is {ra:g} {dec:+g}; expected 0 to 360 and -90 to +90 degrees")
            if not 0 < radius <= MAX_RADIUS:
                raise self._bad(f"The radius is {radius:g}″; expected up to {MAX_RADIUS:,.0f}″")
        if search.min_probability is not None and not 0 <= search.min_probability <= 1:
            raise self._bad(f"The probability is {search.min_probability:g}; expected 0 to 1")
        if not 1 <= search.most <= MOST:
            raise self._bad(f"{search.most:,} objects are asked for; expected 1 to {MOST:,}")

    def _bad(self, message: str) -> BadRequest:
        return BadRequest(self.broker, f"{message}.", "Change the search.")

    def _search(self, fetcher: Fetcher, search: Search) -> Listing:
        raise NotImplementedError

    def _labels(self, fetcher: Fetcher) -> dict[str, tuple[str, ...]]:
        raise NotImplementedError


def once(items: Iterable[Listed]) -> tuple[Listed, ...]:
    """Each object once, where it came first; what only a later row of it says is taken from there."""
    out: dict[str, Listed] = {}
    for item in items:
        known = out.get(item.object_id)
        if known is None:
            out[item.object_id] = item
        else:
            empty = Listed(item.object_id)
            fill = {
                f.name: getattr(item, f.name) for f in fields(item) if getattr(known, f.name) == getattr(empty, f.name)
            }
            out[item.object_id] = replace(known, **fill)
    return tuple(out.values())


def whole(value: Any) -> int | None:
    """A count, which may be text; None when it is missing."""
    number = known_number(value)
    return None if number is None else int(number)


def mjd_of(day: date) -> int:
    """The modified Julian date of midnight UTC."""
    return day.toordinal() - 678_576
