"""The page of candidates in a real browser: searched, scored, vetted by keyboard, reloaded, taken out and brought back."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from core.verdicts import VerdictStore
from core.verdicts.exchange import read_verdicts
from tests.broker_server import BrokerServer, base_urls
from tests.browser.conftest import PHONE_AT_NIGHT, idle, look_over_on_both_screens, running_app
from tests.core.brokers.listings import invented_ids, searched_broker

LISTED = 200
PANEL = ".st-key-vet img"
WAIT = 60_000


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("verdicts") / "v.sqlite"


@contextmanager
def served(routes, path, cache):
    with BrokerServer(routes) as server, running_app(
        "tests/browser/app_with_brokers.py", PLAYED_BROKERS=json.dumps(base_urls(server.url)),
        T2SCOPE_VERDICTS=str(path), T2SCOPE_BROKER_PACE="500", T2SCOPE_CACHE_DIR=str(cache),
    ) as url:  # fmt: skip
        yield url, server


@pytest.fixture(scope="module")
def candidates(kept, tmp_path_factory):
    """The dashboard with an ALeRCE that lists 200 objects, and verdicts of its own."""
    with served(searched_broker(LISTED), kept, tmp_path_factory.mktemp("cache")) as (url, server):
        yield f"{url}/candidates", server


def searched(url):
    return f"{url}?from=alerce-ztf&what=SNIa+%C2%B7+lc_classifier&most={LISTED}"


def object_here(page):
    return page.locator(".st-key-vet h3").inner_text()


def press(page, key):
    """Press a key and wait until another candidate is there."""
    before = object_here(page)
    page.keyboard.press(key)
    expect(page.locator(".st-key-vet h3")).not_to_have_text(before, timeout=WAIT)
    idle(page)
    return before


def test_200_searched_objects_are_scored_and_ten_vetted_by_keyboard_outlive_a_reload(candidates, visit, kept):
    url, server = candidates
    seen = visit(f"{url}?from=alerce-ztf", wait="text=is asked, and nobody else")
    page = seen.page
    assert not server.asked
    page.get_by_role("spinbutton", name="At most").fill(str(LISTED))
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text(f"gave {LISTED} objects")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text(re.compile(rf"0 of {LISTED} vetted"))).to_be_visible(timeout=WAIT)
    expect(page.get_by_text(re.compile(r"of 200 scored"))).to_have_count(0, timeout=3 * WAIT)
    page.wait_for_selector(PANEL, timeout=WAIT)
    idle(page)
    asked = [request.path.rsplit("/", 2)[-2] for request in server.asked if request.path.endswith("/lightcurve")]
    assert sorted(asked) == sorted(invented_ids(LISTED))
    said = {press(page, key): key for key in ("1", "2", "x", "s", "f", "3", "1", "9", "1", "x")}
    assert len(said) == 10
    expect(page.get_by_text(f"10 of {LISTED} vetted")).to_be_visible(timeout=WAIT)
    here = object_here(page)
    page.reload()
    page.wait_for_selector(PANEL, timeout=WAIT)
    expect(page.get_by_text(f"10 of {LISTED} vetted")).to_be_visible(timeout=WAIT)
    assert object_here(page) == here
    standing = VerdictStore(kept).standing()
    kinds = {"x": "junk", "s": "unsure", "f": "follow up"}
    assert {oid: kinds.get(key, "class") for oid, key in said.items()} == {
        v.object_id: v.kind for v in standing.values()
    }
    assert all(v.probabilities and v.model == "t2-ztf" for v in standing.values())
    assert not seen.real_errors() and seen.hosts == {url.split("/")[2]}


def test_keys_work_at_once_after_a_choice_and_the_place_survives_a_visit_to_an_object(candidates, visit):
    page = visit(searched(candidates[0]), wait=PANEL).page
    page.get_by_role("combobox", name=re.compile("Rank by")).click()
    page.get_by_role("option", name="Entropy", exact=True).click()
    page.wait_for_url(re.compile("rank=entropy"), timeout=WAIT)
    idle(page)
    press(page, "j")
    box = page.get_by_role("combobox", name=re.compile("Rank by"))
    box.focus()
    box.press("Enter")
    box.type("Margin")
    page.get_by_role("option", name="Margin", exact=True).first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("rank=margin"), timeout=WAIT)
    idle(page)
    press(page, "j")
    press(page, "j")
    here, address = object_here(page), page.url
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name=here, level=1)).to_be_visible(timeout=WAIT)
    assert f"oid={here}" in page.url and "source=alerce-ztf" in page.url
    page.go_back()
    page.wait_for_selector(PANEL, timeout=WAIT)
    expect(page.locator(".st-key-vet h3")).to_have_text(here, timeout=WAIT)
    assert page.url == address


def test_undo_by_keyboard_and_typing_in_a_field_says_nothing(candidates, visit, kept):
    page = visit(searched(candidates[0]), wait=PANEL).page
    before = len(VerdictStore(kept).standing())
    first = press(page, "x")
    press(page, "u")
    assert object_here(page) == first and len(VerdictStore(kept).standing()) == before
    page.get_by_role("textbox", name="Note").fill("")
    page.get_by_role("textbox", name="Note").type("fox jux 1")
    page.wait_for_timeout(700)
    assert object_here(page) == first and len(VerdictStore(kept).standing()) == before


def test_keys_pressed_faster_than_the_page_is_drawn_never_say_two_things_of_one_object(candidates, visit, kept):
    page = visit(searched(candidates[0]) + "&rank=entropy", wait=PANEL).page
    before = len(VerdictStore(kept).history())
    for key in "1x2s3f1x2s":
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    idle(page)
    page.wait_for_timeout(1500)
    new = VerdictStore(kept).history()[before:]
    assert 1 <= len(new) <= 10 and len({v.object_id for v in new}) == len(new)


def test_two_sessions_that_write_at_once_lose_nothing_and_see_each_other(candidates, visit, kept):
    pages = [
        visit(searched(candidates[0]) + f"&who={name}&rank={rank}", wait=PANEL).page
        for name, rank in (("Ann", "top"), ("Bob", "margin"))
    ]
    before = len(VerdictStore(kept).history())
    for _ in range(3):
        here = [object_here(page) for page in pages]
        for page in pages:
            page.keyboard.press("s")  # not waited for: both are on their way together
        for page, shown in zip(pages, here, strict=True):
            expect(page.locator(".st-key-vet h3")).not_to_have_text(shown, timeout=WAIT)
            idle(page)
    store = VerdictStore(kept)
    new = store.history()[before:]
    assert {v.who for v in new} == {"Ann", "Bob"} and len(new) == 6
    total = len(store.standing())
    for page in pages:
        page.reload()
        expect(page.get_by_text(f"{total} of {LISTED} vetted")).to_be_visible(timeout=WAIT)


def test_what_is_exported_is_brought_back_by_another_server(candidates, visit, kept, tmp_path):
    page = visit(searched(candidates[0]), wait=PANEL).page
    page.get_by_text("Export and import verdicts").click()
    tables = {}
    for name in ("What stands now (CSV)", "The whole history (JSON)"):
        with page.expect_download(timeout=WAIT) as download:
            page.get_by_role("button", name=name).click()
        tables[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(tables[name])
    store = VerdictStore(kept)
    csv, history = (read_verdicts(path.read_bytes()).verdicts for path in tables.values())
    assert {v.uid for v in csv} == {v.uid for v in store.standing().values()}
    assert {v.uid for v in history} == {v.uid for v in store.history()}
    with running_app(T2SCOPE_VERDICTS=str(tmp_path / "other.sqlite")) as other:
        page = visit(f"{other}/candidates", wait=PANEL).page
        page.get_by_text("Export and import verdicts").click()
        page.locator("[data-testid=stFileUploader] input[type=file]").last.set_input_files(
            tables["The whole history (JSON)"]
        )
        expect(page.get_by_text(f"{len(history)} added, 0 known already")).to_be_visible(timeout=WAIT)
    assert VerdictStore(tmp_path / "other.sqlite").standing() == store.standing()


def test_the_page_fits_the_screen_and_a_screen_reader_finds_no_serious_fault(candidates, visit):
    seen = visit(searched(candidates[0]) + "&show=all", wait=PANEL, **PHONE_AT_NIGHT)
    seen.page.wait_for_timeout(1000)
    look_over_on_both_screens(seen, "candidates")
