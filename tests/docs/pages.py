"""The documents as tests read them: every Markdown file that a person is pointed to, without its code where that is no prose."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
     ROOT / "training/README.md", ROOT / "samples/README.md", ROOT / "tests/data/README.md"]
)  # fmt: skip
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def named(page: Path) -> str:
    """How a test calls a page."""
    return str(page.relative_to(ROOT))


def text_of(page: Path) -> str:
    """A page as it stands."""
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", text_of(page))


def blocks_of(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every block of code, in order."""
    return [(language, textwrap.dedent(body)) for _, language, body in _FENCE.findall(text_of(page))]


def anchors_of(page: Path) -> set[str]:
    """What may stand after # in a link to a page: its headings, as GitHub and the site write them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose_of(page), re.MULTILINE):
        plain = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        found.add(slug)
    return found
