"""Scores of real objects under several priors, and the report that is made of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("lightgbm", reason="training's requirements are not installed: make extras")
from core.taxonomy import CLASS_NAMES
from training import breakdowns, judged, model_report
from training.calibrate import FIVE_INDEX

pytestmark = pytest.mark.train


def result(seed: int, n: int = 400, sharp: float = 3.0) -> judged.Scored:
    rng = np.random.default_rng(seed)
    truth = rng.choice(FIVE_INDEX, n, p=[0.6, 0.2, 0.1, 0.06, 0.04])
    logits = rng.normal(size=(n, len(CLASS_NAMES)))
    logits[np.arange(n), truth] += sharp
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    objects = pd.DataFrame(
        {"class": [CLASS_NAMES[t] for t in truth], "origin": rng.choice(["alert", "survey-forced"], n)}
    )
    return judged.Scored(p, p, truth, rng.integers(3, 60, n), objects)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_priors_give_probabilities_and_the_samples_own_is_bayes_rule(seed):
    of = result(seed)
    truth = np.array([FIVE_INDEX.index(t) for t in of.truth])
    priors = judged.priors_of(of, FIVE_INDEX, truth)
    for p in priors.values():
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
    mix = np.bincount(truth, minlength=5) / len(truth)
    odds = priors["sample"][:, 0] / priors["sample"][:, 3]
    np.testing.assert_allclose(odds, priors["equal"][:, 0] / priors["equal"][:, 3] * mix[0] / mix[3])


def test_intervals_hold_the_figure_and_shrink_with_more_objects():
    few, many = (judged.five_class(result(1, n, 1.5), draws=100)["sample"] for n in (300, 6000))
    for of in (few, many):
        for name, (low, high) in of["recall_interval"].items():
            assert low - 0.02 <= of["recall"][name] <= high + 0.02
    width = [high - low for low, high in (of["recall_interval"]["SNII"] for of in (few, many))]
    assert width[1] < 0.5 * width[0]


def test_bins_hold_every_object_once_and_leave_small_ones_out():
    of = result(2, 2000)
    rows = breakdowns.by_number(of, of.n_points, (3, 10, 30, 59, np.inf), "points")
    assert sum(row["objects"] for row in rows) == np.sum(of.n_points < 59)
    assert [row["points"][0] for row in rows] == [3, 10, 30]


def test_worse_answers_have_worse_figures():
    good, bad = (judged.five_class(result(3, 1000, sharp), draws=0) for sharp in (4.0, 0.5))
    for prior in ("survey", "equal", "sample"):
        assert good[prior]["macro_f1"] > bad[prior]["macro_f1"] + 0.2
        assert good[prior]["log_loss_flat"] < bad[prior]["log_loss_flat"]


def test_variables_that_the_rule_lets_pass_are_counted_as_transients():
    of = result(4, 600)
    agn, other = CLASS_NAMES.index("AGN"), CLASS_NAMES.index("SNIa")
    truth = of.truth.copy()
    truth[:100] = agn
    p = np.full_like(of.survey, 0.001)
    p[np.arange(600), np.where(np.arange(600) < 40, agn, other)] = 0.95
    p[40:50] = 1 / p.shape[1]  # nothing is sure: the page abstains
    p /= p.sum(axis=1, keepdims=True)
    figures = breakdowns.variables(replace(of, survey=p, truth=truth), 0.5, 0.6)
    assert figures["objects"] == 100
    assert figures["variables_caught"] == pytest.approx(0.4 + 0.1 * (sum(p[45, breakdowns.VARIABLE_INDEX]) >= 0.5))
    assert figures["called_transient"] == pytest.approx(0.5)


def test_the_report_is_that_of_the_cards():
    assert model_report.DOC.read_text(encoding="utf-8") == model_report.document(), (
        "run python -m training.model_report"
    )
