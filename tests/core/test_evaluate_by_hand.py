"""Scores, curves and intervals against their definitions, counted object by object; the ends of what they may be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from core.evaluate import areas, calibration, paired, ranking, scores
from core.evaluate.areas import Area

SEEDS = st.integers(0, 10_000)


def answers(seed: int, n: int = 60, n_classes: int = 4):
    """Truth (V,) that leaves the last class out, and probabilities (V, C) to one digit, so that many are equal."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(n_classes - 1), rng.integers(0, n_classes - 1, n - n_classes + 1)])
    p = np.round(rng.dirichlet(np.ones(n_classes), n) + 0.3 * (truth[:, None] == np.arange(n_classes)), 1) + 1e-3
    return truth, p / p.sum(axis=1, keepdims=True)


# --- scores --------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_f1_is_the_harmonic_mean_and_a_class_without_objects_counts_with_zero(seed):
    truth, p = answers(seed)
    answer = p.argmax(axis=1)
    of = []
    for k in range(4):
        hit, true, called = np.sum((truth == k) & (answer == k)), np.sum(truth == k), np.sum(answer == k)
        recall, precision = hit / max(true, 1), hit / max(called, 1)
        of.append(2 * recall * precision / (recall + precision) if hit else 0.0)
    assert scores.macro_f1(truth, p) == pytest.approx(np.mean(of)) and of[3] == 0
    assert np.isnan(scores.log_loss_by_class(truth, p)[3])
    assert scores.flat_log_loss(truth, p) == pytest.approx(np.nanmean(scores.log_loss_by_class(truth, p)))


def test_a_class_that_got_no_probability_costs_as_much_as_one_in_ten_to_the_fifteen():
    truth, p = np.array([0, 0]), np.array([[1.0, 0.0], [0.0, 1.0]])
    for loss in (scores.flat_log_loss(truth, p), scores.log_loss_by_class(truth, p)[0]):
        assert loss == pytest.approx(0.5 * 15 * np.log(10))


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from([2, 3, 15]))
def test_the_calibration_error_is_the_weighted_gap_of_each_bin(seed, bins):
    truth, p = answers(seed)
    p[0] = [1.0, 0.0, 0.0, 0.0]  # the surest of all is of the last bin
    weight = np.random.default_rng(seed).uniform(0.2, 3.0, len(truth))
    top, right, expected = p.max(axis=1), p.argmax(axis=1) == truth, 0.0
    for k in range(bins):
        here = (top * bins >= k) & ((top * bins < k + 1) | (k == bins - 1))
        if here.any():
            gap = np.average(right[here], weights=weight[here]) - np.average(top[here], weights=weight[here])
            expected += abs(gap) * weight[here].sum() / weight.sum()
    assert scores.calibration_error(truth, p, weight, bins) == pytest.approx(expected)
    if bins == 15:
        assert scores.calibration_error(truth, p, 7.0 * weight) == pytest.approx(expected)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 20))
def test_purity_at_a_completeness_is_that_of_the_sample_which_has_it(seed, kept):
    rng = np.random.default_rng(seed)
    truth, score = np.arange(60) < 21, rng.permutation(60) / 60.0
    # Of 21 true ones, the quantile that leaves so many twentieths above it is one of their scores.
    least = np.sort(score[truth])[20 - kept]
    assert scores.purity_at(truth, score, min(kept / 20 + 1e-9, 1.0)) == pytest.approx(np.mean(truth[score >= least]))


def test_an_area_needs_objects_of_both_kinds_and_counts_ties_by_half():
    score = np.array([0.1, 0.5, 0.5, 0.9])
    for positive in (np.zeros(4, bool), np.ones(4, bool)):
        assert np.isnan(scores.auc(positive, score)) and np.isnan(ranking.ranking(positive, score).auc)
    assert np.isnan(ranking.ranking(np.zeros(4, bool), score).average_precision)
    assert scores.auc(np.array([False, True, False, True]), score) == pytest.approx(3.5 / 4)


def test_an_interval_holds_the_middle_of_the_draws():
    values = np.arange(400.0)
    low, high = scores.interval(lambda index: values[index].mean(), 400, np.random.default_rng(0))
    width = 2 * 1.96 * values.std() / np.sqrt(400)
    assert high - low == pytest.approx(width, rel=0.15) and low < values.mean() < high
    asked = []
    scores.interval(lambda index: asked.append(index.shape) or 1.0, 7, np.random.default_rng(0))
    assert asked == [(7,)] * 300
    rising = iter(np.arange(200) / 30)
    found = scores.interval(lambda index: next(rising), 7, np.random.default_rng(0), draws=200)
    assert found == [round(0.025 * 199 / 30, 4), round(0.975 * 199 / 30, 4)]


