"""Taking observations away is the pipeline's own answer to what is left, and every map of one light curve can be checked."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

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


def test_masks_are_drawn_more_sparingly_as_a_score_costs_more():
    drawn = [_sparing(SimpleNamespace(points=points), 100) for points in (1, LONG, 2 * LONG, 5 * LONG, 1000 * LONG)]
    assert drawn == [100, 100, 25, 4, 2]
