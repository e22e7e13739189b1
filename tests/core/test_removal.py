"""Taking observations away is the pipeline's own answer to what is left, and every map of one light curve can be checked."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.attribution import random_curves, smallest_set
from core.model import load_model
from core.pipeline import classify
from core.removal import LONG, METHODS, Removal, _sparing, attention_by_head, compare_maps, smallest_change
from tests.curves import real_curves, supernova

MODEL = load_model("t2-ztf")
RESULT = classify(real_curves()[3], MODEL)


@pytest.fixture(scope="module")
def comparison():
    return compare_maps(RESULT, RESULT.top_class)


def removal(result=RESULT):
    return Removal(result, result.top_class)


def test_with_every_point_the_value_is_the_answer_and_without_any_the_prior():
    ends = removal().value(np.array([np.ones(removal().points), np.zeros(removal().points)], bool))
    assert np.isclose(ends[0], RESULT.probabilities.max(), atol=1e-4)
    weights = MODEL.prior.weights
    assert np.isclose(ends[1], weights[removal().class_index] / weights.sum())


def test_a_mask_is_the_answer_to_the_light_curve_of_its_points():
    generator = np.random.default_rng(0)
    masks = generator.random((5, removal().points)) < 0.7
    recipe = MODEL.recipe
    for mask, p in zip(masks, removal().probabilities(masks), strict=True):
        tensor = recipe.apply([RESULT.selection.curve.subset(mask)])
        alone = RESULT.model.calibrate(RESULT.model.logits(tensor), np.array([mask.sum()]))[0]
        assert np.allclose(p, alone, atol=1e-5)


def test_the_lead_is_negative_exactly_where_another_class_leads():
    masks = np.random.default_rng(1).random((60, removal().points)) < 0.3
    p, lead = removal().probabilities(masks), removal().lead(masks)
    scored = np.isfinite(p).all(axis=1)
    assert np.array_equal(np.isfinite(lead), scored) and scored.any()
    assert np.array_equal(lead[scored] < 0, np.argmax(p[scored], axis=1) != removal().class_index)


def test_every_method_says_what_each_observation_counts_for(comparison):
    assert [each.method for each in comparison.maps] == list(METHODS)
    for each in comparison.maps:
        assert each.importance.shape == (removal().points,) and np.isfinite(each.importance).all()
        assert np.isclose(each.curves.deletion[0], RESULT.probabilities.max(), atol=1e-4)
        assert each.curves.insertion[-1] == each.curves.deletion[0]
    assert comparison.best.curves.gain == max(each.curves.gain for each in comparison.maps)


def test_each_map_is_what_its_method_says(comparison):
    here, of = removal(), {each.method: each for each in comparison.maps}
    whole = here.value(np.ones((1, here.points), bool))[0]
    without = here.value(~np.eye(here.points, dtype=bool))
    assert np.allclose(of["occlusion"].importance, whole - without)
    for night in np.unique(here.nights):
        there = here.nights == night
        assert np.allclose(of["nights"].importance[there], (whole - here.value(~there[None]))[0] / there.sum())
        assert np.ptp(of["shap"].importance[there]) == 0
    cam, mjd = RESULT.explanation, RESULT.selection.curve.mjd
    assert np.array_equal(of["cam"].importance, cam.observation_share(here.class_index, mjd))
    assert of["cam"].features == cam.feature_share(here.class_index)
    assert np.array_equal(of["attention"].importance, attention_by_head(RESULT).mean(axis=0))
    assert comparison.of("shap") is of["shap"] and comparison.of("nothing") is None
    assert comparison.class_name == RESULT.top_class and len(comparison.chance.removed) == len(of["cam"].curves.removed)


def test_nights_and_added_numbers_come_and_go_as_if_they_had_never_been_told():
    model = load_model("t2-ztf-z")
    told = replace(supernova(), redshift=0.06, redshift_err=0.01)
    result = classify(told, model)
    here, used = removal(result), result.selection.curve
    count = here.nights[-1] + 1
    assert here.features == ("redshift", "redshift_err") and here.nights[0] == 0
    masks = np.random.default_rng(0).random((6, count + 2)) < 0.8
    masks[:2, count:] = [[True, False], [False, True]]
    for mask, value in zip(masks, here.value_of_nights(masks), strict=True):
        part = used.subset(mask[here.nights])
        part = replace(part, redshift=0.06 if mask[count] else None, redshift_err=0.01 if mask[count + 1] else None)
        p = model.calibrate(model.logits(model.recipe.apply([part])), np.array([len(part)]), result.prior)[0]
        assert np.isclose(value, p[here.class_index], atol=1e-5)
    none = here.value_of_nights(np.zeros((1, count + 2), bool))
    assert none == pytest.approx(here.nothing[here.class_index])


def test_an_added_number_that_is_not_known_is_none_that_can_be_taken_away():
    model = load_model("t2-ztf-z")
    assert removal(classify(supernova(), model)).features == ()
    assert removal(classify(replace(supernova(), redshift=0.0), model)).features == ("redshift",), "zero is a redshift"


def test_how_many_masks_are_scored_in_one_go_changes_nothing(monkeypatch):
    masks = np.random.default_rng(2).random((11, removal().points)) < np.linspace(0.1, 0.9, 11)[:, None]
    whole = removal().probabilities(masks)
    monkeypatch.setattr("core.removal.BATCH", 4)
    assert np.allclose(removal().probabilities(masks), whole, atol=1e-6, equal_nan=True)
    assert np.isnan(whole[0]).all() and np.isfinite(whole[-1]).all()


@pytest.mark.parametrize(("weights", "nothing"), [(None, [1 / 3] * 3), ([1.0, 1.0, 2.0], [0.25, 0.25, 0.5])])
def test_with_nothing_to_answer_by_the_prior_answers_or_every_class_alike(weights, nothing):
    result = SimpleNamespace(prior=SimpleNamespace(weights=weights), model=SimpleNamespace(classes=("a", "b", "c")))
    assert Removal(result, "b").nothing == pytest.approx(nothing) and Removal(result, "b").class_index == 1


def test_the_same_object_always_shows_the_same_maps(comparison):
    again = compare_maps(RESULT, RESULT.top_class)
    for a, b in zip(comparison.maps, again.maps, strict=True):
        assert np.array_equal(a.importance, b.importance)


def test_shapley_values_of_nights_and_features_add_up_to_the_answer_less_the_prior():
    told = replace(supernova(), redshift=0.06, redshift_err=0.01)
    result = classify(told, load_model("t2-ztf-z"))
    found = compare_maps(result, result.top_class, ["shap"]).maps[0]
    assert set(found.features) == {"redshift", "redshift_err"}
    here = Removal(result, result.top_class)
    nothing = here.nothing[here.class_index]
    assert np.isclose(
        found.importance.sum() + sum(found.features.values()), result.probabilities.max() - nothing, atol=1e-3
    )


def test_attention_of_each_head_is_shared_out_among_observations_and_features():
    heads = attention_by_head(RESULT)
    assert np.allclose(heads.sum(axis=1), 1.0, atol=1e-5) and np.all(heads >= 0)
    weights = RESULT.model.attention(RESULT.tensor).weights
    assert np.allclose(weights.sum(axis=2), 1.0, atol=1e-5)
    assert len(heads) == len(weights)
    told = classify(replace(supernova(), redshift=0.06), load_model("t2-ztf-z"))
    assert np.all(attention_by_head(told).sum(axis=1) < 1.0), "added features are attended to as well"


def test_attention_in_plain_numpy_leads_to_the_answer_of_the_network():
    """The weights shown are those that the answer is made of: mixing the values by them gives the network's own rows."""
    network, values = RESULT.model._compiled, RESULT.tensor.values
    x, _, offsets = network._embedded(values)
    w = network.weights
    from core.compiled import _attention

    asked = x @ w["attention_kernel"] + w["attention_bias"]
    mixed = _attention(asked, offsets, network.heads)
    carried = asked[:, 2 * x.shape[1] :].reshape(len(x), network.heads, -1).transpose(1, 0, 2)
    ours = (network.attention(values).weights @ carried).transpose(1, 0, 2).reshape(len(x), -1)
    assert np.allclose(ours, mixed, atol=1e-5)


