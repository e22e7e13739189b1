"""The evaluation files beside the models: whole, described, under the card's prior, and the same objects in every one."""

import numpy as np
import pandas as pd
import pytest

from core.brokers.samples import JudgedSource
from core.card import load_card
from core.evaluate.judgement import judge
from core.evaluate.levels import LEVELS
from core.evaluate.scores import macro_f1
from core.evaluate.table import read_evaluation
from core.model import MODELS, load_model
from core.pipeline import Classification, classify
from core.taxonomy import CLASS_NAMES

FILES = sorted([*MODELS.glob("*/evaluation.parquet"), *MODELS.glob("*/evaluation/*.parquet")])
IDS = [str(path.relative_to(MODELS)) for path in FILES]
AGES = ["days-5", "days-10", "days-20", "days-40"]


def folder_of(path):
    return path.parent if path.name == "evaluation.parquet" else path.parent.parent


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_file_is_whole_and_says_what_it_is(path):
    found, card = read_evaluation(path), load_card(folder_of(path))
    assert found.about["model"] == card.name and found.about["recipe"] in card.recipe_names
    assert found.about["title"] and found.about["what"] and found.about["command"].startswith("python -m training.")
    weights = card.data["prior"]["weights"]
    assert (found.prior is None) == (not weights)
    if weights:
        assert found.prior == pytest.approx([weights[c] for c in CLASS_NAMES])
    assert set(np.flatnonzero(found.p.max(axis=0))) <= {CLASS_NAMES.index(c) for c in card.classes}


@pytest.mark.parametrize("name", ["t2-ztf", "t2-ztf-z"])
def test_younger_sets_hold_objects_of_the_whole_one_and_score_as_the_card_says(name):
    whole = set(read_evaluation(MODELS / name / "evaluation.parquet").facts["object_id"])
    figures = {f"days-{row['days']:g}": row for row in load_card(MODELS / name).data["figures"]["ages"]}
    for key in AGES:
        found = read_evaluation(MODELS / name / f"evaluation/{key}.parquet")
        assert set(found.facts["object_id"]) <= whole
        of = judge(found, LEVELS["five"])
        assert macro_f1(of.truth, of.p) == pytest.approx(figures[key]["macro_f1_survey"], abs=2e-3)
        assert len(of) == figures[key]["scored"]


def test_the_published_file_is_judged_on_the_same_objects():
    ours = read_evaluation(MODELS / "t2-ztf/evaluation.parquet").facts["object_id"]
    theirs = read_evaluation(MODELS / "t2-published-gr/evaluation.parquet").facts["object_id"]
    assert len(set(theirs) - set(ours)) < 0.02 * len(theirs) and len(set(theirs) & set(ours)) > 2900


def test_what_is_judged_and_what_is_refused_are_the_same_objects_for_every_model():
    """Each object to score is in one of both files, never in both; a refusal says why, of a class and with its numbers."""
    whole = {}
    for path in sorted(MODELS.glob("*/refused.parquet")):
        table = pd.read_parquet(path)
        assert set(table["recipe"]) <= set(load_card(path.parent).recipe_names)
        assert set(table["class"]) <= set(CLASS_NAMES) and (table["message"].str.len() > 30).all()
        for recipe, part in table.groupby("recipe"):
            files = [
                f
                for f in (path.with_name("evaluation.parquet"), path.parent / f"evaluation/{recipe}.parquet")
                if f.exists()
            ]
            answered = next(e for e in map(read_evaluation, files) if e.about["recipe"] == recipe).facts["object_id"]
            assert not set(answered) & set(part["object_id"]) and not part["object_id"].duplicated().any()
            whole[path.parent.name, recipe] = set(answered) | set(part["object_id"])
    assert len({frozenset(ids) for ids in whole.values()}) == 1 and len(whole) == 6, list(whole)


def test_a_light_curve_that_comes_with_the_program_gets_the_probabilities_of_the_file():
    source = JudgedSource()
    for name, ids in (("t2-ztf", "sim-ztf-"), ("t2-lsst", "sim-lsst-")):
        model = load_model(name)
        table = pd.read_parquet(MODELS / name / "evaluation/simulated.parquet").set_index("object_id")
        mine = [i for i in source.catalogue()["object_id"] if i.startswith(ids) and i in table.index]
        for oid in mine[::40]:
            answer = classify(source.fetch(oid), model)
            assert isinstance(answer, Classification) and answer.model.fold is None
            expected = table.loc[oid, [f"p_{c}" for c in CLASS_NAMES]].to_numpy(float)
            assert np.max(np.abs(answer.probabilities - expected)) < 1e-3, oid


@pytest.mark.parametrize("name", ["t2-ztf-z", "t2-lsst"])
def test_weights_of_features_are_shares_beside_those_of_a_flat_map(name):
    table = pd.read_parquet(MODELS / name / "evaluation/simulated.parquet")
    weights = table[[c for c in table if c.startswith("weight_")]].to_numpy(float)
    assert weights.shape[1] == 3 and weights.min() >= 0 and weights.max() <= 100
    assert (table["flat_share"] >= 100 / 53 - 1e-3).all()
    maps = np.stack(table["map_answer"]).astype(float)
    assert maps.shape[1] == 35 and (maps.sum(axis=1) + weights.sum(axis=1) <= 100.5).all()
