"""Every part of a figure names the objects that it was made of: counts of picks are the counts of the figures."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluate.judgement import (
    RIGHT,
    TOP,
    WRONG,
    Pick,
    bins_of,
    class_scores,
    judge,
    picked,
    scores_in_bins,
    summary,
)
from core.evaluate.levels import LEVELS
from core.evaluate.selected import contaminants, selection
from core.evaluate.table import Evaluation
from core.model import load_model
from core.taxonomy import CLASS_NAMES

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed: make test sets it up")
C = len(CLASS_NAMES)
SEEDS = st.integers(0, 10_000)


def evaluation(seed: int, n: int = 400) -> Evaluation:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, C, n)
    logits = rng.normal(size=(n, C))
    logits[np.arange(n), truth] += 1.5
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    facts = pd.DataFrame({"object_id": [f"o{i}" for i in range(n)], "n_points": rng.integers(3, 60, n).astype(float)})
    return Evaluation(truth, p, facts, {}, np.full(C, 1 / C), "equal")


@pytest.mark.parametrize("key", LEVELS)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_a_cell_of_the_matrix_holds_as_many_objects_as_it_says(key, seed):
    of = judge(evaluation(seed), LEVELS[key])
    assert of.matrix.sum() == len(of)
    for i, true in enumerate(of.level.names):
        for k, answer in enumerate(of.level.names):
            assert len(picked(of, Pick(true, answer))) == of.matrix[i, k]
    assert len(picked(of, Pick(answer=RIGHT))) == np.trace(of.matrix)
    assert len(picked(of, Pick(answer=WRONG))) == len(of) - np.trace(of.matrix)


@pytest.mark.parametrize("key", LEVELS)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, at=st.floats(0.0, 1.0))
def test_a_threshold_parts_the_objects_into_found_missed_and_false_alarms(key, seed, at):
    """As the counts beside it say; every part leads to the others, and its worst comes first."""
    of = judge(evaluation(seed), LEVELS[key])
    for k, name in enumerate(of.level.names):
        at = at if k else float(of.p[:, k].max())  # a threshold that one object alone reaches
        pick = Pick(by=f"p:{name}", low=at)
        parts = pick.parted()
        found = {kind: set(picked(of, part)) for kind, part in parts.items()}
        counts = selection(of, name, at)
        sizes = [len(found[kind]) for kind in ("selected", "found", "false alarms", "missed")]
        assert sizes == [counts["selected"], counts["true"], counts["false"], counts["missed"]]
        assert found["found"] | found["false alarms"] == found["selected"]
        assert found["found"] | found["missed"] == set(np.flatnonzero(of.truth == k))
        assert all(part.parted() == parts for part in parts.values())
        p = of.p[:, k]
        assert np.all(np.diff(p[picked(of, parts["missed"])]) >= 0)
        assert np.all(np.diff(p[picked(of, parts["false alarms"])]) <= 0)


@pytest.mark.parametrize(
    "pick",
    [Pick(), Pick("SNIa"), Pick(by=TOP, low=0.5), Pick("SNII", by="p:SNIa", low=0.5), Pick(by="p:SNIa", low=0.2, high=0.5),
     Pick(by="p:SNIa", high=0.5), Pick(answer=WRONG, by="p:SNIa", low=0.5)],
)  # fmt: skip
def test_what_is_no_threshold_on_a_class_has_no_parts(pick):
    assert pick.parted() == {}


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_one_against_the_rest_agrees_with_the_full_matrix(seed):
    of = judge(evaluation(seed), LEVELS["all"])
    table = class_scores(of).set_index("class")
    for k, name in enumerate(of.level.names):
        is_true, is_called = of.truth == k, of.answer == k
        _, fp, fn, tp = metrics.confusion_matrix(is_true, is_called, labels=[False, True]).ravel()
        row = table.loc[name]
        assert (row["objects"], row["called"], row["right"]) == (tp + fn, tp + fp, tp)
        assert row["completeness"] == pytest.approx(metrics.recall_score(is_true, is_called))
        assert row["purity"] == pytest.approx(
            metrics.precision_score(is_true, is_called, zero_division=np.nan), nan_ok=True
        )
        assert row["completeness_low"] <= row["completeness"] <= row["completeness_high"]


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_the_most_confident_mistakes_come_first(seed):
    of = judge(evaluation(seed), LEVELS["all"])
    order = picked(of, Pick(truth="TDE"))
    right, top = of.right[order], of.top[order]
    assert np.all(np.diff(right.astype(int)) >= 0), "mistakes before right answers"
    for part in (top[~right], top[right]):
        assert np.all(np.diff(part) <= 0)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(["n_points", TOP, "p:SNIa"]))
def test_bins_hold_every_object_once_and_pick_what_they_count(seed, by):
    of = judge(evaluation(seed), LEVELS["all"])
    edges = bins_of(of.quantity(by))
    table = scores_in_bins(of, by, edges)
    assert table["objects"].sum() == len(of)
    for row in table.itertuples():
        assert len(picked(of, Pick(by=by, low=row.low, high=row.high))) == row.objects
        assert len(picked(of, Pick(answer=RIGHT, by=by, low=row.low, high=row.high))) == row.right


def test_weights_give_the_mix_of_the_prior_and_purity_follows_it():
    base = evaluation(5, 3000)
    prior = np.zeros(C)
    prior[[0, 3]] = 0.9, 0.1
    of = judge(Evaluation(base.truth, base.p, base.facts, {}, prior, "two"), LEVELS["all"])
    mix = np.bincount(of.truth, of.weight, C)
    assert mix == pytest.approx(prior)
    row = class_scores(of).set_index("class").loc["SNIa"]
    p_called = [np.mean(of.answer[of.truth == k] == 0) for k in (0, 3)]
    assert row["purity_prior"] == pytest.approx(0.9 * p_called[0] / (0.9 * p_called[0] + 0.1 * p_called[1]))


def test_the_summary_is_scikit_learns():
    of = judge(evaluation(1), LEVELS["all"])
    found = summary(of)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(of.truth, of.answer))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(of.truth, of.answer, average="macro"))
    assert found.majority == pytest.approx(np.bincount(of.truth).max() / len(of))


def test_what_the_level_does_not_have_picks_nothing():
    of = judge(evaluation(1), LEVELS["five"])
    assert len(picked(of, Pick(truth="AGN"))) == 0
    assert len(picked(of, Pick(by="nothing", low=0.0))) == 0
    assert bins_of(np.full(50, np.nan)) == [] and bins_of(np.ones(50)) == []


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.floats(0.05, 0.6))
def test_what_a_threshold_selects_is_scikit_learns_and_its_contaminants_add_up(seed, at):
    of = judge(evaluation(seed), LEVELS["ia"])
    true, called = of.truth == 0, of.p[:, 0] >= at
    found = selection(of, "SNIa", at)
    assert found["purity"] == pytest.approx(metrics.precision_score(true, called, zero_division=np.nan), nan_ok=True)
    assert found["completeness"] == pytest.approx(metrics.recall_score(true, called))
    assert found["contamination"] == pytest.approx(1 - found["purity"], nan_ok=True)
    assert found["true"] + found["false"] == found["selected"] == len(picked(of, Pick(by="p:SNIa", low=at)))
    assert contaminants(of, "SNIa", at)["selected"].sum() == found["selected"]


def test_calibration_can_be_taken_off_a_table():
    model = load_model("t2-ztf")
    rng = np.random.default_rng(2)
    logits, n_points = rng.normal(0, 3, (50, C)), rng.integers(3, 120, 50)
    p = model.calibrate(logits, n_points)
    facts = pd.DataFrame({"object_id": [f"o{i}" for i in range(50)]})
    table = Evaluation(np.zeros(50, np.int64), p, facts, {}, model.prior.weights, "survey")
    raw = np.exp(logits) * model.prior.weights
    found = table.before_calibration(model.classes, model.card.data["calibration"], n_points)
    np.testing.assert_allclose(found.p, raw / raw.sum(axis=1, keepdims=True), atol=1e-9)
    with pytest.raises(ValueError, match="under which prior"):
        Evaluation(table.truth, p, facts, {}).before_calibration(model.classes, None, n_points)
