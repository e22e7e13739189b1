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
from ui import wording
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
    text = wording.map_sentence(late, "SNIa", None)
    assert "Only 0 % lies between the first and the last measurement, 100 % after the last" in text


@pytest.mark.parametrize(
    ("before", "without_top", "random", "words"),
    [
        (0.87, 0.41, 0.83, "goes from 0.87 to 0.41; without 4 random ones, to 0.83 on average."),
        (0.87, 0.85, 0.70, "the map is not confirmed here"),
        (0.99, 0.99, 0.99, "too firm for the map to be checked"),
    ],
)
def test_the_deletion_check_is_told_with_its_numbers(before, without_top, random, words):
    result = classify(supernova(), load_model("t2-ztf"))
    check = DeletionCheck(0, 4, before, without_top, np.full(8, random), np.arange(4))
    assert words in wording.map_sentence(result, "SNIa", check)
