"""Values of alert packets: numbers with their sentinels, exact ids, and what Fink adds to a packet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.lightcurve import Note, Provenance
from core.taxonomy import class_of

#: Stand-ins for "no value" in ZTF packets. Exact values only: a flux of -1000 DN is a flux.
SENTINELS = (-999.0, -9999.0, -99999.0)
#: Magnitudes that can be measured, from Venus to beyond any survey's depth.
MAGNITUDES = (-5.0, 40.0)
#: Above this, a float no longer holds every integer, and a 64-bit id has lost digits.
EXACT_IN_FLOAT = 2**53


def with_tns_type(provenance: Provenance | None, tns_type: object) -> Provenance | None:
    """The provenance with the class that TNS gives, where Fink sent it along ("", "Unknown" and "nan" are none)."""
    text = "" if not isinstance(tns_type, str) else tns_type.strip()
    if text.lower() in ("", "unknown", "nan", "none") or text.lower().startswith("fail"):
        return provenance
    return replace(
        provenance or Provenance(), true_class=class_of(text) or "", true_class_source=f"TNS ({text}), through Fink"
    )


def real(value: object) -> float:
    """A field as float, whatever it is; NaN where it is missing or not a number. For fluxes, which may well be -999."""
    if value is None or isinstance(value, str | bytes):
        return np.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return np.nan


def number(value: object) -> float:
    """As `real`, and NaN for the sentinels -999 and -99999."""
    result = real(value)
    return np.nan if result in SENTINELS else result


def magnitude(value: object) -> float:
    """As `number`, and NaN for what no telescope measures: 99, 100, -1006.9 and the like stand for "no value"."""
    result = number(value)
    return result if MAGNITUDES[0] < result < MAGNITUDES[1] else np.nan


def known(value: object) -> float | None:
    """As `number`, with None for missing: for values that a light curve may lack."""
    result = number(value)
    return result if np.isfinite(result) else None


def exact_id(value: object, field: str) -> tuple[str, tuple[Note, ...]]:
    """An id as exact text, with a warning when it was stored as a float and has lost digits.

    Empty text when there is none: null, NaN, 0 (which stands for "no object" in LSST alerts) or "".
    """
    if value is None or value == "" or value == 0:
        return "", ()
    if isinstance(value, float):
        if not np.isfinite(value):
            return "", ()
        text = str(int(value))
        if abs(value) >= EXACT_IN_FLOAT:
            message = f"{field} was stored as a floating-point number: its last digits are lost ({text} is not exact)"
            return text, (Note("warning", message, 1),)
        return text, ()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip(), ()
    return str(value).strip(), ()


def dropped(count: int, why: str) -> tuple[Note, ...]:
    """The note for points that were left out while reading; empty when there were none."""
    return (Note("dropped", f"{count:,} point{'' if count == 1 else 's'} dropped: {why}", count),) if count else ()
