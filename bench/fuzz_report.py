"""Put the totals of fuzzing into docs/reliability.md: ``python -m bench.fuzz_report``, after ``python -m tests.fuzz --out bench/fuzz.json``."""

from __future__ import annotations

import json
from typing import Any

from bench.reliability_page import ROOT, put


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


def main() -> None:
    put("fuzz", block(json.loads((ROOT / "bench" / "fuzz.json").read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
