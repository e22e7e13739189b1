"""What the page says of secrets that can't work. The login itself is tried in tests/browser/test_login.py."""

import pytest

from ui.login import SHORTEST_SECRET, missing_for_login

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
        ({"cookie_secret": "…"}, "1 characters; expected 32"),
        ({"cookie_secret": "x" * (SHORTEST_SECRET - 1)}, "31 characters; expected 32"),
        ({"redirect_uri": "https://vet.example.org/"}, "followed by /oauth2callback"),
        ({"redirect_uri": "https://vet.example.org/vet/oauth2callback"}, "followed by /oauth2callback"),
        ({"redirect_uri": "vet.example.org/oauth2callback"}, "followed by /oauth2callback"),
    ],
)  # fmt: skip
def test_what_the_secrets_lack_is_named_and_no_secret_is_shown(change, said):
    found = missing_for_login(GOOD | change)
    assert said in found and "hidden" not in found and "xxx" not in found
