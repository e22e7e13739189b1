"""From light curves to a ZTF model that is judged and described, with a handful of training steps."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.card import load_card
from core.evaluate.table import read_evaluation
from core.model import load_model
from core.taxonomy import CLASS_NAMES, FIVE
from tests.rehearsal import data_folder
from tests.rehearsal.conftest import runner

NAME, STEPS = "t2-ztf", 6


@pytest.fixture(scope="module")
def work(stage: Path) -> Path:
    """The work folder, where the simulation stands already: it needs templates."""
    folder = stage / "build" / NAME
    data_folder.write_simulated(folder / "simulated.parquet", "ztf")
    data_folder.write_simulated(stage / "build/evaluation-ztf.parquet", "ztf")
    return folder


@pytest.fixture(scope="module")
def trained(stage: Path, data: Path, work: Path) -> Path:
    """The folder of a model trained here, in the place of the one that ships; nothing is left of that but its name."""
    folder = stage / "models" / NAME
    (folder / "card.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        runner(patch)("training.train", "--data", data, "--model", NAME, "--steps", STEPS, "--teachers", 0)
    return folder


@pytest.fixture(scope="module")
def validated(stage: Path, data: Path, trained: Path) -> Path:
    """The same, judged."""
    with pytest.MonkeyPatch.context() as patch:
        runner(patch)("training.validate", "--data", data, "--model", NAME)
    return trained


def card_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def test_training_leaves_a_model_that_answers(trained: Path, stage: Path) -> None:
    card = card_of(trained)
    assert card["training"]["plan"]["schedule"]["steps"] == STEPS
    assert card["training"]["real"]["SNIa"] >= 30 and card["training"]["simulated_light_curves"]["KN"] == 24
    assert [round(sum(card["prior"]["weights"].values()), 6), card["figures"]] == [1.0, {}]
    for fold in (None, 0, 1, 2, 3, 4):  # loading compares checksums and asks the file for its golden answer
        assert tuple(load_model(NAME, fold=fold).classes) == tuple(CLASS_NAMES)
    seen = pd.read_parquet(trained / "seen.parquet")
    assert set(seen["fold"]) == set(range(5)) and seen["name"].is_unique
    assert "<svg" in (stage / "build" / NAME / "losses.svg").read_text(encoding="utf-8")


def test_a_second_run_trains_nothing_again(trained: Path, work: Path, data: Path, run: Callable[..., int]) -> None:
    before = {path: path.stat().st_mtime_ns for path in work.glob("*.tflite")}
    run("training.train", "--data", data, "--model", NAME, "--steps", STEPS, "--teachers", 0)
    assert len(before) == 6 and before == {path: path.stat().st_mtime_ns for path in work.glob("*.tflite")}


def test_a_taught_network_keeps_its_teachers(
    stage: Path, work: Path, data: Path, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = stage / "build/taught"
    data_folder.write_simulated(taught / "simulated.parquet", "ztf")
    monkeypatch.setattr("training.train.corpus_of", lambda _, *args: one_corpus(work, *args))
    call = ("training.train", "--data", data, "--work", taught, "--steps", 5, "--teachers", 1, "--parts", "fold-0")
    run(*call)
    kept = [*taught.glob("fold-0-*.teacher-0.weights.h5")]
    assert len(kept) == 1 and (taught / "fold-0.tflite").stat().st_size > 10_000
    assert not (taught / "final.tflite").exists()  # one part was asked for


def one_corpus(work: Path, *args: Any) -> Any:
    """The corpus that stands in a work folder already."""
    from training.corpus import load

    return load(next(work.glob("corpus-*.npz")))


def test_judging_fills_the_card(validated: Path) -> None:
    card = load_card(validated)
    figures = card.data["figures"]
    for prior in ("survey", "equal", "sample"):
        low, high = figures["five_class"][prior]["macro_f1_interval"]
        assert 0 <= low <= figures["five_class"][prior]["macro_f1"] <= high <= 1
    assert figures["sample"]["objects"] == sum(figures["sample"]["by_origin"].values()) > 150
    matrix = np.array(figures["fifteen_class"]["confusion_survey"])
    assert matrix.shape == (15, 15) and matrix.sum() >= figures["sample"]["objects"]
    assert [row["days"] for row in figures["calibration_cross_fitted"]] == [5.0, 10.0, 20.0, 40.0, None]
    assert 0 <= card.data["rules"]["abstain_below"] <= 1 and card.data["limits"]
    assert figures["held_out_called"].keys() == {"SLSN-II", "ILRT", "LBV", "LRN"}


def test_judging_leaves_files_that_the_pages_read(validated: Path) -> None:
    table = read_evaluation(validated / "evaluation.parquet")
    assert np.allclose(table.p.sum(axis=1), 1, atol=1e-4) and len(table) > 150
    assert {path.stem for path in (validated / "evaluation").glob("*.parquet")} >= {"days-5", "days-40", "simulated"}
    refused = pd.read_parquet(validated / "refused.parquet")
    assert list(refused) == ["object_id", "class", "reason", "message", "recipe"]


def test_novelty_stands_in_the_card_and_answers(validated: Path) -> None:
    card = card_of(validated)
    measure = load_model(validated).novelty_measure
    assert measure is not None and card["files"]["embedding"]["path"] == "embedding.npz"
    figures = card["novelty"]["figures"]
    assert 0 <= figures["known_above_threshold"] <= 1 and figures["oddities"]["objects"] >= 3
    assert figures["left_out"] == []  # no network without some classes was trained


def test_networks_without_some_classes(
    validated: Path, work: Path, data: Path, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Trained like the card's own, then measured by the embedding."""
    groups = (("TDE", "KN"),)
    for module in ("left_out", "novelty_figures"):
        monkeypatch.setattr(f"training.{module}.GROUPS", groups)
    design = sys.modules["training.designs"].DESIGNS
    monkeypatch.setitem(design, NAME, replace(design[NAME], steps=STEPS))
    run("training.left_out", "--data", data, "--model", NAME)
    assert (work / "without-TDE-KN.tflite").is_file()
    run("training.embedding", "--data", data, "--model", NAME)
    rows = card_of(validated)["novelty"]["figures"]["left_out"]
    assert {row["class"]: row["simulated"] for row in rows} == {"TDE": False, "KN": True}
    assert all(0 <= row["auc"] <= 1 and row["above_threshold"] <= row["objects"] for row in rows)
    assert "embedding.npz" in capsys.readouterr().out


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.peer.ROUNDS", 8)


