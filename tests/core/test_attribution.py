"""Attributions obey their laws on functions whose answer is known."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.attribution import (
    STEPS,
    Curves,
    SmallestSet,
    _coalitions,
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


def by_definition(game, players):
    """Shapley's own sum over all coalitions without the player."""
    found = np.zeros(players)
    for p in range(players):
        others = [q for q in range(players) if q != p]
        for size in range(players):
            share = factorial(size) * factorial(players - size - 1) / factorial(players)
            for members in combinations(others, size):
                mask = np.isin(np.arange(players), members)
                found[p] += share * (game(mask | (np.arange(players) == p)) - game(mask))
    return found


@pytest.mark.parametrize("players", [2, 3, 4, 5, 6])
def test_shapley_values_of_any_game_are_those_of_the_definition(players):
    worth = np.random.default_rng(players).normal(size=2**players)
    place = 2 ** np.arange(players)
    asked = []

    def value(masks):
        asked.extend(map(tuple, masks))
        return worth[masks @ place]

    found = kernel_shap(value, players, np.random.default_rng(0))
    assert np.allclose(found, by_definition(lambda mask: worth[mask @ place], players))
    assert len(asked) == len(set(asked)) == 2**players, "each coalition is asked for once"


def test_coalitions_that_are_drawn_come_with_their_complements_and_keep_to_the_budget():
    asked = []

    def value(masks):
        asked.append(masks)
        return masks.sum(axis=1).astype(float)

    found = kernel_shap(value, 12, np.random.default_rng(0), coalitions=200)
    masks = asked[1]
    assert np.allclose(found, 1.0) and len(masks) == 200
    assert {tuple(m) for m in masks} == {tuple(~m) for m in masks}
    sizes = np.bincount(np.minimum(masks.sum(axis=1), 12 - masks.sum(axis=1)), minlength=7)
    assert sizes[:3].tolist() == [0, 2 * 12, 2 * 66], "small and large ones are listed, the others drawn"
    assert sizes[3:].sum() == 44 and sizes[3] > 0


def test_a_budget_for_all_coalitions_lists_them_all():
    worth = np.random.default_rng(0).normal(size=16)
    asked = []

    def value(masks):
        asked.append(len(masks))
        return worth[masks @ (2 ** np.arange(4))]

    expected = by_definition(lambda mask: worth[mask @ (2 ** np.arange(4))], 4)
    for seed in range(5):  # with one of them missing, and another drawn twice, the sum is another
        asked.clear()
        assert np.allclose(kernel_shap(value, 4, np.random.default_rng(seed), coalitions=14), expected)
        assert asked == [2, 14]


@pytest.mark.parametrize("players", [2, 5, 8, 12])
@pytest.mark.parametrize("budget", [2, 6, 26, 60, 200, 5000])
def test_coalitions_weigh_as_much_as_the_kernel_says_however_many_are_drawn(players, budget):
    masks, weights = _coalitions(players, np.random.default_rng(0), budget)
    assert len(masks) == len(weights) == min(budget, 2**players - 2)
    assert weights.sum() == pytest.approx(sum((players - 1) / (s * (players - s)) for s in range(1, players)))


def test_where_not_even_single_players_can_be_listed_they_are_drawn_too():
    sizes = set()

    def value(masks):
        sizes.update(masks.sum(axis=1).tolist())
        return masks.sum(axis=1).astype(float)

    for seed in range(5):
        kernel_shap(value, 12, np.random.default_rng(seed), coalitions=22)
    assert 1 in sizes and 11 in sizes


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


def test_random_masks_are_coarse_and_give_means_over_those_with_the_player():
    places, seen = np.sort(np.random.default_rng(1).uniform(0, 90, 30)), {}

    def value(masks):
        seen["masks"], seen["worth"] = masks, np.random.default_rng(2).normal(size=len(masks))
        return seen["worth"]

    found = random_masks(value, places, np.random.default_rng(0), masks=400, cells=6)
    masks, worth = seen["masks"], seen["worth"]
    assert masks.shape == (400, 30) and 0.4 < masks.mean() < 0.6
    expected = [worth[masks[:, k]].mean() - worth.mean() for k in range(30)]
    assert np.allclose(found, expected)
    switches = np.abs(np.diff(masks.astype(int), axis=1)).sum(axis=1)
    assert switches.max() <= 6 and switches.max() > 3, "whole stretches come and go"
    ends = [np.flatnonzero(m[1:] != m[:-1]) for m in masks]
    assert len({e[0] for e in ends if len(e)}) > 10, "stretches are shifted"
    assert not random_masks(lambda m: np.ones(len(m)), places, np.random.default_rng(0)).any()


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


