"""Many small files of alerts, as a survey's archive and the brokers hand them out: light curves are made of many at once."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.brokers.files import STREAM, Caps, Unreadable, avro, iter_file
from core.brokers.files.content import MEGABYTE, Reading
from core.brokers.files.decoder import OK
from core.brokers.files.records import RECORDS, Joined, Records, decode_records
from core.brokers.files.ztf_batch import ztf_light_curves
from core.lightcurve import LightCurve, Provenance

#: Unpacked bytes that wait to be made light curves together, at most one file more.
_WAITING = 32 * MEGABYTE


def iter_files(paths: Iterable[Path], **options: Any) -> Iterator[tuple[Path, Iterable[LightCurve | Unreadable]]]:
    """(file, what `iter_file` gives of it) of all files in order. options : those of `iter_file`, for what they say.

    Small files of ZTF alerts without surprises are read up to 256 alerts ahead; any other is read while it is gone
    through, and raises then as `iter_file` does.
    """
    waiting: list[tuple[Path, list[Records]]] = []
    records = size = 0
    for path in paths:
        parts = _from_disk(path) if options.get("piece") is None else None
        if parts is not None:
            waiting.append((path, parts))
            records += sum(map(len, parts))
            size += sum(len(part.data) for part in parts)
        if parts is None or records >= RECORDS or size >= _WAITING:
            yield from _light_curves(waiting, options)
            waiting, records, size = [], 0, 0
        if parts is None:
            yield path, _alone(path, options)
    yield from _light_curves(waiting, options)


def read_together(files: Iterable[tuple[str, bytes]], caps: Caps) -> Iterator[list[LightCurve] | None]:
    """The light curves of each file, told by name and bytes; None where it is to be read alone (see `iter_files`)."""
    waiting: list[tuple[str, list[Records] | None]] = []
    records = size = 0
    for name, data in files:
        parts = _decoded(name, data, caps)
        waiting.append((name, parts))
        records += sum(map(len, parts or ()))
        size += sum(len(part.data) for part in parts or ())
        if records >= RECORDS or size >= _WAITING:
            yield from _made(waiting)
            waiting, records, size = [], 0, 0
    yield from _made(waiting)


def _light_curves(
    files: list[tuple[Path, list[Records]]], options: dict[str, Any]
) -> Iterator[tuple[Path, Iterable[LightCurve | Unreadable]]]:
    made = _made([(path.name, parts) for path, parts in files])
    for (path, _), curves in zip(files, made, strict=True):
        yield path, _alone(path, options) if curves is None else curves


def _made(files: Sequence[tuple[str, list[Records] | None]]) -> Iterator[list[LightCurve] | None]:
    """The light curves of each file's records; None where there is something to say of one of its packets."""
    parts = [part for _, some in files for part in some or ()]
    provenances = [Provenance(source=name) for name, some in files for _ in range(sum(map(len, some or ())))]
    try:
        curves = iter(ztf_light_curves(Joined(parts), provenances) if parts else [])
    except Exception:  # as in `_decoded`
        curves = iter([None] * len(provenances))
    for _, some in files:
        mine = [next(curves) for _ in range(sum(map(len, some or ())))]
        good = [curve for curve in mine if curve is not None]
        # Of a packet without a light curve there is something to say, in the words of the one road that has them.
        yield good if some is not None and len(good) == len(mine) else None


def _alone(path: Path, options: dict[str, Any]) -> Iterator[LightCurve | Unreadable]:
    yield from iter_file(path, **options)


def _from_disk(path: Path) -> list[Records] | None:
    """As `_decoded`, of a file on the disk."""
    try:
        with path.open("rb", buffering=0) as file:
            # Asking for much more than there is costs several times the reading itself.
            size = os.fstat(file.fileno()).st_size
            return _decoded(path.name, file.read(size), STREAM) if size < MEGABYTE else None
    except OSError:
        return None


def _decoded(name: str, data: bytes, caps: Caps) -> list[Records] | None:
    """The records of a small file of ZTF alerts; None for any other, and for one in which anything is unusual."""
    try:
        if len(data) >= MEGABYTE or not data.startswith(avro.MAGIC):
            return None
        stream = io.BytesIO(data)
        header = avro.header_of(stream)
        if header.program is None:
            return None
        parts = []
        for block, count in avro.blocks_of(stream, header, Reading(name, caps=caps)):
            parts.append(decode_records(header.program, block, 0, count, caps.record_bytes))
            if parts[-1].status != OK or len(parts[-1]) < count:
                return None
    except Exception:  # whatever a stranger's bytes did here, `iter_file` meets it again and says what it is
        return None
    return parts
