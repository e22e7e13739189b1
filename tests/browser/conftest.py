"""A real Chromium and the real dashboard, started cold on a free port."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.broker_server import BrokerServer, base_urls, faults, recorded_routes
from ui.figures.theme import DARK, LIGHT

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(__file__).parent / "shots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM = CHROMIUM or shutil.which("chromium-headless-shell")
#: The same browser without windows takes a quarter less time, where it is installed.
WINDOWLESS = shutil.which("chromium-headless-shell") or CHROMIUM
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def _chromium_is_here():
    if WINDOWLESS:
        return
    if os.environ.get("CI"):
        pytest.fail("no chromium: the browser tests are part of CI (apt install chromium)")
    pytest.skip("NO BROWSER TESTS: chromium was not found. On Debian: apt install chromium", allow_module_level=False)


@contextmanager
def running_app(script="app.py", *, base="", **environment):
    """The dashboard on a free port of this machine, until the block ends; gives its address. base : a path that it runs below."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), "--server.address", "127.0.0.1",
         "--server.baseUrlPath", base],
        cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                    assert answer.status == 200
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def app():
    with running_app() as url:
        yield url


#: What each broker does where brokers fail.
FAILING = {"fink-ztf": "hang", "alerce-ztf": "429", "lasair-ztf": "html", "fink-lsst": "drip"}
PATIENCE = 4.0


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """(address, broker server, folder of last good copies) of a dashboard; what its brokers answer is for the test to say."""
    cache = tmp_path_factory.mktemp("cache")
    with BrokerServer({}) as server, running_app(
        "tests/browser/app_with_brokers.py", PLAYED_BROKERS=json.dumps(base_urls(server.url)),
        T2SCOPE_READ_TIMEOUT=str(PATIENCE), T2SCOPE_CONNECT_TIMEOUT="2", T2SCOPE_TOTAL_TIMEOUT=str(PATIENCE + 1),
        T2SCOPE_LASAIR_TOKEN="a token", T2SCOPE_CACHE_DIR=str(cache),
    ) as url:  # fmt: skip
        yield url, server, cache


def failing_routes():
    """Brokers that fail, each in its own way (`FAILING`)."""
    return {f"/{key}": faults()[fault] for key, fault in FAILING.items()}


@pytest.fixture
def healthy(played):
    """The dashboard with brokers that know the recorded objects."""
    played[1].routes = recorded_routes()
    return played[0]


@pytest.fixture
def failing(played):
    """The dashboard with brokers that fail."""
    played[1].routes = failing_routes()
    return played[0]


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=WINDOWLESS, args=FLAGS)
        yield browser
        browser.close()


class Watched:
    """A page that remembers which hosts it asked and what went wrong in its console."""

    def __init__(self, page):
        self.page, self.hosts, self.errors = page, set(), []
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]) if "://" in request.url else None)
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def real_errors(self):
        """Console errors, less the 404s by which Streamlit finds out where it is served."""
        return [text for text in self.errors if "404" not in text]

    def turn(self, mode, width):
        """Another mode and width while the page is open: waits until every figure has the inks of the one and fits the other."""
        self.page.emulate_media(color_scheme=mode)
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.wait_for_function(_TURNED, arg=(DARK if mode == "dark" else LIGHT).ink, timeout=60000)
        idle(self.page)

    def look_over(self, name):
        """Nothing is wider than the screen, a screen reader finds no serious fault, nobody else was asked, the console is quiet."""
        from axe_playwright_python.sync_playwright import Axe

        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"the page is {wider} px wider than the screen"
        found = Axe().run(self.page).response["violations"]
        assert not [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
        assert self.hosts == {self.page.url.split("/")[2]}, "no request to any other host"
        assert not self.real_errors()
        shoot(self.page, name)


#: Whether every figure is drawn in this ink and no wider than the screen.
_TURNED = """ink => [...document.querySelectorAll('.js-plotly-plot')].every(g => g._fullLayout
 && g._fullLayout.font.color === ink && g.getBoundingClientRect().right <= innerWidth + 1)"""


def look_over_on_both_screens(seen, name, *, then=None):
    """On a phone at night, as the page was opened (``visit(…, **PHONE_AT_NIGHT)``), and on a desk by day, as it turns.

    A page costs seconds to open; one that turns shows that it follows, too. then : what else to look at on each, called
    with the width.
    """
    for mode, width in (("dark", 390), ("light", 1440)):
        if width != 390:
            seen.turn(mode, width)
        seen.look_over(f"{name}_{mode}_{width}")
        if then is not None:
            then(width)


PHONE_AT_NIGHT = {"width": 390, "mode": "dark"}


@pytest.fixture
def visit(chromium):
    """Open a page: visit(url, width=1440, mode="light") -> Watched, once its curve is drawn."""
    contexts = []

    def go(url, *, width=1440, mode="light", wait=".js-plotly-plot .point", settled=True):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=mode)
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.goto(url)
        watched.page.wait_for_selector(wait, timeout=60000)
        if settled:
            idle(watched.page)
        return watched

    yield go
    for context in contexts:
        context.close()


def idle(page):
    """Wait until the script has run to its end."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60000)


def shoot(page, name):
    """The whole page as a picture in tests/browser/shots, to be looked at: drawn where somebody asks, by SHOTS=1."""
    if not os.environ.get("SHOTS"):
        return
    SHOTS.mkdir(exist_ok=True)
    height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
    size = page.viewport_size
    page.set_viewport_size({"width": size["width"], "height": int(height) + 80})
    page.wait_for_timeout(500)
    page.screenshot(path=str(SHOTS / f"{name}.png"))
    page.set_viewport_size(size)
