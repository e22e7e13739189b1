"""Whatever stands in an address, every page opens: it says what is wrong, or falls back, and shows no markup of strangers."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from streamlit.testing.v1 import AppTest

from tests.broker_server import base_urls
from ui import resources

APP = Path(__file__).resolve().parents[2] / "app.py"
#: Query parameters that each page reads.
READ = {
    "object": ("source", "oid", "model", "variant", "class", "prior", "unit", "time", "compare", "against", "list", "zoom"),
    "candidates": ("from", "what", "minp", "mindet", "first", "last", "pos", "radius", "ids", "broker", "list", "at", "rank",
                   "show", "only", "model", "prior", "who", "page"),
    "lab": ("source", "oid", "model", "changes", "day", "list", "tab", "view"),
    "evaluation": ("model", "set", "prior", "classes", "view", "truth", "answer", "by", "low", "high", "page", "threshold", "class",
                   "against", "upload", "scorer", "object"),
    "models": ("model",),
    "compression": ("model", "form", "variant", "x", "y"),
    "samples": ("group",),
}  # fmt: skip
MARKUP = "![x](http://x.org) <b>b</b> :red[z] $y$"
VALUES = (
    "", "nan", "inf", "-1", "0", "5", "1e400", "9" * 400, "0001-01-01", "9999-12-31", "../../etc/passwd", MARKUP, "t2-ztf", "own",
    "SNIa", "\u0000", "\U0001f600", "alerce-ztf", "file", "ids", "\ufffd", "ZTF20aatqesi", "confusion", "n_points",
)  # fmt: skip
_ACTIVE = re.compile(r"(?<!\\)!\[x|(?<!\\)\]\(http://x\.org|(?<!\\)<b>|(?<!\\):red\[")


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch, tmp_path):
    """Every broker is a port of this machine that nobody listens on."""
    monkeypatch.setattr(resources, "BASE_URLS", base_urls("http://127.0.0.1:9"))
    monkeypatch.setenv("T2SCOPE_VERDICTS", str(tmp_path / "verdicts.sqlite"))
    shared = (resources.settings, resources.sources, resources.browsers, resources.verdicts)
    for kept in shared:
        kept.clear()
    yield
    for kept in shared:
        kept.clear()


def opened(page: str, query: dict[str, str]) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120)
    if page != "object":
        at.switch_page(f"pages/{page}.py")
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    failed = [e.message for e in at.exception] + [e.value for e in at.error if e.value.startswith("This page failed")]
    assert not failed, (page, query, failed)
    return at


def shown(at: AppTest) -> list[str]:
    """All that is read as Markdown."""
    kinds = (at.title, at.header, at.subheader, at.markdown, at.caption, at.warning, at.error, at.info, at.success)
    return [str(element.value) for kind in kinds for element in kind] + [e.label for e in at.expander]


def queries(page: str, count: int) -> list[dict[str, str]]:
    """Some nonsense in every parameter at least once, then several at a time."""
    random = Random(page)
    singles = [{name: random.choice(VALUES)} for name in READ[page]]
    singles += [dict.fromkeys(READ[page], MARKUP)]
    while len(singles) < count:
        names = random.sample(READ[page], min(len(READ[page]), random.choice((1, 2, 3, 5))))
        singles.append({name: random.choice(VALUES) for name in names})
    return random.sample(singles, min(count, len(singles)))


@pytest.mark.parametrize("page", READ)
def test_no_address_breaks_a_page_or_puts_markup_on_it(page):
    for query in queries(page, 2 if page in ("models", "samples", "lab") else 4):
        at = opened(page, query)
        for text in shown(at):
            assert not _ACTIVE.search(text), (query, text[:200])


@pytest.mark.parametrize(
    ("source", "query"),
    [
        ("alerce-ztf", {"minp": "5"}),
        ("alerce-ztf", {"minp": "nan"}),
        ("alerce-ztf", {"most": "5000"}),
        ("alerce-ztf", {"mindet": "-3", "radius": "1e9"}),
        ("fink-ztf", {"radius": "nan", "pos": "1e400 5"}),
        ("fink-lsst", {"first": "0001-01-01", "last": "9999-12-31"}),
        ("alerce-ztf", {"first": "9999-12-31", "last": "0001-01-01"}),
    ],
)
def test_a_search_in_an_address_that_asks_for_the_impossible_opens_the_form(source, query):
    at = opened("candidates", {"from": source, **query})
    assert len(at.number_input) >= 2
