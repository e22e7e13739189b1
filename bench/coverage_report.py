"""Which part of the code the tests run: ``python -m bench.coverage_report``, after the two runs of ``make coverage``.

Reads what coverage.py joined, writes bench/coverage.json, and puts its table into docs/reliability.md. With ``--page`` the
table is made of the JSON that is there.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.reliability_page import ROOT, put

RESULT = ROOT / "bench" / "coverage.json"
#: Each row of the table: the packages it counts. The last is what the project asks of itself for the whole.
ROWS = {
    "core": ("core",),
    "ui": ("ui",),
    "pages and app.py": ("pages", "app.py"),
    "stream": ("stream",),
    "training": ("training",),
    "bench": ("bench",),
    "the dashboard (core, ui, pages, app.py, stream)": ("core", "ui", "pages", "app.py", "stream"),
    "all": ("core", "ui", "pages", "app.py", "stream", "training", "bench"),
}
_COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def shares(files: dict[str, Any], packages: tuple[str, ...]) -> dict[str, float]:
    """Statements and branches of some packages, how many are run, and the per cent of both together."""
    counts = dict.fromkeys(_COUNTS, 0)
    for name, file in files.items():
        if name.split("/")[0] in packages:
            for count in _COUNTS:
                counts[count] += file["summary"][count]
    ran, whole = counts["covered_lines"] + counts["covered_branches"], counts["num_statements"] + counts["num_branches"]
    return {
        "statements": counts["num_statements"],
        "statements_run": counts["covered_lines"],
        "branches": counts["num_branches"],
        "branches_run": counts["covered_branches"],
        "per_cent": round(100.0 * ran / whole, 1) if whole else 0.0,
    }


def block(result: dict[str, Any]) -> str:
    """The table."""
    rows = [
        f"| {name} | {row['statements']:,} | {_share(row, 'statements')} | {row['branches']:,} | {_share(row, 'branches')} "
        f"| {row['per_cent']:.1f} |"
        for name, row in result["packages"].items()
    ]
    return "\n".join(
        [
            f"Measured on {result['date']} by `{result['command']}`:",
            "",
            "| package | statements | run | branches | taken | both, % |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _share(row: dict[str, float], of: str) -> str:
    return f"{100.0 * row[of + '_run'] / row[of]:.1f} %" if row[of] else "–"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.coverage_report", description=__doc__.splitlines()[0])
    parser.add_argument("--measured", type=Path, default=ROOT / "build" / "coverage.json", help="of `coverage json`")
    parser.add_argument(
        "--page", action="store_true", help="only put the table of bench/coverage.json into the document"
    )
    options = parser.parse_args()
    if not options.page:
        files = json.loads(options.measured.read_text(encoding="utf-8"))["files"]
        result = {
            "command": "make coverage",
            "date": datetime.now(UTC).date().isoformat(),
            "packages": {name: shares(files, packages) for name, packages in ROWS.items()},
        }
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    put("coverage", block(json.loads(RESULT.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
