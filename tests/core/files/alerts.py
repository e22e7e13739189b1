"""Small alerts and schemas that the tests write themselves, in the layout of ZTF's and LSST's packets."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import zlib
from typing import Any

import cramjam
import fastavro

JD = 2_460_000.5
MJD = 60_000.0


def _fields(types: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


def _record(name: str, types: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": _fields(types)}


_MAYBE = ["null", "double"]
_CANDIDATE = {
    "jd": "double", "fid": "int", "magpsf": _MAYBE, "sigmapsf": _MAYBE, "isdiffpos": ["null", "string"],
    "diffmaglim": _MAYBE, "ra": _MAYBE, "dec": _MAYBE, "candid": ["null", "long"],
}  # fmt: skip
_FORCED = {
    "jd": "double", "fid": "int", "forcediffimflux": _MAYBE, "forcediffimfluxunc": _MAYBE, "magzpsci": _MAYBE,
    "procstatus": ["null", "string"],
}  # fmt: skip
_CUTOUT = {"fileName": "string", "stampData": "bytes"}
ZTF_SCHEMA = _record(
    "alert",
    {
        "objectId": "string", "candid": "long",
        "cutoutScience": ["null", _record("cutout", _CUTOUT)],
        "candidate": _record("candidate", {**_CANDIDATE, "ndethist": "int", "sgscore1": _MAYBE, "distpsnr1": _MAYBE, "magnr": _MAYBE, "distnr": _MAYBE}),
        "prv_candidates": ["null", {"type": "array", "items": _record("prv", _CANDIDATE)}],
        "cutoutTemplate": ["null", "cutout"],
        "fp_hists": ["null", {"type": "array", "items": _record("fp", _FORCED)}],
    },
)  # fmt: skip
ZTF_SCHEMA["namespace"] = "own"


def candidate(day: float = 0.0, fid: int = 1, mag: float | None = 18.0, **more: Any) -> dict[str, Any]:
    """A row of a ZTF packet: a detection, or a limit when ``mag`` is None."""
    row = {
        "jd": JD + day, "fid": fid, "magpsf": mag, "sigmapsf": None if mag is None else 0.1,
        "isdiffpos": None if mag is None else "t", "diffmaglim": 20.5, "ra": 10.0, "dec": -5.0, "candid": None,
    }  # fmt: skip
    return {**row, **more}


def forced(day: float, flux: float, *, fid: int = 1, zero_point: float = 26.0, **more: Any) -> dict[str, Any]:
    """A row of ZTF's fp_hists, flux in DN."""
    row = {
        "jd": JD + day,
        "fid": fid,
        "forcediffimflux": flux,
        "forcediffimfluxunc": 10.0,
        "magzpsci": zero_point,
        "procstatus": "0",
    }
    return {**row, **more}


def ztf_packet(*rows: dict[str, Any], fp_hists: Any = None, **more: Any) -> dict[str, Any]:
    """A ZTF packet; the first row is the candidate, the others its history (None without any)."""
    first = rows[0] if rows else candidate()
    context = {"ndethist": 7, "sgscore1": 0.25, "distpsnr1": 1.5, "magnr": 19.5, "distnr": 0.75}
    cutout = {"fileName": "x.fits.gz", "stampData": b"\x1f\x8b" + bytes(500)}
    packet = {
        "objectId": "ZTF23aaaaaaa", "candid": 2_481_192_083_915_015_002, "cutoutScience": cutout, "cutoutTemplate": cutout,
        "candidate": {**context, **first}, "prv_candidates": list(rows[1:]) or None, "fp_hists": fp_hists,
    }  # fmt: skip
    return {**packet, **more}


