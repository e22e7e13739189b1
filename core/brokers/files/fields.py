"""Values of alert packets and tables: ids with every digit, and what Fink adds to a packet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.brokers.rows import known_text, real
from core.lightcurve import Provenance
from core.refusal import BadInput
from core.taxonomy import class_of

#: Above this, a float no longer holds every integer, and a 64-bit id has lost digits.
EXACT_IN_FLOAT = 2.0**53
_FLOAT_TEXT = re.compile(r"\d+\.0+|\d([.,]\d+)?[eE]\+?\d{1,3}")


def with_tns_type(provenance: Provenance | None, tns_type: object) -> Provenance | None:
    """The provenance with the class that TNS gives, where Fink sent it along ("", "Unknown" and "nan" are none)."""
    text = known_text(tns_type) if isinstance(tns_type, str) else ""
    if not text:
        return provenance
    return replace(
        provenance or Provenance(), true_class=class_of(text) or "", true_class_source=f"TNS ({text}), through Fink"
    )


def id_text(value: object, exact: float = EXACT_IN_FLOAT) -> tuple[str, bool]:
    """(an id as text, whether it was stored as a floating-point number and has lost digits); "" when there is none.

    exact : the largest number up to which the type that it was stored in holds every integer. An id that has lost digits
    stays as it was written, ``1.7E+17``, so that it never looks like another's.
    """
    if isinstance(value, float):
        if not np.isfinite(value):
            return "", False
        lossy = abs(value) >= exact
        return (repr(value), True) if lossy else (str(int(value)) if value == int(value) else str(value), False)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = "" if value is None else str(value).strip()
    if _FLOAT_TEXT.fullmatch(text):  # an integer that a table program made a float, or wrote as 1.7E+17
        number = float(text.replace(",", "."))
        return (text, True) if not number < exact else (str(int(number)), False)
    return text, False


def exact_id(copies: Sequence[object], field: str) -> str:
    """The id of a packet as exact text, from the copies of it that the packet holds; "" when there is none.

    Null, NaN, "" and 0 (which stands for "no object" in LSST alerts) are none. Raises BadInput ("lossy_id") when every
    copy was stored as a floating-point number and has lost digits.
    """
    lost: object = None
    for copy in copies:
        text, lossy = id_text(copy) if copy else ("", False)
        if lossy:
            lost = copy if lost is None else lost
        elif text and (lost is None or real(text) == real(lost)):
            return text
    if lost is not None:
        raise BadInput(
            "lossy_id",
            f"{field} is {lost}; expected an id stored as text or int64: as a floating-point number it has lost its last digits",
        )
    return ""
