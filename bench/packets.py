"""Where a packet's time goes, stage by stage, for every way in which alerts come.

    python -m bench.packets --ztf FOLDER --lsst FOLDER --schemas FOLDER [--out bench/packets.json]

--ztf : one-packet files with their cut-outs (Avro). --lsst : containers of LSST alerts; messages in Confluent framing are
made of the same packets with the same schemas (--schemas is where readers look for them). One process, one thread. The
stages are the readers' own functions, called one after the other for all packets. Counted is the time of the processor, in
which neighbours on the machine have no part, system calls included.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.throughput import LOAD, cpu_name
from core.brokers.files import STREAM, avro, iter_file
from core.brokers.files.content import Reading
from core.brokers.files.many import iter_files
from core.brokers.files.packets import light_curve_of
from core.brokers.files.records import RECORDS, Joined, Records, decode_records
from core.brokers.files.schemas import schema_for_id
from core.brokers.files.ztf_batch import arranged, light_curves_of
from core.lightcurve import LightCurve, Provenance
from stream.messages import Message, read_message

#: Packets of a block of the containers that are made here: a megabyte.
PER_BLOCK = 16
Times = dict[str, float]


class Clock:
    """Adds up seconds by stage: `lap` gives the time since the last one to a stage."""

    def __init__(self) -> None:
        self.times: Times = defaultdict(float)
        self._since = time.process_time()

    def lap(self, stage: str) -> None:
        now = time.process_time()
        self.times[stage] += now - self._since
        self._since = now


def ztf_stages(paths: Sequence[Path]) -> Times:
    """Seconds of each stage of reading ZTF files: what `iter_files` does, a stage at a time for 256 files."""
    clock = Clock()
    for start in range(0, len(paths), RECORDS):
        files = [path.read_bytes() for path in paths[start : start + RECORDS]]
        clock.lap("open and read the file")
        streams = [io.BytesIO(data) for data in files]
        headers = [avro.header_of(stream) for stream in streams]
        clock.lap("container header")
        blocks = [
            (header, *block)
            for stream, header in zip(streams, headers, strict=True)
            for block in avro.blocks_of(stream, header, Reading("x", caps=STREAM))
        ]
        clock.lap("unpack blocks")
        parts: list[Records] = []
        for header, block, count in blocks:
            assert header.program is not None
            parts.append(decode_records(header.program, block, 0, count, STREAM.record_bytes))
        clock.lap("decode")
        records = Joined(parts)
        arrays = arranged(records)
        clock.lap("sort out into arrays")
        light_curves_of(records, arrays, [Provenance()] * len(records))
        clock.lap("light curves, an object each")
    return clock.times


def lsst_stages(paths: Sequence[Path]) -> Times:
    """Seconds of each stage of reading LSST containers, whose records fastavro decodes."""
    clock = Clock()
    for path in paths:
        data = path.read_bytes()
        clock.lap("open and read the file")
        stream = io.BytesIO(data)
        header = avro.header_of(stream)
        clock.lap("container header")
        blocks = list(avro.blocks_of(stream, header, Reading("x", caps=STREAM)))
        clock.lap("unpack blocks")
        packets = []
        for block, count in blocks:
            body = io.BytesIO(block)
            packets += [avro._decode(body, header.schema, header.reader) for _ in range(count)]
        clock.lap("decode")
        for packet in packets:
            light_curve_of(packet)
        clock.lap("light curves, an object each")
    return clock.times


def wire_stages(messages: Sequence[bytes], schemas: Path) -> Times:
    """Seconds of each stage of reading messages in Confluent framing."""
    clock = Clock()
    found = [schema_for_id(int.from_bytes(data[1:5], "big"), schemas) for data in messages]
    clock.lap("find the schema")
    packets = [avro._decode(io.BytesIO(data[5:]), *pair) for data, pair in zip(messages, found, strict=True)]
    clock.lap("decode")
    for packet in packets:
        light_curve_of(packet)
    clock.lap("light curves, an object each")
    return clock.times


def one_schema(paths: Sequence[Path]) -> tuple[bytes, list[bytes]]:
    """(header with its marker, blocks of one packet) of the files that share the commonest schema."""
    by_header: dict[bytes, list[bytes]] = defaultdict(list)
    for path in paths:
        with path.open("rb") as stream:
            codec = avro.header_of(stream).codec
            end = stream.tell()
            stream.seek(0)
            places = list(avro.block_places(stream))
            if codec == "null" and len(places) == 1 and places[0][1] == 1:
                stream.seek(0)
                data = stream.read()
                by_header[data[: end - 16]].append(data[end - 16 :])
    header, files = max(by_header.items(), key=lambda pair: len(pair[1]))
    sync = files[0][:16]
    return header + sync, [data[16:-16] for data in files]


def container(header: bytes, blocks: Sequence[bytes]) -> bytes:
    """A container of blocks of `PER_BLOCK` packets, stored as they are. blocks : of one stored packet each, as `one_schema`."""
    out = [header]
    for start in range(0, len(blocks), PER_BLOCK):
        records = [_record(block) for block in blocks[start : start + PER_BLOCK]]
        out += [_long(len(records)), _long(sum(map(len, records))), *records, header[-16:]]
    return b"".join(out)


def _record(block: bytes) -> bytes:
    stream = io.BytesIO(block)
    avro._long(stream, "block")
    return stream.read(avro._long(stream, "block"))


def _long(value: int) -> bytes:
    value, out = 2 * value, bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def wire_messages(paths: Sequence[Path]) -> list[bytes]:
    """LSST packets as they travel: the records of containers behind their schema's number."""
    out = []
    for path in paths:
        with path.open("rb") as stream:
            header = avro.header_of(stream)
            major, minor = header.schema["name"].split(".")[1].removeprefix("v").split("_")
            head = b"\x00" + (100 * int(major) + int(minor)).to_bytes(4, "big")
            for block, count in avro.blocks_of(stream, header, Reading("x", caps=STREAM)):
                body = io.BytesIO(block)
                for _ in range(count):
                    start = body.tell()
                    avro._decode(body, header.schema, header.reader)
                    out.append(head + block[start : body.tell()])
    return out


