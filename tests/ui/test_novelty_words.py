"""The sentences on novelty and neighbours say what was measured, and never more than that."""

from dataclasses import replace

import pytest

from core.model import load_model
from core.neighbours import Neighbour, Similar
from core.pipeline import classify
from tests.curves import supernova
from ui.novelty_words import is_untypical, novelty_line, percent_below, shares_sentence
from ui.sections.similar import similar_table


@pytest.fixture(scope="module")
def result():
    return classify(supernova(), load_model("t2-ztf"))


@pytest.mark.parametrize(
    ("share", "words", "marked"),
    [
        (0.41, "41 % of known objects with about as many points are more typical", False),
        (0.9499, "are more typical", False),
        (0.972, "Less typical than 97 %", True),
        (0.9951, "Less typical than 99.5 %", True),
        (0.9999, "Unlike anything this model was trained on", True),
    ],
)
def test_the_line_follows_the_share_and_the_threshold(result, share, words, marked):
    one = replace(result, novelty=share)
    assert words in novelty_line(one) and is_untypical(one) is marked


def test_a_model_without_a_measure_says_nothing(result):
    assert novelty_line(replace(result, novelty=None)) == ""
    published = classify(supernova(), load_model("t2-published-gr"))
    assert published.novelty is None and novelty_line(published) == "" and not is_untypical(published)


def test_a_share_is_never_rounded_up_to_all():
    assert percent_below(0.9999) == "99.9" and percent_below(0.989999) == "98"


def test_neighbours_are_told_by_class_and_what_is_not_known_is_a_dash():
    similar = Similar((Neighbour("a", "SNIa", None, None, 1.234, float("inf")),), {"SNIa": 19, "TDE": 1}, 20)
    assert shares_sentence(similar) == "Of the 20 nearest training objects: 19 SN Ia, 1 TDE."
    assert similar_table(similar).iloc[0].tolist() == ["a", "SN Ia", "–", "–", "1.23", "whole light curve"]
