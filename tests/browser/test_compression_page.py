"""The compression page in a real browser: it fits the screen, a measurement runs and ends, and a flip opens its object."""

from playwright.sync_api import expect

from tests.browser.conftest import PHONE_AT_NIGHT, idle, look_over_on_both_screens, shoot


def test_the_page_fits_the_screen_and_a_measurement_runs_and_ends_with_ratios(app, visit):
    seen = visit(f"{app}/compression", **PHONE_AT_NIGHT)
    page = seen.page
    expect(page.get_by_role("heading", name="Where the time goes")).to_be_visible(timeout=60000)
    idle(page)
    look_over_on_both_screens(seen, "compression")
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
