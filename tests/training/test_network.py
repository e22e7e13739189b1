"""The network that is trained is the network that is shipped, and its map is exact."""

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed: make extras runs the training's tests")
from core.model import _Session
from training import atx, fit
from training.export import TENSORS, export
from training.network import Shape, build, parameter_count, positions
from training.network import windowed as windowed_t2

pytestmark = pytest.mark.train
SHAPES = {
    "plain": Shape(50, 0, 13, 15),
    "with features": Shape(50, 2, 13, 15),
    "pooled over observed rows": Shape(50, 0, 13, 15, coverage=10),
    "pooled, with features": Shape(50, 2, 13, 15, coverage=10),
    "two blocks": Shape(50, 0, 13, 15, blocks=2, coverage=10),
    "small": Shape(12, 1, 5, 3, d=8, heads=2, d_ff=16, kernel=3),
}


@pytest.fixture(params=SHAPES, scope="module")
def exported(request):
    """A network with random weights (none at its initial zero or one), its shape, and its file."""
    shape = SHAPES[request.param]
    model = build(shape, seed=3)
    generator = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(np.asarray(weight) + 0.2 * generator.normal(size=weight.shape))
    return model, shape, export(model, shape)


def inputs(shape, batch):
    rows = shape.length + shape.features
    values = np.random.default_rng(batch).normal(size=(batch, rows, shape.channels)).astype("f4")
    if shape.coverage is not None:  # this channel is 0 or 1 in real tensors
        values[:, :, shape.coverage] = values[:, :, shape.coverage] > 0.3
    return values


@pytest.mark.parametrize("batch", [1, 32])
def test_the_file_equals_its_keras_parent(exported, batch):
    model, shape, content = exported
    values = inputs(shape, batch)
    logits, probabilities, activations = _Session(content, TENSORS, batch).run(values)
    parent = model(values, training=False)
    assert np.max(np.abs(logits - np.asarray(parent["logits"]))) < 1e-5
    assert np.max(np.abs(activations - np.asarray(parent["activations"]))) < 1e-5
    exact = np.exp(logits.astype(float))
    assert np.allclose(probabilities, exact / exact.sum(axis=1, keepdims=True), atol=1e-6)


def test_mean_of_the_map_plus_bias_is_the_logit(exported):
    _, shape, content = exported
    session = _Session(content, TENSORS, 32)
    logits, _, activations = session.run(inputs(shape, 32))
    weights = session.constant("head_weights").reshape(shape.classes, shape.d)
    map_mean = (activations @ weights.T).mean(axis=1)
    assert np.max(np.abs(map_mean + session.constant("head_bias") - logits)) < 1e-5


def test_nothing_is_read_where_nothing_was_observed(exported):
    _, shape, content = exported
    values = inputs(shape, 1)
    activations = _Session(content, TENSORS, 1).run(values)[2][0, : shape.length]
    if shape.coverage is None:
        assert np.all(np.abs(activations).sum(axis=1) > 0)
    else:
        observed = values[0, : shape.length, shape.coverage] > 0
        assert np.all(activations[~observed] == 0) and np.all(np.abs(activations[observed]).sum(axis=1) > 0)


def test_names_in_the_file_are_unique(exported):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=exported[2])
    interpreter.allocate_tensors()
    names = [detail["name"] for detail in interpreter.get_tensor_details()]
    for name in TENSORS.values():
        assert names.count(name) == 1


def test_a_convolution_never_mixes_features_into_the_light_curve():
    import keras

    shape = SHAPES["with features"]
    model = build(shape, seed=1)
    embedded = keras.Model(model.input, model.get_layer("embed").output)
    values = inputs(shape, 1)
    other = values.copy()
    other[:, shape.length :] += 5.0
    assert np.array_equal(np.asarray(embedded(values)), np.asarray(embedded(other)))


def test_the_network_has_the_published_size_within_five_percent():
    assert abs(parameter_count(build(SHAPES["plain"])) / 13262 - 1) < 0.05


def test_positions_are_those_of_the_paper():
    table = positions(50, 32)
    assert table[7, 0] == pytest.approx(np.sin(7.0))
    assert table[7, 1] == pytest.approx(np.cos(7.0))
    assert table[7, 30] == pytest.approx(np.sin(7.0 / 10000 ** (30 / 32)))


@pytest.mark.parametrize(
    ("length", "features"), [(50, 0), (50, 2), (11, 0)]
)  # the last: shorter than the widest window
@pytest.mark.parametrize("build", [build, atx.build])
def test_a_window_of_the_observed_rows_gives_the_logits_of_all(build, length, features):
    """Training cuts batches to windows: the network that is trained is the one that is shipped."""
    shape = Shape(length=length, features=features, channels=3, classes=4, d=16, heads=2, d_ff=24, coverage=2)
    model = build(shape, seed=3)
    rng = np.random.default_rng(1)
    values = rng.normal(size=(40, length + features, 3)).astype(np.float32)
    first, last = np.sort(rng.integers(0, length, (2, 40)), axis=0)
    rows = np.arange(length)
    values[:, :length, 2] = (rows >= first[:, None]) & (rows <= last[:, None])
    expected = np.asarray(model(values)["logits"])
    parts = fit.windows(values, np.arange(1, 41)[:, None], shape)
    windowed = {"t2": windowed_t2, "atx": atx.windowed}[model.name]
    met = []
    for k, width in enumerate(fit.widths_of(shape)):
        inside, start, which = (np.asarray(part) for part in parts[3 * k : 3 * k + 3])
        np.testing.assert_allclose(
            np.asarray(windowed(model, shape, width)([inside, start])["logits"]), expected[which[:, 0] - 1], atol=2e-5
        )
        met += which[:, 0].tolist()
    assert len(met) > 10 and sorted(met + np.asarray(parts[-1])[:, 0].tolist()) == list(range(1, 41))


def test_a_student_comes_to_answer_as_its_teacher():
    """Taught by a network alone, with labels that say nothing, the student still learns what the teacher says."""
    shape = Shape(length=12, features=0, channels=3, classes=3, d=8, heads=2, d_ff=16, coverage=2)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(600, 12, 3)).astype(np.float32)
    values[:, :, 2] = 1.0
    teacher = build(shape, seed=1)
    sample = fit.Sample(values, rng.integers(0, 3, 600), np.ones(600), np.ones(3))
    schedule = fit.Schedule(steps=150, batch=64, soft=1.0)
    student = fit.train(sample, shape, schedule, seed=2, teachers=[teacher], progress=lambda _: None)
    told, said = (fit.predict(model, values) for model in (teacher, student))
    told, said = told - told.mean(1, keepdims=True), said - said.mean(1, keepdims=True)
    assert np.mean((told - said) ** 2) < 0.2 * np.mean(told**2)
