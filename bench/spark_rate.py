"""Classified light curves a second through Spark on one core and on two.

``python -m bench.spark_rate --copies 500`` repeats the 39 real light curves of tests/data under new ids as a table of points, and
runs the job of stream.spark on it in local[1] and local[2], and its function without Spark, each in a process of its own,
start-up left out. Writes JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CURVES = Path(__file__).parents[1] / "tests" / "data" / "ztf_curves" / "curves.parquet"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all, or one master when a parent process asks."""
    parser = argparse.ArgumentParser(prog="python -m bench.spark_rate", description=__doc__)
    parser.add_argument("--copies", type=int, default=500)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--out", type=Path, default=Path("bench/spark_rate.json"))
    parser.add_argument("--one", nargs=2, metavar=("MASTER", "TABLE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        master, folder = options.one
        without = master == "without"
        print(json.dumps(timed_without(folder, options.model) if without else timed(master, folder, options.model)))
        return 0
    result: dict[str, object] = {
        "command": f"python -m bench.spark_rate --copies {options.copies}",
        "date": time.strftime("%Y-%m-%d"),
        "model": options.model,
    }
    with tempfile.TemporaryDirectory(prefix="t2scope-spark-") as folder:
        write_tables(Path(folder), options.copies)
        for master in ("without", "local[1]", "local[2]"):
            call = [sys.executable, "-m", "bench.spark_rate", "--model", options.model, "--one", master, folder]
            load = round(os.getloadavg()[0], 2)
            done = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True)
            result[master] = {**json.loads(done.stdout.splitlines()[-1]), "load_before": load}
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0


def write_tables(folder: Path, copies: int) -> None:
    """Eight files, the real light curves again and again under new ids."""
    table = pd.read_parquet(CURVES)
    for part in range(8):
        frames = [table.assign(object_id=table["object_id"] + f"_{k}") for k in range(part, copies, 8)]
        if frames:
            pq.write_table(pa.Table.from_pandas(pd.concat(frames), preserve_index=False), folder / f"{part}.parquet")


def timed(master: str, folder: str, model: str) -> dict[str, float]:
    """Light curves, scored ones and rate of one run after a warm-up."""
    from stream.spark import find_source, read_source, scored, session
    from stream.spark_worker import Job

    spark = session(master, **{"spark.ui.showConsoleProgress": "false"})
    source = find_source(spark, folder)
    job = Job(model, id_column=source.id_column)
    scored(read_source(spark, find_source(spark, str(CURVES))), job).collect()
    start = time.monotonic()
    counts = scored(read_source(spark, source), job).groupBy("refusal").count().collect()
    seconds = time.monotonic() - start
    spark.stop()
    return rate({row["refusal"]: row["count"] for row in counts}, seconds)


def timed_without(folder: str, model: str) -> dict[str, float]:
    """The same by the worker's function alone, the rows of each object together already."""
    from stream.spark_worker import Job, scored_tables

    job = Job(model, id_column="object_id")
    deque(scored_tables(job, pq.read_table(CURVES).to_batches()))
    start = time.monotonic()
    counts: Counter[str | None] = Counter()
    for path in sorted(Path(folder).glob("*.parquet")):
        for batch in scored_tables(job, pq.read_table(path).to_batches(max_chunksize=4096)):
            counts.update(batch.column("refusal").to_pylist())
    return rate(counts, time.monotonic() - start)


def rate(counts: Mapping[str | None, int], seconds: float) -> dict[str, float]:
    """counts : light curves by refusal, None where they were scored."""
    number, good = sum(counts.values()), counts.get(None, 0)
    return {"light_curves": number, "scored": good, "seconds": round(seconds, 2), "scored_per_s": round(good / seconds)}


if __name__ == "__main__":
    sys.exit(main())