def test_a_file_that_does_not_name_its_weights_has_no_attention_map():
    published = classify(real_curves()[3], load_model("t2-published-gr"))
    assert attention_by_head(published) is None
    methods = [each.method for each in compare_maps(published, published.top_class, ["cam", "attention"]).maps]
    assert methods == ["cam"]


def test_the_smallest_change_flips_the_answer_and_no_single_point_less_does():
    found = smallest_change(RESULT)
    assert found is not None
    mask = np.ones((1, removal().points), bool)
    mask[0, list(found.members)] = False
    assert removal().lead(mask)[0] < 0
    p = removal().probabilities(mask)[0]
    assert MODEL.classes[np.argmax(p)] == found.instead != RESULT.top_class and np.isclose(p.max(), found.probability)
    for member in found.members:
        fewer = mask.copy()
        fewer[0, member] = True
        assert not removal().lead(fewer)[0] < 0


def test_the_smallest_change_is_the_smallest_set_that_the_budget_finds():
    found, expected = smallest_change(RESULT, budget=60), smallest_set(removal().lead, removal().points, budget=60)
    assert (found.members, found.proven, found.tried) == (expected.members, expected.proven, expected.tried)


def test_masks_are_drawn_more_sparingly_as_a_score_costs_more():
    drawn = [_sparing(SimpleNamespace(points=points), 100) for points in (1, LONG, 2 * LONG, 5 * LONG, 1000 * LONG)]
    assert drawn == [100, 100, 25, 4, 2]


def test_chance_is_drawn_more_sparingly_too(monkeypatch):
    drawn = []

    def counted(value, players, generator, *, orders=10):
        drawn.append(orders)
        return random_curves(value, players, generator, orders=orders)

    monkeypatch.setattr("core.removal.random_curves", counted)
    for long in (removal().points, removal().points / 2):
        monkeypatch.setattr("core.removal.LONG", long)
        compare_maps(RESULT, RESULT.top_class, ["cam"])
    assert drawn == [10, 2]
