"""Compressed variants of the models that ship: made, judged, timed and told in the document."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.model import load_model
from tests.rehearsal import data_folder

Run = Callable[..., int]
#: One of each way of making a file; two of them are trained further.
ONLY = ("float32", "lean", "int8-weights", "dynamic", "int8-full", "clustered-pruned", "student-int8")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps, few draws, few settings of the sweeps, and every program's clock read once."""
    for name in ("tuned", "student"):
        function = getattr(importlib.import_module("training.compress.tune"), name)
        monkeypatch.setitem(function.__kwdefaults__, "steps", 5)
    monkeypatch.setattr("training.compress.judge.DRAWS", 20)
    monkeypatch.setattr("training.compress.zoo.EXAMPLES", 20)
    monkeypatch.setattr("training.compress.variants.CENTROIDS", (16,))
    monkeypatch.setattr("training.compress.variants.SPARSITIES", (0.5,))
    for name in ("ROUNDS", "COLD"):
        monkeypatch.setattr(f"bench.compression.{name}", 1)


def made(stage: Path, data: Path, run: Run, model: str, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run the command for a model that ships; the table that it left."""
    survey = "lsst" if "lsst" in model else "ztf"
    data_folder.write_simulated(stage / "build" / model / "simulated.parquet", survey)
    table = stage / "models" / model / "compression.json"
    table.unlink()
    run("training.compress.__main__", "--data", data, "--model", model, *(["--only", *only] if only else []))
    return json.loads(table.read_text(encoding="utf-8"))


def test_every_way_of_making_a_variant(stage: Path, data: Path, run: Run) -> None:
    folder = stage / "models/t2-ztf"
    table = made(stage, data, run, "t2-ztf", ONLY)
    rows = {row["key"]: row for row in table["variants"]}
    assert tuple(rows) == ONLY and table["sets"]["judged_on"] == "real objects"
    whole = rows["float32"]["bytes"]
    assert rows["int8-weights"]["bytes"] < 0.5 * whole and rows["student-int8"]["bytes"] < rows["int8-weights"]["bytes"]
    assert (
        rows["float32"]["change"]["macro_f1_survey"]["value"] == rows["lean"]["change"]["macro_f1_survey"]["value"] == 0
    )
    assert rows["clustered-pruned"]["deflate_bytes"] < 0.5 * rows["float32"]["deflate_bytes"]
    assert rows["float32"]["saved_model"]["bytes"] > whole
    assert [len(table["sweeps"][kind]) for kind in ("centroids", "sparsity")] == [1, 1]
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["served"]["form"] in ("float32", "int8-weights", "student-int8") and card["served"]["why"]
    flips = pd.read_parquet(folder / "variants/flips.parquet")
    assert {"int8-weights", "student-int8"} >= set(flips["variant"]) - {"float16", "int4-tuned"}
    for key in ("int8-weights", "student-int8"):  # loading compares checksums and the golden answer
        assert load_model("t2-ztf", variant=key, fold=0).classes == load_model("t2-ztf").classes


def test_variants_are_timed_and_told(stage: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of the test before, SavedModels among them; and the same on a second runtime, which the first stands in for."""
    work, some = stage / "build/t2-ztf/compress", stage / "build/some"
    some.mkdir()
    for name in (
        "saved-float32",
        "lean-final.tflite",
    ):  # each is loaded in a process of its own, TensorFlow's take seconds
        (some / name).symlink_to(work / name)
    run("bench.compression", "--model", "t2-ztf", "--work", some)
    rows = json.loads((stage / "bench/compression.json").read_text(encoding="utf-8"))["models"]["t2-ztf"]["files"]
    assert rows.keys() >= {"float32", "lean", "student-int8", "float32, SavedModel"}
    run("bench.runtimes", "--write", stage / "answers.npz")
    monkeypatch.setitem(
        sys.modules, "tflite_runtime.interpreter", importlib.import_module("ai_edge_litert.interpreter")
    )
    monkeypatch.setattr("bench.runtimes.version", lambda name: "1")
    run("bench.runtimes", "--against", stage / "answers.npz")
    models = json.loads((stage / "bench/runtimes.json").read_text(encoding="utf-8"))["models"]
    assert {row["variant"] for row in models["t2-ztf"]} == set(ONLY)
    assert all(row["probability_max"] == 0 and row["same_class"] == 60 for row in models["t2-ztf"])


def test_a_network_without_named_weights(stage: Path, data: Path, run: Run) -> None:
    table = made(stage, data, run, "atx-ztf")
    assert [row["key"] for row in table["variants"]] == ["float32", "lean", "float16", "int8-weights", "int4-weights"]
    assert table["sweeps"] == {} and all(
        np.isfinite(row["change"]["log_loss_flat"]["value"]) for row in table["variants"]
    )


def test_a_model_of_simulated_light_curves(stage: Path, data: Path, run: Run) -> None:
    table = made(stage, data, run, "t2-lsst", ("float32", "float16"))
    assert table["sets"]["judged_on"] == "simulated objects" and 300 < table["sets"]["simulated_objects"] <= 15 * 24
    assert [row["key"] for row in table["variants"]] == ["float32", "float16"]
    assert load_model("t2-lsst", variant="float16", fold=0).classes == load_model("t2-lsst").classes
