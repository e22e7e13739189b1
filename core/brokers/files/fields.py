"""Values of alert packets: numbers with their sentinels, exact ids, and what Fink adds to a packet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.brokers.rows import known_text
from core.lightcurve import Note, Provenance
from core.taxonomy import class_of

#: Above this, a float no longer holds every integer, and a 64-bit id has lost digits.
EXACT_IN_FLOAT = 2**53


def with_tns_type(provenance: Provenance | None, tns_type: object) -> Provenance | None:
    """The provenance with the class that TNS gives, where Fink sent it along ("", "Unknown" and "nan" are none)."""
    text = known_text(tns_type) if isinstance(tns_type, str) else ""
    if not text:
        return provenance
    return replace(
        provenance or Provenance(), true_class=class_of(text) or "", true_class_source=f"TNS ({text}), through Fink"
    )


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
