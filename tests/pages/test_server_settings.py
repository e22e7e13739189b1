"""What a server's owner sets, as visitors meet it."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from core.card import CardError, load_card
from core.model import MODELS
from tests.pages.test_object_page import APP, opened, text_of
from ui import resources

PAGES = APP.parent / "pages"


@pytest.fixture
def owner_sets(monkeypatch):
    """Set T2SCOPE_ variables for one test, read afresh before and after."""

    def forget():
        for kept in (
            resources.settings,
            resources.cards,
            resources.model_names,
            resources.model,
            resources.extra_models,
            resources.fold_models,
        ):
            kept.clear()

    def set_to(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"T2SCOPE_{name}", value)
        forget()

    yield set_to
    monkeypatch.undo()
    forget()


def test_a_closed_server_shows_nothing_before_the_login(owner_sets):
    owner_sets(REQUIRE_LOGIN="true")
    at = opened()
    assert at.title[0].value == "Please log in"
    assert not at.get("plotly_chart") and "SN" not in text_of(at)


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.py")))
def test_every_page_of_a_closed_server_asks_for_the_login_and_shows_nothing_else(owner_sets, page):
    owner_sets(REQUIRE_LOGIN="true")
    at = AppTest.from_file(str(APP), default_timeout=60).switch_page(f"pages/{page}").run()
    assert not at.exception and [title.value for title in at.title] == ["Please log in"]
    assert [button.label for button in at.button] == ["Log in"]
    assert not any(
        at.get(kind) for kind in ("plotly_chart", "selectbox", "file_uploader", "dataframe", "text_input", "imgs")
    )


def test_a_closed_server_without_a_login_says_what_is_missing_and_offers_no_dead_button(owner_sets, monkeypatch):
    owner_sets(REQUIRE_LOGIN="true")
    for found, said in ((None, "Authlib is not installed"), (object(), "secrets")):
        monkeypatch.setattr("ui.login.importlib.util.find_spec", lambda _, found=found: found)
        at = opened()
        assert at.button[0].disabled and said in at.caption[0].value


def test_a_model_from_outside_is_offered_and_only_as_the_owner_knows_it(owner_sets, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(MODELS / "t2-published-gr", folder)
    digest = load_card(folder).data["files"]["model"]["sha256"]
    owner_sets(EXTRA_MODELS=f"{folder}@{digest}")
    assert {"mine", "mine@as-trained"} <= set(resources.model_names())
    assert resources.model("mine@as-trained").recipe_name == "as-trained"
    owner_sets(EXTRA_MODELS=f"{folder}@{'0' * 64}")
    with pytest.raises(CardError, match="not the one"):
        resources.model("mine")
    assert "not the one" in opened(model="mine").error[0].value


def test_a_broken_card_is_left_out_and_a_shipped_name_is_not_given_away(owner_sets, tmp_path, caplog):
    folders = [tmp_path / "broken", tmp_path / "t2-ztf"]
    for folder in folders:
        shutil.copytree(MODELS / "t2-published-gr", folder)
    digest = load_card(folders[0]).data["files"]["model"]["sha256"]
    (folders[0] / "card.json").write_text("{")
    owner_sets(EXTRA_MODELS=",".join(f"{folder}@{digest}" for folder in folders))
    assert "broken" not in resources.model_names() and resources.model_names()[0] == "t2-ztf"
    assert resources.model("t2-ztf").card.folder == MODELS / "t2-ztf"
    assert "broken" in caplog.text and "a shipped model has its name" in caplog.text
    assert opened().get("plotly_chart")
