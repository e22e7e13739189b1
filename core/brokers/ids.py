"""Object ids: checked by pattern before anything is asked, and kept as text from end to end.

LSST ids are 64-bit and larger than 2**53, so a float, or a browser's number, would change their last digits.
"""

from __future__ import annotations

import re

from core.brokers.base import BadRequest

ZTF_ID = re.compile(r"ZTF[0-9]{2}[a-z]{7}")
LSST_ID = re.compile(r"[0-9]{1,20}")
LARGEST_LSST_ID = 2**63 - 1

_EXPECTED = {
    "ztf": "ZTF, two digits and seven small letters, such as ZTF25abcydiy",
    "lsst": f"a whole number from 1 to {LARGEST_LSST_ID}, such as 170032921165955139",
}


def checked_id(object_id: object, survey: str, *, broker: str = "") -> str:
    """The id as a broker knows it: trimmed, matched against the survey's pattern, leading zeros of a number removed.

    survey : ``ztf`` or ``lsst``. Raises BadRequest naming the expected form.
    """
    text = str(object_id).strip()
    if survey == "ztf" and ZTF_ID.fullmatch(text):
        return text
    if survey == "lsst" and LSST_ID.fullmatch(text) and 0 < int(text) <= LARGEST_LSST_ID:
        return str(int(text))
    shown = text if len(text) <= 40 else text[:39] + "…"
    raise BadRequest(broker, f"{shown!r} is not an id of {survey.upper()}.", f"Expected {_EXPECTED[survey]}.")
