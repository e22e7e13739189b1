"""Bands whose name does not say their survey, ``g`` or ``1``: left open while rows are read, settled object by object.

A table may mix objects of several surveys, and rows of one object may lie anywhere in it, so that the survey of a bare
letter is known only once all rows of its object are together.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS, SURVEYS, band_index
from core.refusal import BadInput

#: Code of a band that no survey has. Bare names have the negative codes above it.
UNKNOWN = -100
_BARE = ("u", "g", "r", "i", "z", "y", "1", "2", "3")
#: LSST's object ids have that many digits; a shorter number may be anyone's.
_LSST_ID = re.compile(r"[0-9]{15,19}")


def band_code(name: str, survey: str | None) -> int:
    """The band's index, `UNKNOWN`, or a code from -1 downwards for a bare name whose survey was not said."""
    try:
        return band_index(name, survey)
    except BadInput:
        bare = name.strip().lower().removesuffix(".0")
        return -1 - _BARE.index(bare) if survey is None and bare in _BARE else UNKNOWN


def settled(codes: NDArray[np.int8], object_id: str, default: str | None) -> NDArray[np.int8]:
    """Indices of the bands of one object, whose ``codes`` may be open.

    What only one survey has (u, or ZTF's filter 1) is that survey's. The rest is of the survey of the object's other
    rows when they are all of one, or else LSST's when the id is one of LSST's, or else of the ``default``.
    Raises BadInput ("band") when nothing of that says.
    """
    if not np.any(codes < 0):
        return codes
    present = {int(code): _surveys(int(code)) for code in np.unique(codes)}
    evidence = {surveys[0] for surveys in present.values() if len(surveys) == 1}
    if len(evidence) == 1:
        survey: str | None = next(iter(evidence))
    elif not evidence and _LSST_ID.fullmatch(object_id):
        survey = "lsst"
    else:
        survey = default
    out = codes.copy()
    for code, surveys in present.items():
        if code < 0:
            out[codes == code] = _index(code, surveys[0] if len(surveys) == 1 else survey)
    return out


@lru_cache(maxsize=64)
def _index(code: int, survey: str | None) -> int:
    return band_index(_BARE[-1 - code], survey)


@lru_cache(maxsize=64)
def _surveys(code: int) -> tuple[str, ...]:
    """Surveys that have a band of this code."""
    if code >= 0:
        return (BANDS[code].survey,)
    return tuple(survey for survey in SURVEYS if band_code(_BARE[-1 - code], survey) != UNKNOWN)
