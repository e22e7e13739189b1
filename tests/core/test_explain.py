"""Laws of maps and of the deletion check, on maps and answers made by hand: what they say follows from the numbers alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.explain import CLEAR_PART, DRAWS, DeletionCheck, Explanation, deletion_check, explain, to_observations
from tests.curves import supernova

NAMES = ("redshift", "redshift_err")


def explanation(cam, pooled=None, names=NAMES):
    cam = np.asarray(cam, float)
    times = 59000.0 + 3.0 * np.arange(cam.shape[1] - len(names))
    pooled = np.ones(cam.shape[1], bool) if pooled is None else np.asarray(pooled, bool)
    return Explanation(np.where(pooled, cam, 0.0), np.array([0.5, -0.25]), times, names, pooled)


maps = hnp.arrays(float, (2, 9), elements=st.floats(-5, 5).map(lambda v: round(v, 2)))
some = hnp.arrays(bool, 9).filter(np.any)


@given(maps, some)
def test_shares_are_percent_of_the_pooled_rows_and_say_how_high_each_stands(cam, pooled):
    of = explanation(cam, pooled)
    for c in (0, 1):
        share, row = of.share(c), of.cam[c]
        assert share.sum() == pytest.approx(100.0) and not share[~pooled].any() and (share >= 0).all()
        if np.ptp(row[pooled]) > 0:
            assert share[pooled].min() == 0.0 and share[np.flatnonzero(pooled)[row[pooled].argmax()]] == share.max()
            above = row[pooled] - row[pooled].min()
            assert share[pooled] == pytest.approx(100.0 * above / above.sum())
        else:
            assert share[pooled] == pytest.approx(np.full(pooled.sum(), of.flat_share))


@given(maps)
def test_contributions_are_logits_and_a_contrast_is_their_difference(cam):
    of = explanation(cam)
    assert of.contribution.sum(axis=1) == pytest.approx(cam.mean(axis=1))
    assert of.contrast(0, 1) == pytest.approx((cam[0] - cam[1]) / 9)
    assert of.contrast(0, 1) == pytest.approx(-of.contrast(1, 0))


def test_the_mean_of_a_map_and_the_bias_are_the_logit_and_rows_without_activation_are_not_pooled():
    generator = np.random.default_rng(0)
    activations = generator.normal(size=(9, 4)).astype(np.float32)
    activations[2], activations[3, :3] = 0.0, 0.0
    head, bias = generator.normal(size=(4, 2)).astype(np.float32), np.array([0.5, -0.25], np.float32)
    model = SimpleNamespace(head_weights=head, head_bias=bias, recipe=SimpleNamespace(features=NAMES))
    of = explain(model, activations, 59000.0 + np.arange(7.0))
    assert of.cam.mean(axis=1) + of.bias == pytest.approx(activations.mean(axis=0) @ head + bias, abs=1e-6)
    assert of.cam.dtype == of.bias.dtype == np.float64 and of.feature_names == NAMES
    assert (
        of.pooled.tolist() == [row != 2 for row in range(9)] and of.times.tolist() == (59000.0 + np.arange(7)).tolist()
    )


def test_features_stand_behind_the_rows_of_time_and_have_their_own_share():
    cam = [[0.0] * 7 + [1.0, 3.0], [1.0] * 9]
    of = explanation(cam)
    assert of.feature_share(0) == pytest.approx({"redshift": 25.0, "redshift_err": 75.0})
    assert of.feature_contribution(0) == pytest.approx({"redshift": 1 / 9, "redshift_err": 3 / 9})
    bare = explanation(cam, names=())
    assert bare.feature_share(0) == {} == bare.feature_contribution(0)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), hnp.arrays(float, 7, elements=st.floats(0, 9)))
def test_rows_go_to_the_nearest_observation_and_those_at_one_time_share_alike(days, rows):
    mjd, times = 59000.0 + np.array(days) / 2, 59000.25 + 3.0 * np.arange(7)
    found = to_observations(rows, times, mjd)
    assert found.sum() == pytest.approx(rows.sum())
    for row, time in enumerate(times):
        away = np.abs(mjd - time)
        one = to_observations(np.eye(7)[row], times, mjd)
        assert away[one > 0] == pytest.approx(away.min()), "nobody is nearer"
        assert one[one > 0] == pytest.approx(1.0 / np.count_nonzero(one))
        assert len(set(mjd[one > 0])) == 1, "of two as near, one time has it"


def test_observations_and_features_share_a_hundred_percent():
    of = explanation([np.arange(9.0), np.ones(9)])
    mjd = np.array([59001.0, 59001.0, 59015.0])
    found = of.observation_share(0, mjd)
    assert found[0] == found[1] and found.sum() + sum(of.feature_share(0).values()) == pytest.approx(100.0)


# --- the deletion check ----------------------------------------------------------------------------------------------


def check(without_top, without_random):
    return DeletionCheck(0, 3, 0.9, without_top, np.asarray(without_random, float), np.arange(3))


@pytest.mark.parametrize(
    ("more", "less", "verdict"),
    [(20, 0, "confirmed"), (18, 2, "confirmed"), (17, 3, "chance"), (10, 10, "chance"), (3, 17, "chance"),
     (2, 18, "contradicted"), (0, 20, "contradicted"), (0, 0, "chance")],
)  # fmt: skip
def test_a_verdict_needs_nine_draws_in_ten(more, less, verdict):
    assert CLEAR_PART == 0.9
    of = check(0.5, [0.6] * more + [0.4] * less + [0.504, 0.496] * ((20 - more - less) // 2))
    assert (of.cost_more, of.cost_less, of.verdict, of.draws) == (more, less, verdict, 20)


def test_probabilities_that_look_equal_cost_neither_more_nor_less():
    of = check(0.5, [0.5, 0.5049, 0.4951, 0.51, 0.49])
    assert (of.cost_more, of.cost_less) == (1, 1)


def test_a_check_is_passed_below_the_median_draw_alone():
    assert check(0.5, [0.4, 0.51, 0.6]).passed and not check(0.51, [0.4, 0.51, 0.6]).passed
    assert check(0.5, [0.2, 0.4]).random_mean == pytest.approx(0.3)


class Scorer:
    """Scores light curves by the sum of what their points are worth, and remembers what it was asked."""

    def __init__(self, curve, worth, refuses=lambda _: False):
        self.worth = dict(zip(curve.mjd.tolist(), worth, strict=True))
        self.refuses, self.asked = refuses, []

    def __call__(self, curves):
        self.asked += curves
        return [None if self.refuses(k) else sum(self.worth[t] for t in c.mjd.tolist()) for k, c in enumerate(curves)]


CURVE = supernova(points=20)
WORTH = np.random.default_rng(0).permutation(20) / 190.0


def test_the_points_that_count_most_are_taken_away_and_as_many_at_random():
    score = Scorer(CURVE, WORTH)
    of = deletion_check(CURVE, WORTH, 4, 1.0, score)
    assert of.class_index == 4 and of.before == 1.0 and of.removed == 4 and of.draws == DRAWS
    assert of.top.tolist() == sorted(np.argsort(-WORTH)[:4])
    assert of.without_top == pytest.approx(1.0 - np.sort(WORTH)[-4:].sum())
    assert [len(c) for c in score.asked] == [16] * (DRAWS + 1)
    assert all(np.all(np.diff(c.mjd) > 0) for c in score.asked), "what is left stays in order"
    assert len({tuple(c.mjd) for c in score.asked}) > DRAWS / 2, "draws differ"
    assert of.verdict == "confirmed" and of.passed


def test_the_draws_depend_on_the_number_of_points_alone():
    one, other = Scorer(CURVE, WORTH), Scorer(CURVE, WORTH)
    deletion_check(CURVE, WORTH, 0, 1.0, one)
    deletion_check(CURVE, -WORTH, 1, 0.2, other)
    for a, b in zip(one.asked[1:], other.asked[1:], strict=True):
        assert np.array_equal(a.mjd, b.mjd)


def test_of_equal_points_the_first_go_and_at_least_one():
    of = deletion_check(CURVE, np.zeros(20), 0, 1.0, Scorer(CURVE, WORTH), fraction=0.001)
    assert of.removed == 1 and of.top.tolist() == [0]
    assert deletion_check(CURVE, np.zeros(20), 0, 1.0, Scorer(CURVE, WORTH)).top.tolist() == [0, 1, 2, 3]


def test_two_points_must_be_left():
    three, two = (supernova(points=n) for n in (3, 2))
    assert deletion_check(three, np.ones(3), 0, 1.0, Scorer(three, np.ones(3))).removed == 1
    assert deletion_check(two, np.ones(2), 0, 1.0, Scorer(two, np.ones(2))) is None


@pytest.mark.parametrize(("refused", "draws"), [(0, 20), (9, 11), (10, 10), (11, None)])
def test_there_is_no_check_when_more_than_half_of_the_draws_can_not_be_scored(refused, draws):
    of = deletion_check(CURVE, WORTH, 0, 1.0, Scorer(CURVE, WORTH, lambda k: 0 < k <= refused))
    assert (of and of.draws) == draws


def test_there_is_no_check_when_what_is_left_can_not_be_scored():
    assert deletion_check(CURVE, WORTH, 0, 1.0, Scorer(CURVE, WORTH, lambda k: k == 0)) is None
