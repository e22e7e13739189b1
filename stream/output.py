"""Tables of scored rows on disk: the types of their columns, and a file that appears in one piece or not at all."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.spreadsheet import safe_table


class Stop(Exception):
    """The run can't go on; the message is for the person at the terminal."""


def row_schema(columns: Sequence[str]) -> pa.Schema:
    """The Arrow schema of scored rows."""
    return pa.schema([(name, _type_of(name)) for name in columns])


class ScoreFile:
    """A Parquet or CSV file that appears under its name only when `commit` is called.

    columns : names in order; every table must have them. The rows gather in a temporary file in the same folder.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.schema = row_schema(columns)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        self._part = Path(name)
        self._parquet: pq.ParquetWriter | None = None
        self._text: TextIO | None = None
        if path.suffix.lower() == ".csv":
            self._text = self._part.open("w", newline="", encoding="utf-8")
            csv.writer(self._text).writerow(columns)
        else:
            self._parquet = pq.ParquetWriter(self._part, self.schema, compression="zstd")

    def __enter__(self) -> ScoreFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk has been reported already
            self._close()
        self._part.unlink(missing_ok=True)

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        try:
            if self._text is not None:
                _harmless(table.select(self.schema.names).to_pandas()).to_csv(self._text, index=False, header=False)
            elif self._parquet is not None:
                self._parquet.write_table(table.select(self.schema.names))
        except OSError as error:
            raise unwritable(self.path, error) from error

    def commit(self) -> None:
        """Close the file and put it in its place, atomically."""
        try:
            self._close()
            put_in_place(self._part, self.path)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def _close(self) -> None:
        if self._text is not None:
            self._text.close()
        if self._parquet is not None:
            self._parquet.close()
            self._parquet = None


def put_in_place(part: Path, path: Path) -> None:
    """Make a finished temporary file the file of that name, with all its bytes on the disk first. Raises OSError."""
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    # A temporary file belongs to its owner alone; give it the rights that any new file has.
    mask = os.umask(0)
    os.umask(mask)
    part.chmod(0o666 & ~mask)
    part.replace(path)


def unwritable(path: Path, error: OSError) -> Stop:
    """What to tell the person whose disk refused."""
    return Stop(f"{path} can't be written: {error.strerror or error}")


def checked_out(path: Path) -> Path:
    """The path of ``--out``. Raises Stop when it ends in neither .parquet nor .csv, or can't be written."""
    if path.suffix.lower() not in (".parquet", ".csv"):
        raise Stop(f"--out {path}: expected a name that ends in .parquet or .csv")
    checked_place(path, "--out")
    return path


def checked_place(path: Path, option: str) -> None:
    """Raises Stop when no file can be made at ``path``."""
    if not path.parent.is_dir():
        raise Stop(f"{option} {path}: the folder {path.parent} does not exist")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise Stop(f"{option} {path}: can't be written")


def _type_of(column: str) -> pa.DataType:
    if column in ("n_points", "fold"):
        return pa.int64()
    if column.startswith(("p_", "spread_")) or column == "novelty":
        return pa.float64()
    return pa.string()


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula gets a quote in front; ids come from strangers' files."""
    out = safe_table(frame)
    out["fold"] = out["fold"].astype("Int64")
    return out
