"""Similar objects in a real browser: there on a phone and in the dark, by keyboard, and a link leads to one of them."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE_AT_NIGHT, look_over_on_both_screens

OID = "ZTF20aatqesi"


def test_similar_objects_fit_the_screen_and_one_is_opened_by_keyboard(app, visit):
    seen = visit(f"{app}/?oid={OID}", **PHONE_AT_NIGHT)
    page = seen.page
    expect(page.get_by_role("heading", name="Similar objects")).to_be_visible()
    look_over_on_both_screens(seen, "similar")
    button = page.locator(".st-key-similar").locator("button").filter(has_text=re.compile("ZTF")).first
    other = re.search(r"ZTF\d\d[a-z]{7}", button.inner_text())[0]
    assert other != OID
    button.focus()
    page.keyboard.press("Enter")
    # From the embedded objects where it is there; else a broker is asked, which need not answer: that the address asks is enough.
    expect(page).to_have_url(re.compile(f"oid={other}"), timeout=60000)
