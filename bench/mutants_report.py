"""Put the figures of mutation testing into docs/reliability.md: ``python -m bench.mutants_report``, after ``make mutants``."""

from __future__ import annotations

import json
from typing import Any

from bench.reliability_page import ROOT, put


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
            "| what is mutated | possible | tried | noticed | survived at first | noticed since | changes nothing, or the line is gone | open |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    put("mutants", block(json.loads((ROOT / "bench" / "mutants.json").read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
