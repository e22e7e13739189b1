"""Real alerts as single messages, with new ids where a test needs many, and messages that are poison."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import fastavro

from tests.core.files.alerts import ZTF_SCHEMA, candidate, container, handmade, packed, wire, zigzag, ztf_packet

FILES = Path(__file__).parents[1] / "data" / "files"
NAN = float("nan")
_SYNC = bytes(range(16))


@cache
def real_packets() -> tuple[tuple[dict[str, Any], dict[str, Any]], ...]:
    """(schema, packet) of the 60 real ZTF alerts in Avro."""
    found = []
    for path in sorted(FILES.glob("*ztf*.avro")):
        with path.open("rb") as stream:
            reader = fastavro.reader(stream)
            found += [(reader.writer_schema, packet) for packet in reader]
    return tuple(found)


def small_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of one's own name without the cut-outs."""
    fields = [f for f in schema["fields"] if not f["name"].startswith("cutout")]
    return {**{k: v for k, v in schema.items() if not k.startswith("__")}, "fields": fields}


def alert_id(number: int) -> str:
    """Of the message with this number."""
    return str(10**15 + number)


def real_message(number: int, framing: str = "avro") -> tuple[bytes, str]:
    """(message, alert id) number ``number`` of any many: real photometry, an alert id of its own."""
    packets = real_packets()
    schema, packet = packets[number % len(packets)]
    packet = {**packet, "candid": int(alert_id(number))}
    packet["candidate"] = {**packet["candidate"], "candid": int(alert_id(number))}
    if framing == "json":
        plain = {k: v for k, v in packet.items() if not k.startswith("cutout")}
        return json.dumps(plain).encode(), alert_id(number)
    if framing == "wire":
        return wire(small_schema(schema), packet, 701), alert_id(number)
    schema, header = _container(number % len(packets))
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, packet)
    data = packed("deflate", body.getvalue())
    return header + zigzag(1) + zigzag(len(data)) + data + _SYNC, alert_id(number)


@cache
def _container(index: int) -> tuple[Any, bytes]:
    """(parsed schema, header) of a real packet's container: writing them for each message takes most of the time."""
    schema = fastavro.parse_schema(small_schema(real_packets()[index][0]))
    out = io.BytesIO()
    fastavro.writer(out, schema, [], codec="deflate", sync_marker=_SYNC)
    return schema, out.getvalue()


OTHER_SCHEMA = {"type": "record", "name": "user", "fields": [{"name": "name", "type": "string"}]}


@cache
def poison() -> dict[str, bytes]:
    """Messages from which no alert can be read, by what is wrong with them."""
    good = container(ZTF_SCHEMA, [ztf_packet(candidate(), candidate(-1, 2))])
    bomb = packed("deflate", bytes(200 * 1024 * 1024))
    return {
        "truncated": good[: len(good) * 2 // 3],
        "other schema": container(OTHER_SCHEMA, [{"name": "a"}]),
        "NaN storm": container(ZTF_SCHEMA, [ztf_packet(candidate(jd=NAN, magpsf=NAN, sigmapsf=NAN, ra=NAN))]),
        "bomb": handmade(ZTF_SCHEMA, "deflate", (1, None, bomb)),
        "unknown schema id": b"\x00" + (424242).to_bytes(4, "big") + b"abc",
        "half JSON": b'{"objectId": "ZTF23aaaaaaa", "candidate": {"jd": 24',
        "deep JSON": b"[" * 200_000,
        "noise": bytes(range(1, 200)),
        "Parquet": b"PAR1" + bytes(100),
        "empty": b"",
    }
