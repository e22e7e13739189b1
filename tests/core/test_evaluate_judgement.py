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


@settings(max_examples=4, deadline=None)
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
    assert len(picked(of, Pick(truth="AGN"))) == len(picked(of, Pick(answer="AGN"))) == 0
    assert len(picked(of, Pick(by="p:AGN", low=0.5))) == len(picked(of, Pick("SNIa", by="p:AGN", high=0.5))) == 0
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


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(2, 900), st.integers(1, 8), st.sampled_from([0.003, 1.0, 4e4]))
def test_bins_have_about_as_many_objects_each_and_short_edges(seed, n, most, scale):
    values = scale * np.random.default_rng(seed).normal(size=n)
    edges = bins_of(np.append(values, np.nan), most)
    cells = int(np.clip(n // 25, 1, most))
    assert (edges[0], edges[-1]) == (values.min(), values.max()) and len(edges) == cells + 1
    assert np.all(np.diff(edges) > 0) and all(float(f"{e:.4g}") == e for e in edges[1:-1]), "three digits, four at most"
    counts = np.histogram(values, edges)[0]
    assert counts.sum() == n and np.all(np.abs(counts - n / cells) <= 1.5 + 0.03 * n)


def test_edges_of_few_values_do_not_repeat():
    values = np.repeat([3.0, 4.0, 5.0, 60.0], [400, 100, 50, 1])
    edges = bins_of(values)
    assert edges[0] == 3.0 and edges[-1] == 60.0 and len(set(edges)) == len(edges)


def few(truth, answer):
    """A judgement of objects whose answers are these classes, each with 0.6."""
    p = np.full((len(truth), C), 0.4 / (C - 1))
    p[np.arange(len(truth)), answer] = 0.6
    facts = pd.DataFrame(
        {"object_id": [f"o{i}" for i in range(len(truth))], "n_points": np.arange(len(truth), dtype=float)}
    )
    return judge(Evaluation(np.array(truth), p, facts, {}), LEVELS["all"])


def test_a_class_that_is_only_answered_is_shown_and_one_that_is_not_met_has_no_completeness():
    of = few([0, 0, 3], [0, 5, 3])
    assert of.shown == [0, 3, 5] and of.met.tolist() == [k in (0, 3) for k in range(C)]
    table = class_scores(of)
    assert table["class"].tolist() == [CLASS_NAMES[k] for k in (0, 3, 5)] and table.index.tolist() == [0, 1, 2]
    assert table["objects"].tolist() == [2, 1, 0] and table["called"].tolist() == [1, 1, 1]
    assert table["completeness"].tolist()[:2] == [0.5, 1.0] and np.isnan(table["completeness"][2])
    assert table["purity"].tolist() == [1.0, 1.0, 0.0] and table["purity_prior"].tolist() == [1.0, 1.0, 0.0]
    assert table["f1"].tolist()[:2] == [pytest.approx(2 / 3), 1.0] and np.isnan(table["f1"][2])
    assert np.isnan(class_scores(few([0, 3], [0, 0]))["purity"][1]), "a class that is never named has no purity"


def test_scores_in_bins_are_those_of_the_objects_in_them():
    of = judge(evaluation(3, 200), LEVELS["five"])
    edges = [0.0, 20.0, 20.5, 40.0, 59.0]
    n_points, loss = of.quantity("n_points"), -np.log(of.p[np.arange(len(of)), of.truth])
    for name in ("", "SNII"):
        asked = np.ones(len(of), bool) if not name else of.truth == of.level.names.index(name)
        for k, row in enumerate(scores_in_bins(of, "n_points", edges, name).itertuples()):
            above = n_points < edges[k + 1] if k < 3 else n_points <= edges[k + 1]
            inside = asked & (n_points >= edges[k]) & above
            assert (row.low, row.high, row.objects) == (edges[k], edges[k + 1], inside.sum())
            assert row.right == of.right[inside].sum()
            if inside.any():
                assert row.accuracy == row.right / row.objects and row.accuracy_low < row.accuracy + 1e-12
                assert row.accuracy_high > row.accuracy - 1e-12 and row.accuracy_low < row.accuracy_high
                assert row.log_loss == pytest.approx(loss[inside].mean())
                assert row.majority == max(np.mean(of.truth[inside] == c) for c in range(5))
            else:
                assert np.isnan([row.accuracy, row.log_loss, row.majority]).all()
    lost = few([0, 0], [0, 0])
    lost.evaluation.facts["n_points"] = [np.nan, 5.0]
    assert scores_in_bins(lost, "n_points", [0.0, 9.0])["objects"].tolist() == [1], "what is not known is in no bin"


def test_the_summary_says_the_interval_and_the_commonest_class():
    of = few([0, 3, 3, 3], [0, 3, 3, 5])
    found = summary(of)
    assert (found.objects, found.accuracy, found.majority, found.majority_class) == (4, 0.75, 0.75, CLASS_NAMES[3])
    assert found.accuracy_interval[0] < 0.75 < found.accuracy_interval[1]
    assert found.macro_f1 == pytest.approx(metrics.f1_score(of.truth, of.answer, average="macro", labels=[0, 3]))
    assert found.ece == pytest.approx(0.75 - 0.6)
    assert found.log_loss_flat == pytest.approx(
        -np.mean([np.log(0.6), np.log(0.6) * 2 / 3 + np.log(0.4 / (C - 1)) / 3])
    )


def test_a_selection_of_nothing_has_no_shares_and_contaminants_come_with_the_commonest_first():
    of = few([0, 3, 3, 3, 5, 6], [0, 0, 0, 3, 0, 6])
    found = selection(of, "SNIa", 0.9)
    assert (found["selected"], found["true"], found["false"], found["missed"], found["completeness"]) == (
        0,
        0,
        0,
        1,
        0.0,
    )
    assert np.isnan([found["purity"], found["contamination"], found["purity_prior"]]).all()
    assert np.isnan(selection(of, CLASS_NAMES[7], 0.9)["completeness"])
    table = contaminants(of, "SNIa", 0.5)
    assert table["class"].tolist() == [CLASS_NAMES[k] for k in (3, 0, 5)]
    assert table["selected"].tolist() == [2, 1, 1] and table["share_of_class"].tolist() == [2 / 3, 1.0, 1.0]
    assert selection(of, "SNIa", 0.5)["purity_prior"] == pytest.approx(0.25), "no prior: objects count alike"