def lsst_schema(*, old: bool = False) -> dict[str, Any]:
    """LSST's layout cut down to what is read, with the names before (``old``) or since version 7."""
    time, band, flux, dec = (
        ("midPointTai", "filterName", "psFlux", "decl") if old else ("midpointMjdTai", "band", "psfFlux", "dec")
    )
    source = _record(
        "own.diaSource",
        {"diaSourceId": "long", "diaObjectId": ["null", "long"], "ssObjectId": ["null", "long"], time: "double",
         band: ["null", "string"], flux: ["null", "float"], flux + "Err": ["null", "float"],
         "psfFlux_flag": ["null", "boolean"], "ra": "double", dec: "double"},
    )  # fmt: skip
    forced_source = _record(
        "own.diaForcedSource",
        {time: "double", band: ["null", "string"], flux: ["null", "float"], flux + "Err": ["null", "float"]},
    )
    limit = _record("own.diaNondetectionLimit", {time: "double", band: "string", "diaNoise": "float"})
    target = _record("own.diaObject", {"diaObjectId": "long", "ra": "double", dec: "double"})
    lists = {
        "prvDiaSources": ["null", {"type": "array", "items": "own.diaSource"}],
        "prvDiaForcedSources": ["null", {"type": "array", "items": forced_source}],
        "prvDiaNondetectionLimits": ["null", {"type": "array", "items": limit}],
    }
    return _record(
        "own.alert",
        {"diaSource": source, **lists, "diaObject": ["null", target], "cutoutDifference": ["null", "bytes"]},
    )


def source(
    day: float = 0.0, band: str = "g", flux: float = 36307.8, *, old: bool = False, **more: Any
) -> dict[str, Any]:
    """A diaSource [nJy], of an object whose id no float can hold."""
    names = ("midPointTai", "filterName", "psFlux", "decl") if old else ("midpointMjdTai", "band", "psfFlux", "dec")
    row = {
        "diaSourceId": 2**53 + 100 + round(day), "diaObjectId": 2**53 + 1, "ssObjectId": 0, names[0]: MJD + day, names[1]: band,
        names[2]: flux, names[2] + "Err": 363.078, "psfFlux_flag": False, "ra": 150.0, names[3]: 2.0,
    }  # fmt: skip
    return {**row, **more}


def lsst_packet(*rows: dict[str, Any], old: bool = False, **more: Any) -> dict[str, Any]:
    """An LSST packet; the first row is diaSource, the others its history."""
    first = rows[0] if rows else source(old=old)
    target = {"diaObjectId": first["diaObjectId"] or 0, "ra": 150.0, "decl" if old else "dec": 2.0}
    packet = {
        "diaSource": first, "prvDiaSources": list(rows[1:]) or None, "prvDiaForcedSources": None,
        "prvDiaNondetectionLimits": None, "diaObject": target, "cutoutDifference": bytes(400),
    }  # fmt: skip
    return {**packet, **more}


def container(schema: dict[str, Any], packets: list[dict[str, Any]], **options: Any) -> bytes:
    """An Avro container."""
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema), packets, **options)
    return out.getvalue()


def wire(schema: dict[str, Any], packet: dict[str, Any], schema_id: int = 701) -> bytes:
    """A packet in Confluent framing."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), packet)
    return b"\x00" + schema_id.to_bytes(4, "big") + out.getvalue()


def zigzag(value: int) -> bytes:
    """A number as Avro writes it."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def handmade(schema: dict[str, Any], codec: str, *blocks: tuple[int, int | None, bytes]) -> bytes:
    """A container whose blocks are (count, announced size or None, bytes), whether they are true or not."""
    sync = bytes(range(16))
    out = b"Obj\x01" + zigzag(2)
    for key, value in (("avro.schema", json.dumps(schema)), ("avro.codec", codec)):
        out += zigzag(len(key)) + key.encode() + zigzag(len(value)) + value.encode()
    out += zigzag(0) + sync
    for count, size, data in blocks:
        out += zigzag(count) + zigzag(len(data) if size is None else size) + data + sync
    return out


def packed(codec: str, data: bytes) -> bytes:
    """A block packed with one of Avro's codecs."""
    if codec == "deflate":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(data) + packer.flush()
    if codec == "snappy":
        return bytes(cramjam.snappy.compress_raw(data)) + zlib.crc32(data).to_bytes(4, "big")
    if codec == "zstandard":
        return bytes(cramjam.zstd.compress(data))
    return {"bzip2": bz2.compress, "xz": lzma.compress}[codec](data)
