"""Load: simulated people at the dashboard, and a million alerts through the command line.

    python -m bench.soak --minutes 10 --vetters 20 --alerts 1000000 --json bench/soak.json

A third of the people look at objects, a third vet candidates, a third evaluate (`bench.vetters`), each thinking six seconds
between two steps. Exit status 1 when a step failed, or a row is missing, double or out of order.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from bench.throughput import LOAD, cpu_name
from bench.vetters import Step, evaluates, looks_at_objects, play, vets_candidates
from core.brokers.samples import SampleSource

ROOT = Path(__file__).resolve().parent.parent
#: Seconds between two looks at a process's memory.
BEAT = 1.0
#: Megabytes in /proc are counted in kilobytes of 1024.
_KB = 1024 / 1e6


def memory_mb(process: int) -> float:
    """Resident memory of a process and of those that it started [MB]; 0 once it is gone."""
    total = 0.0
    for pid in [process, *_children(process)]:
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        except OSError:
            continue
        total += next((float(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0.0) * _KB
    return total


def _children(process: int) -> list[int]:
    try:
        found = [int(c) for c in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
    return [pid for child in found for pid in (child, *_children(child))]


class Watch(threading.Thread):
    """Looks at the memory of a process until it is told to stop. seen : (seconds, MB)."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process, self._end, self.seen = process, threading.Event(), list[tuple[float, float]]()

    def run(self) -> None:
        start = time.monotonic()
        while not self._end.wait(BEAT):
            if mb := memory_mb(self._process):
                self.seen.append((time.monotonic() - start, mb))

    def stop(self) -> dict[str, Any]:
        """Stop, and say what was seen."""
        self._end.set()
        self.join()
        return growth(self.seen)


def growth(seen: list[tuple[float, float]]) -> dict[str, Any]:
    """What a series of (seconds, MB) says: median of its second and last quarter, the largest, and the slope between.

    The first quarter is left out: code is loaded and caches are filled then.
    """
    if len(seen) < 8:
        return {"samples": len(seen), "largest_mb": round(max((mb for _, mb in seen), default=0.0), 1)}
    quarter = len(seen) // 4
    early, late = np.array(seen[quarter : 2 * quarter]), np.array(seen[-quarter:])
    minutes = float(late[:, 0].mean() - early[:, 0].mean()) / 60
    before, after = float(np.median(early[:, 1])), float(np.median(late[:, 1]))
    return {
        "samples": len(seen),
        "second_quarter_mb": round(before, 1),
        "last_quarter_mb": round(after, 1),
        "largest_mb": round(max(mb for _, mb in seen), 1),
        "mb_per_minute": round((after - before) / minutes, 2) if minutes > 0 else 0.0,
    }


def summary(steps: list[Step]) -> dict[str, Any]:
    """Times of the steps by what was done, and what went wrong."""

    def of(chosen: list[Step]) -> dict[str, Any]:
        seconds = [step.seconds for step in chosen if not step.trouble]
        half, most = np.percentile(seconds, [50, 95]) if seconds else (float("nan"), float("nan"))
        return {"steps": len(chosen), "p50_s": round(float(half), 3), "p95_s": round(float(most), 3)}

    kinds = sorted({step.what for step in steps})
    return {
        **of(steps),
        "errors": sum(bool(step.trouble) for step in steps),
        "troubles": dict(Counter(step.trouble for step in steps if step.trouble).most_common(10)),
        "by_step": {kind: of([step for step in steps if step.what == kind]) for kind in kinds},
    }


