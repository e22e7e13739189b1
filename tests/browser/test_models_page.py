"""The Models page in a real browser: no sideways scroll on a phone, tables that the keyboard scrolls, no serious fault."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import idle, shoot


@pytest.mark.parametrize("model", ["t2-ztf", "t2-lsst"])
@pytest.mark.parametrize(("mode", "width"), [("light", 1440), ("dark", 390)])
def test_a_card_fits_the_screen_and_a_screen_reader_finds_no_serious_fault(app, visit, model, mode, width):
    from axe_playwright_python.sync_playwright import Axe

    seen = visit(f"{app}/models?model={model}", width=width, mode=mode, wait=".card-table")
    page = seen.page
    expect(page.get_by_role("heading", name="All models side by side")).to_be_visible()
    idle(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    outside = page.evaluate(
        "[...document.querySelectorAll('.card-table')].filter(t => t.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert outside == 0, "a table scrolls inside itself"
    found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert not found and not seen.real_errors() and seen.hosts == {app.split("//")[1]}
    shoot(page, f"models_{model}_{mode}_{width}")
    if width < 640:
        _scrolls_by_keyboard(page)


def _scrolls_by_keyboard(page):
    files = page.get_by_role("region", name="Files", exact=True)
    files.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert files.evaluate("e => e.scrollLeft") > 0
