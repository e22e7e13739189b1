"""Scores against scikit-learn and against their own laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluate import areas, calibration, paired, ranking, scores
from core.evaluate.levels import LEVELS
from core.taxonomy import CLASS_NAMES, FIVE

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed: make test sets it up")
C = len(CLASS_NAMES)
SEEDS = st.integers(0, 10_000)


def answers(seed: int, n: int = 300, n_classes: int = 5, *, rounded: bool = False):
    """Truth (V,) and probabilities (V, C), each class met; rounded ones have many equal scores."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)])
    logits = rng.normal(size=(n, n_classes))
    logits[np.arange(n), truth] += 1.0
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    if rounded:
        p = np.round(p, 1) + 1e-3
        p /= p.sum(axis=1, keepdims=True)
    return truth, p


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_matrix_recall_precision_and_f1_are_those_of_scikit_learn(seed, rounded):
    truth, p = answers(seed, rounded=rounded)
    answer = p.argmax(axis=1)
    matrix = scores.confusion(truth, answer, 5)
    assert np.array_equal(matrix, metrics.confusion_matrix(truth, answer))
    ours = scores.recall_precision_f1(matrix)
    theirs = metrics.precision_recall_fscore_support(truth, answer, zero_division=0)
    for mine, other in zip(ours, (theirs[1], theirs[0], theirs[2]), strict=True):
        np.testing.assert_allclose(mine, other)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_curves_and_areas_are_those_of_scikit_learn(seed, rounded):
    truth, p = answers(seed, rounded=rounded)
    for k in range(5):
        of = ranking.ranking(truth == k, p[:, k])
        false, true, threshold = metrics.roc_curve(truth == k, p[:, k], drop_intermediate=False)
        np.testing.assert_allclose(of.false_rate, false[1:])
        np.testing.assert_allclose(of.completeness, true[1:])
        np.testing.assert_allclose(of.threshold, threshold[1:])
        np.testing.assert_allclose(metrics.auc(false, true), scores.auc(truth == k, p[:, k]))
        np.testing.assert_allclose(metrics.roc_auc_score(truth == k, p[:, k]), scores.auc(truth == k, p[:, k]))
        np.testing.assert_allclose(metrics.average_precision_score(truth == k, p[:, k]), of.average_precision)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.booleans())
def test_micro_averages_are_those_of_scikit_learn(seed, rounded):
    truth, p = answers(seed, rounded=rounded)
    hot = np.eye(5)[truth]
    micro = ranking.micro_ranking(truth, p)
    assert micro.average_precision == pytest.approx(metrics.average_precision_score(hot, p, average="micro"))
    area = metrics.auc(np.r_[0, micro.false_rate], np.r_[0, micro.completeness])
    assert area == pytest.approx(metrics.roc_auc_score(hot, p, average="micro"))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_log_loss_is_scikit_learns_and_the_flat_one_is_the_mean_of_the_classes(seed):
    truth, p = answers(seed)
    by_class = scores.log_loss_by_class(truth, p)
    assert by_class.mean() == pytest.approx(scores.flat_log_loss(truth, p))
    weight = 1.0 / np.bincount(truth)[truth]
    assert by_class.mean() == pytest.approx(metrics.log_loss(truth, p, sample_weight=weight))
    assert np.average(by_class, weights=np.bincount(truth)) == pytest.approx(metrics.log_loss(truth, p))


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_bins_of_reliability_are_those_of_scikit_learns_curve(seed):
    truth, p = answers(seed, n_classes=3)
    edges = np.linspace(0, 1, 6)
    right, top = p.argmax(axis=1) == truth, p.max(axis=1)
    bins = calibration.reliability(p, truth, np.full(len(truth), 1 / len(truth)), edges)
    from sklearn.calibration import calibration_curve

    share, mean = calibration_curve(right, top, n_bins=5)
    np.testing.assert_allclose([b["mean_probability"] for b in bins], mean, atol=1e-4)
    np.testing.assert_allclose([b["correct"] / b["count"] for b in bins], share, atol=0.06)
    assert sum(b["objects"] for b in bins) == len(truth)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_a_weight_is_the_same_as_so_many_objects(seed, times):
    truth, p = answers(seed, 60)
    weight = np.where(truth == 0, float(times), 1.0)
    twice = np.repeat(np.arange(60), weight.astype(int))
    a, b = ranking.ranking(truth == 0, p[:, 0], weight), ranking.ranking(truth[twice] == 0, p[twice, 0])
    np.testing.assert_allclose(a.purity, b.purity)
    np.testing.assert_allclose(a.completeness, b.completeness)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.floats(0.0, 1.0))
