"""Chunks of light curves to a folder of Parquet parts: a run that is stopped goes on after its last whole part."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.curves import CurveSet, as_table
from training.readers.csv_blocks import Place

_NOTE = b"read_from"


@dataclass(frozen=True)
class Chunk:
    """Whole objects of one file. end : where reading goes on. share : of the file that is read, 0 … 1. last : nothing follows."""

    curves: CurveSet
    end: Place
    share: float
    last: bool


@dataclass(frozen=True)
class Source:
    """One file of a set. name : of its parts. size [bytes] : tells whether it is the file of the last run.

    chunks(start) : the file's chunks after a place.
    """

    name: str
    size: int
    chunks: Callable[[Place], Iterator[Chunk]]


def file_source(path: Path, chunks: Callable[[Path, Place], Iterator[Chunk]]) -> Source:
    """The source that a file is, named after it without its endings."""
    return Source(path.name.split(".")[0], path.stat().st_size, lambda start: chunks(path, start))


def write(sources: Iterable[Source], out: Path, *, progress: Callable[[str], None] | None = None) -> int:
    """All chunks as ``out/<file>-00000.parquet`` …, and the number of objects there; parts of an earlier run stay.

    A part is one chunk in the form of `training.curves.read_parquet`, written aside and renamed when whole; where it ends
    is kept in it. Raises ValueError when a file is not the one of the earlier run, or an object comes twice.
    """
    progress = progress or line_of_progress()
    out.mkdir(parents=True, exist_ok=True)
    seen = _keys_of(sorted(out.glob("*.parquet")))
    began, before = time.monotonic(), len(seen)
    for source in sources:
        number, place, finished = _goes_on(source, out)
        for chunk in () if finished else source.chunks(place):
            seen = _with_new(seen, chunk.curves.objects["key"], source.name)
            _write_part(chunk, source, out / f"{source.name}-{number:05d}.parquet")
            number += 1
            rate = (len(seen) - before) / max(time.monotonic() - began, 1e-9)
            progress(f"{source.name}  {chunk.share:4.0%}  {len(seen):,} objects  {rate:,.0f} objects/s")
    return len(seen)


def parts(out: Path) -> list[Path]:
    """The parts in a folder, in order."""
    return sorted(out.glob("*-[0-9][0-9][0-9][0-9][0-9].parquet"))


def line_of_progress() -> Callable[[str], None]:
    """Prints one line that renews itself on a terminal; elsewhere a line every half minute."""
    shown = [0.0]

    def show(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{text:<100}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - shown[0] > 30:
            print(text, file=sys.stderr, flush=True)
            shown[0] = time.monotonic()

    return show


def _write_part(chunk: Chunk, source: Source, path: Path) -> None:
    note = {"size": source.size, "offset": chunk.end.offset, "rows": chunk.end.rows, "last": chunk.last}
    table = as_table(chunk.curves)
    aside = path.with_suffix(".part")
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _NOTE: json.dumps(note).encode()})
    pq.write_table(table, aside, compression="zstd", compression_level=1)
    aside.rename(path)


def _goes_on(source: Source, out: Path) -> tuple[int, Place, bool]:
    """Number of the next part of a file, the place it begins, and whether there is none."""
    done = sorted(out.glob(f"{source.name}-[0-9][0-9][0-9][0-9][0-9].parquet"))
    if not done:
        return 0, Place(), False
    note = json.loads((pq.read_schema(done[-1]).metadata or {}).get(_NOTE, b"{}"))
    if note.get("size") != source.size:
        raise ValueError(
            f"{out} holds parts of another file called {source.name} ({note.get('size')} bytes, not {source.size}); "
            "expected the same file, or another folder"
        )
    return len(done), Place(note["offset"], note["rows"]), note["last"]


def _keys_of(paths: list[Path]) -> NDArray[np.uint64]:
    hashes = [_hashes(pq.read_table(path, columns=["key"]).column("key").to_pandas()) for path in paths]
    return np.sort(np.concatenate(hashes)) if hashes else np.empty(0, np.uint64)


def _hashes(keys: pd.Series) -> NDArray[np.uint64]:
    return pd.util.hash_array(keys.to_numpy(object), categorize=False)


def _with_new(seen: NDArray[np.uint64], keys: pd.Series, name: str) -> NDArray[np.uint64]:
    """The hashes of all objects so far, 8 bytes each. Raises ValueError for an object that comes again."""
    new = np.sort(_hashes(keys))
    at = np.searchsorted(seen, new)
    again = seen[np.minimum(at, len(seen) - 1)] == new if len(seen) else np.zeros(len(new), bool)
    if again.any():
        key = keys[np.isin(_hashes(keys), new[again])].iloc[0]
        raise ValueError(
            f"object {key} of {name} was read before; expected all rows of an object together, in one file"
        )
    return np.insert(seen, at, new)
