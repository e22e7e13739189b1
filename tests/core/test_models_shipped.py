"""The shipped models: small, described truly, and sensible on the light curves that come with the program."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.brokers.samples import SampleSource
from core.card import find_cards, load_card
from core.flat import flatten
from core.flat_selection import select_flat
from core.model import MODELS, Prior, load_model
from core.pipeline import classify, classify_many
from core.refusal import Refusal
from core.taxonomy import CLASS_NAMES, FIVE
from tests.curves import real_curves, supernova

OWN = [name for name in sorted(find_cards(MODELS)) if name.startswith(("t2-ztf", "atx-ztf"))]
#: Shipped to show what the input is worth, not to be believed.
ABLATION = "t2-ztf-published-recipe"
SOURCE = SampleSource()
CATALOGUE = SOURCE.catalogue()
#: An absolute path, a way up out of the project, a home folder, a drive.
MACHINE_PATH = re.compile(r"(?<![\w./:-])/\w|\.\./|(?<!\w)~/|\b[A-Za-z]:\\|file:/")
REAL_ZTF = CATALOGUE[(CATALOGUE["survey"] == "ztf") & ~CATALOGUE["simulated"] & CATALOGUE["fold"].notna()]


def test_all_networks_together_are_under_six_megabytes_and_what_stands_beside_them_under_twelve():
    networks = [path.stat().st_size for path in MODELS.rglob("*.tflite")]
    beside = [path.stat().st_size for path in MODELS.rglob("*") if path.is_file() and path.suffix != ".tflite"]
    assert sum(networks) < 6_000_000 and sum(beside) < 12_000_000


@pytest.mark.parametrize("name", OWN)
def test_a_card_says_all_it_has_to(name):
    card = load_card(MODELS / name).data
    assert card["classes"] == list(CLASS_NAMES)
    assert sum(card["prior"]["weights"].values()) == pytest.approx(1.0, abs=1e-4)
    assert card["prior"]["source"] and card["training"]["sources"] and card["citations"]
    assert len(card["files"]["folds"]) == 5
    assert min(card["calibration"]["temperature"]) > 0
    assert 11_000 < card["parameters"] < 22_000
    assert card["figures"]["command"].startswith("python -m training.validate")


@pytest.mark.parametrize("name", sorted(find_cards(MODELS)))
def test_a_card_names_no_path_of_the_machine_that_wrote_it(name):
    """No absolute path, no path out of the project, no home and no drive: ``DATA`` stands for a folder of data."""
    text = (MODELS / name / "card.json").read_text(encoding="utf-8")
    assert not MACHINE_PATH.findall(text)


@pytest.mark.parametrize(
    "text",
    [
        '"/srv/x"',
        "--data /data/y",
        '"../z"',
        "in ~/models",
        "a: /x",
        "file:///x/y",
        "see (/opt/x)",
        r"C:\\data",
        "x=/y/z",
    ],
)
def test_paths_of_a_machine_are_found(text):
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize("text", ["b-biswas/kndetect", "https://fink.org/a/b", "SN Ib/c", "GP σ / √A", "models/t2-ztf"])
def test_what_is_no_path_of_a_machine_is_left_alone(text):
    assert not MACHINE_PATH.search(text)


@pytest.mark.parametrize("name", OWN)
def test_quoted_scores_come_from_the_table_beside_them(name):
    """Macro-F1 over five classes, from evaluation.parquet alone, is the figure of the card."""
    figures = load_card(MODELS / name).data["figures"]["five_class"]["survey"]
    table = pd.read_parquet(MODELS / name / "evaluation.parquet")
    assert np.allclose(table[[f"p_{c}" for c in CLASS_NAMES]].sum(axis=1), 1.0, atol=1e-5)
    table = table[table["class"].isin(FIVE)]
    answer = table[[f"p_{c}" for c in FIVE]].to_numpy().argmax(axis=1)
    truth = table["class"].map(FIVE.index).to_numpy()
    f1 = [2 * np.sum((answer == k) & (truth == k)) / (np.sum(answer == k) + np.sum(truth == k)) for k in range(5)]
    assert np.mean(f1) == pytest.approx(figures["macro_f1"], abs=2e-3)


@pytest.mark.parametrize("name", OWN)
def test_the_bins_of_reliability_hold_every_object_once(name):
    card = load_card(MODELS / name).data
    bins = card["reliability"]
    assert all(0 <= b["correct"] <= b["count"] for b in bins)
    assert all(one["high"] <= two["low"] for one, two in itertools.pairwise(bins))
    assert sum(b["count"] for b in bins) == pytest.approx(sum(b["objects"] for b in bins), rel=0.01)


@pytest.mark.parametrize("name", OWN)
def test_every_probability_row_sums_to_one(name):
    model = load_model(name)
    table = classify_many(real_curves(), model)
    scored = table[table["refusal"].isna()]
    assert len(scored) >= 30
    assert np.allclose(scored[[f"p_{c}" for c in model.classes]].sum(axis=1), 1.0)
    equal = classify_many(real_curves(), model, prior=Prior("equal", np.ones(len(CLASS_NAMES))))
    assert np.allclose(equal.loc[scored.index, [f"p_{c}" for c in model.classes]].sum(axis=1), 1.0)


@pytest.mark.parametrize("name", OWN)
def test_samples_are_classified_sensibly_by_models_that_never_saw_them(name):
    """Most real supernovae of the gallery are told right, and no variable star is called a tidal disruption event."""
    right, main, stars, stars_called_tde = 0, 0, 0, 0
    for row in REAL_ZTF.itertuples():
        answer = classify(SOURCE.fetch(row.object_id), load_model(name, fold=int(row.fold)))
        if isinstance(answer, Refusal):
            continue
        if row.true_class in ("SNIa", "SNII"):
            main += 1
            right += answer.top_class == row.true_class
        if row.true_class in ("RRL", "EB", "Mira"):
            stars += 1
            stars_called_tde += answer.top_class == "TDE"
    assert main >= 5 and stars >= 5
    assert right >= (0.5 if name == ABLATION else 0.7) * main
    assert stars_called_tde == 0


@pytest.mark.parametrize("name", OWN)
def test_the_map_of_a_real_object_is_exact(name):
    model = load_model(name)
    answer = next(a for a in (classify(c, model) for c in real_curves()) if not isinstance(a, Refusal))
    assert np.allclose(
        answer.explanation.cam.mean(axis=1) + answer.explanation.bias, answer.inference.logits[0], atol=1e-4
    )


@pytest.mark.uncompiled
def test_rows_without_data_change_nothing():
    """What lies outside the observed rows is the Gaussian process's guess: the network must not read it."""
    model = load_model("t2-ztf")
    batch = model.recipe.apply([model.recipe.select(supernova()).curve])
    observed = batch.values[0, :, model.recipe.coverage_channel] > 0.5
    near = np.convolve(observed, np.ones(5), "same") > 0  # the embedding is five rows wide
    assert observed.sum() > 5 and (~near).sum() > 5
    values = batch.values.copy()
    values[0, ~near, : model.recipe.coverage_channel] = 7.0
    changed = model.infer(replace(batch, values=values)).logits
    assert np.max(np.abs(changed - model.infer(batch).logits)) < 1e-4


@pytest.mark.parametrize("name", ["t2-ztf"])
def test_the_compiled_network_answers_as_the_file_does(name):
    model = load_model(name)
    kept = select_flat(flatten(real_curves(), model.recipe.numbers), model.recipe.band_indices, model.recipe.cuts).kept
    tensor = model.recipe.apply_flat(kept)
    assert model._compiled is not None and len(kept) > 20
    assert np.max(np.abs(model.logits(tensor) - model.infer(tensor).logits)) < 2e-5
