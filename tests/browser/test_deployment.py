"""The dashboard as it is deployed: below a path, and behind a proxy that adds the headers of the document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FLAGS, WINDOWLESS, idle, running_app

SAMPLE = "ZTF18aannern"
DEPLOYMENT = Path(__file__).resolve().parents[2] / "docs" / "deployment.md"
CURVE = ".js-plotly-plot .point"


def test_below_a_path_deep_links_and_links_stay_below_it(visit):
    with running_app(base="vet") as url:
        seen = visit(f"{url}/object?source=sample&oid={SAMPLE}")
        page = seen.page
        expect(page.get_by_role("heading", name=SAMPLE, level=1)).to_be_visible()
        page.get_by_role("link", name="What would change its mind?").click()
        expect(page.get_by_role("heading", name=re.compile("What would change"), level=1)).to_be_visible(timeout=60000)
        assert page.url.startswith(f"{url}/lab?") and f"oid={SAMPLE}" in page.url
        page.reload()
        page.get_by_role("link", name="To the object's page").click()
        expect(page.get_by_role("heading", name=SAMPLE, level=1, exact=True)).to_be_visible(timeout=60000)
        page.wait_for_selector(CURVE, timeout=60000)
        idle(page)
        assert page.url.startswith(f"{url}/")
        page.get_by_role("button", name="Link and snippet").click()
        link = page.locator("code", has_text="source=sample").first.inner_text()
        assert link.startswith(url)
        page.goto(link)
        expect(page.get_by_role("heading", name=SAMPLE, level=1, exact=True)).to_be_visible(timeout=60000)
        for name in ("Candidates", "Models", "Samples"):
            page.get_by_role("link", name=name, exact=True).first.click()
            expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=60000)
            assert page.url.startswith(f"{url}/{name.lower()}")
        assert page.get_by_text("Page not found").count() == 0 and not seen.real_errors()
        assert seen.hosts == {url.split("/")[2]}


@pytest.fixture
def guarded(app, chromium):
    """A page to which every document comes with the headers of the sample for nginx."""
    headers = dict(re.findall(r'add_header (\S+) "([^"]+)" always;', DEPLOYMENT.read_text(encoding="utf-8")))
    headers.pop("Strict-Transport-Security")  # says something of TLS alone
    # A page whose document the test hands over counts as one of the wide net, which may not talk to this machine.
    flags = [*FLAGS, "--disable-features=LocalNetworkAccessChecks"]
    browser = chromium.browser_type.launch(executable_path=WINDOWLESS, args=flags)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page, refused = context.new_page(), []
    page.on("console", lambda m: refused.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("pageerror", lambda error: refused.append(str(error)))

    def behind_proxy(route):
        answer = route.fetch()
        sent = {k: v for k, v in answer.headers.items() if k not in ("content-encoding", "content-length")}
        route.fulfill(response=answer, headers={**sent, **headers})

    page.route(
        lambda address: True,
        lambda route: behind_proxy(route) if route.request.resource_type == "document" else route.continue_(),
    )
    yield app, page, refused
    browser.close()


def test_behind_the_headers_of_the_document_every_page_works_and_another_host_is_refused(guarded):
    url, page, refused = guarded
    page.goto(f"{url}/?oid={SAMPLE}")
    page.wait_for_selector(CURVE, timeout=60000)
    idle(page)
    for name, wait in (
        ("Lab", CURVE), ("Samples", "[data-testid=stImage] img"), ("Evaluation", ".js-plotly-plot .main-svg"), ("Models", ".card-table"),
        ("Compression", ".js-plotly-plot .main-svg"), ("Candidates", ".st-key-vet img"),
    ):  # fmt: skip
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_url(re.compile(f"/{name.lower()}"), timeout=60000)
        page.wait_for_selector(wait, timeout=60000)
        idle(page)
    page.keyboard.press("o")  # by the page's own script
    page.wait_for_url(re.compile("oid="), timeout=60000)
    page.wait_for_selector(CURVE, timeout=60000)
    assert not refused
    page.evaluate(
        "() => { const s = document.createElement('script'); s.src = 'http://127.0.0.1:9/x.js'; document.head.append(s); }"
    )
    page.wait_for_timeout(500)
    assert any("127.0.0.1:9" in text for text in refused)
