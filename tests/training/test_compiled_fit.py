"""The compiled training is Keras's: the same logits, the same gradients, the same steps."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed: make extras runs the training's tests")

import tensorflow as tf

from training import compiled_fit, fit, network
from training.network import Shape, positions

pytestmark = pytest.mark.train
SHAPE = Shape(length=12, features=0, channels=5, classes=3, d=8, heads=2, d_ff=16, coverage=4)


def _light_curves(rng, count=40):
    values = rng.standard_normal((count, SHAPE.length, SHAPE.channels)).astype(np.float16)
    values[:, :, SHAPE.coverage] = 0
    for curve in values:
        first = rng.integers(0, SHAPE.length - 2)
        curve[first : rng.integers(first + 2, SHAPE.length + 1), SHAPE.coverage] = 1
    label = np.concatenate([np.arange(SHAPE.classes), rng.integers(0, SHAPE.classes, count - SHAPE.classes)])
    return values, label


def test_logits_and_gradients_are_those_of_keras():
    values, label = _light_curves(np.random.default_rng(1))
    model = network.build(SHAPE, 3)
    model.set_weights([w + 0.1 * np.random.default_rng(2).standard_normal(w.shape) for w in model.get_weights()])
    weights = compiled_fit.weights_of(model)
    covered = values[:, :, SHAPE.coverage] > 0
    rows = compiled_fit.observed(values, covered).rows(np.arange(len(values)), SHAPE.kernel)
    logits, kept = compiled_fit.forward(weights, rows, positions(SHAPE.length, SHAPE.d), SHAPE.heads)
    one_hot = np.eye(SHAPE.classes, dtype=np.float32)[label]
    with tf.GradientTape() as tape:
        theirs = model(values.astype(np.float32), training=True)["logits"]
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(one_hot, theirs))
    np.testing.assert_allclose(logits, theirs, atol=2e-5)
    wrong = (compiled_fit.softmax(logits) - one_hot) / np.float32(len(label))
    ours = compiled_fit.backward(weights, rows, kept, wrong, SHAPE.heads)
    gradients = iter(tape.gradient(loss, model.trainable_variables))
    for layer in model.layers:
        for kind in "wb"[: len(layer.trainable_variables)]:
            expected = np.asarray(next(gradients))
            np.testing.assert_allclose(ours[f"{layer.name}.{kind}"].reshape(expected.shape), expected, atol=2e-5)


def test_a_training_ends_where_keras_ends():
    values, label = _light_curves(np.random.default_rng(4), 60)
    sample = fit.Sample(values, label, np.ones(len(label)), np.bincount(label).astype(float))
    schedule = fit.Schedule(steps=12, batch=32)
    theirs = fit.train(sample, SHAPE, schedule, seed=5, progress=lambda _: None)
    ours = compiled_fit.train(sample, values[:, :, SHAPE.coverage] > 0, SHAPE, schedule, seed=5)
    for a, b in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3)


def test_weights_survive_the_way_there_and_back():
    model = network.build(SHAPE, 3)
    before = [w.copy() for w in model.get_weights()]
    compiled_fit.set_weights(model, compiled_fit.weights_of(model))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_shapes_that_it_does_not_know_are_refused():
    sample = fit.Sample(np.zeros((1, 12, 5), np.float16), np.zeros(1, np.int64), np.ones(1), np.ones(3))
    with pytest.raises(ValueError, match="one block"):
        compiled_fit.train(sample, np.ones((1, 12), bool), Shape(12, 0, 5, 3, blocks=2), fit.Schedule(steps=1), seed=0)