def soak(minutes: float, vetters: int, *, pause: float = 6.0, seed: int = 1) -> dict[str, Any]:
    """Twenty people for ten minutes, or fewer for less. Starts a dashboard of its own and stops it."""
    from tests.browser.conftest import running_app

    chance = random.Random(seed)
    ids = [str(oid) for oid in SampleSource().catalogue()["object_id"]]
    ranks = ["top", "margin", "entropy", "novelty"]
    acts: list[Callable[[random.Random], Any]] = [
        lambda own: looks_at_objects(ids, own),
        lambda own: vets_candidates(own.choice(ranks), f"vetter {own.randrange(1000)}", own),
        evaluates,
    ]
    steps: list[Step] = []
    end = threading.Event()
    with tempfile.TemporaryDirectory() as scratch:
        settings = {"T2SCOPE_VERDICTS": f"{scratch}/verdicts.sqlite", "T2SCOPE_CACHE_DIR": scratch}
        with running_app(**settings) as address:
            server = _listening(int(address.rpartition(":")[2]))
            url = address.replace("http", "ws") + "/_stcore/stream"
            start = time.monotonic()
            people = [
                threading.Thread(
                    target=play, args=(url, acts[k % 3](own := random.Random(chance.random())), own), daemon=True,
                    kwargs={"pause": pause, "end": end, "start": start, "told": steps.append},
                )
                for k in range(vetters)
            ]  # fmt: skip
            watch = Watch(server)
            watch.start()
            for person in people:
                person.start()
            end.wait(60 * minutes)
            end.set()
            for person in people:
                person.join(timeout=90)
            memory = watch.stop()
    return {"minutes": minutes, "vetters": vetters, "pause_s": pause, **summary(steps), "server": memory}


def _listening(port: int) -> int:
    """The process that a child of this one listens with on a port: the dashboard."""
    for pid in _children(os.getpid()):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"streamlit" in command and str(port).encode() in command:
            return pid
    raise SystemExit(f"no dashboard of ours listens on port {port}")


def million(alerts: int, workers: int) -> dict[str, Any]:
    """So many alerts through ``python -m stream.score``: rows, memory and time."""
    from tests.stream.many_alerts import many_alerts

    with tempfile.TemporaryDirectory() as scratch:
        source, out = Path(scratch) / "night.parquet", Path(scratch) / "scores.parquet"
        ids = many_alerts(source, alerts, per_group=4096, compression="none")
        call = [sys.executable, "-m", "stream.score", str(source), "--model", "t2-ztf", "--out", str(out), "--quiet"]
        clock = time.monotonic()
        process = subprocess.Popen([*call, "--workers", str(workers)], cwd=ROOT)
        watch = Watch(process.pid)
        watch.start()
        code = process.wait()
        seconds = time.monotonic() - clock
        memory = watch.stop()
        if code:
            raise SystemExit(f"stream.score ended with {code}")
        rows = pq.read_table(out, columns=["object_id", "alert_id", "refusal"])
        found = list(zip(rows["object_id"].to_pylist(), rows["alert_id"].to_pylist(), strict=True))
        scored = rows["refusal"].null_count
        size = source.stat().st_size
    return {
        "alerts": alerts,
        "workers": workers,
        "input_mb": round(size / 1e6),
        "rows": len(found),
        "exact": found == ids,
        "scored": scored,
        "seconds": round(seconds, 1),
        "alerts_per_s": round(alerts / seconds),
        "memory": memory,
    }


def main() -> int:
    """Measure, print, and say by the exit status whether nothing failed and nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="of people at the dashboard; 0 leaves them out")
    parser.add_argument("--vetters", type=int, default=20)
    parser.add_argument("--alerts", type=int, default=1_000_000, help="through the command line; 0 leaves them out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="keep the result here; what is left out stays as it was")
    options = parser.parse_args()
    result: dict[str, Any] = json.loads(options.json.read_text()) if options.json and options.json.exists() else {}
    about = {
        "date": time.strftime("%Y-%m-%d"), "cpu": cpu_name(), "cores": os.cpu_count(), "load_before": round(LOAD, 2),
        "python": platform.python_version(),
    }  # fmt: skip
    well = True
    if options.minutes:
        result["dashboard"] = {**about, **soak(options.minutes, options.vetters)}
        well = not result["dashboard"]["errors"]
    if options.alerts:
        result["alerts"] = {**about, **million(options.alerts, options.workers)}
        well = well and result["alerts"]["exact"]
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