@pytest.mark.parametrize("players", [3, 20, 47])
def test_curves_take_players_away_and_bring_them_back_in_the_order_of_importance(players):
    importance = np.random.default_rng(0).integers(0, 5, players).astype(float)
    asked = []

    def value(masks):
        asked.append(masks)
        return masks.sum(axis=1).astype(float)

    found = curves(value, importance)
    counts = np.round(found.removed * players).astype(int)
    assert len(counts) == min(STEPS, players) + 1 and np.ptp(np.diff(counts)) <= 1
    assert found.deletion.tolist() == (players - counts).tolist() and found.insertion.tolist() == counts.tolist()
    order = sorted(range(players), key=lambda k: (-importance[k], k))  # ties go to the player that comes first
    deleted, inserted = np.split(asked[0], 2)
    for count, without, alone in zip(counts, deleted, inserted, strict=True):
        assert np.array_equal(without, ~alone) and set(np.flatnonzero(alone)) == set(order[:count])
    assert len(curves(value, importance, steps=2).removed) == 3


def test_areas_are_mean_heights_and_the_gain_is_their_difference():
    found = Curves(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.2, 0.0]), np.array([0.0, 0.6, 1.0]))
    assert found.deletion_area == pytest.approx(0.35) and found.insertion_area == pytest.approx(0.55)
    assert found.gain == pytest.approx(0.2)


def test_the_curves_of_chance_are_the_mean_of_as_many_orders():
    asked = []

    def value(masks):
        asked.append(len(masks))
        return masks[:, 0].astype(float)

    found = random_curves(value, 4, np.random.default_rng(0), orders=7)
    assert asked == [7 * 2 * 5]
    assert np.allclose(found.deletion * 7, np.round(found.deletion * 7)) and 0 < found.deletion[2] < 1
    assert np.allclose(found.deletion + found.insertion, 1.0)


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
    found = smallest_set(lambda m: 0.5 - (~m[:, 3] & ~m[:, 7]), 10)
    assert found == SmallestSet((3, 7), proven=True, tried=10 + 45)
    assert smallest_set(lambda m: 0.5 - (~m[:, 3] & ~m[:, 7]), 10, budget=55).proven
    one_by_one = smallest_set(lambda m: 0.5 - (~m[:, 0] & ~m[:, 1]), 10, batch=1)
    assert one_by_one == SmallestSet((0, 1), proven=True, tried=10 + 1), "the first pair is the first that is tried"


def test_of_sets_of_one_size_the_one_that_turns_it_most_is_taken():
    assert smallest_set(lambda m: m @ np.array([1.0, 2.0, 3.0]) - 4.5, 3).members == (2,)


def test_what_the_search_took_along_in_vain_is_put_back():
    """The third player brings the lead down most, and then it takes the first two, which would have been enough."""

    def lead(masks):
        first, second, third = ~masks[:, :3].T
        return 1.0 - 0.5 * third - 0.1 * first - 0.1 * second - 2.0 * (first & second)

    found = smallest_set(lead, 6, budget=0)
    assert found.members == (0, 1) and not found.proven
    # Six, five and four sets on the way down, then each of the three players put back in turn.
    assert found.tried == 6 + 5 + 4 + 3


def test_sets_are_followed_side_by_side_as_far_as_the_budget_goes():
    """The best single player leads nowhere; who keeps the second best as well finds the pair behind it sooner."""

    def lead(masks):
        gone = ~masks
        return 1.0 - 0.5 * gone[:, 0] * (gone.sum(axis=1) == 1) - 0.4 * gone[:, 1] - 2.0 * (gone[:, 1] & gone[:, 2])

    # Twenty alone; then twenty again, the pairs of the two best (one pair is of both), and two that are put back in vain.
    assert smallest_set(lead, 20, budget=160) == SmallestSet((1, 2), proven=False, tried=20 + 20 + 37 + 2)
    # With the best alone: its pairs, the triples of the best pair, and three that are put back.
    assert smallest_set(lead, 20, budget=79) == SmallestSet((1, 2), proven=False, tried=20 + 20 + 19 + 18 + 3)
    assert smallest_set(lambda m: np.ones(len(m)), 5, budget=0) is None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_sets_that_turn_it_alike_the_first_are_followed(seed):
    alone, pairs = np.random.default_rng(seed).choice([0.5, 0.8], 60), set()

    def lead(masks):
        gone = ~masks
        pairs.update(tuple(np.flatnonzero(row).tolist()) for row in gone if row.sum() == 2)
        return np.where(gone.sum(axis=1) == 1, gone @ alone, np.nan)

    assert smallest_set(lead, 60, budget=7 * 4 * 60) is None
    first = np.flatnonzero(alone == 0.5)[:7].tolist()
    assert pairs == {(min(a, b), max(a, b)) for a in first for b in range(60) if a != b}


def test_all_may_be_taken_away_but_one():
    assert smallest_set(lambda m: m.sum(axis=1) - 1.5, 4).members == (0, 1, 2)
    assert smallest_set(lambda m: m.sum(axis=1) - 0.5, 4) is None


def test_what_can_not_be_answered_is_no_flip():
    def lead(masks):
        return np.where(masks.sum(axis=1) >= 3, 1.0, np.nan)

    assert smallest_set(lead, 5) is None
