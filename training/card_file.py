"""What every model card has in common: how its files are described, its start-up check, and how it is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.model import _Session, golden_input


def describe(path: Path, folder: Path, *, kind: str = "float32") -> dict[str, Any]:
    """A card's entry for one model file. kind : float32, float16, dynamic or int8."""
    content = path.read_bytes()
    return {
        "path": path.relative_to(folder).as_posix(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "format": kind,
    }


def golden(content: bytes, tensors: Mapping[str, str]) -> dict[str, Any]:
    """The golden input in words, and what the file answers to it through the runtime that is installed."""
    session = _Session(content, tensors, 1)
    length, width = session.input_shape
    return {
        "input": f"sin(0.37 i) over the flattened (1, {length}, {width}) input",
        "probabilities": [round(float(p), 7) for p in session.run(golden_input(length, width))[1][0]],
    }


def completed(card: dict[str, Any], before: Mapping[str, Any], calibration: Mapping[str, Any] | None) -> dict[str, Any]:
    """A newly made card with its calibration, if there is one yet, and what was measured of the card before it."""
    kept = {name: before[name] for name in ("reliability", "rules") if name in before}
    return card | ({"calibration": calibration} if calibration is not None else {}) | kept


def read(folder: Path) -> dict[str, Any]:
    """The card that stands in a model folder; empty where none does."""
    path = folder / "card.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(folder: Path, card: Mapping[str, Any]) -> None:
    """Write ``folder``/card.json."""
    (folder / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def judged_on(card: Mapping[str, Any]) -> str:
    """What simulation the figures are of: ``training.judged_on`` where it is not the one that the model learned from."""
    return str(card.get("training", {}).get("judged_on", "simulations of its own kind"))