# --- curves --------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.booleans())
def test_a_ranking_counts_what_each_threshold_selects(seed, weighted):
    truth, p = answers(seed)
    positive, score = truth == 1, p[:, 1]
    weight = np.random.default_rng(seed).uniform(0.2, 3.0, len(score)) if weighted else np.ones(len(score))
    of = ranking.ranking(positive, score, weight if weighted else None)
    assert np.array_equal(of.threshold, np.unique(score)[::-1])
    for k, threshold in enumerate(of.threshold):
        chosen = score >= threshold
        assert of.hits[k] == pytest.approx(weight[chosen & positive].sum())
        assert of.false[k] == pytest.approx(weight[chosen & ~positive].sum(), abs=1e-9)
        assert of.selected[k] == chosen.sum() and of.at(threshold) == k
    assert of.at(2.0) == -1 and of.at(-1.0) == len(of.threshold) - 1
    assert of.positives == pytest.approx(weight[positive].sum()) and of.negatives == pytest.approx(
        weight[~positive].sum()
    )
    ahead = score[positive][:, None] - score[~positive][None, :]
    pairs = weight[positive][:, None] * weight[~positive][None, :]
    assert of.auc == pytest.approx(np.sum(pairs * ((ahead > 0) + 0.5 * (ahead == 0))) / pairs.sum())


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_the_micro_average_counts_every_answer_at_each_of_its_thresholds(seed):
    truth, p = answers(seed)
    hot = truth[:, None] == np.arange(4)
    of = ranking.micro_ranking(truth, p)
    assert np.all(np.diff(of.threshold) < 0) and set(np.unique(p[hot])) <= set(of.threshold)
    assert of.threshold[-1] <= p.min() and (of.positives, of.negatives) == (60, 180)
    for k, threshold in enumerate(of.threshold):
        assert (of.hits[k], of.false[k]) == (np.sum(p[hot] >= threshold), np.sum(p[~hot] >= threshold))
        assert of.selected[k] == np.sum(p >= threshold)
    assert of.auc == pytest.approx(scores.auc(hot.ravel(), p.ravel()))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_mean_curves_are_the_means_of_the_curves_of_the_classes(seed):
    truth, p = answers(seed)
    each = [ranking.ranking(truth == k, p[:, k]) for k in range(3)]
    false, complete = ranking.macro_roc(each, points=50)
    assert false[0] == 0 and false[-1] == 1 and len(false) == 51 and np.all(np.diff(false) > 0)
    assert false[1] == pytest.approx(1e-5)
    steps = [(np.append(0.0, of.false_rate), np.append(0.0, of.completeness)) for of in each]
    expected = np.mean([np.interp(false, *of) for of in steps], axis=0)
    assert np.allclose(complete, expected) and complete[-1] == 1
    wanted, pure = ranking.macro_precision_recall(each, points=40)
    assert np.allclose(wanted, np.arange(40) / 39)
    for share, found in zip(wanted, pure, strict=True):
        first = [next(k for k, c in enumerate(of.completeness) if c >= share) for of in each]
        assert found == pytest.approx(np.mean([of.purity[k] for of, k in zip(each, first, strict=True)]))
    assert [len(x) for x in (*ranking.macro_roc(each), *ranking.macro_precision_recall(each))] == [401, 401, 400, 400]


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.booleans())
def test_abstaining_answers_for_the_surest_alone(seed, weighted):
    truth, p = answers(seed)
    weight = np.random.default_rng(seed).uniform(0.2, 3.0, len(truth)) if weighted else np.ones(len(truth))
    of = ranking.abstaining(truth, p, weight if weighted else None)
    for threshold, coverage, accuracy in zip(of.threshold, of.coverage, of.accuracy, strict=True):
        sure = p.max(axis=1) >= threshold
        assert coverage == pytest.approx(weight[sure].sum() / weight.sum())
        assert accuracy == pytest.approx(np.average(p.argmax(axis=1)[sure] == truth[sure], weights=weight[sure]))


# --- intervals of areas --------------------------------------------------------------------------------------------


