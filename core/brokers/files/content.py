"""What reading a file gives: light curves, what could not be read and why, and the caps that keep a file harmless."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.lightcurve import LightCurve, Note
from core.refusal import BadInput, Refusal

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Unreadable:
    """A record, an object or a row that could not be read; the rest of the file lives.

    where : "record 3", "row 17", "block 2". error : names what was wrong and what was expected.
    object_id, alert_id : as far as they could be read; empty and None otherwise.
    row_only : one row of a table was lost, its object was read without it (and says so in its notes).
    offset : [bytes] where in an Avro container the block begins that holds it; None in other files.
    """

    where: str
    error: BadInput
    object_id: str = ""
    alert_id: str | None = None
    row_only: bool = False
    offset: int | None = None

    @property
    def refusal(self) -> Refusal:
        """The same fact as a value, for a table that keeps one row per object."""
        return Refusal(self.error.reason, f"Not read: {self.where}: {self.error.message}")


@dataclass(frozen=True)
class Piece:
    """A run of a file's Avro blocks or Parquet row groups, to be read apart from the rest (see `pieces`).

    first, stop : their numbers, from 0. offset : of the first [bytes] (Avro). record : alerts in front of it. records : in it.
    """

    first: int
    stop: int
    offset: int
    record: int
    records: int


@dataclass(frozen=True)
class FileContent:
    """All that a file held.

    name : of the file. format : in words, "ZTF alerts (Avro)". curves : in file order.
    unreadable : records and objects that were lost. lost_rows : rows of a table that were lost while their object lives.
    notes : what was done to the file as a whole (unit, decimal commas, survey).
    """

    name: str
    format: str
    curves: list[LightCurve]
    unreadable: list[Unreadable] = field(default_factory=list)
    lost_rows: list[Unreadable] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True)
class Caps:
    """How much of a file is read before it is refused. None: no cap.

    file_bytes : of the file as it is. rows : of a table. records : alerts. block_bytes : of one Avro block when
    unpacked. record_bytes : of one alert when unpacked (the largest real LSST alert has 0.6 MB).
    rows_in_memory : of a table; beyond it, rows of one object must lie together.
    total_bytes : of all that was unpacked. columns : of a table. seconds : wall time.
    """

    file_bytes: int | None = 50 * MEGABYTE
    rows: int | None = 500_000
    rows_in_memory: int = 2_000_000
    records: int | None = 100_000
    block_bytes: int = 64 * MEGABYTE
    record_bytes: int = 8 * MEGABYTE
    total_bytes: int | None = 512 * MEGABYTE
    columns: int = 5_000
    seconds: float | None = 120.0
    stranger: bool = True


#: For files that a stranger uploads.
UPLOAD = Caps()
#: For tables and alerts on one's own disk that are read in one piece.
LOCAL = Caps(
    2048 * MEGABYTE, rows=2_000_000, records=1_000_000, total_bytes=16_384 * MEGABYTE, seconds=3600.0, stranger=False
)
#: For streaming from one's own disk: bounded per block, unbounded in total.
STREAM = Caps(None, rows=None, records=None, total_bytes=None, seconds=None, stranger=False)


@dataclass
class Reading:
    """One file while it is read: what the caller said about it, what is left of the caps, and the notes so far.

    survey : decides what a bare band letter means. default_survey : the same, used only when the file does not say.
    flux_unit : fluxcal, ujy, njy, mjy or jy; unit of a flux column whose name does not say.
    schemas : folder of LSST schemas, for packets in Confluent framing. probed : a child process has read it already.
    piece : what of it is read; None for all. offset : [bytes] where the Avro block begins that is being read.
    """

    name: str
    survey: str | None = None
    default_survey: str | None = None
    flux_unit: str | None = None
    schemas: Path | None = None
    caps: Caps = UPLOAD
    format: str = ""
    probed: bool = False
    piece: Piece | None = None
    offset: int | None = None
    notes: list[Note] = field(default_factory=list)
    _records: int = 0
    _rows: int = 0
    _bytes: int = 0
    _start: float = field(default_factory=time.monotonic)

    def note(self, kind: str, message: str, count: int = 0) -> None:
        """Keep a note on the file as a whole, once."""
        entry = Note(kind, message, count)
        if entry not in self.notes:
            self.notes.append(entry)

    def spend(self, *, records: int = 0, rows: int = 0, unpacked: int = 0) -> None:
        """Count what was read; raises BadInput ("too_large", "too_slow") once a cap is passed."""
        self._records += records
        self._rows += rows
        self._bytes += unpacked
        caps = self.caps
        if caps.records is not None and self._records > caps.records:
            raise BadInput("too_large", f"more than {caps.records:,} alerts in one file; the rest was not read")
        if caps.rows is not None and self._rows > caps.rows:
            raise BadInput("too_large", f"more than {caps.rows:,} rows in one table; the rest was not read")
        if caps.total_bytes is not None and self._bytes > caps.total_bytes:
            raise BadInput(
                "too_large", f"unpacks to more than {caps.total_bytes // MEGABYTE:,} MB; the rest was not read"
            )
        if caps.seconds is not None and time.monotonic() - self._start > caps.seconds:
            raise BadInput("too_slow", f"took longer than {caps.seconds:.0f} s to read; the rest was not read")


def listing(names: Iterable[object], most: int = 20) -> str:
    """Names for a message: the first ``most``, then how many more; long ones are cut."""
    shown = [str(n)[:40] for n in names]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return (", ".join(shown[:most]) or "none") + more


def packet_ids(packet: Mapping[str, Any]) -> tuple[str, str | None]:
    """(object_id, alert_id) of a packet that could not be read, as far as they are there."""
    source = packet.get("diaSource") if isinstance(packet.get("diaSource"), Mapping) else {}
    object_id = packet.get("objectId") or (source or {}).get("diaObjectId") or ""
    alert_id = packet.get("candid") or packet.get("diaSourceId") or packet.get("alertId")
    return str(object_id), None if alert_id is None else str(alert_id)
