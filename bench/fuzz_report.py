"""Put the totals of fuzzing into docs/reliability.md: ``python -m bench.fuzz_report``, after ``python -m tests.fuzz --out bench/fuzz.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- fuzz:start -->\n", "<!-- fuzz:end -->"


def block(totals: dict[str, Any]) -> str:
    """The table of totals."""
    rows = [
        f"| {name} | {target['executions']:,} | {target['seconds']:,.0f} | {' and '.join(target['engines'])} "
        f"| {target['slowest_seconds']:.2f} | {target['grown_megabytes']:,} | {len(target['failures'])} |"
        for name, target in totals["targets"].items()
    ]
    return "\n".join(
        [
            f"{totals['executions']:,} executions in {totals['seconds'] / 60:,.0f} minutes of one shared core, by `{totals['command']}`:",
            "",
            "| reader | executions | seconds | engine | slowest input [s] | growth [MB] | open failures |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def with_totals(page: str, table: str) -> str:
    """The document with its table made anew."""
    before, rest = page.split(START)
    return before + START + table + END + rest.split(END)[1]


def main() -> None:
    page = ROOT / "docs" / "reliability.md"
    totals = json.loads((ROOT / "bench" / "fuzz.json").read_text(encoding="utf-8"))
    page.write_text(with_totals(page.read_text(encoding="utf-8"), block(totals)), encoding="utf-8")


if __name__ == "__main__":
    main()
