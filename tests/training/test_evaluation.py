"""What of an object may be shipped, and what is said of its label."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("lightgbm", reason="training's requirements are not installed: make extras")
from core.brokers.samples import JudgedSource
from core.model import load_model
from core.taxonomy import CLASS_NAMES
from training.curves import CurveSet
from training.evaluation import doubts, in_order, licence_of, may_be_shipped, measured, probabilities
from training.scored import ScoredSet

pytestmark = pytest.mark.train
BTS = "HSE-LAMBDA/light_curve_approx data/ANTARES"


@pytest.mark.parametrize(
    ("source", "licence"),
    [
        (BTS, "MIT"),
        ("astrolabsoftware/fink-filters datatest; astrolabsoftware/fink-science: x", "Apache-2.0"),
        (f"{BTS} + light-curve/test-data", ""),
        ("light-curve/test-data", ""),
        ("dlangis/TDECat", ""),
        ("b-biswas/kndetect: notebooks; skyportal/skyportal: x", ""),
        ("", ""),
    ],
)
def test_only_sources_that_notice_names_are_shipped(source, licence):
    assert licence_of(source) == licence


def test_forced_photometry_is_not_shipped():
    objects = pd.DataFrame({"origin": ["alert", "survey-forced", "alert"], "source_repo": [BTS, BTS, "x/y"]})
    assert may_be_shipped(objects).tolist() == [True, False, False]


def test_doubts_name_the_types_that_disagree(tmp_path):
    (tmp_path / "ztf_bts").mkdir()
    lists = pd.DataFrame({"object_id": ["a", "b"], "all_types": ["SN Ia|SN Ic", "SN II"]})
    lists.to_parquet(tmp_path / "ztf_bts/objects.parquet")
    objects = pd.DataFrame(
        {"object_id": ["a", "b", "c"], "class_conflict": [True, False, True], "candidate_label": [False, True, True]}
    )
    assert doubts(objects, tmp_path) == [
        "label lists disagree: SN Ia, SN Ic",
        "only a candidate in its catalogue",
        "label lists disagree; only a candidate in its catalogue",
    ]


def test_columns_stand_in_one_order_whatever_the_models():
    for name in ("t2-ztf", "t2-published-gr"):
        classes = in_order(load_model(name))
        assert classes == [c for c in CLASS_NAMES if c in classes] and len(classes) >= 14


def simulated_some(n=12):
    """Shipped simulated light curves of LSST as a training's simulation holds them, and the answers of the fold models to them."""
    source = JudgedSource()
    table = source.catalogue()
    ids = table.loc[table["simulated"] & (table["survey"] == "lsst"), "object_id"].astype(str).tolist()[:: 600 // n][:n]
    curves = [source.fetch(oid) for oid in ids]
    folds = [load_model("t2-lsst", fold=k) for k in range(5)]
    objects = pd.DataFrame(
        {
            "object_id": ids, "class": [c.provenance.true_class for c in curves], "fold": np.arange(len(ids)) % 5,
            "origin": "simulation", "type": "", "label_source": "simulation",
            "redshift": [np.nan if c.redshift is None else c.redshift for c in curves],
            "redshift_err": [np.nan if c.redshift_err is None else c.redshift_err for c in curves],
        }
    )  # fmt: skip
    lengths = [len(c) for c in curves]
    parts = {name: np.concatenate([getattr(c, name) for c in curves]) for name in ("mjd", "flux", "flux_err", "band")}
    kept = CurveSet(
        objects.drop(columns="fold"), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), parts["mjd"],
        parts["flux"].astype(np.float32), parts["flux_err"].astype(np.float32), parts["band"].astype(np.int8),
    )  # fmt: skip
    scored = ScoredSet([kept.light_curve(i) for i in range(len(kept))], objects).without_redshift()
    p, n_points = probabilities(folds, scored)
    answers = objects[["object_id", "fold", "class", "origin"]].assign(n_points=n_points)
    answers = answers.assign(**{f"p_{name}": p[:, CLASS_NAMES.index(name)] for name in in_order(folds[0])})
    return answers[np.isfinite(p[:, 0])].reset_index(drop=True), kept, folds


def test_what_is_known_of_light_curves_joins_the_answers_to_them_and_to_no_others():
    answers, kept, folds = simulated_some()
    assert len(answers) >= 5
    found = measured(answers, kept, folds)
    pd.testing.assert_frame_equal(found[answers.columns.tolist()], answers)
    assert found[["n_fitted", "span_days", "peak_magnitude", "snr"]].notna().all().all()
    assert (found["span_days"] >= 0).all() and len(found["map_true"].iloc[0]) == len(found["map_answer"].iloc[0])
    with pytest.raises(ValueError, match="other probabilities"):
        measured(answers.assign(p_SNIa=answers["p_SNIa"] + 0.01), kept, folds)
    with pytest.raises(ValueError, match="no light curve of"):
        measured(answers, kept.take(np.arange(1, len(kept))), folds)
