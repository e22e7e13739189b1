"""What a card says it can't do agrees with the figures beside it, and says no number that nobody measured."""

from __future__ import annotations

import copy
import re

import pytest

from core.model import MODELS
from training import card_file
from training.limits import limits

OWN = ["t2-ztf", "t2-ztf-z"]


@pytest.mark.parametrize("name", OWN)
def test_shipped_limits_are_those_of_the_shipped_figures(name):
    card = card_file.read(MODELS / name)
    assert card["limits"] == limits(card)


@pytest.mark.parametrize("name", OWN)
def test_another_figure_makes_another_sentence(name):
    card = copy.deepcopy(card_file.read(MODELS / name))
    before = limits(card)
    card["figures"]["fifteen_class"]["recall_survey"]["RRL"] = 0.123
    card["training"]["real"]["SNIa-91bg"] = 4321
    changed = " ".join(set(limits(card)) - set(before))
    assert "12% of RR Lyrae" in changed and "4321" in changed


def test_twins_are_a_limit_only_where_their_interval_excludes_zero():
    card = copy.deepcopy(card_file.read(MODELS / "t2-ztf"))
    twins = card["figures"]["twins"]["all"]
    twins |= {"difference": -0.12, "difference_interval": [-0.22, -0.02]}
    assert any("0.12 [0.02, 0.22] less probability" in sentence for sentence in limits(card))
    twins["difference_interval"] = [-0.22, 0.02]
    assert not any("made alert-like, the true class" in sentence for sentence in limits(card))


def test_what_is_not_measured_is_not_said():
    card = card_file.read(MODELS / "t2-ztf") | {"figures": {}}
    assert not any(re.search(r"\d+%|\d\.\d", sentence) for sentence in limits(card))


@pytest.mark.parametrize("name", [*OWN, "t2-published-gr"])
def test_reading_and_writing_a_card_changes_no_byte(name, tmp_path):
    card_file.write(tmp_path, card_file.read(MODELS / name))
    assert (tmp_path / "card.json").read_bytes() == (MODELS / name / "card.json").read_bytes()


@pytest.mark.parametrize("name", [*OWN, "t2-published-gr"])
def test_the_files_and_golden_answers_of_a_card_are_made_by_this_code(name):
    folder = MODELS / name
    card = card_file.read(folder)
    for entry in [card["files"]["model"], *card["files"].get("folds", []), *card["files"].get("variants", {}).values()]:
        made = card_file.describe(folder / entry["path"], folder, kind=entry["format"])
        assert made == {name: entry[name] for name in made}  # a variant says more besides
    made = card_file.golden((folder / "model.tflite").read_bytes(), card["tensors"])
    assert made["input"] == card["golden"]["input"]
    assert made["probabilities"] == pytest.approx(card["golden"]["probabilities"], abs=1e-5)


def test_a_folder_without_a_card_reads_as_an_empty_one(tmp_path):
    assert card_file.read(tmp_path) == {}
