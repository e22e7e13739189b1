"""Kill the command line at random moments of many alerts, let it go on each time, and compare with a run in peace.

``python -m bench.kill_resume --alerts 100000 --kills 10 --workers 2`` makes the alerts from a few real ones under new ids,
and prints what happened as JSON. Exit status 1 when a row is missing, double, or different.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from tests.stream.many_alerts import many_alerts

ROOT = Path(__file__).parents[1]
#: Who is killed: the process that was started, one of its workers, or all at once.
TARGETS = ("parent", "worker", "all")


def command(source: Path, out: Path, options: argparse.Namespace) -> list[str]:
    """The command line that is run, and run again."""
    return [
        *(sys.executable, "-m", "stream.score", str(source), "--model", options.model),
        *("--out", str(out), "--workers", str(options.workers)),
    ]


def started(call: list[str]) -> subprocess.Popen[str]:
    """A run in a process group of its own."""
    return subprocess.Popen(call, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)


def kill(process: subprocess.Popen[str], target: str) -> str:
    """kill -9. Returns who was killed: the parent where there is no worker to be had."""
    if target == "all":
        os.killpg(process.pid, signal.SIGKILL)
    elif target == "worker" and (workers := _workers(process.pid)):
        os.kill(random.choice(workers), signal.SIGKILL)
        return target
    else:
        process.kill()
        target = "parent"
    return target


def _workers(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One run in peace, one that is killed again and again; what came out. parts_kept : finished ones after each kill."""
    source, out, peace = folder / "night.parquet", folder / "scores.parquet", folder / "peace.parquet"
    ids = many_alerts(source, options.alerts, per_group=4096, compression="none")
    clock = time.monotonic()
    _finished(started(command(source, peace, options)))
    alone = time.monotonic() - clock
    chance, killed, lived = random.Random(options.seed), Counter[str](), []
    kept: list[int] = []
    clock, said = time.monotonic(), ""
    while sum(killed.values()) < options.kills:
        process = started(command(source, out, options))
        since, before = time.monotonic(), _parts(out)
        # Some parts into the work, or none, and at any moment of the next; so many kills fit into one run.
        wanted, pause = before + chance.randrange(0, 6), chance.random()
        while process.poll() is None and _parts(out) < wanted:
            time.sleep(0.01)
        time.sleep(pause)
        if process.poll() is not None:
            said = _finished(process)
            break  # it was done before
        killed[kill(process, chance.choice(TARGETS))] += 1
        lived.append(round(time.monotonic() - since, 1))
        process.communicate()
        kept.append(_parts(out))
    if not out.exists():
        said = _finished(started(command(source, out, options)))
    rows, expected = pd.read_parquet(out), pd.read_parquet(peace)
    found = list(zip(rows["object_id"], rows["alert_id"], strict=True))
    return {
        "alerts": options.alerts,
        "model": options.model,
        "workers": options.workers,
        "input_mb": round(source.stat().st_size / 1e6, 1),
        "kills": dict(killed),
        "killed_after_s": lived,
        "parts_kept": kept,
        "last_run_went_on": "going on after" in said,
        "rows": len(rows),
        "rows_missing": len(set(ids) - set(found)),
        "rows_double": len(found) - len(set(found)),
        "in_order": found == ids,
        "equal_to_a_run_in_peace": rows.equals(expected),
        "scored": int(rows["refusal"].isna().sum()),
        "seconds_in_peace": round(alone, 1),
        "seconds_with_kills": round(time.monotonic() - clock, 1),
        "largest_process_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def _parts(out: Path) -> int:
    return len(list(out.with_name(f"{out.name}.parts").glob("*.parquet")))


def _finished(process: subprocess.Popen[str]) -> str:
    said = process.communicate()[1]
    if process.returncode:
        raise SystemExit(said)
    return said


def main() -> int:
    """Measure, print, and say by the exit status whether nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.kill_resume", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="keep the result here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), options)
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if result["in_order"] and result["equal_to_a_run_in_peace"] and result["last_run_went_on"] else 1


if __name__ == "__main__":
    sys.exit(main())
