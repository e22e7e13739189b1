"""Every link of the documents leads somewhere, and every picture is small."""

from __future__ import annotations

import re
import tomllib

import pytest

from bench.docs_site import inside
from bench.screenshot import LARGEST, PICTURES
from tests.docs.pages import DOCS, PAGES, ROOT, anchors_of, named, prose_of, text_of

_LINK = re.compile(r"\]\(([^)\s]+)\)")


def links_of(page):
    """Relative links of a page: (path or "", anchor or "")."""
    found = [
        target for target in _LINK.findall(prose_of(page)) if "://" not in target and not target.startswith("mailto:")
    ]
    return [target.partition("#")[::2] for target in found]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading(page):
    dead = []
    for path, anchor in links_of(page):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or ROOT not in target.parents:
            dead.append(path)
        elif anchor and (target.suffix != ".md" or anchor not in anchors_of(target)):
            dead.append(f"{path}#{anchor}")
    assert not dead


def test_every_document_stands_in_the_navigation_of_the_site_and_is_there():
    named_ = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert named_ == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


def test_every_picture_of_the_dashboard_is_shown_and_small():
    shown = {path for page in PAGES for path, _ in links_of(page)}
    for name in PICTURES:
        assert (DOCS / name).stat().st_size < LARGEST
        assert any(path.endswith(name) for path in shown), f"no document shows {name}"


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=named)
def test_no_link_of_the_site_leads_out_of_it(page):
    depth = len(page.relative_to(DOCS).parts) - 1
    site = inside(text_of(page), depth=depth)
    out = [link for link in _LINK.findall(site) if link.count("../") > depth]
    assert not out


def test_what_leads_out_of_the_site_becomes_the_name_of_the_file():
    assert inside("[the README](../README.md)", depth=0) == "[the README](index.md)"
    assert inside("[bench/x.json](../bench/x.json)", depth=0) == "`bench/x.json`"
    assert inside("[here](../../bench/x.json)", depth=1) == "here (`bench/x.json`)"
    assert inside("[up](../models.md)", depth=1) == "[up](../models.md)"


def test_the_package_names_what_its_requirements_files_hold():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["dynamic"]
    named_ = {extra["file"][0] for extra in extras["optional-dependencies"].values()}
    assert all((ROOT / name).exists() for name in named_)
