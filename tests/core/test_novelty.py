"""How unlike the training set: laws of the measure, the same number at every door, and no measure without its file."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.card import CardError, find_cards, load_card
from core.flat import flatten
from core.model import MODELS, load_model
from core.novelty import Novelty
from core.pipeline import classify, classify_many, score_flat
from core.refusal import Refusal
from tests.curves import real_curves

MEASURED = [name for name in sorted(find_cards(MODELS)) if load_card(MODELS / name).data.get("novelty")]
FINITE = st.floats(-50, 50)
LEVELS = np.array([0.0, 0.5, 0.95, 0.99])
EYE = np.eye(3, dtype=np.float32)


def measure(distances=((1, 2, 3, 4), (2, 3, 5, 9)), n_points=(3, 30)):
    return Novelty(
        np.stack([EYE, 2 * EYE]), np.zeros((2, 1, 3), np.float32), np.array(n_points, float), LEVELS,
        np.array(distances, float), 0.95,
    )  # fmt: skip


@given(st.lists(FINITE, min_size=3, max_size=3), st.lists(FINITE, min_size=3, max_size=3))
def test_distance_is_to_the_nearest_mean_and_zero_there(one, two):
    means = np.array([[one, two]], np.float32)
    space = Novelty(EYE[None], means, np.array([3.0]), LEVELS, np.array([[1.0, 2, 3, 4]]), 0.95)
    at = np.array([one, two, np.mean([one, two], axis=0)])
    expected = np.min(np.linalg.norm(at[:, None] - means[0], axis=2), axis=1)
    np.testing.assert_allclose(space.distance(at), expected, atol=1e-2)


def test_each_network_has_its_own_space():
    at = np.array([[3.0, 0.0, 4.0]])
    assert measure().distance(at)[0] == pytest.approx(5.0)
    assert measure().distance(at, fold=0)[0] == pytest.approx(10.0)


@given(st.floats(0, 40), st.floats(0, 40), st.floats(1, 500))
def test_what_is_farther_is_never_told_to_be_nearer(one, two, n):
    near, far = sorted([one, two])
    shares = measure().share_nearer(np.array([near, far]), np.array([n, n]))
    assert 0 <= shares[0] <= shares[1] <= 1


@given(st.integers(0, 3), st.integers(0, 1))
def test_the_table_is_met_at_its_knots(level, knot):
    table = measure()
    found = table.share_nearer(table.distances[[knot], [level]], table.n_points[[knot]])
    assert found[0] == pytest.approx(LEVELS[level])


def test_what_is_far_out_keeps_its_order():
    shares = measure().share_nearer(np.array([4.5, 6.0, 12.0]), np.full(3, 3.0))
    assert np.all(np.diff(shares) > 0) and shares[0] > 0.99 and shares[2] < 1


def test_an_embedding_that_is_not_finite_has_no_novelty():
    assert np.isnan(measure().score(np.array([[np.nan, 0, 0]]), np.array([5]))[0])


@pytest.mark.parametrize("name", MEASURED)
def test_page_table_and_flat_arrays_tell_the_same_novelty(name):
    model = load_model(name)
    curves = list(real_curves())
    rows = classify_many(curves, model)["novelty"].to_numpy()
    flat = score_flat(flatten(curves, model.recipe.numbers), model).novelty
    ones = [classify(c, model) for c in curves]
    assert sum(not isinstance(one, Refusal) for one in ones) > 20
    for k, one in enumerate(ones):
        if isinstance(one, Refusal):
            assert np.isnan(rows[k]) and np.isnan(flat[k]), "a refusal carries no novelty"
            continue
        assert one.novelty == pytest.approx(rows[k], abs=1e-3)
        if one.model.fold is None:
            assert rows[k] == pytest.approx(flat[k], abs=1e-9)


@pytest.mark.parametrize("name", MEASURED)
def test_about_one_known_object_in_twenty_is_told_to_be_unlike_the_training_set(name):
    section = load_card(MODELS / name).data["novelty"]
    for row in section["figures"]["known_above_threshold_by_age"]:
        assert row["above"] == pytest.approx(1 - section["threshold"], abs=0.04)


@pytest.mark.parametrize("name", MEASURED[:1])
def test_what_the_network_never_learned_is_farther_out_than_most_that_it_did(name):
    """Figures of the card, made by training.embedding; the bar is chance."""
    figures = load_card(MODELS / name).data["novelty"]["figures"]
    assert figures["oddities"]["objects"] >= 20 and figures["oddities"]["auc_interval"][0] > 0.5
    assert figures["wrong_above_and_below"]["above"] > figures["wrong_above_and_below"]["below"]


@pytest.fixture
def copied(tmp_path):
    return shutil.copytree(MODELS / MEASURED[0], tmp_path / MEASURED[0])


def test_without_its_file_a_model_answers_and_tells_no_novelty(copied):
    (copied / "embedding.npz").unlink()
    model = load_model(copied)
    curve = next(c for c in real_curves() if not isinstance(classify(c, model), Refusal))
    result = classify(curve, model)
    assert result.novelty is None and result.probabilities.sum() == pytest.approx(1.0)
    assert classify_many([curve], model)["novelty"].isna().all()


def test_a_changed_bit_in_the_file_is_refused(copied):
    path = copied / "embedding.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CardError, match=r"embedding\.npz is not the file its card describes"):
        load_model(copied)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["novelty"]["levels"].reverse(), "must rise"),
        (lambda c: c["novelty"]["distances"].pop(), "distances must have"),
        (lambda c: c["novelty"]["distances"][0].sort(reverse=True), "must not fall"),
        (lambda c: c["novelty"].pop("threshold"), "threshold"),
        (lambda c: c["files"]["embedding"].update(path="../x.npz"), "files/embedding/path"),
    ],
)
def test_a_malformed_table_is_refused_by_field(copied, change, sentence):
    card = json.loads((copied / "card.json").read_text())
    change(card)
    (copied / "card.json").write_text(json.dumps(card))
    with pytest.raises(CardError, match=sentence):
        load_model(copied)
