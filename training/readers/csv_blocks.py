"""Large CSV files in blocks of whole objects: memory stays at a few blocks, and reading goes on from any block's end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

#: Bytes of text read at once: about 7,000 objects of PLAsTiCC.
BLOCK = 32_000_000
_COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}


@dataclass(frozen=True)
class Place:
    """Where a block ends. offset : bytes of text from the start of the file, decompressed. rows : data rows before it."""

    offset: int = 0
    rows: int = 0


#: The beginning of any file.
START = Place()


@dataclass(frozen=True)
class Block:
    """Rows of whole objects. columns : name -> (N,) array. end : where the next block begins. share : of the file, 0 … 1."""

    columns: dict[str, NDArray]
    end: Place
    share: float
    last: bool


def blocks(
    path: Path,
    columns: Mapping[str, tuple[str, pa.DataType]],
    *,
    start: Place = START,
    size: int = BLOCK,
) -> Iterator[Block]:
    """The file's rows, cut where the object changes; rows of one object must stand together.

    path : CSV with a header, plain or .gz, .bz2, .zst. columns : our name -> (name in the header, type); the first one tells
    objects apart. start : the end of the last block that was kept; a compressed file is unpacked up to there, not parsed.
    Raises ValueError, a sentence with file, row, column, value and what was expected.
    """
    with path.open("rb") as raw:
        stream = _unpacked(path, raw)
        header = _header(stream, path, columns)
        place = start if start.offset else Place(header.size)
        _skip(stream, place.offset - header.size, compressed=stream is not raw)
        text, ahead, whole = b"", stream.read(1), path.stat().st_size
        while ahead:
            # An object larger than a block makes the next block larger.
            text = b"".join([text, ahead, stream.read(max(size, len(text)))])
            ahead = stream.read(1)
            ended = not ahead
            stop = len(text) if ended else text.rfind(b"\n") + 1
            if not stop:
                continue
            table = _parse(text[:stop], header, columns, path, place)
            keep = len(table) if ended else _rows_of_whole_objects(table)
            if not keep:
                continue
            cut = stop if ended else _start_of_row(text, stop, len(table) - keep)
            place = Place(place.offset + cut, place.rows + keep)
            arrays = {name: table.column(i)[:keep].to_numpy() for i, name in enumerate(columns)}
            text = text[cut:]
            yield Block(arrays, place, min(raw.tell() / max(whole, 1), 1.0), ended)


def column_names(path: Path) -> list[str]:
    """Names in the header of a CSV file, plain or compressed."""
    with path.open("rb") as raw:
        return _header(_unpacked(path, raw), path, {}).names


def read_columns(path: Path, columns: Mapping[str, tuple[str, pa.DataType]]) -> dict[str, NDArray]:
    """A whole CSV file, these columns alone; of them the file may lack all but the first."""
    names = column_names(path)
    first = next(iter(columns))
    wanted = {name: source for name, source in columns.items() if name == first or source[0] in names}
    parts = [block.columns for block in blocks(path, wanted)]
    if not parts:
        raise ValueError(f"{path.name} has no row below its header; expected one per object")
    return {name: np.concatenate([part[name] for part in parts]) for name in wanted}


@dataclass(frozen=True)
class _Header:
    names: list[str]
    size: int


def _unpacked(path: Path, raw: BinaryIO) -> Any:
    compression = _COMPRESSIONS.get(path.suffix)
    return raw if compression is None else pa.CompressedInputStream(pa.PythonFile(raw, "r"), compression)


def _header(stream: Any, path: Path, columns: Mapping[str, tuple[str, pa.DataType]]) -> _Header:
    line = bytearray()
    while not line.endswith(b"\n") and (byte := stream.read(1)):
        line += byte
    names = line.decode("utf-8-sig").strip().split(",")
    if missing := [source for source, _ in columns.values() if source not in names]:
        raise ValueError(f"{path.name} has no column {missing[0]!r}; its columns are {', '.join(names)}")
    return _Header(names, len(line))


def _skip(stream: Any, size: int, *, compressed: bool) -> None:
    if not compressed:
        stream.seek(size, 1)
        return
    while size > 0 and (gone := len(stream.read(min(size, BLOCK)))):
        size -= gone


def _rows_of_whole_objects(table: pa.Table) -> int:
    """Rows before the last object, which may go on in the next block."""
    keys = table.column(0).to_numpy()
    changes = np.flatnonzero(keys[1:] != keys[:-1])
    return int(changes[-1]) + 1 if len(changes) else 0


def _start_of_row(text: bytes, stop: int, rows_before_stop: int) -> int:
    for _ in range(rows_before_stop + 1):
        stop = text.rfind(b"\n", 0, stop)
    return stop + 1


def _parse(
    text: bytes, header: _Header, columns: Mapping[str, tuple[str, pa.DataType]], path: Path, place: Place
) -> pa.Table:
    try:
        return pacsv.read_csv(
            pa.BufferReader(text),
            pacsv.ReadOptions(column_names=header.names, block_size=8_000_000),
            pacsv.ParseOptions(ignore_empty_lines=False),
            pacsv.ConvertOptions(
                column_types=dict(columns.values()), include_columns=[source for source, _ in columns.values()]
            ),
        )
    except pa.ArrowInvalid as error:
        raise ValueError(_first_fault(text, header, columns, path, place) or f"{path.name}: {error}") from None


def _first_fault(
    text: bytes, header: _Header, columns: Mapping[str, tuple[str, pa.DataType]], path: Path, place: Place
) -> str:
    """Row, column and value of the first row that can't be read: the header is row 1, as an editor counts."""
    for i, line in enumerate(text.decode("utf-8", "replace").splitlines()):
        where = f"{path.name}, row {place.rows + i + 2:,}"
        cells = line.split(",")
        if len(cells) != len(header.names):
            return f"{where}: {len(cells)} cells; expected {len(header.names)} ({', '.join(header.names)})"
        for source, kind in columns.values():
            value = cells[header.names.index(source)].strip()
            if not _fits(value, kind):
                expected = "a whole number" if pa.types.is_integer(kind) else "a number"
                return f"{where}: {source} is {value!r}; expected {expected}"
    return ""


def _fits(value: str, kind: pa.DataType) -> bool:
    try:
        pa.scalar(value).cast(kind)
    except pa.ArrowInvalid:
        return value == "" and pa.types.is_floating(kind)
    return True
