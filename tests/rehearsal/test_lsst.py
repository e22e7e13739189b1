"""From simulated light curves to an LSST model that is judged on its folds and on the sets of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.evaluate.table import read_evaluation
from core.model import load_model
from core.taxonomy import CLASS_NAMES
from tests.rehearsal import data_folder, other_sets
from tests.rehearsal.conftest import runner

NAME, STEPS = "atx-lsst", 6


@pytest.fixture(scope="module")
def trained(stage: Path, data: Path) -> Path:
    """The folder of a model trained here, in the place of the one that ships."""
    data_folder.write_simulated(stage / "build/lsst/simulated.parquet", "lsst")
    folder = stage / "models" / NAME
    (folder / "card.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        runner(patch)("training.lsst", "--data", data, "--out", folder, "--network", "atx", "--steps", STEPS)
    return folder


def card_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def test_training_leaves_a_model_that_answers(trained: Path) -> None:
    card = card_of(trained)
    assert card["training"]["simulated"] and card["recipes"][card["default_recipe"]]["features"]
    for fold in (None, 0, 4):
        assert tuple(load_model(NAME, fold=fold).classes) == tuple(CLASS_NAMES)


def test_judging_on_folds_and_on_the_sets_of_others(
    trained: Path, stage: Path, data: Path, run: Callable[..., int]
) -> None:
    other_sets.write(data)
    data_folder.write_simulated(stage / "build/evaluation-lsst.parquet", "lsst")
    run("training.validate_lsst", "--data", data, "--model", NAME)
    figures = card_of(trained)["figures"]
    assert figures["other_sets"].keys() == {"mallorn", "mallorn_without_agn", "elasticc2", "plasticc", "foundation"}
    for told in ("with_redshift", "without_redshift"):
        found = figures["other_sets"]["mallorn"][told]
        assert sum(found["objects"].values()) > 50 and 0 <= found["macro_f1"] <= 1
        assert np.isfinite(figures["simulated"][told]["log_loss_flat_14"])
    assert [row["days"] for row in figures["ages"]] == [5.0, 10.0, 20.0, 40.0]
    for name in ("evaluation", "evaluation/simulated", "evaluation/mallorn"):
        table = read_evaluation(trained / f"{name}.parquet")
        assert len(table) > 50 and np.allclose(table.p.sum(axis=1), 1, atol=1e-4)
    run("training.report_lsst")
    page = (stage / "docs/models-lsst.md").read_text(encoding="utf-8")
    assert (
        f"| `{NAME}` | six bands, no redshift | {figures['simulated']['without_redshift']['log_loss_flat_14']:.3f} |"
        in page
    )


def test_a_set_that_is_not_there_is_left_out(
    trained: Path, stage: Path, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from training.other_sets_lsst import other_sets as figures_of

    (stage / "nothing").mkdir()
    assert figures_of(load_model(NAME), stage / "nothing") == {}
    assert "mallorn: not in nothing, left out" in capsys.readouterr().out
