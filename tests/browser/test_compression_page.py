"""The compression page in a real browser: it fits the screen, a measurement runs and ends, and a flip opens its object."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import idle, shoot


@pytest.mark.parametrize(("mode", "width"), [("light", 1440), ("dark", 390)])
def test_the_page_fits_the_screen_and_a_screen_reader_finds_no_serious_fault(app, visit, mode, width):
    from axe_playwright_python.sync_playwright import Axe

    seen = visit(f"{app}/compression", width=width, mode=mode)
    page = seen.page
    expect(page.get_by_role("heading", name="Where the time goes")).to_be_visible(timeout=60000)
    idle(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert not found and not seen.real_errors() and seen.hosts == {app.split("//")[1]}
    shoot(page, f"compression_{mode}_{width}")


def test_a_measurement_runs_shows_its_progress_and_ends_with_ratios(app, visit):
    page = visit(f"{app}/compression").page
    page.get_by_role("button", name="Measure here").click()
    expect(
        page.get_by_text("Measuring:").or_(page.get_by_text("Measured on this server just now")).first
    ).to_be_visible(timeout=60000)
    shown = page.get_by_role("region", name="Measured on this server just now")
    expect(shown).to_be_visible(timeout=180000)
    assert "8-bit weights" in shown.inner_text()
    expect(page.get_by_role("button", name="Measure here")).to_be_visible()
    shoot(page, "compression_measured")


def test_a_flipped_object_opens_with_the_variant(app, visit):
    page = visit(f"{app}/?source=sample&oid=ZTF20aaynrrh&model=t2-ztf&variant=float16").page
    said = page.get_by_text("float16 weights (not the form that is served)")
    expect(said.first).to_be_visible(timeout=60000)
    page.get_by_role("combobox", name="Form of the network").click()
    page.get_by_role("option", name="8-bit weights (served)").click()
    expect(said).to_have_count(0, timeout=60000)