@pytest.mark.usefixtures("few_trees")
def test_trees_on_the_same_numbers(validated: Path, data: Path, run: Callable[..., int]) -> None:
    run("training.peer", "--data", data, "--model", NAME)
    peer = card_of(validated)["figures"]["peer"]
    assert 0.5 <= peer["auc_snia"] <= 1 and 0 < peer["macro_f1_equal"] <= 1 and peer["log_loss_flat"] > 0


def test_a_second_run_is_compared(validated: Path, stage: Path, run: Callable[..., int], capsys: Any) -> None:
    second = json.loads((validated / "card.json").read_text(encoding="utf-8"))
    second["figures"]["five_class"]["survey"]["macro_f1"] = 1.0
    (stage / "second.json").write_text(json.dumps(second), encoding="utf-8")
    run("training.repeat", stage / "second.json", "--minutes", 3, "--load", 1.5)
    kept = json.loads((stage / "bench/repeat.json").read_text(encoding="utf-8"))
    assert kept["figures"]["macro-F1, survey"]["second"] == 1.0 and kept["load"] == 1.5
    assert "Outside the intervals: macro-F1, survey." in capsys.readouterr().out


@pytest.mark.usefixtures("few_trees")
def test_reports_take_the_new_figures(validated: Path, stage: Path, data: Path, run: Callable[..., int]) -> None:
    run("training.peer", "--data", data, "--model", NAME)
    run("training.report")
    run("training.model_report")
    figures = card_of(validated)["figures"]
    block = (stage / "README.md").read_text(encoding="utf-8").split("<!-- figures:start -->")[1]
    assert f"{sum(figures['five_class']['objects'].values()):,} objects" in block.split("<!-- figures:end -->")[0]
    report = (stage / "docs/models.md").read_text(encoding="utf-8")
    assert report.startswith("# The models") and "`t2-ztf-z`" in report


def test_a_model_with_redshift_is_judged_with_and_without(stage: Path, data: Path, run: Callable[..., int]) -> None:
    """The one that ships, whose folds are these."""
    data_folder.write_simulated(stage / "build/t2-ztf-z/simulated.parquet", "ztf")
    run("training.validate", "--data", data, "--model", "t2-ztf-z")
    figures = card_of(stage / "models/t2-ztf-z")["figures"]
    weights = figures["feature_weights"]
    assert weights["objects"] > 50 and len(weights["mean_share_percent"]) == 3
    assert set(figures["without_redshift"]["objects"]) == set(FIVE)
    assert figures["five_class"]["survey"]["macro_f1"] > 0.3  # it is the real one


