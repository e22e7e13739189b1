"""Files of light curves: one door for whatever a person has on disk, from an alert packet to a spreadsheet's CSV.

>>> from core.brokers.files import read_file, iter_file
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from core.brokers.files.content import LOCAL, STREAM, UPLOAD, Caps, FileContent, Piece, Reading, Unreadable
from core.lightcurve import LightCurve, Note
from core.refusal import BadInput

__all__ = ["LOCAL", "STREAM", "UPLOAD", "Caps", "FileContent", "Piece", "Unreadable", "iter_file", "read_file"]

#: Lost rows that are kept one by one; of more, only the number.
_MAX_LOST = 1000
#: Files that are met and not read, by their first bytes.
_OTHERS = {
    b"\x1f\x8b": "gzip-compressed; unpack it first",
    b"PK\x03\x04": "a ZIP archive (or a spreadsheet); give the files in it, or save as CSV",
    b"SIMPLE  =": "a FITS file; save its table as CSV or Parquet",
    b"\x89HDF": "an HDF5 file; save its table as CSV or Parquet",
    b"<": "XML or HTML; save the table as CSV",
    b"\x80\x04": "a Python pickle, which is never opened; save as CSV or Parquet",
    b"\x80\x05": "a Python pickle, which is never opened; save as CSV or Parquet",
    b"%PDF": "a PDF",
    b"ARROW1": "an Arrow file; save as Parquet",
}


def read_file(
    source: str | Path | bytes,
    name: str = "",
    *,
    survey: str | None = None,
    default_survey: str | None = None,
    flux_unit: str | None = None,
    schemas: str | Path | None = None,
    caps: Caps = UPLOAD,
) -> FileContent:
    """All light curves of one file, and what could not be read.

    source : a path, or the bytes themselves. name : what to call it; the path's own when empty.
    survey : ``ztf`` or ``lsst``; decides what a bare band letter means. default_survey : the same, for tables that do not
    tell by themselves. flux_unit : fluxcal, ujy, njy, mjy or jy, where a flux column's name does not say.
    schemas : folder of LSST schemas, for packets in Confluent framing. caps : how much is read.

    The first bytes decide the format, not the name: Avro, Parquet, Confluent-framed packets, JSON, or a text table.
    Raises BadInput when nothing in the file can be read, naming what was found and what was expected.
    """
    reading = Reading(
        name or _name(source),
        survey=survey,
        default_survey=default_survey,
        flux_unit=flux_unit,
        schemas=None if schemas is None else Path(schemas),
        caps=caps,
    )
    curves: list[LightCurve] = []
    unreadable: list[Unreadable] = []
    lost_rows: list[Unreadable] = []
    hidden = 0
    for item in _items(source, reading):
        if isinstance(item, LightCurve):
            curves.append(item)
        elif not item.row_only:
            unreadable.append(item)
        elif len(lost_rows) < _MAX_LOST:
            lost_rows.append(item)
        else:
            hidden += 1
    if not curves:
        raise _nothing_read(unreadable)
    if hidden:
        reading.notes.append(
            Note(
                "dropped", f"{hidden + _MAX_LOST:,} rows could not be read; the first {_MAX_LOST:,} are listed", hidden
            )
        )
    return FileContent(reading.name, reading.format, curves, unreadable, lost_rows, list(reading.notes))


def iter_file(
    source: str | Path | bytes,
    name: str = "",
    *,
    survey: str | None = None,
    default_survey: str | None = None,
    flux_unit: str | None = None,
    schemas: str | Path | None = None,
    caps: Caps = STREAM,
    piece: Piece | None = None,
) -> Iterator[LightCurve | Unreadable]:
    """As `read_file`, one by one and in bounded memory, for files of any size.

    source, name : as in `read_file`. piece : of a file of alerts, from `pieces`; None for all of it. Tables of more than two million rows must have the rows of each object together. What
    ends the file early (a truncated block, a cap) comes as the last `Unreadable`. Raises BadInput when the file as such
    can't be read.
    """
    folder = None if schemas is None else Path(schemas)
    reading = Reading(
        name or _name(source),
        survey=survey,
        default_survey=default_survey,
        flux_unit=flux_unit,
        schemas=folder,
        caps=caps,
        piece=piece,
    )
    return _items(source, reading)


def _items(source: str | Path | bytes, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    """What the file holds. An error before the first item is raised, a later one is handed on as the last item."""
    started = False
    try:
        for item in _opened(source, reading):
            started = True
            yield item
    except BadInput as error:
        if not started:
            raise
        yield Unreadable("the rest of the file", error, offset=reading.offset)


def _opened(source: str | Path | bytes, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    size = len(source) if isinstance(source, bytes) else _size(Path(source))
    if size == 0:
        raise BadInput("empty", f"{reading.name} is empty (0 bytes)")
    cap = reading.caps.file_bytes
    if cap is not None and size > cap:
        raise BadInput(
            "too_large", f"{reading.name} has {size / 2**20:,.1f} MB; at most {cap / 2**20:,.0f} MB are read"
        )
    with io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as stream:
        yield from _by_magic(stream, reading)


def _name(source: str | Path | bytes) -> str:
    return "upload" if isinstance(source, bytes) else Path(source).name


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise BadInput("not_found", f"{path} can't be opened: {error.strerror or error}") from error


def _by_magic(stream: BinaryIO, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    from core.brokers.files import avro, parquet

    head = stream.read(64)
    stream.seek(0)
    if head.startswith(avro.MAGIC):
        yield from avro.read_container(stream, reading)
    elif head.startswith(parquet.MAGIC):
        yield from parquet.read_parquet(stream, reading)
    elif head[:1] == b"\x00":
        limit = reading.caps.record_bytes
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise BadInput("too_large", f"starts like a Confluent-framed packet and has more than {limit:,} bytes")
        yield from avro.read_wire(data, reading)
    elif (other := next((what for magic, what in _OTHERS.items() if head.startswith(magic)), None)) is not None:
        raise BadInput("format", f"{reading.name} is {other}")
    else:
        yield from _by_text(head, stream, reading)


def _by_text(head: bytes, stream: BinaryIO, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    from core.brokers.files import json_packets, text

    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        yield from json_packets.read_json(stream, reading)
        return
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(
            "format",
            f"{reading.name} is binary and starts with {head[:8]!r}; expected Avro, Parquet, JSON or a text table",
        )
    yield from text.read_text(stream, reading)


def _nothing_read(unreadable: list[Unreadable]) -> BadInput:
    if not unreadable:
        return BadInput("empty", "the file holds no light curve")
    first = unreadable[0]
    more = f" ({len(unreadable) - 1:,} more could not be read)" if len(unreadable) > 1 else ""
    return BadInput(first.error.reason, f"{first.where}: {first.error.message}{more}")
