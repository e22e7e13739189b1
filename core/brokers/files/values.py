"""Cells of a table as numbers, flags and text: Parquet columns come typed, CSV cells as text, JSON cells as either."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.brokers.files.fields import id_text

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


def id_texts(values: Any) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """(ids as exact text, which of them were stored as floating-point numbers and have lost digits)."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        return np.array([str(v) for v in values.tolist()], dtype=object), np.zeros(len(values), bool)
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        exact = 2.0 ** (np.finfo(values.dtype).nmant + 1)
        found = [id_text(v, exact) for v in values.tolist()]
    else:
        found = [id_text(cell) for cell in texts(values)]
    return np.array([text for text, _ in found], dtype=object), np.array([lossy for _, lossy in found], dtype=bool)
