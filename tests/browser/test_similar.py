"""Similar objects in a real browser: there on a phone and in the dark, by keyboard, and a link leads to one of them."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import shoot

OID = "ZTF20aatqesi"


@pytest.mark.parametrize(("mode", "width"), [("light", 1440), ("dark", 390)])
def test_similar_objects_fit_the_screen_and_a_screen_reader_finds_no_serious_fault(app, visit, mode, width):
    from axe_playwright_python.sync_playwright import Axe

    seen = visit(f"{app}/?oid={OID}", width=width, mode=mode)
    expect(seen.page.get_by_role("heading", name="Similar objects")).to_be_visible()
    assert seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    found = [v["id"] for v in Axe().run(seen.page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert not found and not seen.real_errors()
    shoot(seen.page, f"similar_{mode}_{width}")


def test_a_similar_object_is_opened_by_keyboard(app, visit):
    seen = visit(f"{app}/?oid={OID}")
    button = seen.page.locator(".st-key-similar").locator("button").filter(has_text=re.compile("ZTF")).first
    other = re.search(r"ZTF\d\d[a-z]{7}", button.inner_text())[0]
    assert other != OID
    button.focus()
    seen.page.keyboard.press("Enter")
    # From the embedded objects where it is there; else a broker is asked, which need not answer: that the address asks is enough.
    expect(seen.page).to_have_url(re.compile(f"oid={other}"), timeout=60000)
