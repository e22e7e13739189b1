"""The evaluation page in a real browser: from a matrix cell to the object that was misread, by mouse and by keyboard."""

import re

import pandas as pd
from playwright.sync_api import expect

from core.model import MODELS
from core.taxonomy import CLASS_NAMES
from tests.browser.conftest import PHONE_AT_NIGHT, idle, look_over_on_both_screens, shoot

#: Where a cell of the matrix stands on the screen.
CELL = """([truth, answer]) => {
 const g = [...document.querySelectorAll('.js-plotly-plot')].find(g => g._fullData.some(t => t.type === 'heatmap'));
 const d = g._fullData.find(t => t.type === 'scatter'), L = g._fullLayout, r = g.getBoundingClientRect();
 const i = d.customdata.findIndex(c => c[0] === truth && c[1] === answer);
 return [r.x + L.xaxis._offset + L.xaxis.d2p(d.x[i]), r.y + L.yaxis._offset + L.yaxis.d2p(d.y[i])]; }"""
#: Where a point of a trace that can be clicked stands, the share of the way along it.
POINT = """(along) => {
 const g = [...document.querySelectorAll('.js-plotly-plot')].find(g => g._fullData.some(t => t.customdata));
 const d = g._fullData.find(t => t.customdata), L = g._fullLayout, r = g.getBoundingClientRect();
 const i = Math.floor(along * (d.x.length - 1)), bar = d.type === 'bar';
 return [r.x + L.xaxis._offset + L.xaxis.d2p(d.x[i]), r.y + L.yaxis._offset + L.yaxis.d2p(bar ? d.y[i] / 2 : d.y[i])]; }"""
MAPS = "() => [...document.querySelectorAll('.st-key-against .js-plotly-plot')].filter(g => g._fullData[0].type === 'heatmap').length"


def click(page, where, wait=200):
    """Plotly takes a click only after the pointer has come near. wait [ms] : between the two."""
    x, y = where
    page.mouse.move(x - 4, y - 4)
    page.mouse.move(x, y)
    page.wait_for_timeout(wait)
    page.mouse.click(x, y)


def worst(truth: str, answer: str) -> tuple[int, str]:
    """How many objects the cell holds, and the most confident of them, from the file alone."""
    table = pd.read_parquet(MODELS / "t2-ztf/evaluation.parquet")
    p = table[[f"p_{c}" for c in CLASS_NAMES]].to_numpy(float)
    p = p / p.sum(axis=1, keepdims=True)
    called = pd.Series(p.argmax(axis=1)).map(lambda k: CLASS_NAMES[k])
    cell = table.assign(called=called, top=p.max(axis=1))
    cell = cell[(cell["class"] == truth) & (cell["called"] == answer)]
    return len(cell), str(cell.sort_values("top", ascending=False)["object_id"].iloc[0])


def test_a_cell_leads_to_the_worst_misreading_and_its_two_maps(app, visit):
    seen = visit(f"{app}/evaluation?model=t2-ztf")
    page = seen.page
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .hm').length > 0")
    idle(page)
    click(page, page.evaluate(CELL, ["SNII", "SNIa"]))
    count, oid = worst("SNII", "SNIa")
    expect(page.get_by_text(re.compile(f"{count} objects: SN II called SN Ia"))).to_be_visible(timeout=30000)
    assert "truth=SNII" in page.url and "answer=SNIa" in page.url
    first = page.locator(".st-key-objects").get_by_role("link").first
    expect(first).to_have_text(oid)
    first.click()
    expect(page.get_by_role("heading", level=1, name=oid)).to_be_visible(timeout=60000)
    expect(page.get_by_role("heading", name="SN Ia or SN II?")).to_be_visible(timeout=60000)
    page.wait_for_function(f"({MAPS})() === 2")
    expect(page.get_by_text(re.compile("Fold model [0-4] answers, which has not seen this object"))).to_be_visible()
    shoot(page, "evaluation_object")
    page.go_back()
    expect(page.get_by_text(re.compile(f"{count} objects: SN II called SN Ia"))).to_be_visible(timeout=60000)
    # Back leads to the object's card, not to the top of a long page.
    idle(page)
    expect(page.locator(f".st-key-card_{oid}")).to_be_in_viewport(timeout=30000)
    assert not seen.real_errors()


def test_a_point_of_every_figure_and_the_keyboard_lead_to_their_objects(app, visit):
    page = visit(f"{app}/evaluation?view=curves&curve=SNIa", wait=".js-plotly-plot .main-svg").page
    for view, said in (
        ("", r"objects: of any class, p\(SN Ia\) at least 0\.\d+"),
        ("Calibration", r"objects: of any class, largest probability (from|below|at least)"),
        ("Thresholds", r"objects: of any class, p\(SN Ia\) at least"),
        ("Against age", r"objects: of any class, number of points (from|below|at least)"),
    ):
        if view:
            page.get_by_role("radio", name=view).or_(page.get_by_role("button", name=view)).first.click()
            page.wait_for_timeout(300)  # the run that an action asks for begins a moment later
            idle(page)
        page.wait_for_function(
            f"() => {{ try {{ return ({POINT})(0.5).every(Number.isFinite) }} catch {{ return false }} }}"
        )
        click(page, page.evaluate(POINT, 0.5))
        expect(page.get_by_text(re.compile(said))).to_be_visible(timeout=30000)
        assert "by=" in page.url
    page.goto(f"{app}/evaluation?model=t2-ztf")
    page.wait_for_selector(".st-key-objects", timeout=60000)
    idle(page)
    for label, title in (("True class", "SN II"), ("Called", "SN Ia")):
        box = page.locator(".st-key-objects").get_by_role("combobox", name=re.compile(label))
        box.focus()
        box.press("Enter")
        box.type(title)
        page.get_by_role("option", name=title, exact=True).first.wait_for()
        page.keyboard.press("Enter")
        idle(page)
    count, _ = worst("SNII", "SNIa")
    expect(page.get_by_text(re.compile(f"{count} objects: SN II called SN Ia"))).to_be_visible(timeout=30000)


def test_it_looks_right_in_both_modes_and_on_a_phone(app, visit):
    seen = visit(f"{app}/evaluation?truth=SNIbc&answer=SNIa", **PHONE_AT_NIGHT)
    expect(seen.page.get_by_text(re.compile("objects: SN Ib/c called SN Ia"))).to_be_visible(timeout=60000)
    look_over_on_both_screens(seen, "evaluation")
