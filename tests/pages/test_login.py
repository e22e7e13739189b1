"""What the page says of secrets that can't work. The login itself is tried in tests/browser/test_login.py."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from ui import login
from ui.login import SHORTEST_SECRET, missing_for_login

APP = Path(__file__).resolve().parents[2] / "app.py"

GOOD = {
    "redirect_uri": "https://vet.example.org/oauth2callback", "cookie_secret": "x" * SHORTEST_SECRET, "client_id": "t2scope",
    "client_secret": "hidden", "server_metadata_url": "https://id.example.org/.well-known/openid-configuration",
}  # fmt: skip


def test_secrets_as_the_document_writes_them_are_in_order():
    assert missing_for_login(GOOD) == ""
    assert missing_for_login(GOOD | {"redirect_uri": "http://127.0.0.1:{port}/oauth2callback"}) == ""
    assert missing_for_login(GOOD | {"redirect_uri": "https://example.org/vet/oauth2callback"}, base="/vet/") == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict.fromkeys(GOOD, ""), "no redirect_uri, no cookie_secret, no client_id, no client_secret, no server_metadata_url"),
        ({"client_id": None}, "no client_id"),
        ({"cookie_secret": "…"}, "too short; expected 32"),
        ({"cookie_secret": "x" * (SHORTEST_SECRET - 1)}, "too short; expected 32"),
        ({"redirect_uri": "https://vet.example.org/"}, "followed by /oauth2callback"),
        ({"redirect_uri": "https://vet.example.org/vet/oauth2callback"}, "followed by /oauth2callback"),
        ({"redirect_uri": "vet.example.org/oauth2callback"}, "followed by /oauth2callback"),
        ({"redirect_uri": "https://Vet.example.org/oauth2callback"}, "in small letters"),
        ({"redirect_uri": "https://vet.example.org:443/oauth2callback"}, "no port that browsers leave out"),
    ],
)  # fmt: skip
def test_what_the_secrets_lack_is_named_and_no_secret_is_shown(change, said):
    found = missing_for_login(GOOD | change)
    assert said in found and "hidden" not in found and "xxx" not in found


@pytest.mark.parametrize(("secret", "title"), [("secret", "Please log in"), ("x" * SHORTEST_SECRET, "Samples")])
def test_who_may_have_signed_his_own_cookie_stays_outside(secret, title, monkeypatch):
    monkeypatch.setattr(login, "settings", lambda: Settings(require_login=True))
    monkeypatch.setattr(login, "_section", lambda: GOOD | {"cookie_secret": secret})
    monkeypatch.setattr(login, "name_of_login", lambda: "Mallory")
    at = AppTest.from_file(str(APP), default_timeout=60).switch_page("pages/samples.py").run()
    assert at.title[0].value == title and not at.exception


def test_an_address_that_somebody_made_up_is_no_link_elsewhere(monkeypatch):
    class Context:
        url = "http://localhost:8501/a](https://evil.example)[x"

    monkeypatch.setattr(login.st, "context", Context())
    there = login._elsewhere("https://vet.example.org/oauth2callback")
    assert there.startswith("https://vet.example.org/a%5D%28https") and not set("[]()") & set(there)
