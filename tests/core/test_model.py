"""A model answers as its card says, or is not loaded; and it answers every thread alike."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from core.card import CardError, find_cards, load_card
from core.model import MODELS, Prior, golden_input, load_model
from core.pipeline import classify
from core.recipe import TensorBatch
from tests.curves import supernova

NAMES = sorted(find_cards(MODELS))


def tensors(values):
    n = len(values)
    return TensorBatch(values, np.zeros((n, 1)), np.zeros((n, 0), np.float32), *(np.zeros(n) for _ in range(5)), 0.0)


@pytest.fixture
def copied(tmp_path):
    return shutil.copytree(MODELS / "t2-published-gr", tmp_path / "t2-published-gr")


def edit_card(folder, change):
    card = json.loads((folder / "card.json").read_text())
    change(card)
    (folder / "card.json").write_text(json.dumps(card))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_model_loads_and_passes_its_golden_check(name):
    model = load_model(name)
    assert model.classes == model.card.classes
    assert model.head_weights.shape[1] == len(model.classes)


@pytest.mark.parametrize("name", [name for name in NAMES if load_card(MODELS / name).data["files"].get("folds")])
def test_shipped_fold_models_are_five_files_that_the_card_describes(name):
    card = load_card(MODELS / name)
    described = [entry["sha256"] for entry in card.data["files"]["folds"]]
    assert [load_model(name, fold=fold, variant="float32").sha256 for fold in range(5)] == described
    assert len({*described, load_model(name, variant="float32").sha256}) == 6, "no fold model stands in for another"
    served = [card.entry(fold=fold)["sha256"] for fold in range(5)]
    assert [load_model(name, fold=fold).sha256 for fold in range(5)] == served
    assert len({*served, load_model(name).sha256}) == 6


def test_one_changed_bit_is_refused(copied):
    path = copied / "model.tflite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CardError, match="is not the file its card describes"):
        load_model(copied)


def test_a_changed_bit_under_a_changed_card_fails_the_golden_check(copied):
    """The checksum is the first door; a file that computes something else does not pass the second."""
    import hashlib

    path = copied / "model.tflite"
    content = path.read_bytes()
    weights = load_model(copied).head_weights.T.astype("<f4").tobytes()
    at = content.find(weights)
    assert at > 0
    broken = content[:at] + bytes(len(weights)) + content[at + len(weights) :]
    path.write_bytes(broken)
    edit_card(copied, lambda card: card["files"]["model"].update(sha256=hashlib.sha256(broken).hexdigest()))
    with pytest.raises(CardError, match="start-up check differs"):
        load_model(copied)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda card: card.pop("recipes"), "'recipes' is a required property"),
        (lambda card: card["files"]["model"].update(sha256="abc"), "files/model/sha256"),
        (lambda card: card.update(default_recipe="none"), "default_recipe 'none'"),
        (lambda card: card["golden"].update(probabilities=[1.0]), "1 numbers for 14 classes"),
        (lambda card: card.update(limits=[]), "limits"),
        (lambda card: card["files"]["model"].update(path="../../etc/x.sh"), "files/model/path"),
        (lambda card: card["tensors"].update(logits="nowhere"), "no tensor 'nowhere'"),
    ],
)
def test_a_malformed_card_is_refused_by_field(copied, change, sentence):
    edit_card(copied, change)
    with pytest.raises(CardError, match=sentence):
        load_model(copied)


def test_a_missing_model_and_a_card_that_is_not_json_say_so(copied, tmp_path):
    with pytest.raises(CardError, match="no model card"):
        load_model("no-such-model")
    (copied / "card.json").write_text("{")
    with pytest.raises(CardError, match="not valid JSON"):
        load_model(copied)


@pytest.mark.parametrize("name", NAMES)
def test_sixteen_threads_get_the_serial_answers(name):
    model = load_model(name)
    shape = golden_input(*model._session(1).input_shape).shape[1:]
    inputs = [np.random.default_rng(i).normal(size=(1, *shape)).astype(np.float32) for i in range(64)]
    serial = [model.infer(tensors(x)).raw for x in inputs]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda x: model.infer(tensors(x)).raw, inputs))
    for a, b in zip(serial, together, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [2, 31, 32, 33, 70])
def test_a_batch_of_any_size_gives_what_one_gives(name, n):
    model = load_model(name)
    shape = model._session(1).input_shape
    values = np.random.default_rng(n).normal(size=(n, *shape)).astype(np.float32)
    batch = model.infer(tensors(values))
    alone = np.concatenate([model.infer(tensors(values[i : i + 1])).raw for i in range(n)])
    assert np.allclose(batch.raw, alone, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_probabilities_sum_to_one_under_every_prior(name):
    model = load_model(name)
    logits = np.random.default_rng(0).normal(scale=20, size=(50, len(model.classes)))
    for prior in (None, model.equal_prior(), Prior("mine", np.arange(len(model.classes)) + 0.5)):
        p = model.calibrate(logits, np.arange(50) + 1, prior)
        assert np.allclose(p.sum(axis=1), 1.0) and np.all(p >= 0)


@pytest.mark.parametrize("name", [name for name in NAMES if load_card(MODELS / name).recipe().survey == "ztf"])
def test_the_mean_of_the_map_and_the_bias_is_the_logit(name):
    result = classify(supernova(), load_model(name))
    logits = result.explanation.cam.mean(axis=1) + result.explanation.bias
    assert np.allclose(logits, result.inference.logits[0], atol=2e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if load_card(MODELS / name).data["prior"]["weights"]])
def test_rules_of_bayes_hold_when_the_prior_is_switched(name):
    model = load_model(name)
    logits = np.random.default_rng(0).normal(size=(5, len(model.classes)))
    survey, equal = (model.calibrate(logits, np.full(5, 20), p) for p in (model.prior, model.equal_prior()))
    again = equal * model.prior.weights
    assert np.allclose(survey, again / again.sum(axis=1, keepdims=True))


def test_a_training_object_is_answered_for_by_the_fold_model_that_has_not_seen_it():
    model = load_model("t2-ztf")
    evaluation = pd.read_parquet(model.card.folder / "evaluation.parquet")
    assert all(model.fold_of(oid) == fold for oid, fold in zip(evaluation.object_id, evaluation.fold, strict=True))
    assert model.for_object(evaluation.object_id[0]).fold == evaluation.fold[0]
    assert model.for_object("an object that nobody knows") is model
    # Known to surveys by another name than the one it was trained under.
    assert model.fold_of("ZTF18aabdajx") == 3