def test_light_curves_that_come_with_the_files(stage: Path, work: Path, data: Path, run: Callable[..., int]) -> None:
    data_folder.write_simulated(stage / "build/evaluation-lsst.parquet", "lsst")
    run("training.evaluation", "--data", data, "--model", "curves")
    objects = pd.read_parquet(stage / "samples/judged/objects.parquet")
    assert set(objects["survey"]) == {"ztf", "lsst"} and objects["licence"].ne("").all()
    points = pd.read_parquet(stage / "samples/judged/photometry.parquet")
    assert set(points["object_id"].astype(str)) == set(objects["object_id"])


def test_folds_are_never_moved(stage: Path, data: Path, run: Callable[..., int]) -> None:
    out = stage / "folds.csv"
    out.write_bytes((stage / "training/folds.csv").read_bytes())
    run("training.datasets", "--data", data, "--out", out)
    before = pd.read_csv(stage / "training/folds.csv").set_index(["object_id", "source"])["fold"]
    after = pd.read_csv(out).set_index(["object_id", "source"])["fold"]
    both = after.index.intersection(before.index)
    assert len(both) > 100 and (after[both] == before[both]).all()


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two shapes, one fold."""
    from training import shapes

    monkeypatch.setattr(shapes, "FOLDS", (0,))
    monkeypatch.setattr(shapes, "SHAPES", {k: shapes.SHAPES[k] for k in ("shipped", "2 blocks", "32 steps")})
    timed = shapes.timed
    monkeypatch.setattr(shapes, "timed", lambda names, real: timed(names, real, count=32, rounds=2))
    yield


@pytest.mark.usefixtures("shapes")
def test_shapes_are_judged_and_timed(stage: Path, work: Path, data: Path, run: Callable[..., int]) -> None:
    (stage / "bench/shapes.json").unlink()
    run("training.shapes", "--data", data, "--work", work, "--steps", 5)
    rows = json.loads((stage / "bench/shapes.json").read_text(encoding="utf-8"))["shapes"]
    assert list(rows) == ["shipped", "2 blocks", "32 steps"]
    assert rows["2 blocks"]["parameters"] > rows["shipped"]["parameters"]
    assert all(row["interpreter_us"] > 0 and np.isfinite(row["log_loss_flat"]) for row in rows.values())
    assert "compiled_us" in rows["shipped"] and "compiled_us" not in rows["2 blocks"]


def test_tuning_keeps_every_trial(
    stage: Path, work: Path, data: Path, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = stage / "build/tune.log"
    call = ("training.tune", "--data", data, "--work", work, "--study", study, "--steps", 3, "--minutes", 0.001)
    run(*call)
    run(*call)  # goes on
    found = json.loads((stage / "bench/tune.json").read_text(encoding="utf-8"))
    assert [trial["state"] for trial in found["trials"]] == ["complete"] * 2 and found["best"] in (0, 1)
    assert found["trials"][0]["learning_rate"] == 0.015 and found["trials"][0]["folds"] == 5


def test_ablations_are_paired_with_the_first_row(stage: Path, work: Path, data: Path, run: Callable[..., int]) -> None:

    data_folder.write_simulated(work / "five.parquet", "ztf")
    (stage / "bench/ablations.json").unlink()
    names = ["whole", "seed-2", "no-simulation", "no-real", "no-augmentation", "no-error"]
    from training.ablations import ROWS

    names = [name for name in names if name in ROWS] + [
        next(n for n in ROWS if n.startswith("no-") and ROWS[n].without)
    ]
    run("training.ablations", "--data", data, "--work", work, "--steps", 3, "--rows", *dict.fromkeys(names))
    table = json.loads((stage / "bench/ablations.json").read_text(encoding="utf-8"))
    assert set(table["rows"]) == set(names) and table["seeds"]["log_loss_flat"]["n"] == 2
    for name, row in table["rows"].items():
        assert ("log_loss_flat_difference" in row) == (name != "whole")
        assert row["objects"] == table["rows"]["whole"]["objects"] > 50


def test_the_published_file_on_the_same_objects(stage: Path, data: Path, run: Callable[..., int]) -> None:
    run("training.validate_published", "--data", data)
    run("training.published_card")  # keeps the figures
    figures = card_of(stage / "models/t2-published-gr")["figures"]
    assert figures["conventions"].keys() == {"as-served", "as-trained"} and figures["sample"]["objects"] > 50
    assert load_model("t2-published-gr").card.data["figures"] == figures
    run("training.evaluation", "--data", data, "--model", "t2-published-gr")
    assert len(read_evaluation(stage / "models/t2-published-gr/evaluation.parquet")) > 50
    run("training.refused", "--data", data, "--model", "t2-published-gr")
    assert set(pd.read_parquet(stage / "models/t2-published-gr/refused.parquet")["recipe"]) == set(
        figures["conventions"]
    )
