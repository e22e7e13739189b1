"""A second run from nothing beside the model that ships: are the figures the same within their noise?

    time make train DATA=DATA MODEL=t2-ztf          # in a fresh clone
    python -m training.repeat CLONE/models/t2-ztf/card.json --minutes 63 --load 6.5

Writes ``bench/repeat.json``, from which `python -m training.model_report` makes a section. The minutes are what ``time`` said, the load
what else the machine did.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from core.model import MODELS
from training import card_file

FIGURES = Path(__file__).resolve().parent.parent / "bench/repeat.json"
#: Title -> where the figure stands in a card, and where its interval does.
ROWS = {
    "macro-F1, sample": ("five_class", "sample", "macro_f1"),
    "macro-F1, survey": ("five_class", "survey", "macro_f1"),
    "macro-F1, equal": ("five_class", "equal", "macro_f1"),
    "macro-F1, alerts only, sample": ("alerts_only", "sample", "macro_f1"),
    "AUC (SN Ia)": ("five_class", "survey", "auc_snia"),
    "flat log-loss": ("five_class", "equal", "log_loss_flat"),
    "purity of SN Ia at 85 % completeness": ("five_class", "survey", "snia_purity_at_85_percent"),
    "calibration error": ("ece_survey",),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("card", type=Path, help="the card that the second run wrote")
    parser.add_argument(
        "--minutes", type=float, required=True, help="wall time of the second run, installation included"
    )
    parser.add_argument("--load", type=float, required=True, help="load average of the machine meanwhile")
    args = parser.parse_args()
    second = json.loads(args.card.read_text(encoding="utf-8"))
    first = card_file.read(MODELS / second["name"])
    result = {
        "command": f"make train DATA=DATA MODEL={second['name']}",
        "date": time.strftime("%Y-%m-%d"),
        "model": second["name"],
        "minutes": args.minutes,
        "load": args.load,
        "figures": compared(first["figures"], second["figures"]),
    }
    FIGURES.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(section())


def compared(first: dict[str, Any], second: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each figure of `ROWS` in both runs, with the first one's interval where its card has one."""
    out: dict[str, dict[str, Any]] = {}
    for title, path in ROWS.items():
        out[title] = {"shipped": _at(first, path), "second": _at(second, path)}
        interval = _at(first, (*path[:-1], f"{path[-1]}_interval"))
        if interval is not None:
            out[title]["interval"] = interval
    return out


def section(path: Path = FIGURES) -> str:
    """Markdown, empty when nothing was measured."""
    if not path.exists():
        return ""
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    rows, outside = [], []
    for title, row in told["figures"].items():
        interval = row.get("interval")
        shipped = f"{row['shipped']:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")
        rows.append(f"| {title} | {shipped} | {row['second']:.3f} | {row['second'] - row['shipped']:+.3f} |")
        if interval and not interval[0] <= row["second"] <= interval[1]:
            outside.append(title)
    verdict = (
        f"Outside the intervals: {', '.join(outside)}."
        if outside
        else "Every figure that has an interval lies within it."
    )
    return (
        f"## A second run from nothing\n\n`{told['command']}` on a fresh clone ({told['date']}): installation, simulation, corpus, six networks with two "
        f"teachers each and their judgement on real objects took {told['minutes']:.0f} minutes on two threads of one core at load {told['load']:g}. {verdict} "
        "The shipped figures are those of the served 8-bit form, the second run's of float32, and the second run's simulation is newer.\n\n"
        "| | shipped | second run | difference |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _at(figures: dict[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = figures
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


if __name__ == "__main__":
    main()
