"""The lab in a real browser: the timeline of real objects, both modes, a phone, and a screen reader."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE_AT_NIGHT, idle, look_over_on_both_screens, shoot

REAL = ["ZTF20aatqesi", "ZTF18aannern"]
WAIT = ".st-key-timeline .js-plotly-plot .point"


def test_the_timeline_of_a_real_object_says_when_the_answer_stood_and_fits_the_screen(app, visit):
    seen = visit(f"{app}/lab?oid={REAL[0]}", wait=WAIT, **PHONE_AT_NIGHT)
    expect(seen.page.get_by_role("heading", name=re.compile(REAL[0]), level=1)).to_be_visible()
    expect(seen.page.get_by_text(re.compile("leads (for good )?from")).first).to_be_visible()
    look_over_on_both_screens(seen, "lab_timeline")


def test_the_object_page_leads_to_the_lab_where_the_slider_leads_back_in_time_and_play_leads_on(app, visit):
    page = visit(f"{app}/?oid={REAL[1]}").page
    page.get_by_role("link", name="What would change its mind?").click()
    page.wait_for_selector(WAIT, timeout=60000)
    idle(page)
    expect(page.get_by_role("heading", name=re.compile(REAL[1]), level=1)).to_be_visible()
    expect(page.get_by_text(re.compile("leads (for good )?from")).first).to_be_visible()
    day = page.get_by_text(re.compile(r"^Day \d+: ")).first
    last = day.inner_text()
    slider = page.locator(".st-key-timeline_controls").get_by_role("slider")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowLeft")
    expect(day).not_to_have_text(last, timeout=20000)
    idle(page)
    assert "day=" in page.url
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=20000)
    expect(day).to_have_text(last, timeout=30000)
    expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=20000)
    page.get_by_role("link", name="To the object's page").click()
    expect(page.get_by_role("heading", name=REAL[1], level=1, exact=True)).to_be_visible(timeout=20000)


POINT = """number => {const g = document.querySelector('.st-key-lab_curve .js-plotly-plot'), L = g._fullLayout, r = g.getBoundingClientRect();
 for (const t of g._fullData) { const i = Array.from(t.customdata || []).indexOf(number);
  if (i >= 0 && t.mode === 'markers') return [r.x + L.xaxis._offset + L.xaxis.d2p(t.x[i]), r.y + L.yaxis._offset + L.yaxis.d2p(t.y[i])]; } }"""


def click_point(page, number):
    x, y = page.evaluate(POINT, number)
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y)
    page.wait_for_timeout(200)
    page.mouse.click(x, y)


def test_a_point_is_dropped_by_clicking_and_comes_back_by_undo_and_the_probability_follows(app, visit):
    # Young, when each point still counts.
    young = f"lab?oid={REAL[1]}&view=whatif&changes=until%3D8%3Bof%3D{REAL[1]}"
    seen = visit(f"{app}/{young}", wait=".st-key-lab_curve .points path")
    figure = seen.page.get_by_role("figure", name=re.compile("Probabilities as measured"))
    before = figure.get_attribute("aria-label")
    click_point(seen.page, 2)
    expect(seen.page.get_by_text("1 point left out")).to_be_visible(timeout=20000)
    expect(figure).not_to_have_attribute("aria-label", before)
    assert "without" in seen.page.url
    seen.page.get_by_role("button", name="Undo").click()
    expect(seen.page.get_by_text("1 point left out")).not_to_be_visible(timeout=20000)
    expect(figure).to_have_attribute("aria-label", before)


def test_points_are_dropped_by_keyboard_and_several_changes_stand_together(app, visit):
    seen = visit(f"{app}/lab?oid={REAL[1]}&view=whatif", wait=".st-key-lab_curve .points path")
    seen.page.get_by_role("combobox", name=re.compile("Points left out")).focus()
    seen.page.keyboard.type("day 0")
    seen.page.keyboard.press("Enter")
    expect(seen.page.get_by_text("1 point left out")).to_be_visible(timeout=20000)
    idle(seen.page)
    slider = seen.page.get_by_role("slider", name=re.compile("Fainter"))
    slider.focus()
    slider.press("ArrowRight")
    expect(seen.page.get_by_text("1 point left out, 0.1 mag fainter")).to_be_visible(timeout=20000)
    seen.page.reload()
    expect(seen.page.get_by_text("1 point left out, 0.1 mag fainter")).to_be_visible(timeout=40000)


def test_the_controls_fit_the_screen_and_have_no_serious_fault(app, visit):
    query = f"lab?oid={REAL[0]}&model=t2-ztf-z&view=whatif&changes=fainter%3D1%3Bof%3D{REAL[0]}"
    seen = visit(f"{app}/{query}", wait=".st-key-redshift .js-plotly-plot", **PHONE_AT_NIGHT)
    look_over_on_both_screens(seen, "lab_whatif")


def test_explanations_fit_the_screen_and_have_no_serious_fault(app, visit):
    seen = visit(f"{app}/lab?oid={REAL[1]}&view=maps", wait=".st-key-proof .js-plotly-plot", **PHONE_AT_NIGHT)
    assert seen.page.get_by_role("table").locator("tbody tr").count() >= 7
    look_over_on_both_screens(seen, "lab_maps")


def test_the_smallest_change_is_tried_on_the_bench(app, visit):
    seen = visit(f"{app}/lab?oid={REAL[1]}&view=minimal", wait="text=no longer leads")
    shoot(seen.page, "lab_minimal")
    seen.page.get_by_role("button", name="Leave them out under What if").click()
    expect(seen.page.get_by_text("It changes its mind")).to_be_visible(timeout=20000)
    assert "view=whatif" in seen.page.url and "without" in seen.page.url
