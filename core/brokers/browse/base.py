"""What a list of objects is made of, whoever gives it."""

from __future__ import annotations

from dataclasses import dataclass


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
