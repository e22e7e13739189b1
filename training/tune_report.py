"""What the study of `python -m training.tune` found, as a section of docs/models.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).resolve().parent.parent / "bench/tune.json"
#: Trials that are listed, best first.
LISTED = 5
_SETTINGS = ("learning_rate", "weight_decay", "exponent", "batch", "d", "heads", "d_ff")


def section(path: Path = FIGURES) -> str:
    """Markdown, empty when nothing was measured."""
    if not path.exists():
        return ""
    study: dict[str, Any] = json.loads(path.read_text())
    trials = study["trials"]
    done = sorted((t for t in trials if t["state"] == "complete"), key=lambda t: t["log_loss_flat"])
    shipped, best = trials[0], done[0]
    text = (
        f"## A search for a better schedule and size\n\n`{study['command']}` ({study['date']}): {len(trials)} trials of optuna's {study['sampler']}, "
        f"five folds by object, {study['steps']:,} steps each, {len(done)} carried through and the rest stopped early by the {study['pruner']} "
        f"rule; the mean flat log-loss over all ages decides. The shipped settings are the first trial: {shipped['log_loss_flat']:.3f}. The "
        f"best found {best['log_loss_flat']:.3f}; compare the spread of seeds above. Every trial is in `bench/tune.json`.\n\n"
    )
    text += "| log-loss | " + " | ".join(_SETTINGS) + " |\n|" + "---|" * (len(_SETTINGS) + 1) + "\n"
    for trial in [*done[:LISTED], *([shipped] if shipped not in done[:LISTED] else [])]:
        mark = " (shipped)" if trial is shipped else ""
        text += f"| {trial['log_loss_flat']:.3f}{mark} | " + " | ".join(f"{trial[k]:g}" for k in _SETTINGS) + " |\n"
    return text
