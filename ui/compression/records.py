"""What was measured of every variant: the table of the training beside the times of the benchmark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.card import ModelCard

#: Times of all variants, measured in one run (`python -m bench.compression`).
BENCH = Path(__file__).resolve().parents[2] / "bench/compression.json"
BASELINE = "float32"
SAVED_MODEL = "SavedModel"


@dataclass(frozen=True)
class Row:
    """One form of one network. key : of the variant. form : "TFLite" or "SavedModel". size, deflated : bytes.

    scores, change : as `training.compress` measured them; the two forms of a variant are the same numbers. timing : as
    `bench.compression` measured them, empty where it has not. served : whether it answers when no other is asked for.
    """

    key: str
    title: str
    form: str
    what: str
    size: int
    deflated: int
    scores: Mapping[str, Any]
    change: Mapping[str, Any]
    timing: Mapping[str, float]
    shipped: bool
    fine_tuned: bool
    served: bool
    by_tensor: Mapping[str, int]

    @property
    def loss(self) -> float:
        return float(self.scores["log_loss_flat"])


@dataclass(frozen=True)
class Records:
    """All rows of a model, the sweeps, and what they were measured with. bench : of the times, empty where none is there."""

    rows: tuple[Row, ...]
    sweeps: Mapping[str, list[Mapping[str, float]]]
    table: Mapping[str, Any]
    bench: Mapping[str, Any]

    def row(self, key: str, form: str = "TFLite") -> Row | None:
        """A variant in one form; None where it is not in the table."""
        return next((row for row in self.rows if row.key == key and row.form == form), None)

    @property
    def judged_on(self) -> str:
        """Real objects, or simulated ones where a model knows no others."""
        return str(self.table["sets"].get("judged_on", "real objects"))

    @property
    def tflite(self) -> list[Row]:
        return [row for row in self.rows if row.form == "TFLite"]


def has_records(card: ModelCard) -> bool:
    """Whether the variants of a model were measured."""
    return (card.folder / "compression.json").is_file()


def records_of(card: ModelCard, bench_path: Path = BENCH) -> Records:
    """The rows of a model in the order of the table, SavedModels first."""
    table = json.loads((card.folder / "compression.json").read_text(encoding="utf-8"))
    benches: dict[str, Any] = (
        json.loads(bench_path.read_text(encoding="utf-8")) if bench_path.is_file() else {"models": {}}
    )
    bench: dict[str, Any] = benches["models"].get(card.name, {})
    times: dict[str, Any] = bench.get("files", {})
    rows = [
        _row(entry, SAVED_MODEL, entry["saved_model"], times, shipped=False)
        for entry in table["variants"]
        if "saved_model" in entry
    ]
    for entry in table["variants"]:
        shipped = entry["key"] in card.variants or entry["key"] == BASELINE
        rows.append(_row(entry, "TFLite", entry, times, shipped=shipped, served=entry["key"] == card.served))
    return Records(tuple(rows), table["sweeps"], table, bench)


def _row(
    entry: Mapping[str, Any],
    form: str,
    sizes: Mapping[str, int],
    times: Mapping[str, Any],
    *,
    shipped: bool,
    served: bool = False,
) -> Row:
    saved = form == SAVED_MODEL
    return Row(
        key=entry["key"],
        title=entry["title"],
        form=form,
        what=entry["what"],
        size=sizes["bytes"],
        deflated=sizes["deflate_bytes"],
        scores=entry["scores"],
        change=entry["change"],
        timing=times.get(f"{entry['key']}, {SAVED_MODEL}" if saved else entry["key"], {}),
        shipped=shipped,
        fine_tuned=bool(entry["fine_tuned"]),
        served=served,
        by_tensor={} if saved else entry["bytes_by_tensor"],
    )
