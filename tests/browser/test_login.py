"""A closed server, as docs/security.md sets it up, with a real browser and an identity provider on this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sqlite3
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import idle, running_app, shoot

SECRET = "kept from everybody but this server, and long"
SAMPLE = "ZTF18aannern"
#: What a page of this dashboard can't do without: none of it may travel before the login.
TOLD = re.compile(rb"ZTF\d\d[a-z]{7}|SNIa|SN Ia|t2-ztf|macro-F1")


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """The dashboard behind a login: its address, the provider, and the file of verdicts."""
    lacking = [name for name in ("authlib", "httpx") if importlib.util.find_spec(name) is None]
    if lacking:
        say = f"NO TEST OF THE LOGIN: {' and '.join(lacking)} not found (pip install 'streamlit[auth]')"
        pytest.fail(say) if os.environ.get("CI") else pytest.skip(say)
    from tests.browser.identity_provider import IdentityProvider

    folder = tmp_path_factory.mktemp("closed")
    secrets, verdicts = folder / "secrets.toml", folder / "verdicts.sqlite"
    with IdentityProvider() as provider:
        secrets.write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"\ncookie_secret = "{SECRET}"\n'
            f'client_id = "t2scope"\nclient_secret = "known to two"\n'
            f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
        )
        with running_app(
            T2SCOPE_REQUIRE_LOGIN="true", T2SCOPE_VERDICTS=str(verdicts), STREAMLIT_SECRETS_FILES=str(secrets)
        ) as url:
            yield url, provider, verdicts


@pytest.fixture
def door(closed, visit):
    """door(path) -> the page of a visitor who has not logged in."""
    closed[1].mood = "lets in"
    return lambda path="": visit(f"{closed[0]}/{path}", wait="h1").page


def asked_to_log_in(page):
    """The page says nothing but that one has to log in."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Please log in", timeout=20000)
    idle(page)
    assert not TOLD.search(page.content().encode())


def log_in(page):
    page.get_by_role("button", name="Log in").click()


def test_nothing_travels_before_the_login(closed, chromium):
    context = chromium.new_context()
    page, frames = context.new_page(), []
    page.on(
        "websocket",
        lambda ws: ws.on("framereceived", lambda f: frames.append(f if isinstance(f, bytes) else f.encode())),
    )
    for path in (f"object?source=sample&oid={SAMPLE}", "candidates", "evaluation?model=t2-ztf"):
        page.goto(f"{closed[0]}/{path}")
        page.wait_for_selector("h1", timeout=60000)
        asked_to_log_in(page)
    assert frames and not TOLD.search(b"".join(frames).replace(SAMPLE.encode(), b"what was asked for"))
    context.close()


@pytest.mark.parametrize(
    "path", ["models/t2-ztf/card.json", ".streamlit/secrets.toml", "app/static/card.json", "media/card.json", "component/x/y",
             "_stcore/agent/openapi.json", "auth/login?provider=forged", "oauth2callback?code=1&state=2", "auth/logout"],
)  # fmt: skip
def test_no_other_address_gives_anything_away(closed, path):
    try:
        with urllib.request.urlopen(f"{closed[0]}/{path}", timeout=10) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        assert error.code in (400, 403, 404, 405)
        body = error.read()
    assert not TOLD.search(body) and SECRET.encode() not in body and b"Traceback" not in body


def test_the_login_leads_to_the_page_that_was_asked_for_and_speaks_in_ones_own_name(closed, door):
    url, provider, verdicts = closed
    page = door("candidates?who=Somebody%20Else")
    asked_to_log_in(page)
    shoot(page, "login")
    log_in(page)
    page.wait_for_selector(".st-key-vet img", timeout=60000)
    idle(page)
    assert page.url == f"{url}/candidates?who=Somebody%20Else"
    name = page.get_by_label("Your name")
    expect(name).to_have_value("Ada Lovelace")
    expect(name).to_be_disabled()
    expect(page.get_by_text("Logged in as Ada Lovelace")).to_be_visible()
    shoot(page, "logged_in")
    page.keyboard.press("x")
    expect(page.get_by_text("1 of 80 vetted")).to_be_visible(timeout=20000)
    said = sqlite3.connect(verdicts).execute("select kind, who from history").fetchall()
    assert said == [("junk", "Ada Lovelace")]
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{url}/")
    asked_to_log_in(page)
    assert provider.left == 1 and not [c for c in page.context.cookies() if c["name"].startswith("_streamlit_user")]
    page.goto(f"{url}/candidates")
    asked_to_log_in(page)


def signed(payload, *, secret=SECRET, days_ago=0):
    from itsdangerous import TimestampSigner, URLSafeTimedSerializer

    class Earlier(TimestampSigner):
        def get_timestamp(self):
            return int(time.time() - days_ago * 86400)

    return URLSafeTimedSerializer(secret, salt="_streamlit_user", signer=Earlier).dumps(json.dumps(payload))


def test_only_a_cookie_of_this_server_that_is_no_older_than_a_month_lets_in(closed, chromium):
    url = closed[0]
    ada = {"name": "Ada Lovelace", "origin": url, "is_logged_in": True, "provider": "default"}
    cookies = {
        "of another secret": signed(ada, secret="a secret of another server, and long enough"),
        "too old": signed(ada, days_ago=40),
        "for another server": signed({**ada, "origin": "https://elsewhere.example.org"}),
        "nonsense": "nonsense",
        "changed": signed(ada)[:-3] + "abc",
        "in order": signed(ada),
    }
    context = chromium.new_context()
    page = context.new_page()
    for which, cookie in cookies.items():
        context.clear_cookies(name="_streamlit_user")
        context.add_cookies([{"name": "_streamlit_user", "value": cookie, "url": url}])
        page.goto(f"{url}/models")
        page.wait_for_selector("h1", timeout=60000)
        idle(page)
        assert (page.locator("h1").inner_text() == "Please log in") == (which != "in order"), which
    context.close()


def test_a_login_that_comes_to_nothing_is_told_and_can_be_tried_again(closed, door):
    page = door("models?model=t2-lsst")
    for mood in ("denies", "forges", "is late", "mixes up"):
        closed[1].mood = mood
        log_in(page)
        page.wait_for_url(f"{closed[0]}/")
        expect(page.get_by_text("The last attempt did not end in a login"), mood).to_be_visible(timeout=20000)
        asked_to_log_in(page)
    shoot(page, "login_failed")
    closed[1].mood = "lets in"
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Models", timeout=60000)
    assert page.url == f"{closed[0]}/models?model=t2-lsst"


def test_a_provider_that_is_down_is_a_sentence(closed, door):
    page = door()
    closed[1].mood = "is down"
    log_in(page)
    expect(page.get_by_text(re.compile("identity provider at 127.0.0.1.* does not answer"))).to_be_visible(
        timeout=20000
    )
    shoot(page, "provider_down")
    asked_to_log_in(page)


def test_at_another_address_the_login_is_pointed_to(closed, visit):
    page = visit(closed[0].replace("127.0.0.1", "localhost") + "/models?model=t2-ztf", wait="h1").page
    expect(page.get_by_role("link", name=f"{closed[0]}/models")).to_have_attribute(
        "href", f"{closed[0]}/models?model=t2-ztf"
    )
    assert page.get_by_role("button", name="Log in").count() == 0
