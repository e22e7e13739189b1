"""Fuzz every reader, or one, for some minutes, each in a process of its own, and write what was found.

    python -m tests.fuzz --minutes 5 [--target "table (CSV)"] [--out bench/fuzz.json] [--engine atheris]

Inputs are numbered, and the same each time: a failure is repeated by ``--target NAME --number N``. With atheris (Python
3.11 to 3.13, `pip install atheris`), coverage decides which changes are kept; without it, changes are random.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.fuzz.engine import MEGABYTES, SECONDS, Found
from tests.fuzz.targets import Target, all_targets

ROOT = Path(__file__).resolve().parents[2]
#: An input that a process neither finishes nor gives up within so many seconds hangs in compiled code.
STUCK = 6 * SECONDS


def main() -> int:
    """Returns 1 when something was found, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="for all targets together (default: 5)")
    parser.add_argument("--target", help="one target, by name")
    parser.add_argument("--number", type=int, help="run this input of the target alone, and show what it does")
    parser.add_argument("--engine", choices=["auto", "atheris", "plain"], default="auto")
    parser.add_argument("--out", type=Path, help="write the totals here (bench/fuzz.json), adding to what is there")
    options = parser.parse_args()
    targets = all_targets()
    if options.target is not None and options.target not in targets:
        parser.error(f"no target {options.target!r}; there are {', '.join(targets)}")
    chosen = [targets[options.target]] if options.target else list(targets.values())
    if options.number is not None:
        data = chosen[0].input(chosen[0].seeds(), options.number)
        print(data[:2000])
        chosen[0].run(data)
        return 0
    engine = options.engine
    if engine == "auto":
        engine = "plain" if importlib.util.find_spec("atheris") is None else "atheris"
    share = 60.0 * options.minutes / sum(target.weight for target in chosen)
    results = {}
    for target in chosen:
        results[target.name] = result = run(target, engine, share * target.weight)
        print(_line(target.name, result), flush=True)
        for place, failure in result["failures"].items():
            print(f"    {place}: {failure['error']} ({failure['count']} times)", flush=True)
    if options.out is not None:
        write(options.out, results, engine)
    return int(any(result["failures"] for result in results.values()))


def run(target: Target, engine: str, seconds: float) -> dict[str, Any]:
    """A target in processes of its own, one after the other where one dies, until its time is over."""
    total = Found()
    dead: list[str] = []
    first, left = 0, seconds
    folder = ROOT / "build" / "fuzz" / "".join(c if c.isalnum() else "-" for c in target.name)
    folder.mkdir(parents=True, exist_ok=True)
    while left > 0.5 and len(dead) < 50:
        for name in ("at", "found.json"):
            (folder / name).unlink(missing_ok=True)
        start = time.monotonic()
        code, said = _child(target, engine, left, first, folder)
        left -= time.monotonic() - start
        number = int((folder / "at").read_text() or 0) if (folder / "at").exists() else first
        if (folder / "found.json").exists():
            _add(total, json.loads((folder / "found.json").read_text()))
            break
        _add(total, {"executions": number - first})
        first = number + 1
        dead.append(f"input {number}: process ended with {code}: {' '.join(said.split())[-200:]}")
        if not target.may_die or number == 0:
            total.failures.setdefault("process ended", {"error": dead[-1], "count": 0})["count"] += 1
            if number == 0:
                break
    return {**total.as_json(), "engine": engine, "processes_that_died": len(dead)}


def _child(target: Target, engine: str, seconds: float, first: int, folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "tests.fuzz.child", target.name, engine, str(seconds), str(first), str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        said = process.communicate(timeout=seconds + STUCK + 60)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        said = "hung in compiled code " + process.communicate()[1][-200:]
    return process.returncode, said


def _add(total: Found, part: dict[str, Any]) -> None:
    total.executions += int(part.get("executions", 0))
    total.seconds += float(part.get("seconds", 0.0))
    total.slowest = max(total.slowest, float(part.get("slowest", 0.0)))
    total.grown_megabytes = max(total.grown_megabytes, float(part.get("grown_megabytes", 0.0)))
    for place, failure in part.get("failures", {}).items():
        kept = total.failures.setdefault(place, {**failure, "count": 0})
        kept["count"] += failure["count"]


def _line(name: str, result: dict[str, Any]) -> str:
    rate = result["executions"] / max(result["seconds"], 1e-9)
    return (
        f"{name}: {result['executions']:,} executions in {result['seconds']:.0f} s ({rate:,.0f}/s, {result['engine']}), "
        f"slowest {result['slowest']:.2f} s, grew {result['grown_megabytes']:.0f} MB, "
        f"{result['processes_that_died']} processes died, {len(result['failures'])} distinct failures"
    )


def write(path: Path, results: dict[str, Any], engine: str) -> None:
    """The totals of a run, added up with those of earlier runs of the same file."""
    known = json.loads(path.read_text()) if path.exists() else {"targets": {}}
    for name, result in results.items():
        before = known["targets"].get(name, {})
        known["targets"][name] = {
            "executions": before.get("executions", 0) + result["executions"],
            "seconds": round(before.get("seconds", 0.0) + result["seconds"], 1),
            "engines": sorted({*before.get("engines", []), *([engine] if result["executions"] else [])}),
            "slowest_seconds": round(max(before.get("slowest_seconds", 0.0), result["slowest"]), 3),
            "grown_megabytes": round(max(before.get("grown_megabytes", 0.0), result["grown_megabytes"])),
            "processes_that_died": before.get("processes_that_died", 0) + result["processes_that_died"],
            "failures": sorted(
                result["failures"]
            ),  # of the last run: what an earlier one found is mended or found again
        }
    every = known["targets"].values()
    known |= {
        "command": "python -m tests.fuzz --minutes N --out bench/fuzz.json",
        "limits": {"seconds_an_input": SECONDS, "growth_megabytes": MEGABYTES},
        "executions": sum(one["executions"] for one in every),
        "seconds": round(sum(one["seconds"] for one in every)),
    }
    path.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
