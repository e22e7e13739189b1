"""The cards' figures as tables: what the card says, nothing else, and nothing where it says nothing."""

import json
import re

import pytest

from core.card import ModelCard, find_cards, load_card
from core.model import MODELS
from ui.card_tables import (
    cell,
    class_table,
    confusion_table,
    flat_table,
    label,
    records_table,
    score_sets,
    score_table,
    stand_ins,
    with_interval,
    without,
)
from ui.card_training import file_table, prior_table, rule_sentences, source_table, training_table
from ui.compression.overview import variant_table
from ui.compression.records import has_records, records_of
from ui.forms import form_title, served_title, served_words
from ui.model_comparison import comparison_table, not_compared, overview_table
from ui.sections.card import reliability_sentence
from ui.tables import NOTHING, Table, html_of, table

CARDS = {name: load_card(folder) for name, folder in find_cards(MODELS).items()}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_every_shipped_card_has_scores_and_classes_to_show(card):
    sets = score_sets(card.data["figures"])
    scores = score_table(sets)
    shown = scores.column("macro-F1").values()
    assert all(value == NOTHING or 0 <= float(value.split(" ")[0]) <= 1 for value in shown)
    assert len(scores.column("objects")) == len(scores.rows), "each row has a name of its own"
    first = next(scored for scored in sets if "macro_f1" in scored.scores)
    assert len(class_table(first).rows) == len(confusion_table(first, card.classes).rows) == 5


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_confusion_matrix_counts_the_objects_that_the_card_counts(card):
    for scored in score_sets(card.data["figures"]):
        if scored.matrix and scored.count:
            assert sum(map(sum, scored.matrix)) == scored.count, scored.key
            assert confusion_table(scored, card.classes), scored.key


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_no_figure_of_a_card_is_lost(card):
    figures = card.data["figures"]
    kept = json.dumps(without(figures, score_sets(figures)))
    for scored in score_sets(figures):
        kept += json.dumps(scored.scores) + json.dumps(scored.objects)
    numbers = {
        text
        for text in json.dumps(figures).replace("[", " ").replace("]", " ").replace(",", " ").split()
        if "." in text
    }
    assert not [text for text in numbers if text.strip("}") not in kept]


def test_a_card_without_figures_gives_empty_tables():
    assert score_sets({}) == [] and not score_table([]) and not training_table({}) and not source_table([])
    assert not records_table("nothing", None) and not flat_table("nothing", {}) and rule_sentences({}) == []
    assert not prior_table({"name": "as published", "weights": {}})


def test_models_are_compared_on_the_same_objects_only():
    data = next(iter(CARDS.values())).data

    def card(objects, **figures):
        five = {"objects": objects, "survey": {"macro_f1": 0.5, "macro_f1_interval": [0.4, 0.6]}}
        return ModelCard(MODELS, {**data, "figures": {"five_class": five, **figures}})

    simulated = ModelCard(
        MODELS,
        {**data, "figures": {"simulated_five_class": {"with_redshift": {"objects": {"TDE": 3}, "macro_f1": 0.9}}}},
    )
    cards = {"a": card({"TDE": 3}), "sim": simulated, "b": card({"TDE": 4}), "c": card({"TDE": 3})}
    rows = comparison_table(cards | {"bare": ModelCard(MODELS, {**data, "figures": {}})}).rows
    headings = [i for i, row in enumerate(rows) if len(row) == 1]
    under = [[row[0] for row in rows[i + 1 : j]] for i, j in zip(headings, [*headings[1:], None], strict=True)]
    assert under == [["a", "c"], ["b"], ["sim"]]
    assert [rows[i][0].split(":")[0] for i in headings] == [
        "Real objects", "Other real objects", "Simulated light curves, not to be compared with real ones",
    ]  # fmt: skip
    assert rows[1][2] == "0.500 [0.400, 0.600]"
    assert not_compared(cards) == [] and not_compared({"bare": ModelCard(MODELS, {**data, "figures": {}})}) == ["bare"]


def test_every_shipped_model_is_in_the_overview_and_every_file_in_its_table():
    assert [row[0] for row in overview_table(CARDS).rows] == list(CARDS)
    for card in CARDS.values():
        files = file_table(card)
        hashes = files.column("SHA-256")
        assert json.dumps(card.data["files"]).count('"sha256"') == len(hashes)
        (served,) = [name for name in hashes if name.endswith("(served)")]
        assert hashes[served] == card.entry()["sha256"] and served.startswith(served_title(card))
        assert overview_table(CARDS).column("form served")[card.name] == served_title(card)


