"""Avro alerts without surprises: containers block by block under caps, and Confluent-framed packets by schema id.

The container is walked here, because a decoder that unpacks first and asks later can be made to fill the memory by a file
of a few kilobytes. ZTF's records are decoded by compiled code (`decoder`), all others, and what is unusual, by fastavro.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

import fastavro

from core.brokers.files.content import MEGABYTE, Reading, Unreadable, packet_ids
from core.brokers.files.packets import light_curve_of, packet_survey, wrong_fields
from core.brokers.files.schemas import schema_and_reader, schema_for_id
from core.lightcurve import LightCurve, Provenance
from core.refusal import BadInput

if TYPE_CHECKING:
    from core.brokers.files.program import Program

MAGIC = b"Obj\x01"
_MAX_HEADER = 4 * MEGABYTE


@dataclass(frozen=True)
class Header:
    """What an Avro container says of itself: its schema, what is read of it, its codec, the marker between blocks.

    program : for the compiled decoder; None where fastavro reads all.
    """

    schema: dict[str, Any]
    reader: dict[str, Any]
    codec: str
    sync: bytes
    program: Program | None = None


def read_container(stream: BinaryIO, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    """Light curves of an Avro container of ZTF or LSST alerts, plain or from Fink, in file order.

    One broken record or light curve is handed on as `Unreadable`. Raises BadInput for what ends the file: a broken
    header, a schema that is no alert, a truncated or oversized block.
    """
    header = header_of(stream)
    survey = _alert_survey(header.schema)
    fink = any(f["name"].startswith("fink_") for f in header.schema["fields"])
    reading.format = f"{'Fink ' if fink else ''}{survey.upper()} alerts (Avro)"
    provenance = Provenance(source=reading.name)
    index = reading.piece.record if reading.piece else 0
    for block, count in blocks_of(stream, header, reading):
        done = 0
        try:
            for read in _read(block, count, header, reading, provenance):
                done += 1
                yield (
                    read
                    if isinstance(read, LightCurve)
                    else _curve(read, f"record {index + done}", provenance, reading.offset)
                )
        except BadInput as error:
            if error.reason != "decode":
                raise
            # Without the end of the broken record, the start of the next is unknown: the rest of the block is lost.
            yield Unreadable(_span(index + done + 1, index + count), error, offset=reading.offset)
        index += count


def read_wire(data: bytes, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    """The light curve of one packet in Confluent framing: byte 0, schema id (4 bytes), record without schema.

    Raises BadInput when the schema can't be found (naming its id and what to provide) or does not fit the bytes.
    """
    schema_id = int.from_bytes(data[1:5], "big")
    schema, reader = schema_for_id(schema_id, reading.schemas)
    survey = _alert_survey(schema)
    reading.format = f"{survey.upper()} alert (Confluent framing, schema {schema_id})"
    reading.spend(records=1, unpacked=len(data))
    body = io.BytesIO(data[5:])
    packet = _decode(body, schema, reader)
    if left := len(data) - 5 - body.tell():
        raise BadInput(
            "decode", f"schema {schema_id} does not fit: {left:,} of {len(data):,} bytes are left over after the record"
        )
    yield _curve(packet, "record 1", Provenance(source=reading.name))


def _curve(
    packet: dict[str, Any], where: str, provenance: Provenance, offset: int | None = None
) -> LightCurve | Unreadable:
    try:
        return light_curve_of(packet, provenance)
    except BadInput as error:
        return Unreadable(where, error, *packet_ids(packet), offset=offset)


def _alert_survey(schema: dict[str, Any]) -> str:
    names = [f["name"] for f in schema["fields"]]
    survey = packet_survey(names)
    if survey is None:
        raise wrong_fields(names, f"Avro schema {schema.get('name', '?')!r}")
    return survey


def _span(first: int, last: int) -> str:
    return f"record {first}" if first == last else f"records {first} to {last}"


# --- the container ---------------------------------------------------------------------------------------------------


def header_of(stream: BinaryIO) -> Header:
    """The header of a container, which the stream stands behind afterwards. Raises BadInput when there is none.

    A survey's one-packet files all begin with the same kilobytes: those of the last file are compared, not read again.
    """
    global _last
    known, meta = _last
    if stream.read(len(known)) != known or not known:
        stream.seek(0)
        meta = _header_fields(stream)
        end = stream.tell()
        stream.seek(0)
        _last = (stream.read(end), meta)
    codec = meta.get("avro.codec", b"null").decode("utf-8", "replace")
    if codec not in _CODECS:
        raise BadInput("format", f"Avro codec {codec!r}; known are {', '.join(_CODECS)}")
    text = meta.get("avro.schema", b"null")
    schema, reader = schema_and_reader(text)
    return Header(schema, reader, codec, _take(stream, 16, "header"), _program(text))


#: The last header's bytes, but for the marker at its end, and what they say.
_last: tuple[bytes, dict[str, bytes]] = (b"", {})


def _header_fields(stream: BinaryIO) -> dict[str, bytes]:
    if _take(stream, 4, "header") != MAGIC:
        raise BadInput("format", "not an Avro container")
    meta: dict[str, bytes] = {}
    size = 0
    while count := _long(stream, "header"):
        if count < 0:
            _long(stream, "header")
        for _ in range(abs(count)):
            pair = []
            for _ in range(2):
                length = _long(stream, "header")
                size += length
                if not 0 <= length <= _MAX_HEADER or size > _MAX_HEADER:
                    raise BadInput(
                        "format", f"Avro header announces {length:,} bytes; at most {_MAX_HEADER:,} are read"
                    )
                pair.append(_take(stream, length, "header"))
            meta[pair[0].decode("utf-8", "replace")] = pair[1]
    return meta


@lru_cache(maxsize=16)
def _program(text: bytes) -> Program | None:
    """The program for a container's schema, kept as the schema is; None where fastavro reads it."""
    schema, _ = schema_and_reader(text)
    if packet_survey([f["name"] for f in schema["fields"]]) != "ztf":
        return None
    from core.brokers.files.program import NoProgram, program_of
    from core.brokers.files.ztf_batch import LAYOUT

    try:
        return program_of(schema, LAYOUT)
    except NoProgram:
        return None


