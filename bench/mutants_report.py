"""Put the figures of mutation testing into docs/reliability.md: ``python -m bench.mutants_report``, after ``make mutants``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- mutants:start -->\n", "<!-- mutants:end -->"


def block(totals: dict[str, Any]) -> str:
    """The table of figures; the survivors by name stand in the JSON."""
    rows = []
    for name, group in totals["groups"].items():
        survived = group["survivors"]
        mended = sum(s["mended"] for s in survived)
        nothing = sum(bool(s["why"]) and not s["mended"] for s in survived)
        rows.append(
            f"| {name} | {group['possible']:,} | {group['tried']} | {group['killed'] + group['too slow']} | {len(survived)} "
            f"| {mended} | {nothing} | {len(survived) - mended - nothing} |"
        )
    tried = sum(group["tried"] for group in totals["groups"].values())
    minutes = sum(group["seconds"] for group in totals["groups"].values()) / 60
    return "\n".join(
        [
            f"{tried} faults in {minutes:.0f} minutes of one shared core on {totals['date']}, by `{totals['command']}`:",
            "",
            "| what is mutated | possible | tried | noticed | survived at first | noticed since | changes nothing | open |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def with_table(page: str, table: str) -> str:
    """The document with its table made anew."""
    before, rest = page.split(START)
    return before + START + table + END + rest.split(END)[1]


def main() -> None:
    page = ROOT / "docs" / "reliability.md"
    totals = json.loads((ROOT / "bench" / "mutants.json").read_text(encoding="utf-8"))
    page.write_text(with_table(page.read_text(encoding="utf-8"), block(totals)), encoding="utf-8")


if __name__ == "__main__":
    main()
