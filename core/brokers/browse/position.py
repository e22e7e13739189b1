"""A position on the sky from what a person types: degrees, sexagesimal, or a name that CDS's Sesame knows."""

from __future__ import annotations

import re
from urllib.parse import quote

from core.brokers.base import BadRequest, BadResponse, NotFound
from core.brokers.http import Fetcher, Timeouts, base_url_of

HOST = "https://cds.unistra.fr"
_NUMBER = r"[+-]?\d+(?:\.\d*)?"
_DEGREES = re.compile(rf"({_NUMBER})[\s,]+({_NUMBER})")
_SEXAGESIMAL = re.compile(
    r"(\d{1,2})[:h\s]\s*(\d{1,2})[:m\s]\s*(\d{1,2}(?:\.\d*)?)s?[\s,]+([+-]?)(\d{1,2})[:d°\s]\s*(\d{1,2})[:m'′\s]\s*(\d{1,2}(?:\.\d*)?)[s\"″]?"
)
_ANSWER = re.compile(rf"^%J\s+({_NUMBER})\s+({_NUMBER})", re.MULTILINE)
#: How long CDS may take; typing coordinates is quicker than waiting longer.
TIMEOUTS = Timeouts(connect=4.0, read=8.0, total=10.0)


def position_of(text: str) -> tuple[float, float] | None:
    """(ra, dec) [deg] of coordinates in degrees or as ``hh:mm:ss ±dd:mm:ss``; None for anything else, such as a name.

    Raises BadRequest for numbers that are no position.
    """
    text = text.strip().replace("−", "-")
    if found := _DEGREES.fullmatch(text):
        ra, dec = float(found[1]), float(found[2])
    elif found := _SEXAGESIMAL.fullmatch(text):
        hours, minutes, seconds = (float(part) for part in found.groups()[:3])
        degrees, arcmin, arcsec = (float(part) for part in found.groups()[4:])
        if max(minutes, seconds, arcmin, arcsec) >= 60:
            raise BadRequest("", f"The position is {text[:60]!r}; expected minutes and seconds below 60.", "Change it.")
        ra = 15 * (hours + minutes / 60 + seconds / 3600)
        dec = (-1 if found[4] == "-" else 1) * (degrees + arcmin / 60 + arcsec / 3600)
    else:
        return None
    if not (0 <= ra < 360 and -90 <= dec <= 90):
        raise BadRequest(
            "",
            f"The position is {ra:g} {dec:+g}; expected 0 to 360 and -90 to +90 degrees.",
            "Right ascension comes first.",
        )
    return ra, dec


def resolve(name: str, *, base_url: str | None = None, timeouts: Timeouts = TIMEOUTS) -> tuple[float, float]:
    """(ra, dec) [deg] of a name, by CDS's Sesame (SIMBAD, NED and VizieR in turn). Raises a `BrokerError`."""
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > 80:
        raise BadRequest(
            "CDS", f"The name has {len(wanted)} characters; expected 1 to 80.", "Type coordinates instead."
        )
    advice = "Type the coordinates instead: degrees, or hh:mm:ss ±dd:mm:ss."
    fetcher = Fetcher(
        "CDS", base_url_of(HOST, base_url), about=wanted, advice=advice, timeouts=timeouts, max_bytes=200_000
    )
    answer = fetcher.request("GET", f"{fetcher.base_url}/cgi-bin/nph-sesame/-oI/SNV?{quote(wanted)}")
    found = _ANSWER.search(answer.content.decode("utf-8", errors="replace"))
    if found is None:
        raise NotFound("CDS", f"CDS knows no object called {wanted!r}.", advice)
    ra, dec = float(found[1]), float(found[2])
    if not (0 <= ra < 360 and -90 <= dec <= 90):
        raise BadResponse("CDS", f"CDS gave {ra:g} {dec:+g} for {wanted!r}, which is no position.", advice)
    return ra, dec
