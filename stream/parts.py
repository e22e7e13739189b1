"""The work folder beside the output: finished parts of a run, so that it goes on after a kill where it stopped.

A part is one Parquet file of scored rows that appears whole or not at all, with what was counted on the way in its footer.
Parts are keyed by their place in the input, the folder by a fingerprint of everything that the rows depend on.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stream.output import Stop, put_in_place, unwritable
from stream.progress import Tally

_META = b"t2scope"


@dataclass(frozen=True)
class Part:
    """A finished part. unit : of the plan. number : within the unit, from 0. last : the unit has no more."""

    unit: int
    number: int
    last: bool
    tally: Tally


class Parts:
    """The parts of a run in a folder of their own. Open it in the process that runs the show; workers only `write`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: BinaryIO | None = None

    # --- the one who runs the show ---------------------------------------------------------------------------------------

    def open(self, fingerprint: Mapping[str, Any], *, fresh: bool = False) -> list[str]:
        """Make or take over the folder. Returns what is different from the run that left it there; then it starts empty.

        fingerprint : name -> JSON value. fresh : forget what is there. Raises Stop when another run has the folder.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            self._take_lock()
            before, wanted = self._fingerprint(), json.loads(json.dumps(dict(fingerprint)))
            changed = [] if before is None else [k for k in wanted | before if wanted.get(k) != before.get(k)]
            if before is None or changed or fresh:
                self._empty()
                self._write_text("fingerprint.json", json.dumps(wanted, indent=1))
            for leftover in self.folder.glob(".*.part"):
                leftover.unlink()
        except OSError as error:
            raise unwritable(self.folder, error) from error
        return [] if fresh else changed

    def finished(self) -> dict[tuple[int, int], Part]:
        """The parts that are there, by unit and number. What can't be read is thrown away and made again."""
        found = {}
        for path in sorted(self.folder.glob("*.parquet")):
            try:
                values = json.loads(pq.read_schema(path).metadata[_META])
                part = Part(values["unit"], values["number"], values["last"], Tally.from_json(values["tally"]))
            except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
                path.unlink()
                continue
            found[part.unit, part.number] = part
        return found

    def tables(self) -> Iterator[pa.Table]:
        """The rows of all parts, in the order of the input."""
        for path in sorted(self.folder.glob("*.parquet")):
            yield pq.read_table(path)

    def dead_letters(self) -> Iterator[str]:
        """The dead letters of all parts, a line of JSON each, in the order of the input."""
        for path in sorted(self.folder.glob("*.parquet")):
            letters = path.with_suffix(".dead")
            if letters.exists():
                with letters.open(encoding="utf-8") as stream:
                    yield from stream

    def close(self) -> None:
        """Let go of the folder, and remove it if it holds no part."""
        if self._lock is not None and not any(self.folder.glob("*.parquet")):
            self.remove()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- workers ---------------------------------------------------------------------------------------------------------

    def write(self, part: Part, table: pa.Table, letters: list[str]) -> None:
        """Make a part: its dead letters first, then its rows, whose appearance makes it finished. Raises Stop."""
        name = f"{part.unit:08d}-{part.number:08d}"
        values = {"unit": part.unit, "number": part.number, "last": part.last, "tally": part.tally.as_json()}
        table = table.replace_schema_metadata({_META: json.dumps(values)})
        temporary = self.folder / f".{name}.{os.getpid()}.part"
        try:
            if letters:
                self._write_text(f"{name}.dead", "".join(letters))
            pq.write_table(table, temporary, compression="zstd")
            put_in_place(temporary, self.folder / f"{name}.parquet")
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise unwritable(self.folder, error) from error

    def _write_text(self, name: str, text: str) -> None:
        temporary = self.folder / f".{name}.{os.getpid()}.part"
        temporary.write_text(text, encoding="utf-8")
        put_in_place(temporary, self.folder / name)

    def _fingerprint(self) -> dict[str, Any] | None:
        try:
            found = json.loads((self.folder / "fingerprint.json").read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else None
        except (OSError, ValueError):
            return None

    def _empty(self) -> None:
        for path in self.folder.iterdir():
            if path.name != "lock" and path.is_file():
                path.unlink()

    def _take_lock(self) -> None:
        self._lock = (self.folder / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            self._lock = None
            raise Stop(f"another run is writing to {self.folder}") from error
