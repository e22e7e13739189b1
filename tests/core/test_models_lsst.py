"""The models for LSST: they answer for Rubin's light curves, refuse ZTF's by naming who reads them, and say what they are."""

import json

import numpy as np
import pandas as pd
import pytest

from core.bands import band_index
from core.brokers.files import read_file
from core.brokers.samples import SampleSource
from core.card import find_cards, load_card
from core.flat import flatten
from core.lightcurve import LightCurve, light_curve
from core.model import MODELS, load_model
from core.pipeline import classify, classify_many, score_flat
from core.refusal import Refusal
from core.selection import READERS
from core.taxonomy import CLASS_NAMES
from tests.curves import DATA, supernova

LSST = [name for name in sorted(find_cards(MODELS)) if load_card(MODELS / name).recipe().survey == "lsst"]
LETTERS = [band_index(letter, "lsst") for letter in "ugrizy"]


def rubin_supernova(seed=0, *, redshift=None) -> LightCurve:
    """A made-up rise and fall in six bands, redder with time."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(-15.0, 60.0, 48))
    band = np.tile(np.arange(6), 8)
    true = 400.0 * np.exp(-0.5 * (t / np.where(t < 0, 9.0, 14.0 + 4.0 * band)) ** 2)
    error = np.full(48, 12.0)
    flux = true + rng.normal(0.0, error)
    return light_curve(f"rubin-{seed}", 60800.0 + t, flux, error, np.array(LETTERS)[band], redshift=redshift)


def packets() -> list[LightCurve]:
    """Real light curves of Rubin: packets and samples that come with the program."""
    source = SampleSource()
    catalogue = source.catalogue()
    files = ("fink_lsst_v10.parquet", "fink_lsst_asteroid.avro")
    read = [c for name in files for c in read_file((DATA / "files" / name).read_bytes(), name).curves]
    return read + [source.fetch(i) for i in catalogue.loc[catalogue["survey"] == "lsst", "object_id"]]


def test_every_survey_has_a_shipped_model_that_reads_it():
    assert {load_model(name).recipe.survey for name in READERS.values()} == set(READERS)
    assert all(load_model(name).recipe.survey == survey for survey, name in READERS.items())


@pytest.mark.parametrize("name", LSST)
def test_a_card_says_that_everything_in_it_is_simulated(name):
    card = load_card(MODELS / name).data
    assert card["training"]["simulated"] is True and card["training"]["real"] == {}
    assert "simulations alone" in card["limits"][0] and "simulat" in card["title"] and "simulat" in card["summary"]
    assert card["figures"]["sample"]["what"].startswith("Simulated light curves, every figure")
    assert card["figures"]["command"].startswith("python -m training.validate_lsst")
    assert "simulated" in card["rules"]["variable_reason"] and card["prior"]["source"]
    assert sum(card["prior"]["weights"].values()) == pytest.approx(1.0, abs=1e-4)
    assert (
        card["parameters"] <= 20_000
        and len(card["files"]["folds"]) == 5
        and min(card["calibration"]["temperature"]) > 0
    )


@pytest.mark.parametrize("name", LSST)
def test_real_packets_of_rubin_are_scored_and_none_is_refused_for_its_survey(name):
    model = load_model(name)
    table = classify_many(packets(), model)
    assert "wrong_survey" not in set(table["refusal"].dropna())
    scored = table[table["refusal"].isna()]
    assert len(scored) >= 3
    assert np.allclose(scored[[f"p_{c}" for c in CLASS_NAMES]].sum(axis=1), 1.0)


@pytest.mark.parametrize("name", LSST)
def test_a_ztf_light_curve_is_refused_by_naming_who_reads_it_and_the_other_way_round(name):
    refused = classify(supernova(), load_model(name))
    assert isinstance(refused, Refusal) and refused.reason == "wrong_survey" and "t2-ztf reads those" in refused.message
    other = classify(rubin_supernova(), load_model("t2-ztf"))
    assert isinstance(other, Refusal) and other.reason == "wrong_survey" and "t2-lsst reads those" in other.message


@pytest.mark.parametrize("name", LSST)
def test_one_object_and_many_get_the_same_answers_and_the_map_is_exact(name):
    model = load_model(name)
    curves = [rubin_supernova(k, redshift=0.2 if k % 2 else None) for k in range(6)]
    table = classify_many(curves, model)
    for curve, row in zip(curves, table.to_dict("records"), strict=True):
        one = classify(curve, model)
        assert not isinstance(one, Refusal)
        assert np.allclose([row[f"p_{c}"] for c in CLASS_NAMES], one.probabilities, atol=1e-5)
        logits = one.explanation.cam.mean(axis=1) + one.explanation.bias
        assert np.allclose(logits, one.inference.logits[0], atol=1e-4)


@pytest.mark.parametrize("name", LSST)
def test_the_redshift_is_read_and_bands_are_not_interchangeable(name):
    model = load_model(name)
    near, far, blind = (rubin_supernova(redshift=z) for z in (0.02, 1.2, None))
    swapped = light_curve(
        "swapped", near.mjd, near.flux, near.flux_err, np.array(LETTERS[::-1])[near.band - LETTERS[0]]
    )
    p = score_flat(flatten([near, far, blind, swapped], model.recipe.numbers), model).probabilities
    assert np.isfinite(p).all()
    told, swap = np.abs(np.log(p[0] / p[1])).max(), np.abs(np.log(p[2] / p[3])).max()
    assert told > 0.3 and swap > 0.3


@pytest.mark.parametrize("name", LSST)
def test_quoted_scores_are_near_those_of_the_sample_beside_them(name):
    """The table keeps a third of the judged objects: equal-prior accuracy of fifteen classes, to its sampling error."""
    card = load_card(MODELS / name).data
    table = pd.read_parquet(MODELS / name / "evaluation.parquet")
    survey = table[[f"p_{c}" for c in CLASS_NAMES]].to_numpy(float)
    assert np.allclose(survey.sum(axis=1), 1.0, atol=1e-5) and (table["origin"] == "simulation").all()
    equal = survey / np.array([card["prior"]["weights"][c] for c in CLASS_NAMES])
    right = np.mean(equal.argmax(axis=1) == table["class"].map(CLASS_NAMES.index))
    assert right == pytest.approx(card["figures"]["simulated"]["without_redshift"]["accuracy_equal"], abs=0.025)


@pytest.mark.parametrize("name", LSST)
def test_a_card_is_plain_json_of_modest_size(name):
    text = (MODELS / name / "card.json").read_text(encoding="utf-8")
    assert len(text) < 100_000 and json.loads(text)["name"] == name
