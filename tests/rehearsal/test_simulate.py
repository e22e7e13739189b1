"""The simulation with templates, its comparison with real light curves, its page, and the samples that are made with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.taxonomy import CLASS_NAMES, FIVE
from tests.rehearsal import data_folder, other_sets, templates
from training.curves import CurveSet, read_parquet
from training.simulate.survey import LOWEST_SN

FILES = Path(__file__).resolve().parents[1] / "data/files"
Run = Callable[..., int]


@pytest.fixture(scope="module")
def with_templates(data: Path) -> Path:
    """DATA with a made-up folder of templates."""
    templates.write(data / "templates")
    return data


@pytest.fixture(scope="module")
def simulated(stage: Path, with_templates: Path) -> dict[str, Path]:
    """Files that stand in for long runs of the simulation."""
    paths = {name: stage / "build" / f"sim-{name}.parquet" for name in ("ztf", "bts", "lsst")}
    for name, path in paths.items():
        data_folder.write_simulated(path, "lsst" if name == "lsst" else "ztf")
    return paths


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_every_class_is_simulated(stage: Path, with_templates: Path, run: Run, survey: str) -> None:
    out = stage / f"build/three-{survey}.parquet"
    run("training.simulate.__main__", "--data", with_templates, "--survey", survey, "--out", out, "--per-class", 3)
    made = read_parquet(out)
    assert made.objects["class"].value_counts().to_dict() == dict.fromkeys(CLASS_NAMES, 3)
    far = made.objects.set_index("class")["redshift_true"]
    assert far["SNIa"].between(0.001, 1.5).all() and far["KN"].between(0.001, 0.5).all()
    detected = made.detected if made.detected is not None else np.ones(len(made.mjd), bool)
    snr = made.flux[detected] / made.flux_err[detected]
    assert np.abs(snr).min() > LOWEST_SN - 0.01 and {made.light_curve(i).surveys for i in range(len(made))} == {
        (survey,)
    }


def test_lsst_needs_its_cadence(stage: Path, run: Run, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        run("training.simulate.__main__", "--survey", "lsst", "--out", stage / "none.parquet")
    assert "--survey lsst needs --data" in capsys.readouterr().err


def test_programs_simulate_what_is_not_there(
    stage: Path, with_templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, in a process of its own, and never again where the file stands."""
    from training import ablations, evaluation, lsst, train

    small: dict[Any, tuple[str, ...]] = {
        train: ("PER_CLASS",), lsst: ("PER_CLASS",), evaluation: ("PER_CLASS",), ablations: ("FIVE_SIMULATED",),
    }  # fmt: skip
    for module, names in small.items():
        for name in names:
            monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr(train, "SIMULATED", ("KN", "RRL"))
    work = stage / "build/once"
    work.mkdir()
    made: dict[str, Callable[[], CurveSet]] = {
        "train": lambda: train.simulated_curves(with_templates, work),
        "five": lambda: ablations.five_simulated(with_templates, work),
    }
    (work / "lsst").mkdir()
    made["lsst"] = lambda: lsst.simulated_curves(with_templates, work / "lsst")
    counts = {}
    for name, make in made.items():
        counts[name] = sorted(make().objects["class"])
        written = {path: path.stat().st_mtime_ns for path in work.rglob("*.parquet")}
        make()
        assert written == {path: path.stat().st_mtime_ns for path in work.rglob("*.parquet")}
    assert counts == {"train": ["KN", "RRL"], "five": sorted(FIVE), "lsst": sorted(CLASS_NAMES)}


def test_real_and_simulated_are_told_apart_and_shown(
    stage: Path, with_templates: Path, simulated: dict[str, Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.simulate.control.ROUNDS", 10)
    out = stage / "build/control.json"
    run("training.simulate.control", "--data", with_templates, "--simulated", simulated["bts"], "--out", out)
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found.keys() == set(FIVE)
    for row in found.values():
        assert 0 <= row["auc"] <= 1 and 10 < row["simulated"] <= data_folder.SIMULATED and len(row["told by"]) == 6
    other_sets.write(with_templates)
    pictures = ("simulated_ztf", "simulated_lsst", "simulated_against_real", "simulated_against_plasticc")
    for name in pictures:
        (stage / f"docs/{name}.png").unlink()
    files = [part for name, path in simulated.items() for part in (f"--{name}", path)]
    run("training.simulate.page", "--data", with_templates, *files, "--control", out)
    assert all((stage / f"docs/{name}.png").read_bytes().startswith(b"\x89PNG") for name in pictures)
    page = (stage / "docs/simulation.md").read_text(encoding="utf-8")
    assert f"| {found['SNIa']['auc']} |" in page and "### Parameters" in page


def test_samples_are_made_again(stage: Path, with_templates: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The choices that the small folder holds, one alert of Rubin's, and the clearest of simulated light curves."""
    from core.brokers.samples import SampleSource
    from training import make_samples

    oids = pd.read_parquet(with_templates / "ztf_bts/objects.parquet")["object_id"]
    bts = [choice for choice in make_samples.CHOICES if choice.object_id in set(oids) and choice.source == "ztf_bts"]
    monkeypatch.setattr(make_samples, "CHOICES", tuple(bts))
    prompt = with_templates / "lsst_alerts/real_prompt"
    prompt.mkdir(parents=True)
    shutil.copy(FILES / "fink_lsst_asteroid.avro", prompt / "lsst_v10_0_fink_1.avro")
    from core.brokers.files import LOCAL, read_file

    object_id = read_file(prompt / "lsst_v10_0_fink_1.avro", caps=LOCAL).curves[0].object_id
    monkeypatch.setattr(make_samples, "RUBIN", ((object_id, "An alert"),))
    monkeypatch.setattr(make_samples, "SIMULATED", (("KN", 1, "A kilonova"), ("RRL", 2, "A star")))
    run("training.make_samples", "--data", with_templates, "--out", stage / "made")
    catalogue = SampleSource(stage / "made").catalogue()
    assert len(catalogue) == len(bts) + 1 + 3 and len(bts) >= 3
    assert set(catalogue[catalogue["simulated"]]["true_class"]) == {"KN", "RRL"}
    for oid in catalogue["object_id"]:
        assert len(SampleSource(stage / "made").fetch(oid)) >= 1
    assert catalogue["licence"].ne("").all()
