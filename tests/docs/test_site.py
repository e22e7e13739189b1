"""The documents build strictly, and nothing in the site is fetched from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT

#: What a browser fetches by itself when it opens a page.
_FETCHED = re.compile(
    r"""<(?:script|link|img|iframe|source|video)\b[^>]*?\b(?:src|href)=["']?(https?:)?//([^"'\s>/]+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("NO SITE: mkdocs is not here; `make docs` installs it and builds strictly")
    out = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr[-3000:]
    return out


def test_no_page_fetches_anything_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    fetched = {
        f"{page.name}: {host}" for page in pages for _, host in _FETCHED.findall(page.read_text(encoding="utf-8"))
    }
    assert not {entry for entry in fetched if "canonical" not in entry}
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.findall(r"@import|url\(['\"]?https?:", styles)
