"""Similar objects: nearest first, each once, and never the object itself under any of its names."""

import numpy as np
import pytest

from core.card import find_cards, load_card
from core.model import MODELS, load_model
from core.neighbours import COUNTED, Index, index_of
from core.pipeline import classify
from core.refusal import Refusal
from core.taxonomy import CLASS_NAMES
from tests.curves import real_curves

WITH_INDEX = [name for name in sorted(find_cards(MODELS)) if load_card(MODELS / name).data["files"].get("embedding")]


def index(n=40, seed=0):
    """Objects a0 … with a second name b0 …, each twice (whole and young), in a plane; two spaces."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(-127, 128, (2, 2 * n, 2)).astype(np.int8)
    eye = np.stack([np.eye(2, dtype=np.float32)] * 2)
    return Index(
        ("x", "y"), np.array([f"a{i}" for i in range(n)]), np.array([f"a{i};b{i}" for i in range(n)]),
        np.arange(n) % 2, np.arange(n) % 5, np.full(n, np.nan), np.full(n, 18.0), np.arange(n) * 9.0, np.zeros(n),
        np.tile(np.arange(n), 2), np.repeat([np.inf, 15.0], n), codes, np.ones((2, 2), np.float32),
        np.zeros((2, 2), np.float32), eye,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_are_those_of_a_plain_search_each_once(seed):
    of = index(seed=seed)
    at = np.random.default_rng(seed + 100).normal(0, 60, 2)
    apart = np.linalg.norm(of.codes[0].astype(float) - at, axis=1)
    per_object = np.minimum(apart[: len(of)], apart[len(of) :])
    expected = [f"a{i}" for i in np.argsort(per_object, kind="stable")[:6]]
    found = of.similar(at)
    assert [n.object_id for n in found.nearest] == expected
    assert np.allclose([n.distance for n in found.nearest], np.sort(per_object)[:6], rtol=1e-5)
    assert sum(found.shares.values()) == found.counted == COUNTED


@pytest.mark.parametrize("name", ["a7", "b7"])
def test_an_object_is_never_its_own_neighbour_by_any_name(name):
    of = index()
    at = of.codes[0, 7].astype(float)
    assert of.similar(at).nearest[0].object_id == "a7"
    assert "a7" not in [n.object_id for n in of.similar(at, names=[name], most=40).nearest]


def test_an_object_is_never_its_own_neighbour_by_position_across_the_zero_of_right_ascension():
    of = index()
    at = of.codes[0, 0].astype(float)  # a0 stands at ra 0
    assert "a0" not in [n.object_id for n in of.similar(at, position=(360.0 - 1e-4, 1e-4), most=40).nearest]
    assert "a0" in [n.object_id for n in of.similar(at, position=(359.0, 0.0), most=40).nearest]


def test_a_fold_model_is_compared_with_what_it_was_trained_on_alone():
    of = index()
    found = of.similar(np.zeros(2), fold=0, most=40)
    assert not [n for n in found.nearest if int(n.object_id[1:]) % 5 == 0] and len(found.nearest) == 32


def test_a_small_index_counts_what_it_has():
    found = index(n=4).similar(np.zeros(2))
    assert found.counted == 4 and len(found.nearest) == 4


@pytest.mark.parametrize("name", WITH_INDEX)
def test_the_shipped_index_holds_real_objects_of_known_class(name):
    found = index_of(load_card(MODELS / name))
    assert len(found) > 1000 and set(found.classes) == set(CLASS_NAMES)
    assert found.codes.shape[:2] == (6, len(found.owner)) and len(set(found.object_id.tolist())) == len(found)
    faint = found.peak_magnitude[np.isfinite(found.peak_magnitude)]
    assert np.all((faint > 8) & (faint < 24))
    assert (MODELS / name / "embedding.npz").stat().st_size < 500_000


@pytest.mark.parametrize("name", WITH_INDEX)
def test_supernovae_have_mostly_supernovae_of_their_class_for_neighbours(name):
    """Real light curves of the training set, by the fold model that has not seen them, and never beside themselves."""
    model, found = load_model(name), index_of(load_card(MODELS / name))
    checked, same = 0, 0
    for curve in real_curves():
        answer = classify(curve, model)
        rows = np.flatnonzero(found.is_same([curve.object_id], None))
        if isinstance(answer, Refusal) or not len(rows):
            continue
        similar = found.similar(answer.inference.pooled[0], answer.model.fold, names=[curve.object_id], most=40)
        assert curve.object_id not in [n.object_id for n in similar.nearest]
        truth = found.classes[int(found.class_index[rows[0]])]
        if truth == "SNIa":
            checked += 1
            same += next(iter(similar.shares)) == "SNIa"
    assert checked >= 5 and same >= 0.5 * checked
