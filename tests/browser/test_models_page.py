"""The Models page in a real browser: no sideways scroll on a phone, tables that the keyboard scrolls, no serious fault."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE_AT_NIGHT, idle, look_over_on_both_screens

OUTSIDE = (
    "[...document.querySelectorAll('.card-table')].filter(t => t.getBoundingClientRect().right > innerWidth + 1).length"
)


@pytest.mark.parametrize("model", ["t2-ztf", "t2-lsst"])
def test_a_card_fits_the_screen_and_a_screen_reader_finds_no_serious_fault(app, visit, model):
    seen = visit(f"{app}/models?model={model}", wait=".card-table", **PHONE_AT_NIGHT)
    page = seen.page
    expect(page.get_by_role("heading", name="All models side by side")).to_be_visible()
    idle(page)

    def tables(width):
        assert page.evaluate(OUTSIDE) == 0, "a table scrolls inside itself"
        if width < 640:
            _scrolls_by_keyboard(page)

    look_over_on_both_screens(seen, f"models_{model}", then=tables)


def _scrolls_by_keyboard(page):
    files = page.get_by_role("region", name="Files", exact=True)
    files.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert files.evaluate("e => e.scrollLeft") > 0