def test_an_interval_is_moved_to_the_exact_value_and_never_leaves_zero_to_one():
    drawn = np.stack([np.append(0.97, np.linspace(0.94, 1.0, 101)), np.append(0.05, np.linspace(0.0, 0.1, 101))])
    found = areas._areas(np.array([0.99, 0.03]), drawn, 7)
    assert found.auc == Area(0.99, pytest.approx(0.94 + 0.0015 + 0.02), 1.0, 7)
    assert found.precision == Area(0.03, 0.0, pytest.approx(0.1 - 0.0025 - 0.02), 7)
    drawn[0, 1:] = np.nan
    lost = areas._areas(np.array([0.99, np.nan]), drawn, 0)
    assert np.isnan([lost.auc.low, lost.auc.high, lost.precision.low, lost.precision.high]).all()


def test_cells_are_few_hold_every_object_and_are_even_in_both_classes():
    truth, p = answers(0, 3000, 3)
    p = np.random.default_rng(0).dirichlet(np.ones(3), 3000) + 1e-9 * np.arange(3000)[:, None]
    of = ranking.ranking(truth == 0, p[:, 0])
    edges = areas.cut(of).edges
    assert areas.CELLS < len(edges) <= 2 * areas.CELLS + 1 and edges[-1] == of.threshold[-1]
    places = np.searchsorted(-of.threshold, -edges)
    for share in (of.completeness[places], of.false_rate[places]):
        assert np.diff(share, prepend=0.0).max() <= 1.5 / areas.CELLS
    few = ranking.ranking(truth[: 2 * areas.CELLS] == 0, p[: 2 * areas.CELLS, 0])
    assert np.array_equal(areas.cut(few).edges, few.threshold), "few scores are not cut"
    assert (areas.cut(of).auc, areas.cut(of).average_precision) == (of.auc, of.average_precision)
    assert areas.cut(of).positives == np.sum(truth == 0)


def test_areas_of_draws_are_those_of_the_objects_drawn():
    truth, p = answers(1, 60)
    of = ranking.ranking(truth == 1, p[:, 1])
    group = np.random.default_rng(0).permutation(60)
    times = np.random.default_rng(1).multinomial(60, np.full(60, 1 / 60), size=5)
    found = areas._drawn(of.threshold, p[:, 1], truth == 1, group, times.astype(np.float32))
    for k, count in enumerate(times):
        drawn = np.repeat(np.arange(60), count[group])
        again = ranking.ranking(truth[drawn] == 1, p[drawn, 1])
        assert found[:, k] == pytest.approx([again.auc, again.average_precision], rel=1e-5)


def test_nothing_met_is_no_area_of_the_mean_but_one_of_all_answers():
    truth, p = np.zeros(50, np.int64), np.random.default_rng(0).dirichlet(np.ones(2), 50)
    cuts = [areas.cut(ranking.ranking(truth == k, p[:, k])) for k in range(2)]
    micro = areas.cut(ranking.micro_ranking(truth, p))
    each, mean, every = areas.bootstrapped(truth, p, cuts, micro, np.random.default_rng(0))
    for lost in (each[0].auc, each[1].auc, mean.auc, mean.precision):
        assert np.isnan([lost.value, lost.low, lost.high]).all()
    assert mean.auc.positives == every.auc.positives == 50 and [of.auc.positives for of in each] == [50, 0]
    assert every.auc.low < every.auc.value == micro.auc < every.auc.high


# --- calibration ---------------------------------------------------------------------------------------------------


def test_bins_of_reliability_count_the_objects_of_the_mix():
    truth, p = answers(3, 200)
    p[0], truth[0] = [1.0, 0.0, 0.0, 0.0], 0
    weight = calibration.mix_weights(truth, np.array([0.5, 0.3, 0.2, 0.0]))
    assert np.bincount(truth, weight, 4) == pytest.approx([0.5, 0.3, 0.2, 0.0])
    assert calibration.EDGES[0] == 0 and calibration.EDGES[-1] == 1 and np.all(np.diff(calibration.EDGES) > 0)
    edges = (0.0, 0.4, 0.6, 1.0)
    top, right = p.max(axis=1), p.argmax(axis=1) == truth
    found = calibration.reliability(p, truth, weight, edges)
    assert [(b["low"], b["high"]) for b in found] == [(0.0, 0.4), (0.4, 0.6), (0.6, 1.0)]
    for b in found:
        inside = (top >= b["low"]) & ((top < b["high"]) if b["high"] < 1 else (top <= 1))
        assert b["objects"] == inside.sum() and b["count"] == pytest.approx(200 * weight[inside].sum(), abs=0.051)
        assert b["correct"] == pytest.approx(200 * weight[inside & right].sum(), abs=0.051)
        assert b["mean_probability"] == pytest.approx(np.average(top[inside], weights=weight[inside]), abs=5.1e-5)
    assert sum(b["objects"] for b in found) == 200
    middle = calibration.reliability(np.array([[0.4, 0.35, 0.25, 0.0]]), truth[:1], np.ones(1), edges)
    assert [b["low"] for b in middle] == [0.4], "an edge belongs to the bin above it"