def test_a_threshold_selects_what_a_mask_selects(seed, threshold):
    truth, p = answers(seed, rounded=True)
    of = ranking.ranking(truth == 1, p[:, 1])
    at = of.at(threshold)
    selected = p[:, 1] >= threshold
    assert (of.selected[at] if at >= 0 else 0) == selected.sum()
    if selected.any():
        assert of.purity[at] == pytest.approx(np.mean(truth[selected] == 1))


def areas_of(truth, p, seed=0):
    cuts = [areas.cut(ranking.ranking(truth == k, p[:, k])) for k in range(p.shape[1])]
    micro = areas.cut(ranking.micro_ranking(truth, p))
    return areas.bootstrapped(truth, p, cuts, micro, np.random.default_rng(seed))


def width(area):
    return area.high - area.low


def test_areas_are_exact_and_their_intervals_hold_them_and_shrink_with_numbers():
    widths = []
    for n in (400, 40_000):
        truth, p = answers(3, n)
        each, macro, micro = areas_of(truth, p)
        for found in (*each, macro, micro):
            assert found.auc.low < found.auc.value < found.auc.high
            assert found.precision.low < found.precision.value < found.precision.high
        for average, found in (("macro", macro), ("micro", micro)):
            hot = np.eye(5)[truth]
            assert found.auc.value == pytest.approx(metrics.roc_auc_score(hot, p, average=average))
            assert found.precision.value == pytest.approx(metrics.average_precision_score(hot, p, average=average))
        widths.append([width(one) for found in (each[2], macro, micro) for one in (found.auc, found.precision)])
    assert all(few < 0.2 * many for many, few in zip(*widths, strict=True))


def test_intervals_agree_with_drawing_objects_and_ranking_them_again():
    truth, p = answers(3, 400)
    each, macro, micro = areas_of(truth, p)

    def score(name, average=None):
        def of(i):
            hot = np.eye(5)[truth[i]]
            return getattr(metrics, name)(
                hot if average else hot[:, 2], p[i] if average else p[i, 2], average=average or "macro"
            )

        return of

    for found, average in ((each[2], None), (macro, "macro"), (micro, "micro")):
        for mine, name in ((found.auc, "roc_auc_score"), (found.precision, "average_precision_score")):
            low, high = scores.interval(score(name, average), 400, np.random.default_rng(1), draws=80)
            assert width(mine) == pytest.approx(high - low, rel=0.25)
            assert abs(mine.low + mine.high - low - high) < 0.25 * width(mine) * 2


def test_groups_of_many_objects_give_the_interval_that_single_ones_give(monkeypatch):
    truth, p = answers(5, 8_000)
    grouped, _, _ = areas_of(truth, p)
    monkeypatch.setattr(areas, "GROUPS", 8_000)
    single, _, _ = areas_of(truth, p)
    for one, other in zip(grouped, single, strict=True):
        assert width(one.auc) == pytest.approx(width(other.auc), rel=0.3)
        assert width(one.precision) == pytest.approx(width(other.precision), rel=0.3)


def test_the_interval_of_a_rare_class_among_many_objects_holds_its_value():
    rng = np.random.default_rng(0)
    truth = (np.arange(50_000) >= 40).astype(int)
    rare = 1 / (1 + np.exp(-rng.normal(size=50_000) - 4.0 * (truth == 0)))
    each, _, _ = areas_of(truth, np.stack([rare, 1 - rare], axis=1))
    for area in (each[0].auc, each[0].precision):
        assert area.low < area.value < area.high and area.positives == 40


