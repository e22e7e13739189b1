"""The order of candidates follows from their rows alone, and what is not known never comes first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.brokers.browse.labels import classes_of_label
from core.candidates.facts import facts_of, rise_rate
from core.candidates.ranking import disagreement, entropy, in_order, margin, with_quantities
from core.lightcurve import light_curve
from core.photometry import magnitude_to_flux
from core.taxonomy import CLASS_NAMES

P = arrays(float, st.tuples(st.integers(1, 8), st.integers(2, 15)), elements=st.floats(1e-6, 1)).map(
    lambda a: a / a.sum(axis=1, keepdims=True)
)


@given(P)
def test_margin_and_entropy_lie_between_their_ends_and_agree_at_them(p):
    assert ((margin(p) >= 0) & (margin(p) <= 1)).all()
    assert ((entropy(p) >= 0) & (entropy(p) <= 1 + 1e-12)).all()
    assert entropy(np.eye(p.shape[1])) == pytest.approx(0) and margin(np.eye(p.shape[1])) == pytest.approx(1)
    even = np.full((1, p.shape[1]), 1 / p.shape[1])
    assert entropy(even) == pytest.approx(1) and margin(even) == pytest.approx(0)


@given(P, st.randoms())
def test_quantities_do_not_depend_on_the_order_of_the_classes(p, random):
    columns = list(range(p.shape[1]))
    random.shuffle(columns)
    assert margin(p[:, columns]) == pytest.approx(margin(p)) and entropy(p[:, columns]) == pytest.approx(entropy(p))


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=30), st.booleans())
def test_the_order_is_by_value_ties_stay_and_what_is_not_known_comes_last(values, falling):
    numbers = np.array([np.nan if v is None else v for v in values], dtype=float)
    order = in_order(numbers, falling=falling)
    assert sorted(order) == list(range(len(values)))
    known = [i for i in order if not np.isnan(numbers[i])]
    assert known == sorted(known, key=lambda i: ((-1 if falling else 1) * numbers[i], i))
    assert list(order[len(known) :]) == [i for i, v in enumerate(values) if v is None]


def test_a_broad_label_has_the_probability_of_all_that_it_may_mean():
    p = np.array([[0.5, 0.3, 0.2, 0.0]] * 4)
    classes = ["SNIa", "SNII", "AGN", "RRL"]
    found = disagreement(p, classes, ["SN", "QSO", "bogus", ""])
    assert found[:2] == pytest.approx([0.2, 0.8]) and np.isnan(found[2:]).all()


@pytest.mark.parametrize(
    ("label", "ours"),
    [("SNIa", ("SNIa",)), ("(TNS) SN IIb", ("SNIbc",)), ("LPV", ("Mira",)), ("Early SN Ia candidate", ("SNIa",)),
     ("asteroid", ()), ("", ()), ("SLSN", ("SLSN-I",))],
)  # fmt: skip
def test_labels_of_brokers_are_understood(label, ours):
    assert classes_of_label(label) == ours


def test_every_class_that_a_label_stands_for_is_one_of_ours():
    assert {c for label in ("SN", "VS", "Stochastic", "Periodic", "Transient") for c in classes_of_label(label)} <= set(
        CLASS_NAMES
    )


def curve(days, magnitudes, band="ztf_r", error=0.05):
    flux = magnitude_to_flux(np.asarray(magnitudes, float))
    index = {"ztf_g": 0, "ztf_r": 1}[band]
    return light_curve("x", 60000.0 + np.asarray(days, float), flux, flux * error, np.full(len(flux), index))


@given(st.floats(-0.5, 0.5), st.floats(17, 20))
def test_the_rise_is_the_slope_that_the_light_curve_has_positive_while_it_brightens(rate, start):
    days = np.arange(0, 9, 2.0)
    assert rise_rate(curve(days, start - rate * days)) == pytest.approx(rate, abs=1e-6)


def test_only_the_last_ten_days_count_for_the_rise_and_one_night_is_none():
    assert rise_rate(curve([0, 5, 20, 24], [15, 18, 19, 18.6])) == pytest.approx(0.1)
    assert np.isnan(rise_rate(curve([0, 0.1], [19, 18.6])))


def test_the_latest_and_the_brightest_detection_are_told():
    facts = facts_of(curve([0, 3, 6], [19, 17.5, 18.25]))
    assert (facts.magnitude_peak, facts.magnitude_now, facts.last_mjd) == pytest.approx((17.5, 18.25, 60006))
    assert np.isnan(facts_of(light_curve("x", [], [], [], [])).magnitude_now)


def test_a_refused_row_has_no_quantity_of_its_probabilities():
    rows = pd.DataFrame({"p_SNIa": [0.75, np.nan], "p_AGN": [0.25, np.nan]})
    made = with_quantities(rows, ["SNIa", "AGN"], ["AGN", "AGN"])
    assert made.loc[0, ["top", "margin", "disagreement"]].tolist() == pytest.approx([0.75, 0.5, 0.75])
    assert made.loc[1, ["top", "margin", "entropy", "disagreement"]].isna().all()
