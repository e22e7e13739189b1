"""What becomes of every alert in some folders: read, scored or refused, with reasons, and the time of each stage.

``python -m bench.alerts_table FOLDER… --model t2-ztf --schemas DIR`` prints a Markdown table; ``--json FILE`` keeps it.
Nothing is caught here that the reader or the pipeline should have: an exception ends the run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.brokers.files import Unreadable, iter_file
from core.lightcurve import LightCurve
from core.model import Model, load_model
from core.pipeline import classify
from core.refusal import BadInput, Refusal
from stream.score import SUFFIXES

STAGES = ("read", "select", "gp", "recipe", "inference", "explain")


@dataclass
class Outcome:
    """Counts of one folder. times : stage -> seconds, one number per alert (for reading: per alert of each file)."""

    files: int = 0
    no_alerts: int = 0
    records: int = 0
    read: int = 0
    scored: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def medians_ms(self) -> dict[str, float]:
        """Median time of each stage [ms]."""
        return {stage: 1e3 * statistics.median(self.times[stage]) for stage in STAGES if self.times[stage]}


def measure(folder: Path, models: Sequence[Model], schemas: Path | None) -> Outcome:
    """Read and classify everything in a folder, one alert after the other, with the model of its survey."""
    outcome = Outcome()
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        items, seconds = _read(path, schemas, outcome)
        outcome.times["read"] += [seconds / len(items)] * len(items) if items else []
        for item in items:
            outcome.records += 1
            if isinstance(item, Unreadable):
                outcome.unreadable[item.error.reason] += 1
                continue
            outcome.read += 1
            _classify(item, models, outcome)
    return outcome


def _read(path: Path, schemas: Path | None, outcome: Outcome) -> tuple[list[LightCurve | Unreadable], float]:
    start = time.perf_counter()
    try:
        items = [item for item in iter_file(path, schemas=schemas) if isinstance(item, LightCurve) or not item.row_only]
    except BadInput as error:
        outcome.no_alerts += 1
        print(f"{path.name}: {error.message[:160]}", file=sys.stderr)
        return [], 0.0
    outcome.files += 1
    return items, time.perf_counter() - start


def _classify(curve: LightCurve, models: Sequence[Model], outcome: Outcome) -> None:
    model = next((m for m in models if m.recipe.survey in curve.surveys), models[0])
    result = classify(curve, model)
    if isinstance(result, Refusal):
        outcome.refused[result.reason] += 1
        return
    outcome.scored += 1
    for stage, seconds in result.timings.items():
        outcome.times[stage].append(seconds)


def table(outcomes: dict[str, Outcome]) -> Iterator[str]:
    """Lines of the Markdown table."""
    columns = [
        "folder",
        "files",
        "records",
        "read",
        "unreadable",
        "scored",
        "refused",
        *(f"{stage} [ms]" for stage in STAGES),
    ]
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for name, o in outcomes.items():
        medians = o.medians_ms()
        cells = [
            name,
            f"{o.files} + {o.no_alerts} without alerts" if o.no_alerts else o.files,
            o.records,
            o.read,
            _reasons(o.unreadable),
            o.scored,
            _reasons(o.refused),
        ]
        cells += [f"{medians[stage]:.2f}" if stage in medians else "–" for stage in STAGES]
        yield "| " + " | ".join(str(cell) for cell in cells) + " |"


def _reasons(counts: Counter[str]) -> str:
    total = sum(counts.values())
    parts = ", ".join(f"{reason} {count}" for reason, count in counts.most_common())
    return f"{total} ({parts})" if total else "0"


def record(outcomes: dict[str, Outcome], models: Sequence[Model]) -> dict[str, Any]:
    """The table as JSON, with what it was measured on."""
    return {
        "command": "python -m bench.alerts_table FOLDER… --model t2-ztf --schemas DIR --json bench/alerts_table.json",
        "models": {m.name: m.sha256 for m in models},
        "runtime": models[0].runtime,
        "folders": {
            name: {
                "files": o.files, "records": o.records, "read": o.read, "unreadable": dict(o.unreadable), "scored": o.scored,
                "refused": dict(o.refused), "median_ms": o.medians_ms(),
            }
            for name, o in outcomes.items()
        },
    }  # fmt: skip


def main() -> None:
    """Print the table for the folders on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.alerts_table", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--model", action="append", required=True, help="may be given again, one model per survey")
    parser.add_argument("--schemas", type=Path, help="LSST schemas, for packets in Confluent framing")
    parser.add_argument("--json", type=Path, help="keep the table here")
    options = parser.parse_args()
    models = [load_model(name) for name in options.model]
    outcomes = {folder.name: measure(folder, models, options.schemas) for folder in options.folders}
    print("\n".join(table(outcomes)))
    if options.json:
        options.json.write_text(json.dumps(record(outcomes, models), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
