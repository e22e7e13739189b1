"""The map read aloud: the numbers add up, and weight without measurements is not hidden."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain import DeletionCheck, Explanation
from core.model import load_model
from core.pipeline import classify
from tests.curves import supernova
from ui.map_words import deletion_rule, deletion_sentence, map_key, map_sentence
from ui.reading import read_map


def explanation(row, start=0.0, step=3.0):
    times = start + step * np.arange(len(row))
    return Explanation(np.array([row], dtype=float), np.zeros(1), times, (), np.ones(len(row), bool))


@given(st.lists(st.floats(0, 10), min_size=3, max_size=60), st.integers(0, 30), st.integers(1, 40))
def test_shares_add_up_and_the_focus_is_the_shortest_half(row, first, length):
    told = explanation(row)
    mjd = np.linspace(first, first + length, 5)
    reading = read_map(told, 0, mjd)
    assert reading.before + reading.seen + reading.after == pytest.approx(100.0)
    if reading.focus is not None:
        assert reading.focus_share >= 50.0 - 1e-6
        rows = round(len(row) * reading.focus_rows / 100)
        share = told.share(0)
        shorter = [share[i : i + rows - 1].sum() for i in range(len(row) - rows + 2)]
        assert max(shorter) < 50.0 + 1e-6, "a shorter stretch would have done"


def test_a_map_that_runs_backwards_is_read_the_same():
    row = np.array([0.0, 1, 5, 9, 5, 1, 0, 0])
    forward = explanation(row)
    backward = Explanation(forward.cam[:, ::-1], forward.bias, forward.times[::-1], (), forward.pooled)
    assert read_map(forward, 0, [3.0, 12.0]) == read_map(backward, 0, [3.0, 12.0])


def test_a_flat_map_has_no_focus():
    assert read_map(explanation(np.ones(8)), 0, [3.0, 12.0]).focus is None


def test_weight_where_nothing_was_measured_is_said():
    result = classify(supernova(), load_model("t2-ztf"))
    cam = np.zeros_like(result.explanation.cam)
    cam[:, -6:] = 1.0
    everywhere = np.ones(cam.shape[1], bool)  # as a network pools that does not leave out rows without data
    late = replace(result, explanation=replace(result.explanation, cam=cam, pooled=everywhere))
    text = map_sentence(late, "SNIa", None)
    assert "Only 0 % of the weight lies between the first and the last measurement, 100 % after the last" in text


def told(before, without_top, random, probability=0.9):
    check = DeletionCheck(0, 4, before, without_top, np.array(random), np.arange(4))
    return deletion_sentence(check, "SNIa", probability)


@pytest.mark.parametrize(
    ("before", "without_top", "random", "words"),
    [
        (0.87, 0.41, [0.83] * 20, "cost more than random ones in 20 of 20 draws: the map is **confirmed** here"),
        (0.87, 0.85, [0.70] * 20, "in 0 of 20 draws and less in 20: the map is **contradicted** here"),
        (
            0.87,
            0.60,
            [0.70] * 15 + [0.5] * 5,
            "in 15 of 20 draws and less in 5: the map is **no better than chance**",
        ),
        (0.99, 0.99, [0.99] * 20, "stays at 0.99; without 4 random ones, it is 0.99 on average"),
    ],
)
def test_the_deletion_check_is_told_with_its_numbers_and_one_of_three_verdicts(before, without_top, random, words):
    assert words in told(before, without_top, random)


def test_a_class_without_probability_has_nothing_to_take_away():
    assert "nothing to take away" in told(0.004, 0.004, [0.004] * 20, probability=0.004)


def test_a_map_is_even_only_where_its_weight_takes_as_much_time():
    spike = read_map(explanation([0, 0, 0, 0, 0, 9, 9, 9, 9, 9.0]), 0, [3.0, 12.0])
    assert spike.focus_share > 55 and not spike.is_even, "half of the time, with more than half of the weight"
    wave = read_map(explanation([0.0] + [1.0, 1.1] * 10), 0, [3.0, 12.0])
    assert wave.is_even and not wave.stands_out


def sentence_for(row, mjd=None, days=True):
    """The sentence of a result whose map is made by hand: rows of three days, at the first measurement."""
    result = classify(supernova(), load_model("t2-ztf"))
    cam = np.tile(np.asarray(row, dtype=float), (len(result.model.classes), 1))
    times = result.selection.curve.mjd[0] + 3.0 * np.arange(len(row))
    made = Explanation(cam, np.zeros(len(cam)), times, (), np.ones(len(row), bool))
    return map_sentence(replace(result, explanation=made), "SNIa", None, days=days)


def test_a_map_of_few_rows_is_not_read_aloud():
    assert "reads 2 time steps of this light curve: too few" in sentence_for([0.0, 1.0])


def test_a_class_that_every_day_speaks_against_does_not_lean_on_a_day():
    text = sentence_for([-5, -4, -1, -0.5, -1, -4, -5, -5])
    assert "Every day that the network reads speaks against SN Ia, least so **days" in text and "leans" not in text
    assert "leans" in sentence_for([-5, -4, 1, 5, 1, -4, -5, -5])


def test_the_sentence_counts_as_the_axis_does():
    row = [0, 1, 5, 9, 5, 1, 0, 0]
    assert "**days 4 to 10**" in sentence_for(row)
    assert "**MJD 589" in sentence_for(row, days=False)


def test_the_key_says_what_colours_mean_and_what_blank_is():
    made = explanation(np.ones(8))
    assert map_key(made, "SN Ia", signed=False) == "Strip: yellow weighs most for SN Ia, dark blue least."
    partly = replace(made, pooled=np.arange(8) > 2)
    assert "red speaks for SN Ia" in map_key(partly, "SN Ia", signed=True)
    assert "blank: not read by the network" in map_key(partly, "SN Ia", signed=True)


def test_the_rule_of_the_check_is_visible():
    check = DeletionCheck(0, 4, 0.9, 0.5, np.full(20, 0.7), np.arange(4))
    assert "at least 18 of 20 draws" in deletion_rule(check)
