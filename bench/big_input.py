"""A large container of alerts through the command line: how fast, and in how much memory.

    python -m bench.big_input FOLDER [--gigabytes 10] [--out bench/big_input.json]

FOLDER holds one-packet files of ZTF alerts with their cut-outs. Their packets are repeated, as they are, until the size is
reached, in a temporary folder (--scratch says where), which is removed afterwards. Exit status 1 when a row is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.packets import PER_BLOCK, container, one_schema
from bench.throughput import LOAD, cpu_name

ROOT = Path(__file__).resolve().parent.parent
GIGABYTE = 10**9


def write(path: Path, folder: Path, size: int) -> int:
    """A container of at least ``size`` bytes. Returns the number of its packets."""
    header, blocks = one_schema(sorted(folder.rglob("*.avro")))
    blocks = blocks[: len(blocks) // PER_BLOCK * PER_BLOCK] or blocks
    body = container(header, blocks)[len(header) :]
    packets = 0
    with path.open("wb") as stream:
        stream.write(header)
        while stream.tell() < size:
            stream.write(body)
            packets += len(blocks)
    return packets


def measure(folder: Path, scratch: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One run of the command line."""
    source, out = scratch / "alerts.avro", scratch / "scores.parquet"
    size = int(options.gigabytes * GIGABYTE)
    free = shutil.disk_usage(scratch).free
    if free < size + 5 * GIGABYTE:
        raise SystemExit(f"{scratch} has {free / GIGABYTE:.1f} GB left; expected {options.gigabytes + 5:g} GB or more")
    packets = write(source, folder, size)
    call = [sys.executable, "-m", "stream.score", str(source), "--model", options.model, "--out", str(out), "--quiet"]
    clock = time.monotonic()
    subprocess.run([*call, "--workers", str(options.workers)], cwd=ROOT, check=True)
    seconds = time.monotonic() - clock
    table = pq.read_table(out, columns=["refusal"])
    scored = table.column("refusal").null_count
    return {
        "command": f"python -m bench.big_input FOLDER --gigabytes {options.gigabytes:g} --workers {options.workers}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": {
            "cpu": cpu_name(), "cores": os.cpu_count(), "load_before": round(LOAD, 2), "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "numba", "pyarrow")},
        },
        "model": options.model,
        "workers": options.workers,
        "bytes": source.stat().st_size,
        "packets": packets,
        "rows": len(table),
        "scored": scored,
        "seconds": round(seconds, 1),
        "packets_per_s": round(packets / seconds),
        "scored_per_s": round(scored / seconds),
        "largest_process_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument(
        "--scratch", type=Path, help="where the input is written; the system's temporary folder without"
    )
    parser.add_argument("--out", type=Path, default=Path("bench/big_input.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        results = measure(options.folder, Path(scratch), options)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))
    return 0 if results["rows"] == results["packets"] else 1


if __name__ == "__main__":
    sys.exit(main())
