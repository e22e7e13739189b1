"""The same samples give the same channels and probabilities on every Python, runtime and version of the dependencies.

`make legs` runs this file, and little else, wherever the project says that it works. When one of these tests fails
after a model was trained anew, `make golden` writes the vectors of the new file; when no model file has changed, the
engine, the recipe or the runtime computes something else than it did, and every figure of the cards is in doubt.
"""

from __future__ import annotations

import numpy as np
import pytest

from core.flat import flatten
from core.pipeline import score_flat
from tests.golden.vectors import FOLDER, compute, load, names, read, selected

NAMES = names()
#: Every served form computes in float32, so two runtimes differ by rounding alone.
NETWORK = 1e-4
#: The Gaussian process is fitted by an optimiser, which stops a little earlier or later where rounding differs.
CHANNELS = 1e-3
PROBABILITIES = 2e-4


def test_every_model_and_recipe_has_its_vectors_and_nothing_else_does():
    assert {path.stem for path in FOLDER.glob("*.npz")} == set(NAMES), "make golden writes those of a new model"
    assert sum(path.stat().st_size for path in FOLDER.glob("*.npz")) < 300_000


@pytest.mark.parametrize("name", NAMES)
def test_vectors_are_of_the_file_that_is_shipped(name):
    assert str(read(name).sha256) == load(name).sha256, "the model file has changed: make golden"


@pytest.mark.parametrize("name", NAMES)
def test_the_network_says_the_same_of_the_same_tensor(name):
    model, golden = load(name), read(name)
    logits = model.infer(golden.tensor).logits
    assert np.max(np.abs(logits - golden.logits)) < NETWORK
    assert np.max(np.abs(model.answers(golden.tensor).logits - golden.logits)) < NETWORK
    assert np.max(np.abs(model.calibrate(logits, golden.n_points) - golden.probabilities)) < NETWORK


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_becomes_the_same_channels_and_probabilities(name):
    model, golden = load(name), read(name)
    now = compute(model, golden.object_id.tolist())
    assert np.array_equal(now.n_points, golden.n_points)
    assert np.max(np.abs(now.values - golden.values)) < CHANNELS
    assert np.array_equal(now.features, golden.features) or np.max(np.abs(now.features - golden.features)) < 1e-6
    assert np.max(np.abs(now.probabilities - golden.probabilities)) < PROBABILITIES


@pytest.mark.parametrize("name", NAMES)
def test_many_at_once_get_the_same_probabilities(name):
    model, golden = load(name), read(name)
    curves = flatten(selected(model, golden.object_id.tolist()), model.recipe.numbers)
    assert np.max(np.abs(score_flat(curves, model).probabilities - golden.probabilities)) < PROBABILITIES


def test_vectors_tell_one_recipe_and_one_model_from_another():
    """A comparison that could not fail would prove nothing."""
    served, trained = read("t2-published-gr@as-served"), read("t2-published-gr@as-trained")
    assert np.max(np.abs(served.values - trained.values)) > 100 * CHANNELS
    assert np.max(np.abs(served.probabilities - trained.probabilities)) > 100 * PROBABILITIES
    ours = read("t2-ztf@ztf")
    assert len({tuple(np.round(p, 3)) for p in ours.probabilities}) == len(ours.probabilities)
