"""Put small faults into the code, one at a time, and see whether a test notices: ``python -m tests.mutation``.

    python -m tests.mutation --minutes 20 [--group photometry] [--out bench/mutants.json]
    python -m tests.mutation --again bench/mutants.json

Works on a copy of the project in build/mutation. A sample with a fixed seed is taken of each group's mutants, the same
each time for the same source. A mutant is killed when a test fails, or when the tests take several times their time. With
``--again`` those that survived are tried once more, after tests were written for them.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.mutation.changes import Mutant, mutant, places
from tests.mutation.groups import EQUIVALENT, GROUPS, Group
from tests.mutation.trial import ROOT, Bench

SEED = 2021
#: A sample this large tells a share of noticed faults to some 5 %.
SAMPLE = 80


def main() -> int:
    """Returns 1 when a mutant survives that is not known to change nothing, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0, help="for all groups together (default: 20)")
    parser.add_argument("--group", choices=sorted(GROUPS), help="one group of modules alone")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"mutants per group at most (default: {SAMPLE})")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed takes another sample")
    parser.add_argument("--out", type=Path, help="write the figures here (bench/mutants.json), beside what is there")
    parser.add_argument(
        "--again", type=Path, help="try only the survivors of this file again, and note what became of them"
    )
    options = parser.parse_args()
    if options.again is not None:
        return again(options.again, Bench(ROOT, ROOT / "build" / "mutation"))
    chosen = {options.group: GROUPS[options.group]} if options.group else GROUPS
    bench = Bench(ROOT, ROOT / "build" / "mutation")
    results = {}
    for name, group in chosen.items():
        results[name] = run(bench, group, options.sample, options.seed, 60.0 * options.minutes / len(chosen))
        print(f"{name}: {_line(results[name])}", flush=True)
    if options.out is not None:
        write(options.out, results, options.seed, options.sample)
    return int(any(_open(survivor) for result in results.values() for survivor in result["survivors"]))


def run(bench: Bench, group: Group, sample: int, seed: int, seconds: float) -> dict[str, Any]:
    """A sample of a group's mutants, each against the tests of its module, until the time is over."""
    sources = {module: (ROOT / module).read_text("utf-8") for module in group.modules}
    every = [place for module in group.modules for place in places(module, sources[module])]
    taken = random.Random(seed).sample(every, min(sample, len(every)))
    start = time.monotonic()
    outcomes: list[tuple[Mutant, str]] = []
    for place in taken:
        if time.monotonic() - start > seconds:
            break
        fault = mutant(place, sources[place.module])
        outcome = bench.outcome(fault, group.modules[place.module])
        if outcome == "survived":
            print(
                f"    {fault.module}:{fault.line} [{fault.kind}]\n      {fault.before}\n      {fault.after}", flush=True
            )
        outcomes.append((fault, outcome))
    kinds = [outcome for _, outcome in outcomes]
    return {
        "modules": list(group.modules),
        "tests": sorted({test for tests in group.modules.values() for test in tests}),
        "possible": len(every),
        "tried": len(outcomes),
        "killed": kinds.count("killed"),
        "too slow": kinds.count("too slow"),
        "survivors": [
            {
                "module": m.module,
                "before": m.before,
                "after": m.after,
                "why": EQUIVALENT.get(m.key, ""),
                "mended": False,
            }
            for m, outcome in outcomes
            if outcome == "survived"
        ],
        "seconds": round(time.monotonic() - start),
    }


def again(path: Path, bench: Bench) -> int:
    """Try the survivors of a file again. Returns 1 when one survives that is not known to change nothing, else 0."""
    totals = json.loads(path.read_text("utf-8"))
    for name, group in totals["groups"].items():
        modules = GROUPS[name].modules
        for survivor in group["survivors"]:
            fault = _found_again(survivor)
            survivor["why"] = EQUIVALENT.get(fault.key, "") if fault else "the code is another now"
            survivor["mended"] = fault is not None and bench.outcome(fault, modules[fault.module]) != "survived"
            print(f"{name}: {'noticed' if survivor['mended'] else 'survives'}: {survivor['after']}", flush=True)
    path.write_text(json.dumps(totals, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(any(_open(survivor) for group in totals["groups"].values() for survivor in group["survivors"]))


def _found_again(survivor: dict[str, Any]) -> Mutant | None:
    module = survivor["module"]
    source = (ROOT / module).read_text("utf-8")
    found = (mutant(place, source) for place in places(module, source))
    return next((m for m in found if (m.before, m.after) == (survivor["before"], survivor["after"])), None)


def _open(survivor: dict[str, Any]) -> bool:
    return not survivor["why"] and not survivor["mended"]


def write(path: Path, results: dict[str, Any], seed: int, sample: int) -> None:
    """Add the results of these groups to the file."""
    totals = json.loads(path.read_text("utf-8")) if path.exists() else {"groups": {}}
    totals |= {"command": f"python -m tests.mutation --seed {seed} --sample {sample} --out {path}"}
    totals |= {"date": datetime.now(UTC).date().isoformat(), "groups": totals["groups"] | results}
    path.write_text(json.dumps(totals, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _line(result: dict[str, Any]) -> str:
    noticed = result["killed"] + result["too slow"]
    open_ones = sum(_open(survivor) for survivor in result["survivors"])
    return (
        f"{noticed} of {result['tried']} noticed ({result['possible']} possible), {len(result['survivors'])} survived, "
        f"{open_ones} of them open, {result['seconds']} s"
    )


if __name__ == "__main__":
    raise SystemExit(main())
