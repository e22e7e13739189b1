"""What of an object may be shipped, and what is said of its label."""

import pandas as pd
import pytest

pytest.importorskip("lightgbm", reason="training's requirements are not installed: make test TRAIN=1")
from core.model import load_model
from core.taxonomy import CLASS_NAMES
from training.evaluation import doubts, in_order, licence_of, may_be_shipped

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
