"""atx is shipped as it was trained, its map is exact, and rows that were not observed stay out of its answer."""

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed: make extras runs the training's tests")
from core.model import _Session
from core.recipe import MARGIN
from training.atx import build
from training.export import TENSORS, export
from training.network import Shape, parameter_count

pytestmark = pytest.mark.train
SHAPES = {
    "plain": Shape(50, 0, 13, 15),
    "pooled over observed rows": Shape(50, 0, 13, 15, coverage=10),
    "pooled, with features": Shape(50, 2, 13, 15, coverage=10),
    "small": Shape(12, 1, 5, 3, d=8, d_ff=16, kernel=3),
}


@pytest.fixture(params=SHAPES, scope="module")
def exported(request):
    """A network none of whose weights are at their initial zero or one, its shape, and a session of its file."""
    shape = SHAPES[request.param]
    model = build(shape, seed=3)
    generator = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(np.asarray(weight) + 0.2 * generator.normal(size=weight.shape))
    return model, shape, _Session(export(model, shape), TENSORS, 8)


def inputs(shape, seed=0):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(8, shape.length + shape.features, shape.channels)).astype("f4")
    values[:, shape.length :] = values[:, shape.length :, :1]  # a feature is tiled over the channels
    if shape.coverage is not None:
        values[:, : shape.length, shape.coverage] = 0
        for row, (start, stop) in enumerate(generator.integers(3, 20, size=(8, 2))):
            values[row, start : start + stop, shape.coverage] = 1
    return values


def test_the_file_equals_its_keras_parent(exported):
    model, shape, session = exported
    logits, probabilities, activations = session.run(inputs(shape))
    parent = model(inputs(shape), training=False)
    assert np.max(np.abs(logits - np.asarray(parent["logits"]))) < 1e-4
    assert np.max(np.abs(activations - np.asarray(parent["activations"]))) < 1e-3
    exact = np.exp(logits.astype(float))
    assert np.allclose(probabilities, exact / exact.sum(axis=1, keepdims=True), atol=1e-5)


def test_mean_of_the_map_plus_bias_is_the_logit(exported):
    _, shape, session = exported
    logits, _, activations = session.run(inputs(shape))
    assert activations.shape == (8, shape.length + shape.features, shape.d_ff)
    weights = session.constant("head_weights").reshape(shape.classes, shape.d_ff)
    mean_of_map = (activations @ weights.T).mean(axis=1)
    assert np.max(np.abs(mean_of_map + session.constant("head_bias") - logits)) < 1e-4


def test_what_was_not_observed_stays_out_of_the_answer(exported):
    _, shape, session = exported
    if shape.coverage is None:
        pytest.skip("no channel says what was observed")
    values = inputs(shape)
    covered = values[:, : shape.length, shape.coverage] > 0
    reach = shape.kernel // 2
    assert reach < MARGIN  # what a recipe computes around the covered rows is enough
    near = np.array([np.convolve(row, np.ones(2 * reach + 1), "same") > 0 for row in covered])
    moved = values.copy()
    moved[:, : shape.length][~near] += 7.0
    moved[:, : shape.length, shape.coverage] = covered
    here, there = session.run(values), session.run(moved)
    assert np.array_equal(here[0], there[0])
    assert np.all(here[2][:, : shape.length][~covered] == 0)
    beside = values.copy()
    beside[:, : shape.length][near & ~covered] += 7.0
    beside[:, : shape.length, shape.coverage] = covered
    assert np.all(np.any(session.run(beside)[0] != here[0], axis=1))  # the margin is used, and so it is stated


def test_a_feature_changes_what_a_row_means(exported):
    _, shape, session = exported
    if not shape.features:
        pytest.skip("no appended feature")
    values = inputs(shape)
    moved = values.copy()
    moved[:, shape.length :] += 1.0
    here, there = session.run(values)[2], session.run(moved)[2]
    assert np.any(here[:, : shape.length] != there[:, : shape.length])


def test_it_stands_beside_t2_in_size():
    assert 13_000 < parameter_count(build(SHAPES["plain"])) < 40_000


def test_one_seed_gives_one_network():
    one, same, other = (build(SHAPES["small"], seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
