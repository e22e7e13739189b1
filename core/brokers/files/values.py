"""Cells of a table as numbers, flags and text: Parquet columns come typed, CSV cells as text, JSON cells as either."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.brokers.files.fields import EXACT_IN_FLOAT

MISSING = frozenset(("", "nan", "na", "n/a", "null", "none", "-", "--", "—", "masked", "<na>", "nat"))
_TRUE = frozenset(("1", "1.0", "t", "true", "y", "yes", ">", "<", "ul", "upperlim"))
_FALSE = frozenset(("0", "0.0", "f", "false", "n", "no", "", "nan", "none", "null", "-", "="))


def numbers(values: Any, *, decimal_comma: bool = False) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(numbers, which cells are neither a number nor blank). Blanks are NaN; so are cells that can't be read."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iufb":
        return values.astype(np.float64), np.zeros(len(values), bool)
    cells = ["nan" if v is None else str(v).strip() for v in values]
    if decimal_comma:
        cells = [c.replace(",", ".") for c in cells]
    cells = ["nan" if c.lower() in MISSING else c for c in cells]
    try:
        return np.array(cells, dtype=np.float64), np.zeros(len(cells), bool)
    except ValueError:
        out = np.array([_number(c) for c in cells], dtype=np.float64)
        return out, np.isnan(out) & np.array([c != "nan" for c in cells], bool)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def texts(values: Any) -> list[str]:
    """Cells as stripped text; missing ones empty, whole floats without their ".0"."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return ["" if np.isnan(v) else str(int(v)) if v == int(v) else str(v) for v in values.tolist()]
    out = [
        "" if v is None or v != v else str(v).strip()
        for v in (values.tolist() if isinstance(values, np.ndarray) else values)
    ]
    return ["" if cell.lower() in MISSING else cell for cell in out]


def flags(values: Any) -> NDArray[np.int8]:
    """Cells of a yes/no column: 1 true, 0 false, -1 for a blank or something that is neither."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "b":
        return values.astype(np.int8)
    cells = [("" if v is None else str(v).strip().lower()) for v in values]
    return np.array([1 if c in _TRUE else 0 if c in _FALSE and c else -1 for c in cells], dtype=np.int8)


def without_float_suffix(values: Any) -> tuple[NDArray[np.object_], int]:
    """(ids as exact text, how many have lost digits because they were stored as floats)."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        return np.array([str(v) for v in values.tolist()], dtype=object), 0
    cells: Sequence[str]
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        whole = values[np.isfinite(values)]
        lossy = int(np.sum(np.abs(whole) >= EXACT_IN_FLOAT))
        return np.array(
            ["" if not np.isfinite(v) else str(int(v)) if v == int(v) else str(v) for v in values.tolist()],
            dtype=object,
        ), lossy
    cells = texts(values)
    out, lossy = [], 0
    for cell in cells:
        if re.fullmatch(r"\d+\.0+", cell):  # an integer that a table program made a float
            cell = cell.split(".")[0]
            lossy += int(cell) >= EXACT_IN_FLOAT
        elif re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", cell):  # and one that it wrote as 1.7E+17
            cell = str(int(float(cell)))
            lossy += int(cell) >= EXACT_IN_FLOAT
        out.append(cell)
    return np.array(out, dtype=object), lossy
