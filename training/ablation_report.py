"""What the ablations say, as a section of docs/models.md; measured by `python -m training.ablations`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).resolve().parent.parent / "bench/ablations.json"
_KEYS = {"macro_f1_sample": "macro-F1, sample", "log_loss_flat": "flat log-loss, all ages", "auc_snia": "AUC (SN Ia)"}


def section(path: Path = FIGURES) -> str:
    """Markdown, empty when nothing was measured."""
    if not path.exists():
        return ""
    measured: dict[str, Any] = json.loads(path.read_text())
    rows = measured["rows"]
    of_whole = next(iter(rows.values()))
    text = (
        f"## What each part is worth\n\n`{measured['command']}` ({measured['date']}): networks of t2-ztf's shape without teachers, "
        f"{of_whole['steps']:,} steps, one per fold, {of_whole['objects']:,} real objects, uncalibrated, equal priors unless said. Brackets are "
        "95 % intervals of the paired difference to the first row, objects drawn with replacement; of one seed each, so add the "
        "spread of seeds below.\n\n"
    )
    head = ["trained", *_KEYS.values()]
    text += "| " + " | ".join(head) + " |\n|" + "---|" * len(head) + "\n"
    for name, row in rows.items():
        if not name.startswith("seed-"):
            text += "| " + " | ".join([row["title"], *(_cell(row, key) for key in _KEYS)]) + " |\n"
    if seeds := measured.get("seeds"):
        said = "; ".join(
            f"{words} {seeds[key]['mean']:.3f} ± {seeds[key]['deviation']:.3f}"
            for key, words in _KEYS.items()
            if key in seeds
        )
        text += f"\n**Seeds.** {seeds['macro_f1_sample']['n']} of them, the first row's recipe: {said} (mean ± deviation of one).\n"
    return text


def _cell(row: Mapping[str, Any], key: str) -> str:
    spread = row.get(f"{key}_difference")
    return f"{row[key]:.3f}" + (f" [{spread[0]:+.3f}, {spread[1]:+.3f}]" if spread else "")
