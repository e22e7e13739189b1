"""What the first start shows: every sample loads, says what it is and under which licence, and names its fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.brokers.base import BadResponse, NotFound
from core.brokers.samples import FOLDER, JudgedSource, SampleSource
from core.model import MODELS, load_model
from core.pipeline import classify
from core.refusal import Refusal
from core.taxonomy import CLASS_NAMES

SOURCE = SampleSource()
CATALOGUE = SOURCE.catalogue()
#: Types that belong to none of the classes and are shown on purpose.
OUTSIDE = {"SLSN-II", "ILRT", "LRN", "LBV"}


@pytest.mark.parametrize("object_id", CATALOGUE["object_id"])
def test_every_sample_loads_as_described(object_id: str) -> None:
    of = CATALOGUE.set_index("object_id").loc[object_id]
    curve = SOURCE.fetch(object_id)
    assert curve.object_id == object_id
    assert len(curve) == of["n_points"] > 0
    assert curve.surveys == (of["survey"],)
    assert not [note for note in curve.notes if note.kind == "dropped"]
    assert curve.provenance.simulated == of["simulated"]
    assert curve.provenance.licence and curve.provenance.citation
    assert curve.provenance.true_class_source
    assert (curve.limits.flux_limit > 0).all()


@pytest.mark.parametrize("object_id", CATALOGUE["object_id"])
def test_every_sample_is_scored_or_refused_in_a_sentence(object_id: str) -> None:
    curve = SOURCE.fetch(object_id)
    answer = classify(curve, load_model("t2-lsst" if curve.surveys == ("lsst",) else "t2-ztf"))
    if isinstance(answer, Refusal):
        assert answer.message.endswith(".") and not hasattr(answer, "probabilities")
    else:
        assert answer.probabilities.sum() == pytest.approx(1.0)


def test_labels_are_classes_or_known_to_be_outside() -> None:
    labelled = CATALOGUE[CATALOGUE["survey"] == "ztf"]
    assert set(labelled["true_class"]) <= {*CLASS_NAMES, *OUTSIDE}
    assert set(CATALOGUE["true_class"]) >= set(CLASS_NAMES)
    assert (CATALOGUE.loc[CATALOGUE["survey"] == "lsst", "true_class"] == "").all()


def test_simulated_ones_say_so_everywhere() -> None:
    simulated = CATALOGUE["simulated"].to_numpy(bool)
    assert simulated.any()
    assert (CATALOGUE["object_id"].str.startswith("sim-").to_numpy() == simulated).all()
    assert (CATALOGUE["title"].str.startswith("Simulated").to_numpy() == simulated).all()
    assert (CATALOGUE.loc[simulated, "true_class_source"] == "simulation").all()
    assert CATALOGUE.loc[simulated, "fold"].isna().all()


def test_ids_beyond_double_precision_keep_their_digits() -> None:
    rubin = CATALOGUE[CATALOGUE["survey"] == "lsst"]["object_id"]
    assert len(rubin) >= 5
    beyond = [i for i in rubin if int(i) > 2**53]
    assert beyond and all(SOURCE.fetch(i).object_id == i for i in beyond)
    assert any(int(float(i)) != int(i) for i in beyond)


def test_titles_fit_a_gallery_and_are_unique() -> None:
    assert CATALOGUE["title"].str.len().between(5, 80).all()
    assert not CATALOGUE["title"].duplicated().any() or CATALOGUE["simulated"][CATALOGUE["title"].duplicated()].all()
    assert not CATALOGUE["object_id"].duplicated().any()


def test_variable_stars_have_negative_detections_and_limits() -> None:
    stars = CATALOGUE[(CATALOGUE["group"] == "Stars and active nuclei") & CATALOGUE["licence"].str.startswith("Apache")]
    curves = [SOURCE.fetch(i) for i in stars["object_id"]]
    assert sum((c.flux < 0).any() for c in curves) >= 8
    assert sum(len(c.limits) > 0 for c in curves) >= 10


def test_folds_agree_with_the_committed_table_and_with_what_the_models_have_seen() -> None:
    folds = pd.read_csv(Path(FOLDER).parent / "training/folds.csv").set_index(["object_id"])["fold"]
    model = load_model("t2-ztf")
    for object_id, fold in CATALOGUE.set_index("object_id")["fold"].items():
        assert model.fold_of(object_id) == (None if pd.isna(fold) else fold)
        if not pd.isna(fold):
            assert set(np.atleast_1d(folds.loc[object_id])) == {fold}
    assert CATALOGUE["fold"].notna().sum() >= 40


def test_only_licences_that_allow_it_are_shipped() -> None:
    assert CATALOGUE["licence"].str.startswith(("MIT", "Apache-2.0", "BSD-3-Clause")).all()


def test_the_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.parquet")) < 1_000_000


def test_examples_exist() -> None:
    assert SOURCE.examples and set(SOURCE.examples) <= set(CATALOGUE["object_id"])


def test_an_unknown_id_is_refused_in_words() -> None:
    with pytest.raises(NotFound, match=r"ZTF99zzzzzzz.*not among the 80 embedded samples"):
        SOURCE.fetch("ZTF99zzzzzzz")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadResponse, match=r"objects\.parquet"):
        SampleSource(tmp_path).catalogue()


def test_judged_objects_are_those_of_the_evaluation_files_and_may_be_shipped() -> None:
    source = JudgedSource()
    catalogue = source.catalogue()
    assert set(catalogue["licence"]) == {"MIT", "Apache-2.0", "BSD-3-Clause"} and catalogue["object_id"].is_unique
    real = catalogue[~catalogue["simulated"]]
    allowed = ("HSE-LAMBDA/light_curve_approx", "astrolabsoftware/fink-", "FusRoman/Fink_MM", "b-biswas/kndetect")
    assert all(part.strip().startswith(allowed) for repo in real["source_repo"] for part in repo.split(";"))
    judged = pd.read_parquet(MODELS / "t2-ztf/evaluation.parquet", columns=["object_id", "class", "shipped"])
    assert set(judged["object_id"][judged["shipped"]]) == set(real["object_id"])
    assert judged.set_index("object_id")["class"][real["object_id"]].tolist() == real["true_class"].tolist()
    assert sum(path.stat().st_size for path in source.folder.glob("*.parquet")) < 2.5e6
    for object_id in catalogue["object_id"][::97]:
        curve = source.fetch(object_id)
        assert len(curve) == catalogue.set_index("object_id").loc[object_id, "n_points"]
        assert curve.provenance.simulated == object_id.startswith("sim-")
