"""Reading the rows of a broker's answer or of an alert: numbers that may be text, sentinels that mean missing, fields that
went away.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.brokers.base import BadResponse
from core.lightcurve import Note

Row = Mapping[str, Any]

#: When the lists of fields were last compared with the brokers' recorded answers and server sources.
FIELDS_CHECKED = "2026-11"

#: Stand-ins for "no value". Exact values only: a flux of -1000 is a flux.
SENTINELS = (-999.0, -9999.0, -99999.0)
#: Magnitudes that a survey can measure; 0, 99, 100, -1006.9 and the like stand for "no value".
MAGNITUDES = (1.0, 40.0)
_NOTHING = {"", "nan", "none", "null", "unknown", "\ufffd"}


def rows_in(answer: Any, where: str = "", *, broker: str) -> list[Row]:
    """The rows of an answer: a list of objects, or the list under the key ``where``; a null list counts as empty.

    Raises BadResponse when the answer is laid out otherwise.
    """
    if where:
        if not isinstance(answer, Mapping) or where not in answer:
            raise BadResponse(broker, f"{broker}'s answer has no “{where}”.", _changed(broker))
        answer = answer[where] or []
    if not isinstance(answer, list) or not all(isinstance(row, Mapping) for row in answer):
        kind = type(answer).__name__
        raise BadResponse(broker, f"{broker}'s answer is not a list of rows (it is a {kind}).", _changed(broker))
    return answer


def require(rows: Sequence[Row], fields: Iterable[str], *, broker: str) -> None:
    """Raise BadResponse when a field that photometry needs occurs in no row at all."""
    missing = missing_fields(rows, fields)
    if rows and missing:
        raise BadResponse(broker, f"{broker}'s rows have no {', '.join(missing)}.", _changed(broker))


def missing_fields(rows: Sequence[Row], fields: Iterable[str]) -> list[str]:
    """The fields that occur in no row."""
    present = set().union(*(row.keys() for row in rows)) if rows else set()
    return [field for field in fields if field not in present]


@dataclass(frozen=True)
class Points:
    """What rows of photometry say, by time: (N,) mjd, flux and flux_err [FLUXCAL], band, forced. notes : what was lost."""

    mjd: NDArray[np.float64]
    flux: NDArray[np.float64]
    flux_err: NDArray[np.float64]
    band: NDArray[np.int64]
    forced: NDArray[np.bool_]
    notes: tuple[Note, ...]


def real(value: Any) -> float:
    """A value as a float; NaN for null, infinity, and text that is no number. For fluxes, which may well be -999."""
    try:
        parsed = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return parsed if math.isfinite(parsed) else math.nan


def number(value: Any) -> float:
    """As `real`, and NaN for the surveys' sentinels (-999, -99999)."""
    parsed = real(value)
    return math.nan if parsed in SENTINELS else parsed


def magnitude(value: Any) -> float:
    """As `real`, and NaN outside `MAGNITUDES`."""
    parsed = real(value)
    return parsed if MAGNITUDES[0] < parsed < MAGNITUDES[1] else math.nan


def numbers(rows: Sequence[Row], field: str) -> NDArray[np.float64]:
    """(N,) one field of all rows, NaN where it is missing."""
    return np.array([number(row.get(field)) for row in rows], dtype=np.float64)


def known_number(value: Any) -> float | None:
    """A value as a float, None when it is missing."""
    parsed = number(value)
    return None if math.isnan(parsed) else parsed


def known_text(value: Any) -> str:
    """A label, "" when it says that there is none ("Unknown", "nan", "Fail 503", …)."""
    text = str(value if value is not None else "").strip()
    return "" if text.lower() in _NOTHING or text.lower().startswith("fail") else text


def newest(rows: Sequence[Row], field: str, *, time: str) -> Any:
    """The value of ``field`` in the latest row (by ``time``) that has one; None when no row has."""
    known = [row for row in rows if known_text(row.get(field)) and not _is_sentinel(row[field])]
    return max(known, key=lambda row: _or_first(number(row.get(time))), default={}).get(field)


def median_position(rows: Sequence[Row]) -> tuple[float | None, float | None]:
    """Median (ra, dec) [deg] of the rows. Right ascensions on both sides of 0° are brought together first."""
    ra, dec = numbers(rows, "ra"), numbers(rows, "dec")
    known = np.isfinite(ra) & np.isfinite(dec)
    if not known.any():
        return None, None
    reference = ra[known][0]
    offset = (ra[known] - reference + 180.0) % 360.0 - 180.0
    return float((reference + np.median(offset)) % 360.0), float(np.median(dec[known]))


def dropped(count: int, why: str, what: str = "row") -> tuple[Note, ...]:
    """The note for rows that were left out while reading; empty when there were none."""
    return (Note("dropped", f"{count:,} {what}{'' if count == 1 else 's'} dropped: {why}", count),) if count else ()


def _is_sentinel(value: Any) -> bool:
    try:
        return float(value) in SENTINELS
    except (TypeError, ValueError, OverflowError):
        return False


def _or_first(time: float) -> float:
    return -math.inf if math.isnan(time) else time


def _changed(broker: str) -> str:
    return f"{broker} may have changed since {FIELDS_CHECKED}: run `make doctor`, or use another broker."
