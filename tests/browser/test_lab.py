"""The lab in a real browser: the timeline of real objects, both modes, a phone, and a screen reader."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import idle, shoot

REAL = ["ZTF20aatqesi", "ZTF18aannern", "ZTF17aaapphc"]
WAIT = ".st-key-timeline .js-plotly-plot .point"


@pytest.mark.parametrize("oid", REAL)
def test_the_timeline_of_a_real_object_says_when_the_answer_stood(app, visit, oid):
    seen = visit(f"{app}/lab?oid={oid}", wait=WAIT)
    expect(seen.page.get_by_role("heading", name=re.compile(oid), level=1)).to_be_visible()
    expect(seen.page.get_by_text(re.compile("leads (for good )?from")).first).to_be_visible()
    assert seen.hosts == {app.split("//")[1]} and not seen.real_errors()


@pytest.mark.parametrize(("mode", "width"), [("light", 1440), ("dark", 390)])
def test_the_lab_fits_the_screen_and_a_screen_reader_finds_no_serious_fault(app, visit, mode, width):
    from axe_playwright_python.sync_playwright import Axe

    seen = visit(f"{app}/lab?oid={REAL[0]}", width=width, mode=mode, wait=WAIT)
    assert seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    found = [v["id"] for v in Axe().run(seen.page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert not found
    shoot(seen.page, f"lab_timeline_{mode}_{width}")


def test_the_slider_leads_back_in_time_and_play_leads_on(app, visit):
    seen = visit(f"{app}/lab?oid={REAL[1]}", wait=WAIT)
    day = seen.page.get_by_text(re.compile(r"^Day \d+: ")).first
    last = day.inner_text()
    slider = seen.page.locator(".st-key-timeline_controls").get_by_role("slider")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowLeft")
    expect(day).not_to_have_text(last, timeout=20000)
    idle(seen.page)
    assert "day=" in seen.page.url
    seen.page.get_by_role("button", name="Play").click()
    expect(seen.page.get_by_role("button", name="Pause")).to_be_visible(timeout=20000)
    expect(day).to_have_text(last, timeout=30000)
    expect(seen.page.get_by_role("button", name="Play")).to_be_visible(timeout=20000)


def test_the_object_page_leads_to_the_lab_and_back(app, visit):
    seen = visit(f"{app}/?oid={REAL[1]}")
    seen.page.get_by_role("link", name="What would change its mind?").click()
    seen.page.wait_for_selector(WAIT, timeout=60000)
    expect(seen.page.get_by_role("heading", name=re.compile(REAL[1]), level=1)).to_be_visible()
    seen.page.get_by_role("link", name="To the object's page").click()
    expect(seen.page.get_by_role("heading", name=REAL[1], level=1, exact=True)).to_be_visible(timeout=20000)