def blocks_of(stream: BinaryIO, header: Header, reading: Reading) -> Iterator[tuple[bytes, int]]:
    """(unpacked bytes, number of records) of each block; every size is checked before memory is asked for.

    ``reading.offset`` is where the block begins.
    """
    cap = reading.caps.block_bytes
    piece = reading.piece
    number = 0
    if piece is not None:
        number = piece.first
        stream.seek(piece.offset)
    while (piece is None or number < piece.stop) and (first := stream.read(1)):
        number += 1
        where = f"block {number}"
        reading.offset = stream.tell() - 1
        count = _long(stream, where, first)
        size = _long(stream, where)
        if not 0 <= size <= cap:
            raise BadInput("too_large", f"{where} announces {size:,} bytes; at most {cap:,} are read")
        data = _unpack(header.codec, _take(stream, size, where), cap, where)
        if not 0 <= count <= len(data):
            raise BadInput("format", f"{where} announces {count:,} records in {len(data):,} bytes")
        if _take(stream, 16, where) != header.sync:
            raise BadInput("format", f"{where} does not end with the file's sync marker: the file is damaged")
        reading.spend(records=count, unpacked=len(data))
        yield data, count


def block_places(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """(offset [bytes], number of records) of each block of a container, none of them read. Raises BadInput as reading does."""
    header_of(stream)
    place = stream.tell()
    while first := stream.read(1):
        count, size = _long(stream, "block", first), _long(stream, "block")
        if count < 0 or size < 0:
            raise BadInput("format", "a block announces fewer than no records")
        yield place, count
        place = stream.seek(stream.tell() + size + 16)


def _read(
    block: bytes, count: int, header: Header, reading: Reading, provenance: Provenance
) -> Iterator[LightCurve | dict[str, Any]]:
    """Light curves of an unpacked block's records; the packet itself where the compiled decoder leaves it to fastavro.

    Each record sees at most ``record_bytes``, so that one can't claim the whole block.
    """
    cap = reading.caps.record_bytes
    start = done = 0
    while done < count:
        if header.program is not None:
            from core.brokers.files.ztf_batch import read_records

            curves, places, stopped = read_records(header.program, block, start, count - done, cap, provenance)
            for i, curve in enumerate(curves):
                reading.spend()
                if curve is not None:
                    yield curve
                else:
                    yield _decode(io.BytesIO(block[places[i] : places[i + 1]]), header.schema, header.reader)
            start, done = places[-1], done + len(curves)
            if not stopped:
                continue
        body = io.BytesIO(block[start : start + cap])
        packet = _decode(body, header.schema, header.reader)
        start, done = start + body.tell(), done + 1
        reading.spend()
        yield packet


def _decode(body: io.BytesIO, schema: dict, reader: dict) -> dict[str, Any]:
    try:
        return fastavro.schemaless_reader(body, schema, reader)  # type: ignore[return-value]
    except Exception as error:  # damaged bytes make fastavro raise anything from EOFError to UnicodeDecodeError
        what = str(error).split(" from <")[0][:120] or type(error).__name__  # which buffer it was says nothing
        raise BadInput("decode", f"the bytes do not fit the schema ({what})") from error


def _take(stream: BinaryIO, size: int, where: str) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise BadInput("truncated", f"the file is truncated: {where} needs {size:,} bytes and {len(data):,} are left")
    return data


def _long(stream: BinaryIO, where: str, first: bytes = b"") -> int:
    """Avro's zigzag variable-length integer, at most ten bytes."""
    value = shift = 0
    byte = first or _take(stream, 1, where)
    while True:
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7
        if shift > 63:
            raise BadInput("format", f"{where} holds a number of more than 64 bits: the file is damaged")
        byte = _take(stream, 1, where)


# --- unpacking under a cap -------------------------------------------------------------------------------------------


def _unpack(codec: str, data: bytes, cap: int, where: str) -> bytes:
    try:
        unpacked = _CODECS[codec](data, cap)
    except BadInput:
        raise
    except Exception as error:  # each codec has its own kinds of error
        raise BadInput("format", f"{where} can't be unpacked with {codec}: {str(error)[:100]}") from error
    if unpacked is None:
        raise BadInput("too_large", f"{where} unpacks from {len(data):,} to more than {cap:,} bytes")
    return unpacked


def _stored(data: bytes, cap: int) -> bytes | None:
    return data if len(data) <= cap else None


def _inflate(data: bytes, cap: int) -> bytes | None:
    unpacker = zlib.decompressobj(-15)
    out = unpacker.decompress(data, cap + 1)
    return out if len(out) <= cap else None


def _snappy(data: bytes, cap: int) -> bytes | None:
    import cramjam

    body, checksum = data[:-4], data[-4:]
    if cramjam.snappy.decompress_raw_len(body) > cap:
        return None
    out = bytes(cramjam.snappy.decompress_raw(body))
    if zlib.crc32(out).to_bytes(4, "big") != checksum:
        raise ValueError("checksum does not match")
    return out


def _zstandard(data: bytes, cap: int) -> bytes | None:
    import cramjam

    # The sizes a frame declares may lie; room of a fixed size can't be overrun. Most blocks fit the first.
    for room in (bytearray(min(cap, 16 * MEGABYTE)), bytearray(cap)):
        try:
            return bytes(room[: cramjam.zstd.decompress_into(data, room)])
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise
    return None


def _bzip2(data: bytes, cap: int) -> bytes | None:
    import bz2

    out = bz2.BZ2Decompressor().decompress(data, cap + 1)
    return out if len(out) <= cap else None


def _xz(data: bytes, cap: int) -> bytes | None:
    import lzma

    out = lzma.LZMADecompressor(memlimit=256 * MEGABYTE).decompress(data, cap + 1)
    return out if len(out) <= cap else None


_CODECS = {"null": _stored, "deflate": _inflate, "snappy": _snappy, "zstandard": _zstandard, "bzip2": _bzip2, "xz": _xz}
