"""Text tables: CSV, TSV, semicolons with decimal commas, blanks; with or without comments, a BOM, quotes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import numpy as np

from core.brokers.files.content import Reading, listing
from core.brokers.files.grouping import table_curves
from core.brokers.files.tables import Chunk, RawTable
from core.refusal import BadInput

_ROWS_PER_CHUNK = 20_000
_SAMPLE = 65_536
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_DECIMAL_POINT = re.compile(r"[+-]?\d+\.\d+")


@dataclass(frozen=True)
class Layout:
    """How a text table is written. delimiter : " " stands for runs of blanks. first : line number of the first row."""

    names: list[str]
    delimiter: str
    first: int
    decimal_comma: bool


def read_text(stream: BinaryIO, reading: Reading) -> Iterator[Any]:
    """Light curves of a text table, in the order in which objects first occur.

    Raises BadInput when it is no table, columns are missing, or a quote is never closed.
    """
    sample = stream.read(_SAMPLE)
    stream.seek(0)
    encoding = _encoding(sample)
    text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
    try:
        lines = text.read(_SAMPLE).splitlines()
        layout = _layout(lines)
        reading.format = {",": "CSV", "\t": "TSV"}.get(layout.delimiter, "text") + " table"
        if layout.decimal_comma:
            reading.note("converted", "numbers were read with a decimal comma")
        table = RawTable(layout.names, reading, word="line", decimal_comma=layout.decimal_comma)
        text.seek(0)
        yield from table_curves(table, _chunks(text, layout, table), reading)
    finally:
        text.detach()


def _encoding(sample: bytes) -> str:
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:  # not merely cut at the sample's end
            return "cp1252"
    return "utf-8-sig"


def _layout(lines: Sequence[str]) -> Layout:
    """Header, delimiter and decimal mark from the first lines."""
    comment = ""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if line.lstrip().startswith("#"):
            comment = line.lstrip().lstrip("#").strip()
            continue
        header, first = line, number + 1
        if comment and _is_data(line):  # the header was written as a comment
            header, first = comment, number
        delimiter = _delimiter(header)
        names = _split(header, delimiter)
        rows = [_split(row, delimiter) for row in lines[first - 1 : first + 50] if row.strip()]
        return Layout(names, delimiter, first, _has_decimal_comma(rows, delimiter))
    raise BadInput("empty", "no line that is not blank or a comment")


def _delimiter(header: str) -> str:
    best = max(",;\t|", key=header.count)
    return best if header.count(best) else " "


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])]


def _is_data(line: str) -> bool:
    cells = _split(line, _delimiter(line))
    return sum(bool(re.fullmatch(r"[+-]?\d[\d.,eE+-]*", cell)) for cell in cells) >= 2


def _has_decimal_comma(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    cells = list(chain.from_iterable(rows))
    return (
        delimiter != ","
        and any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
        and not any(_DECIMAL_POINT.fullmatch(cell) for cell in cells)
    )


def _chunks(text: io.TextIOWrapper, layout: Layout, table: RawTable) -> Iterator[Chunk]:
    """Chunks of the needed columns. A row with a wrong number of cells is marked, padded and passed on."""
    skipped = layout.first - 1
    for _ in range(skipped):
        next(text, None)
    lines = (" ".join(line.split()) for line in text) if layout.delimiter == " " else text
    reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=True)
    positions = {name: i for i, name in enumerate(layout.names) if name in table.needed}
    width = len(layout.names)
    rows: list[list[str]] = []
    numbers: list[int] = []
    broken: dict[int, str] = {}
    for row in _guarded(reader, skipped):
        if not row or (len(row) == 1 and not row[0].strip()) or row[0].lstrip().startswith("#"):
            continue
        if len(row) != width and not (len(row) == width + 1 and not row[-1].strip()):
            broken[len(rows)] = f"{len(row)} cells; expected {width} ({listing(layout.names, 8)})"
            row = row + [""] * (width - len(row))
        rows.append(row)
        numbers.append(skipped + reader.line_num)
        if len(rows) >= _ROWS_PER_CHUNK:
            yield _chunk(rows, numbers, broken, positions)
            rows, numbers, broken = [], [], {}
    if rows:
        yield _chunk(rows, numbers, broken, positions)


def _guarded(reader: Any, skipped: int) -> Iterator[list[str]]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput("row", f"line {skipped + reader.line_num}: {error}; a quote may not be closed") from error


def _chunk(rows: list[list[str]], numbers: list[int], broken: dict[int, str], positions: dict[str, int]) -> Chunk:
    columns = {name: [row[i] for row in rows] for name, i in positions.items()}
    return Chunk(columns, np.array(numbers, dtype=np.int64), broken)
