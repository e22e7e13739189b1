"""Compressed variants that come with the program: small, described, and as exact in their maps as they say."""

import json
import shutil

import numpy as np
import pytest

from core.card import CardError, find_cards, load_card, scores_alike
from core.model import MODELS, load_model
from core.pipeline import Classification, classify
from tests.curves import real_curves

SHIPPED = [(name, key) for name, folder in find_cards(MODELS).items() for key in load_card(folder).variants]
OURS = [(name, key) for name, key in SHIPPED if load_card(MODELS / name).data["files"].get("folds")]
ZTF = [(name, key) for name, key in OURS if load_card(MODELS / name).recipe().survey == "ztf"]


def test_there_are_at_most_four_variants_of_a_model():
    assert OURS and all(len(load_card(MODELS / name).variants) <= 4 for name, _ in OURS)


@pytest.mark.parametrize(("name", "key"), OURS)
def test_a_variant_is_smaller_than_the_float_file_and_passes_its_own_start_up_check(name, key):
    model = load_model(name, variant=key)
    entry = model.card.entry(variant=key)
    assert entry["bytes"] < 60_000 and entry["bytes"] < model.card.data["files"]["model"]["bytes"]
    assert len(entry["golden"]) == len(model.classes) and entry["title"]
    assert {load_model(name, variant=key, fold=fold).sha256 for fold in range(5)} == {
        f["sha256"] for f in entry["folds"]
    }


@pytest.mark.parametrize(("name", "key"), ZTF)
def test_the_map_of_a_variant_sums_to_its_logit(name, key):
    """Weights are stored in fewer bits, but computed in float32: the law holds as for the float file."""
    model, worst, met = load_model(name, variant=key), 0.0, 0
    for curve in real_curves()[:12]:
        result = classify(curve, model)
        if isinstance(result, Classification):
            logits = result.explanation.cam.mean(axis=1) + result.explanation.bias
            # The map's rows are scaled by rows / observed rows, so rounding is relative to the logit's size.
            worst = max(worst, float(np.max(np.abs(logits - result.inference.logits[0]) / (1 + np.abs(logits)))))
            met += 1
    assert met >= 5 and worst < 1e-5


@pytest.mark.parametrize(("name", "key"), ZTF)
def test_a_training_object_is_answered_for_by_the_variant_of_its_fold(name, key):
    model = load_model(name, variant=key)
    answering = model.for_object("ZTF18aabdajx")
    assert (answering.fold, answering.variant) == (3, None if key == model.card.served else key)
    assert answering.sha256 == model.card.entry(variant=key, fold=3)["sha256"]


@pytest.mark.parametrize(("name", "key"), ZTF)
def test_many_light_curves_get_what_one_gets(name, key):
    """The compiled network reads weights of few bits as the interpreter does, or leaves the file to it."""
    model = load_model(name, variant=key)
    curves = [found.curve for c in real_curves()[:12] if hasattr(found := model.recipe.select(c), "curve")]
    batch = model.recipe.apply(curves)
    assert np.max(np.abs(model.logits(batch) - model.infer(batch).logits)) < 2e-4


def test_an_unknown_variant_and_a_variant_with_a_changed_bit_are_refused(tmp_path):
    with pytest.raises(CardError, match="no variant 'int9'"):
        load_model("t2-ztf", variant="int9")
    folder = shutil.copytree(MODELS / "t2-ztf", tmp_path / "t2-ztf")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    key, entry = next(iter(card["files"]["variants"].items()))
    content = bytearray((folder / entry["path"]).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / entry["path"]).write_bytes(content)
    with pytest.raises(CardError, match="is not the file its card describes"):
        load_model(folder, variant=key)


@pytest.mark.parametrize(
    "name", [n for n, folder in find_cards(MODELS).items() if (folder / "compression.json").exists()]
)
def test_the_smallest_shipped_form_that_scores_as_the_float_network_is_served(name):
    card = load_card(MODELS / name)
    rows = json.loads((card.folder / "compression.json").read_text(encoding="utf-8"))["variants"]
    alike = [row for row in rows if row["key"] in card.variants and scores_alike(row["change"])]
    assert card.served == min(alike, key=lambda row: row["bytes"], default={"key": "float32"})["key"]
    assert card.served in card.data["served"]["why"]


@pytest.mark.parametrize(
    ("interval", "loss", "alike"),
    [([-0.005, 0.005], 0.01, True), ([-0.0051, 0.0], 0.0, False), ([0.0, 0.006], 0.0, False), ([0.0, 0.0], 0.011, False), ([0.0, 0.0], -0.5, True)],
)  # fmt: skip
def test_what_scores_alike(interval, loss, alike):
    change = {
        "macro_f1_survey": {"value": 0.0, "interval": interval},
        "log_loss_flat": {"value": loss, "interval": [0, 0]},
    }
    assert scores_alike(change) is alike