def test_forms_are_called_by_their_names_and_never_by_their_keys():
    for card in CARDS.values():
        keys = [key for key, entry in card.variants.items() if entry.get("title", key) != key]
        shown = [served_words(card), *(row[0] for row in file_table(card).rows)]
        if has_records(card):
            rows = variant_table(records_of(card)).rows
            shown += [row[0] for row in rows]
            assert [row[0].endswith("(served)") for row in rows if row[1] == "TFLite"].count(True) == 1
        hidden = [(key, text) for key in keys for text in shown if re.search(rf"(?<![\w-]){key}(?![\w-])", text)]
        assert not [pair for pair in hidden if form_title(card, pair[0]) not in pair[1]], hidden


def test_what_a_card_says_never_becomes_markup():
    text = html_of(Table('<b>"x"', ("a", "b"), (("<script>", "1"),)))
    assert "<script>" not in text and "<b>" not in text and "&lt;script&gt;" in text


def test_columns_without_a_value_are_left_out():
    assert table("t", ["a", "b", "c"], [["1", NOTHING, "2"], ["heading"]]).head == ("a", "c")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.84771234, "0.848"),
        (12345, "12,345"),
        (0.00012, "0.00012"),
        ("text", "text"),
        (True, "yes"),
        (3.0, "3"),
        (1.0, "1.000"),
        (0.0, "0.000"),
    ],
)
def test_cells_have_few_decimals_and_a_dash_for_nothing(value, shown):
    assert cell(value) == shown


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("macro_f1_survey", "macro-F1, survey prior"),
        ("ece_survey_with_redshift", "calibration error, survey prior, with redshift"),
        ("SNIa", "SN Ia"),
        ("something_else", "something else"),
    ],
)
def test_fields_are_told_in_words(key, words):
    assert label(key) == words


def test_a_figure_stands_with_its_interval():
    scores = {"macro_f1": 0.5, "macro_f1_interval": [0.4, 0.6]}
    assert with_interval(scores, "macro_f1") == "0.500 [0.400, 0.600]" and with_interval(scores, "accuracy") == NOTHING


def test_training_objects_are_counted_as_the_card_counts_them():
    shown = training_table({"real": {"SNIa": 3}, "simulated_light_curves": {"KN": 7, "SNIa": 1}})
    assert {row[0]: row[1:] for row in shown.rows} == {"SN Ia": ("3", "1"), "Kilonova": ("0", "7")}


def test_bins_ages_and_intervals_by_class_are_told_as_a_person_says_them():
    bins = records_table("bins", [{"points": [3, 6], "objects": 70}, {"points": [60, None], "objects": 50}])
    assert [row[0] for row in bins.rows] == ["3 to 6", "60 and more"]
    ages = records_table("ages", [{"days": 5.0, "scored": 9}, {"days": None, "scored": 10}])
    assert [row[0] for row in ages.rows] == ["5", "all"]
    figures = {
        "five_class": {"sample": {"macro_f1": 0.5, "recall": {"TDE": 0.5}, "recall_interval": {"TDE": [0.1, 0.9]}}}
    }
    (scored,) = score_sets(figures)
    assert scored.title == "Five classes, sample's mix"
    assert class_table(scored).column("complete") == {"TDE": "0.500 [0.100, 0.900]"}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_simulated_stand_ins_are_what_is_judged_beyond_the_real_objects(card):
    judged = sum(entry["objects"] for entry in card.data.get("reliability", []))
    real = card.data["figures"].get("sample", {}).get("objects", 0)
    made = stand_ins(card.data)
    if card.data["training"].get("simulated") or not judged:
        assert made == {}
    else:
        assert sum(made.values()) == judged - real and not set(made) & set(card.data["training"]["real"])
        assert f"{sum(made.values()):,} are simulated" in reliability_sentence(card.data)


def test_a_card_that_counts_otherwise_names_no_stand_ins():
    data = json.loads(json.dumps(CARDS["t2-ztf"].data))
    data["figures"]["sample"]["objects"] += 1
    assert stand_ins(data) == {} and "simulated" not in reliability_sentence(data)
