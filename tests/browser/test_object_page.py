"""The object page in a real browser: cold deep link, both modes, phone, keyboard, screen reader, and brokers that fail."""

import re
import time

from playwright.sync_api import expect

from core.brokers.registry import cached_sources
from core.brokers.samples import SampleSource
from core.settings import Settings
from tests.broker_server import LSST_OWN, LSST_RECORDED, ZTF_RECORDED, base_urls, recorded_routes
from tests.browser.conftest import (
    PATIENCE,
    PHONE_AT_NIGHT,
    failing_routes,
    idle,
    look_over_on_both_screens,
    running_app,
    shoot,
)

SAMPLE = SampleSource().examples[0]

DRAWN = """() => {const g = [...document.querySelectorAll('.js-plotly-plot')].find(g => g._fullData.some(t => t.type === 'heatmap'));
 return {map: g._fullData.filter(t => t.type === 'heatmap').length,
  process: g._fullData.filter(t => t.name && t.name.endsWith('GP')).length,
  points: g.querySelectorAll('.scatterlayer .points path').length,
  bars: document.querySelectorAll('.barlayer .point').length}}"""


STRIP_ENDS = """() => {const g = [...document.querySelectorAll('.js-plotly-plot')].find(g => g._fullData.some(t => t.type === 'heatmap'));
 const box = g.getBoundingClientRect(), y = g._fullLayout.yaxis2; return box.y + y._offset + y._length; }"""


def test_a_cold_deep_link_shows_curve_process_probabilities_and_map_above_the_fold_of_a_laptop(visit):
    with running_app() as url:
        seen = visit(f"{url}/object?source=sample&oid={SAMPLE}&model=t2-ztf")
        expect(seen.page.get_by_role("heading", name=SAMPLE)).to_be_visible()
        drawn = seen.page.evaluate(DRAWN)
        assert drawn["map"] == 1 and drawn["process"] == 2 and drawn["points"] > 10 and drawn["bars"] >= 6
        assert seen.page.evaluate(STRIP_ENDS) < 900
        assert f"oid={SAMPLE}" in seen.page.url
        assert seen.page.get_by_text("Page not found").count() == 0


def test_it_looks_right_in_both_modes_and_on_a_phone(app, visit):
    seen = visit(f"{app}/?oid={SAMPLE}&compare=t2-published-gr", **PHONE_AT_NIGHT)
    page = seen.page
    page.locator(".js-plotly-plot").first.hover()
    assert not page.locator(".js-plotly-plot .modebar-container").first.is_visible(), "buttons lie over the legend"

    def is_named(width):
        assert page.get_by_role("figure", name=re.compile("Light curve of")).count() == 1

    look_over_on_both_screens(seen, "object", then=is_named)


def test_keys_lead_through_the_samples_and_back_to_the_object_before(app, visit):
    seen = visit(f"{app}/?oid={SAMPLE}")
    heading = seen.page.get_by_role("heading", level=1)
    first = heading.inner_text()
    seen.page.keyboard.press("j")
    expect(heading).not_to_have_text(first, timeout=20000)
    idle(seen.page)
    seen.page.keyboard.press("k")
    expect(heading).to_have_text(first, timeout=20000)
    idle(seen.page)
    seen.page.get_by_role("button", name="Next").click()
    expect(heading).not_to_have_text(first, timeout=20000)
    seen.page.go_back()
    expect(heading).to_have_text(first, timeout=20000)


HIDDEN = """() => document.querySelector('.js-plotly-plot')._fullData
 .filter(t => t.visible === 'legendonly').map(t => t.name)"""


def test_the_legend_hides_a_band_with_all_that_is_its_own_or_its_limits_alone(app, visit):
    seen = visit(f"{app}/?oid=ZTF21acoshvy")
    seen.page.locator(".legendtoggle").first.click()
    seen.page.wait_for_timeout(800)
    hidden = set(seen.page.evaluate(HIDDEN))
    assert hidden == {"ZTF g", "ZTF g GP", "ZTF g GP ±1σ", "ZTF g upper limit (5σ)"}
    seen.page.locator(".legendtoggle").first.click()
    seen.page.wait_for_timeout(800)
    seen.page.locator(".legend2toggle").first.click()
    seen.page.wait_for_timeout(800)
    assert seen.page.evaluate(HIDDEN) == ["ZTF g upper limit (5σ)"]


def test_the_gallery_leads_to_an_object_and_has_no_serious_fault(app, visit):
    seen = visit(f"{app}/samples?group=Tidal+disruptions", wait='[data-testid="stImage"] img')
    seen.look_over("gallery")
    seen.page.get_by_role("link", name="ZTF19abzrhgq").click()
    expect(seen.page.get_by_role("heading", name="ZTF19abzrhgq", level=1)).to_be_visible(timeout=20000)
    assert "oid=ZTF19abzrhgq" in seen.page.url


