"""Calibration: what is fitted is what serves, and it makes probabilities frequencies."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluate.calibration import reliability
from core.model import load_model
from core.taxonomy import CLASS_NAMES, FIVE, VARIABLE
from training.calibrate import Answers, fit, survey_prior, survey_weights, with_calibration

N = len(CLASS_NAMES)
EQUAL = dict.fromkeys(CLASS_NAMES, 1 / N)


def too_sure(factor: float, n: int = 12_000) -> Answers:
    """Answers whose logits are ``factor`` times too large: truths are drawn from the softmax of what they should be."""
    rng = np.random.default_rng(0)
    honest = rng.normal(scale=2.0, size=(n, N))
    p = np.exp(honest)
    p /= p.sum(axis=1, keepdims=True)
    label = (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return Answers(factor * honest, label, rng.choice([4.0, 10.0, 40.0], n), np.ones(n))


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_is_how_much_too_sure_the_network_was(factor):
    made = fit(too_sure(factor), EQUAL)
    assert made["temperature"] == pytest.approx([factor] * len(made["n_points"]), rel=0.12)
    assert np.max(np.abs(made["bias"])) < 0.25


def test_calibrated_probabilities_are_frequencies_through_the_code_that_serves():
    answers = too_sure(3.0)
    half = np.arange(len(answers.label)) % 2 == 0
    whole = load_model("t2-ztf")
    model = with_calibration(whole, fit(answers.take(half), EQUAL))
    rest = answers.take(~half)
    for table, is_right in ((model, True), (whole, False)):
        p = table.calibrate(rest.logits, rest.n_points, whole.equal_prior())
        top = p.max(axis=1)
        gap = abs(top.mean() - np.mean(p.argmax(axis=1) == rest.label))
        assert (gap < 0.03) == is_right
    assert model.fold is None and model.sha256 == whole.sha256


def test_another_calibration_leaves_the_fold_and_the_first_card_alone():
    fold = load_model("t2-ztf", fold=2)
    before = fold.card.data["calibration"]
    other = with_calibration(fold, {"n_points": [3.0], "temperature": [1.0]})
    assert other.fold == 2 and other.sha256 == fold.sha256
    assert fold.card.data["calibration"] is before
    logits = np.random.default_rng(1).normal(size=(4, N))
    exact = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(other.calibrate(logits, np.full(4, 10), other.equal_prior()), exact)


def test_the_survey_prior_is_a_mix_of_every_class_and_mostly_transients():
    prior = survey_prior()
    assert list(prior) == list(CLASS_NAMES) and min(prior.values()) > 0
    assert sum(prior.values()) == pytest.approx(1.0, abs=1e-4)
    assert sum(prior[name] for name in VARIABLE) == pytest.approx(0.2, abs=0.01)
    assert sum(prior[name] for name in FIVE) > 0.75


def test_weights_give_any_set_of_objects_the_mix_of_the_survey():
    label = np.repeat(np.arange(N), np.arange(1, N + 1))
    weights = survey_weights(label, survey_prior())
    assert np.bincount(label, weights) == pytest.approx(list(survey_prior().values()), abs=1e-5)


def test_bins_of_reliability_count_every_object_once_and_only_the_right_ones_as_right():
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.full(N, 0.2), 500)
    label = rng.integers(0, N, 500)
    bins = reliability(p, label, np.full(500, 1 / 500))
    assert sum(b["objects"] for b in bins) == 500
    assert sum(b["count"] for b in bins) == pytest.approx(500, abs=0.5)
    assert sum(b["correct"] for b in bins) == pytest.approx(np.sum(p.argmax(axis=1) == label), abs=0.5)
    assert all(b["low"] <= b["mean_probability"] <= b["high"] for b in bins)
