"""The Models page shows what each card holds, whatever it lacks."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.card import find_cards, load_card
from core.model import MODELS
from ui.card_tables import score_sets
from ui.wording import plain

PAGE = Path(__file__).resolve().parents[2] / "app.py"
CARDS = {name: load_card(folder) for name, folder in find_cards(MODELS).items()}


def opened(**query):
    at = AppTest.from_file(str(PAGE), default_timeout=60)
    at.switch_page("pages/models.py")
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    return at


def markdown_of(at):
    return "\n".join(e.value for e in at.markdown)


def html_of(at):
    return "\n".join(e.proto.body for e in at.get("html"))


@pytest.mark.parametrize("name", CARDS)
def test_every_card_is_shown_with_each_of_its_limits_its_licence_and_its_checksums(name):
    at, data = opened(model=name), CARDS[name].data
    text, tables = markdown_of(at), html_of(at)
    assert plain(data["title"]) in [e.value for e in at.header] and plain(data["summary"]) in text
    assert [limit for limit in data["limits"] if plain(limit) not in text] == []
    assert data["files"]["model"]["sha256"] in tables
    assert any(plain(data["licence"]) in e.value for e in at.caption)
    assert plain(f"Prior in force: {data['prior']['name']}.") in text
    assert ">None<" not in tables and ">nan<" not in tables


@pytest.mark.parametrize("name", CARDS)
def test_every_set_of_scores_of_a_card_can_be_chosen_by_its_address(name):
    figures = CARDS[name].data["figures"]
    keys = [scored.key for scored in score_sets(figures) if scored.by_class()]
    at = opened(model=name, scores=keys[-1])
    assert at.selectbox(key="scores").value == keys[-1]
    assert len(at.selectbox(key="scores").options) == len(keys)


def test_all_models_stand_side_by_side_and_simulated_figures_are_called_so():
    tables = html_of(opened())
    for name in CARDS:
        assert name in tables
    if any(s.simulated for card in CARDS.values() for s in score_sets(card.data["figures"])):
        assert "Simulated light curves, not to be compared with real ones" in tables
    assert "Other real objects" in tables, "the published file was judged on other objects"


def test_an_address_with_an_unknown_model_or_set_falls_back():
    at = opened(model="nowhere", scores="nothing")
    assert "no model 'nowhere'" in at.warning[0].value and at.selectbox(key="model").value == "t2-ztf"


def test_choosing_a_model_puts_it_into_the_address():
    at = opened()
    at.selectbox(key="model").select("t2-published-gr").run()
    assert at.query_params["model"] == "t2-published-gr" and not at.exception
    assert "not calibrated" in markdown_of(at)
