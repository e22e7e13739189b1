"""Attributions obey their laws on functions whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.attribution import (
    curves,
    kernel_shap,
    many_curves,
    occlusion,
    random_curves,
    random_masks,
    smallest_set,
)

weights = st.lists(st.floats(-2, 2).map(lambda v: round(v, 3)), min_size=2, max_size=14).map(np.array)


def additive(w):
    """A value that is the sum of its players' weights: every attribution of it is known."""
    return lambda masks: masks @ w


def together(masks):
    """Worth something only when the first two are both there."""
    return (masks[:, 0] & masks[:, 1]).astype(float)


@given(weights)
def test_occlusion_of_a_sum_gives_its_terms(w):
    assert np.allclose(occlusion(additive(w), len(w)), w)


@given(weights, st.integers(1, 4))
def test_occlusion_by_groups_shares_what_the_group_costs(w, width):
    groups = np.arange(len(w)) // width
    found = occlusion(additive(w), len(w), groups)
    for number in set(groups.tolist()):
        here = groups == number
        assert np.allclose(found[here], w[here].mean())


@settings(max_examples=30, deadline=None)
@given(weights, st.integers(0, 99))
def test_shapley_values_of_a_sum_are_its_terms_and_add_up(w, seed):
    found = kernel_shap(additive(w), len(w), np.random.default_rng(seed))
    assert np.allclose(found, w, atol=1e-6)
    assert np.isclose(found.sum(), w.sum())


def test_shapley_values_are_exact_where_all_coalitions_are_listed():
    found = kernel_shap(together, 5, np.random.default_rng(0))
    assert np.allclose(found, [0.5, 0.5, 0, 0, 0], atol=1e-9), "two that only work together share, the rest get none"


def test_shapley_values_of_many_players_come_close_with_a_sample():
    def value(masks):
        return np.sqrt(masks @ np.arange(1.0, 31.0))

    drawn = kernel_shap(value, 30, np.random.default_rng(0), coalitions=3000)
    again = kernel_shap(value, 30, np.random.default_rng(1), coalitions=30000)
    assert np.isclose(drawn.sum(), value(np.ones((1, 30), bool))[0])
    assert np.corrcoef(drawn, again)[0, 1] > 0.95


def test_one_player_alone_has_it_all():
    assert np.allclose(kernel_shap(additive(np.array([3.0])), 1, np.random.default_rng(0)), [3.0])


def test_random_masks_rank_the_stretch_that_matters_first():
    places = np.arange(40.0)
    matters = (places >= 16) & (places < 22)
    found = random_masks(lambda m: m[:, matters].mean(axis=1), places, np.random.default_rng(0))
    assert matters[np.argmax(found)] and found[matters].mean() > 3 * np.abs(found[~matters]).mean()


def test_random_masks_of_players_in_one_place_do_not_fail():
    assert np.isfinite(random_masks(additive(np.ones(3)), np.zeros(3), np.random.default_rng(0))).all()


@given(weights.map(np.abs))
def test_the_true_order_of_a_sum_has_the_best_areas_of_all(w):
    value = additive(w)
    true, false = many_curves(value, [w, -w])
    chance = random_curves(value, len(w), np.random.default_rng(0))
    assert true.deletion_area <= chance.deletion_area + 1e-9 <= false.deletion_area + 2e-9
    assert true.insertion_area >= chance.insertion_area - 1e-9
    assert true.gain >= -1e-9 >= false.gain - 2e-9


@given(weights)
def test_curves_begin_and_end_where_everything_and_nothing_is(w):
    found = curves(additive(w), w)
    assert found.removed[0] == 0 and found.removed[-1] == 1
    assert np.isclose(found.deletion[0], w.sum()) and np.isclose(found.insertion[-1], w.sum())
    assert found.deletion[-1] == 0 == found.insertion[0]


@pytest.mark.parametrize("budget", [10_000, 0])
def test_the_smallest_set_is_found_and_nothing_smaller_flips(budget):
    w = np.array([0.5, 1.0, 2.0, 3.0, 0.2, 0.1])

    def lead(masks):
        return masks @ w - 2.5

    found = smallest_set(lead, 6, budget=budget)
    assert found.members == ((2, 3) if not budget else found.members) and len(found.members) == 2
    assert found.proven is bool(budget)
    gone = np.ones((1, 6), bool)
    gone[0, list(found.members)] = False
    assert lead(gone)[0] < 0


def test_players_that_flip_only_together_are_found_by_trying_all_pairs():
    assert smallest_set(lambda m: 0.5 - (~m[:, 3] & ~m[:, 7]), 10).members == (3, 7)


def test_what_can_not_be_answered_is_no_flip():
    def lead(masks):
        return np.where(masks.sum(axis=1) >= 3, 1.0, np.nan)

    assert smallest_set(lead, 5) is None
