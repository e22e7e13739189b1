"""The cards' figures as tables: what the card says, nothing else."""

import pytest

from core.card import find_cards, load_card
from core.model import MODELS
from ui.card_tables import cell, class_table, score_table, training_table

CARDS = [load_card(folder) for folder in find_cards(MODELS).values()]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_shipped_card_has_scores_to_show(card):
    scores = score_table(card.data["figures"])
    assert len(scores) and scores["macro-F1"].astype(float).between(0, 1).all()
    assert not scores.isin(["None", "nan", ""]).any().any()
    assert len(class_table(card.data["figures"])) == 5


def test_a_card_without_figures_gives_empty_tables():
    assert len(score_table({})) == 0 and len(training_table({})) == 0


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.84771234, "0.848"),
        (12345, "12,345"),
        (0.00012, "0.00012"),
        ("text", "text"),
        (True, "True"),
        (3.0, "3"),
    ],
)
def test_cells_have_few_decimals_and_a_dash_for_nothing(value, shown):
    assert cell(value) == shown


def test_training_objects_are_counted_as_the_card_counts_them():
    training = {"real": {"SNIa": 3}, "simulated_light_curves": {"KN": 7, "SNIa": 1}}
    table = training_table(training).set_index("class")
    assert table.loc["SN Ia"].tolist() == [3, 1] and table.loc["Kilonova"].tolist() == [0, 7]