def test_a_class_without_objects_has_no_area_and_does_not_count_in_the_mean():
    truth, p = answers(0)
    truth = np.where(truth == 1, 0, truth)
    each, macro, _ = areas_of(truth, p)
    assert np.isnan([each[1].auc.value, each[1].auc.low, each[1].precision.value]).all() and each[1].auc.positives == 0
    met = [0, 2, 3, 4]
    assert macro.auc.value == pytest.approx(np.mean([each[k].auc.value for k in met]))
    assert macro.auc.low < macro.auc.value < macro.auc.high


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_answering_for_all_is_the_accuracy_and_the_surest_are_a_part(seed):
    truth, p = answers(seed)
    of = ranking.abstaining(truth, p)
    assert of.coverage[-1] == pytest.approx(1.0)
    assert of.accuracy[-1] == pytest.approx(metrics.accuracy_score(truth, p.argmax(axis=1)))
    assert np.all(np.diff(of.coverage) > 0)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_taking_calibration_off_and_putting_it_on_again_changes_nothing(seed):
    from core.model import load_model

    model = load_model("t2-ztf")
    rng = np.random.default_rng(seed)
    logits, n_points = rng.normal(0, 3, (40, C)), rng.integers(3, 120, 40)
    p = model.calibrate(logits, n_points)
    raw = calibration.uncalibrated(p, n_points, model.card.data["calibration"], model.prior.weights)
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(raw, expected / expected.sum(axis=1, keepdims=True), atol=1e-9)


def test_mcnemar_is_the_binomial_and_blind_to_what_both_know():
    from scipy.stats import binomtest

    first = np.r_[np.ones(30, bool), np.zeros(12, bool), np.ones(100, bool)]
    second = np.r_[np.zeros(30, bool), np.ones(12, bool), np.ones(100, bool)]
    found = paired.mcnemar(first, second)
    assert (found.both, found.first, found.second, found.neither) == (100, 30, 12, 0)
    assert found.p_value == pytest.approx(binomtest(12, 42, 0.5).pvalue)
    assert paired.mcnemar(first[:42], second[:42]).p_value == found.p_value
    assert paired.mcnemar(first, first).p_value == 1.0


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_model_does_not_differ_from_itself_and_differences_turn_with_the_order(seed):
    truth, one = answers(seed)
    _, two = answers(seed + 1)
    rng = np.random.default_rng
    for of in paired.paired_differences(truth, one, one, rng(0), draws=50):
        assert of.difference == of.low == of.high == 0
    there = paired.paired_differences(truth, one, two, rng(0), draws=50)
    back = paired.paired_differences(truth, two, one, rng(0), draws=50)
    for a, b in zip(there, back, strict=True):
        assert a.difference == pytest.approx(-b.difference)
        assert a.low <= a.difference <= a.high
    assert there[0].first == pytest.approx(metrics.accuracy_score(truth, one.argmax(axis=1)))
    assert there[1].second == pytest.approx(metrics.f1_score(truth, two.argmax(axis=1), average="macro"))
    assert there[2].first == pytest.approx(scores.flat_log_loss(truth, one))
    assert paired.changed(truth, one, two).sum() == len(truth)


@pytest.mark.parametrize("level", LEVELS.values(), ids=lambda level: level.key)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_coarser_classes_have_probabilities_that_sum_to_one(level, seed):
    truth, p = answers(seed, n_classes=C)
    q = level.probabilities(p)
    np.testing.assert_allclose(q.sum(axis=1), 1.0)
    named = level.truth(truth)
    assert set(named) <= {-1, *range(len(level.names))}
    assert (named >= 0).all() or level.among
    members = [m for group in level.members.values() for m in group]
    assert len(members) == len(set(members))


def test_five_classes_are_those_of_the_quoted_scores():
    assert LEVELS["five"].names == FIVE
    _, p = answers(1, n_classes=C)
    np.testing.assert_allclose(
        LEVELS["five"].probabilities(p), scores.renormalised(p, [CLASS_NAMES.index(c) for c in FIVE])
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 400), st.integers(1, 400))
def test_the_interval_of_a_share_holds_it_and_stays_within_zero_and_one(correct, count):
    correct = min(correct, count)
    low, high = calibration.wilson(np.array(correct), np.array(count))
    assert -1e-12 <= low <= correct / count + 1e-12 and correct / count - 1e-12 <= high <= 1 + 1e-12


def test_a_curve_is_drawn_by_some_hundred_of_its_points_with_both_ends():
    truth, p = answers(2, 5000)
    of = ranking.ranking(truth == 0, p[:, 0])
    places = of.drawn()
    assert 100 < len(places) <= 302 < len(of.threshold)
    assert places[0] == 0 and places[-1] == len(of.threshold) - 1 and np.all(np.diff(places) > 0)
    steps = np.diff((of.completeness + of.false_rate)[places])
    assert steps.max() < 3 * 2.0 / 300, "evenly along both axes"


def test_how_large_weights_are_does_not_matter_to_the_bins_of_reliability():
    truth, p = answers(4)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(truth))
    assert calibration.reliability(p, truth, weight) == calibration.reliability(p, truth, 7.0 * weight)
