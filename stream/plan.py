"""What a run has to read, cut into units that can be read apart and in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.brokers.files import Piece
from core.brokers.files.pieces import pieces
from stream.output import Stop

#: What is taken from a folder; a file that is named is read whatever it is called.
SUFFIXES = (".avro", ".parquet", ".pq", ".csv", ".tsv", ".txt", ".dat", ".json")
#: Alerts of a piece of a large file, at least.
PIECE_RECORDS = 2048
#: Files from this size on are cut into pieces, where they hold alerts; smaller ones are read together up to it.
UNIT_BYTES = 16 * 2**20
#: Text tables, whose lines are counted up to this size [bytes] to tell how much time is left.
TEXT = (".csv", ".tsv", ".txt", ".dat")
COUNTED_BYTES = 2**30


@dataclass(frozen=True)
class Unit:
    """Files that are read one after the other, or a part of one file.

    number : in the order of the input. size : [bytes]. piece : of the only file, when it was cut.
    expected : what the only file holds, about, where it tells: measurements of a long table, alerts or objects of any
    other; 0 when it does not. long : which of them.
    """

    number: int
    files: tuple[Path, ...]
    size: int
    piece: Piece | None = None
    expected: int = 0
    long: bool = False


def input_files(source: Path, out: Sequence[Path]) -> list[Path]:
    """The files to read, in order of their names; of a folder, those with a known ending. Raises Stop without any.

    out : what the run itself writes, to be left out (files, or folders with all that is in them).
    """
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise Stop(f"{source} does not exist")
    written = [path.resolve() for path in out]
    files = [
        p
        for p in sorted(source.rglob("*"))
        if p.suffix.lower() in SUFFIXES
        and p.is_file()
        and not p.name.startswith(".")
        and not any(p.resolve() == own or own in p.resolve().parents for own in written)
    ]
    if not files:
        raise Stop(f"no file in {source} ends in {', '.join(SUFFIXES)}")
    return files


def units(files: Sequence[Path]) -> list[Unit]:
    """The units of a run, in the order of the input."""
    return [Unit(i, *parts) for i, parts in enumerate(_parts(files))]


def _parts(files: Sequence[Path]) -> Iterator[tuple[tuple[Path, ...], int, Piece | None, int, bool]]:
    together: list[Path] = []
    size = 0
    for path in files:
        own = path.stat().st_size
        if together and (size + own > UNIT_BYTES or len(together) >= PIECE_RECORDS):
            yield tuple(together), size, None, *_expected(together)
            together, size = [], 0
        cut = pieces(path, PIECE_RECORDS) if own > UNIT_BYTES else []
        if len(cut) > 1:
            total = sum(piece.records for piece in cut)
            for piece in cut:
                yield (path,), own * piece.records // total, piece, piece.records, False
        else:
            together.append(path)
            size += own
    if together:
        yield tuple(together), size, None, *_expected(together)


def _expected(files: Sequence[Path]) -> tuple[int, bool]:
    """(how much a single file holds, whether that counts measurements); 0 where it can't be told at a glance."""
    if len(files) != 1:
        return 0, False
    path = files[0]
    if path.suffix.lower() in TEXT and path.stat().st_size < COUNTED_BYTES:
        with path.open("rb") as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(2**20), b"")), True
    try:
        meta = pq.ParquetFile(path, pre_buffer=False).metadata
        long = all("." not in meta.schema.column(i).path for i in range(meta.num_columns))
        return int(meta.num_rows), long
    except (OSError, ValueError, pa.ArrowException):  # no Parquet
        return sum(piece.records for piece in pieces(path, PIECE_RECORDS)), False