def test_a_table_is_dropped_scored_and_taken_home(app, visit, tmp_path):
    table = tmp_path / "mine.csv"
    rows = [f"mine,{59000 + 3 * i},ztf_{'gr'[i % 2]},{100 + 90 * min(i, 12 - i)},12" for i in range(12)]
    table.write_text("object_id,mjd,band,flux,flux_err\n" + "\n".join(rows))
    seen = visit(f"{app}/?source=file", wait='[data-testid="stFileUploader"]')
    seen.page.locator('input[type="file"]').set_input_files(str(table))
    expect(seen.page.get_by_role("heading", name="mine")).to_be_visible(timeout=20000)
    idle(seen.page)
    seen.page.get_by_role("button", name="Download", exact=True).click()
    with seen.page.expect_download() as caught:
        seen.page.get_by_role("button", name="Photometry, map shares and probabilities (CSV)").click()
    assert b"map_share_percent" in caught.value.path().read_bytes()


def test_a_file_that_is_too_large_is_refused_beside_the_field(app, visit, tmp_path):
    large = tmp_path / "large.csv"
    large.write_bytes(b"0" * (51 * 1024 * 1024))
    seen = visit(f"{app}/?source=file", wait='[data-testid="stFileUploader"]')
    seen.page.locator('input[type="file"]').set_input_files(str(large))
    expect(seen.page.get_by_text(re.compile("50.?MB or smaller|must be 50", re.I)).first).to_be_visible(timeout=20000)


# --- brokers -----------------------------------------------------------------------------------------------------------


def test_an_object_comes_from_the_broker_that_was_chosen(healthy, visit):
    seen = visit(f"{healthy}/?source=fink-ztf&oid={ZTF_RECORDED}")
    expect(seen.page.get_by_role("heading", name=ZTF_RECORDED)).to_be_visible()
    shoot(seen.page, "broker_fink")
    lsst = visit(f"{healthy}/?source=fink-lsst&oid={LSST_OWN}", wait="h1")
    expect(lsst.page.get_by_role("heading", name=LSST_OWN)).to_be_visible(timeout=20000)
    assert seen.hosts | lsst.hosts == {healthy.split("//")[1]}, "the page itself asks nobody"


def test_the_last_good_copy_is_shown_with_its_date(played, visit):
    url, brokers, cache = played
    brokers.routes = recorded_routes()
    kept = cached_sources(Settings(cache_dir=cache), base_urls=base_urls(brokers.url))
    assert len(kept["alerce-ztf"].fetch(ZTF_RECORDED))
    brokers.routes = failing_routes()
    page = visit(f"{url}/?source=alerce-ztf&oid={ZTF_RECORDED}").page
    expect(page.get_by_role("heading", name=ZTF_RECORDED)).to_be_visible()
    expect(page.locator('[data-testid="stAlert"]').first).to_contain_text(re.compile(r"Shown: the copy of 20\d\d-"))
    shoot(page, "last_good_copy")


def is_told(page, sentence):
    expect(page.locator('[data-testid="stAlert"]').first).to_contain_text(re.compile(sentence, re.I), timeout=15000)
    assert "Traceback" not in page.content()
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()


def test_a_broker_that_fails_is_a_sentence_and_another_is_one_click_away(failing, visit):
    page = visit(f"{failing}/?source=alerce-ztf&oid=ZTF20aaelulu", wait='[data-testid="stAlert"]').page
    is_told(page, "too many|wait|requests|limits")
    shoot(page, "fault_alerce-ztf")
    page.get_by_role("button", name="Ask Lasair (ZTF)").click()
    is_told(page, "Lasair.*(HTML|not JSON|web page)")
    assert "source=lasair-ztf" in page.url and "oid=ZTF20aaelulu" in page.url
    page.get_by_role("button", name="Ask Fink (ZTF)").click()
    is_told(page, "did not answer within")


def test_a_silent_broker_lets_go_of_the_page(failing, visit):
    """While a broker says nothing, what a person does next is done at once."""
    seen = visit(f"{failing}/?source=fink-lsst&oid={LSST_RECORDED}", wait='[data-testid="stSpinner"]', settled=False)
    asked = time.monotonic()
    seen.page.get_by_role("link", name="Samples").click()
    expect(seen.page.get_by_role("heading", name="Samples", level=1)).to_be_visible(timeout=PATIENCE * 1000)
    assert time.monotonic() - asked < PATIENCE