def way(work: Callable[[], int], stages: Callable[[], Times], size: int, rounds: int) -> dict[str, Any]:
    """One way's figures. work : all of it, as its users call it: number of packets. size : [bytes] of them all."""
    n = work()
    stages()
    whole, parts = [], []
    for _ in range(rounds):
        clock = time.process_time()
        work()
        whole.append(time.process_time() - clock)
        parts.append(stages())
    us = {name: round(1e6 * float(np.median([p[name] for p in parts])) / n, 1) for name in parts[0]}
    seconds = float(np.median(whole))
    return {
        "packets": n, "mean_bytes": round(size / n), "read_per_s": round(n / seconds), "best_per_s": round(n / min(whole)),
        "us_per_packet": round(1e6 * seconds / n, 1), "stages_us": us,
    }  # fmt: skip


def measure(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """All ways."""
    ztf = sorted(options.ztf.rglob("*.avro"))
    rounds = options.rounds
    lsst = sorted(options.lsst.rglob("*.avro"))
    header, blocks = one_schema(ztf)
    many = scratch / "many.avro"
    many.write_bytes(container(header, blocks * 12))
    messages = [Message(path.read_bytes()) for path in ztf]
    wire = wire_messages(lsst)

    def read(paths: Sequence[Path]) -> int:
        return sum(isinstance(item, LightCurve) for _, items in iter_files(paths) for item in items)

    def size(paths: Sequence[Path]) -> int:
        return sum(path.stat().st_size for path in paths)

    ways = {
        "ZTF, a file each": way(lambda: read(ztf), lambda: ztf_stages(ztf), size(ztf), rounds),
        "ZTF, containers": way(lambda: read([many]), lambda: ztf_stages([many]), size([many]), rounds),
        "ZTF, messages": way(
            lambda: sum(len(read_message(m).curves) for m in messages), lambda: ztf_stages(ztf), size(ztf), rounds
        ),
        "LSST, containers": way(lambda: read(lsst), lambda: lsst_stages(lsst), size(lsst), rounds),
        "LSST, messages": way(
            lambda: sum(
                isinstance(c, LightCurve) for data in wire for c in iter_file(data, schemas=options.schemas)
            ),
            lambda: wire_stages(wire, options.schemas),
            sum(map(len, wire)),
            rounds,
        ),
    }  # fmt: skip
    ways["ZTF, messages"]["stages_us"] = {}  # each is read alone: the stages of files read together are not its own
    return {
        "command": "python -m bench.packets --ztf FOLDER --lsst FOLDER --schemas FOLDER",
        "date": time.strftime("%Y-%m-%d"),
        "machine": {
            "cpu": cpu_name(), "cores": os.cpu_count(), "load_before": round(LOAD, 2), "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "numba", "fastavro")},
        },
        "rounds": rounds,
        "ways": ways,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--ztf", "--lsst", "--schemas"):
        parser.add_argument(name, type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("bench/packets.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = measure(options, Path(scratch))
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
