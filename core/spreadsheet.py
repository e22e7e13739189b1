"""Cells that no spreadsheet takes for a formula: ids, notes and file names are written by strangers, and tables go home."""

from __future__ import annotations

import re

import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; `plain_cell` gives the text back."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """The text that `safe_cell` made safe."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """A copy whose texts, the names of its columns among them, are safe; numbers and gaps stay as they are."""
    out = table.rename(columns=lambda name: safe_cell(str(name)))
    for i, name in enumerate(out.columns):
        column = out.iloc[:, i]
        if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
            out[name] = column.map(lambda value: safe_cell(value) if isinstance(value, str) else value)
    return out