def test_a_prior_that_rules_a_class_out_leaves_the_others_as_they_were():
    p, prior = np.array([[0.6, 0.4, 0.0]]), np.array([0.5, 0.5, 0.0])
    with np.errstate(all="raise"):
        found = calibration.uncalibrated(p, np.array([9]), None, prior)
    assert found == pytest.approx(np.array([[0.6, 0.4, 0.0]]))


def test_the_interval_of_a_share_is_wilsons():
    for correct, count in ((0, 5), (5, 5), (3, 10), (80, 90)):
        low, high = calibration.wilson(np.array(correct), np.array(count))
        theirs = binomtest(correct, count).proportion_ci(0.95, method="wilson")
        assert (low, high) == (pytest.approx(theirs.low, abs=2e-5), pytest.approx(theirs.high, abs=2e-5))
    assert np.isnan(calibration.wilson(np.array(0), np.array(0))).all()


# --- two on the same objects ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("b", "c"), [(520, 480), (480, 521), (700, 620), (400, 650)])
def test_mcnemars_approximation_is_near_the_exact_test(b, c):
    first = np.arange(b + c + 5) < b
    found = paired.mcnemar(first, ~first & (np.arange(b + c + 5) < b + c))
    assert (found.first, found.second, found.neither) == (b, c, 5)
    exact = binomtest(b, b + c, 0.5).pvalue
    assert found.p_value == (exact if b + c <= 1000 else pytest.approx(exact, rel=0.02))


def test_paired_intervals_agree_with_drawing_objects_again():
    truth, one = answers(0, 150)
    _, two = answers(1, 150)
    met = truth < 3
    rng = np.random.default_rng(0)

    def f1(t, p):
        return np.mean(scores.recall_precision_f1(scores.confusion(t, p.argmax(axis=1), 4))[2][:3])

    gaps = []
    for _ in range(160):
        # Objects are drawn; for the loss, within each class, as the flat one is the mean of class means.
        i = rng.integers(0, 150, 150)
        own = np.concatenate([rng.choice(np.flatnonzero(truth == k), np.sum(truth == k)) for k in range(3)])
        accuracy = [np.mean(p[i].argmax(axis=1) == truth[i]) for p in (one, two)]
        loss = [scores.flat_log_loss(truth[own], p[own]) for p in (one, two)]
        gaps.append([accuracy[1] - accuracy[0], f1(truth[i], two[i]) - f1(truth[i], one[i]), loss[1] - loss[0]])
    found = paired.paired_differences(truth, one, two, np.random.default_rng(0), draws=300)
    assert met.all() and [of.name for of in found] == ["accuracy", "macro-F1", "flat log-loss"]
    for of, (low, high) in zip(found, np.percentile(gaps, [2.5, 97.5], axis=0).T, strict=True):
        assert of.high - of.low == pytest.approx(high - low, rel=0.3), of.name
        assert abs(of.low + of.high - low - high) < 0.4 * (high - low), of.name
        assert of.difference == pytest.approx(of.second - of.first)


def test_means_of_many_values_are_drawn_from_their_normal_distribution():
    values = np.random.default_rng(0).exponential(size=5001)
    for some in (values[:5000], values):
        drawn = paired._mean_draws(some, np.random.default_rng(1), 400)
        assert drawn.shape == (400,) and drawn.mean() == pytest.approx(some.mean(), abs=0.003)
        assert drawn.std() == pytest.approx(some.std() / np.sqrt(len(some)), rel=0.12)


def test_changes_are_counted_from_one_answer_to_the_other():
    truth, one = answers(0)
    _, two = answers(1)
    one[:, 3] = two[:, 3] = 0.0  # a class that neither ever names has its row and column too
    found = paired.changed(truth, one, two)
    for a in range(4):
        for b in range(4):
            assert found[a, b] == np.sum((one.argmax(axis=1) == a) & (two.argmax(axis=1) == b))
