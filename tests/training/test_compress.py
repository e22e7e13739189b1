"""What is done to weights keeps its promises, and a file that was opened and closed again is the same network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.model import MODELS, _Session, golden_input
from training.compress import flatfile
from training.compress.codebook import Clusters, Grid, clustered, kernels, nearest, pruned_mask

CONTENT = (MODELS / "t2-ztf/model.tflite").read_bytes()
NAMES = {n: n for n in ("activations", "logits", "probabilities", "head_weights", "head_bias")}
WEIGHTS = arrays(np.float32, (6, 5), elements=st.floats(-4, 4, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3))


def answer(content):
    return _Session(content, NAMES, 1).run(golden_input(50, 13))[0]


def test_opened_and_closed_a_file_is_the_same():
    constants = flatfile.weights(CONTENT)
    assert sum(v.size for v in constants.values()) == 13_231 + 50 * 32
    again = flatfile.patched(CONTENT, constants)
    assert flatfile.patched(again, flatfile.weights(again)) == again
    assert np.array_equal(answer(again), answer(CONTENT))


def test_a_lean_file_answers_as_before_in_fewer_bytes():
    lean = flatfile.lean(CONTENT)
    assert len(lean) < len(CONTENT) - 3000 and np.array_equal(answer(lean), answer(CONTENT))


@pytest.mark.parametrize(("kind", "at_most"), [("float16", 42_000), ("int8", 26_000), ("int4", 19_000)])
def test_weights_in_few_bits_answer_as_the_rounded_weights_do(kind, at_most):
    """The file's arithmetic is float32: only the weights are rounded, and by no more than half a step."""
    constants = flatfile.weights(CONTENT)
    small = flatfile.lean(flatfile.packed(CONTENT, dict.fromkeys(kernels(constants), kind)))
    assert len(small) < at_most + 6400
    session = _Session(small, NAMES, 1)
    read = session.named_constants() | {"head_weights": session.constant("head_weights")}
    rounded = {name: read[name].reshape(v.shape) for name, v in constants.items() if name in kernels(constants)}
    assert np.max(np.abs(answer(small) - answer(flatfile.patched(CONTENT, rounded)))) < 1e-4
    assert sum(flatfile.bytes_by_tensor(small).values()) == len(small)


def test_a_name_or_a_shape_that_the_file_has_not_is_an_error():
    with pytest.raises(ValueError, match="no weight 'nowhere'"):
        flatfile.patched(CONTENT, {"nowhere": np.zeros(3)})
    with pytest.raises(ValueError, match=r"shape \(15,\) in the file, not \(3,\)"):
        flatfile.patched(CONTENT, {"head_bias": np.zeros(3)})


@given(WEIGHTS, st.sampled_from([4, 8]))
def test_a_grid_that_weights_lie_on_is_found_again(values, bits):
    codes, scale = flatfile.quantised(values, bits)
    assert codes.min() >= -(2 ** (bits - 1)) and codes.max() < 2 ** (bits - 1)
    on_grid = (codes * scale).astype(np.float32)
    again, other = flatfile.quantised(on_grid, bits)
    assert np.allclose(again * other, on_grid, atol=1e-5)


@given(arrays(np.int64, 7, elements=st.integers(-8, 7)))
def test_two_codes_share_a_byte_the_first_in_its_low_half(codes):
    stored = np.frombuffer(flatfile.two_per_byte(codes), np.uint8)
    halves = np.stack([stored & 0xF, stored >> 4], axis=1).ravel()[:7].astype(int)
    assert np.array_equal(np.where(halves > 7, halves - 16, halves), codes)


@given(WEIGHTS, st.integers(2, 16), st.booleans())
def test_clusters_are_at_most_k_and_keep_the_mean(values, k, linear):
    out = clustered(values, k, linear=linear)
    assert len(np.unique(out)) <= k
    assert np.isclose(out.mean(dtype=float), values.mean(dtype=float), atol=1e-5)
    assert np.allclose(clustered(out, 16), out), "what has few values already stays as it is"


@given(WEIGHTS, st.floats(0, 0.9))
def test_pruning_takes_the_smallest(values, share):
    mask = pruned_mask({"a": values}, ["a"], share)["a"]
    assert (~mask).sum() == round(share * values.size)
    if mask.any() and (~mask).any():
        assert np.abs(values[~mask]).max() <= np.abs(values[mask]).min()


def test_a_hold_keeps_its_promise_after_every_step():
    rng = np.random.default_rng(0)
    constants = {"a_kernel": rng.normal(size=(8, 8)).astype(np.float32)}
    keep = {"a_kernel": rng.random((8, 8)) > 0.5}
    clusters, zeros, grid = Clusters(("a_kernel",), 4), Clusters(("a_kernel",), 4, keep=keep), Grid(("a_kernel",), 4)
    for _ in range(5):
        moved = {"a_kernel": constants["a_kernel"] + 0.05 * rng.normal(size=(8, 8)).astype(np.float32)}
        assert len(np.unique(clusters(moved)["a_kernel"])) <= 4
        pruned = zeros(moved)["a_kernel"]
        assert np.all(pruned[~keep["a_kernel"]] == 0) and len(np.unique(pruned)) <= 5
        assert len(np.unique(grid(moved)["a_kernel"])) <= 16


def test_small_steps_beside_a_grid_add_up():
    """Each step is a tenth of the grid's spacing: rounding every time would lose them all."""
    grid = Grid(("a",), 4)
    start = {"a": np.array([[-0.8, 0.0, 0.7]], np.float32)}
    shown = grid(start)["a"]
    for _ in range(30):
        shown = grid({"a": shown + np.float32(0.01)})["a"]
    assert shown[0, 1] >= 0.2


@given(arrays(np.float64, 9, elements=st.floats(-3, 3)))
def test_the_nearest_centroid_is_the_nearest(values):
    centroids = np.array([-2.0, -0.5, 0.1, 1.7])
    found = np.abs(values - centroids[nearest(values, centroids)])
    assert np.allclose(found, np.abs(values[:, None] - centroids).min(axis=1))


@pytest.mark.train
def test_the_keras_network_of_a_file_answers_as_the_file_and_becomes_the_same_file():
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed: make extras runs the training's tests")
    from training.compress.weights import from_keras, shape_of, to_keras

    constants = flatfile.weights(CONTENT)
    shape = shape_of(constants, length=50, features=0, heads=4, coverage=10)
    model = to_keras(constants, shape)
    values = golden_input(50, 13)
    values[:, :, 10] = np.arange(50) % 7 < 3
    said = _Session(CONTENT, NAMES, 1).run(values)[0]
    assert np.max(np.abs(np.asarray(model(values)["logits"]) - said)) < 1e-4
    again = from_keras(model, shape, constants)
    assert all(np.allclose(again[name], constants[name], atol=1e-5) for name in constants)
