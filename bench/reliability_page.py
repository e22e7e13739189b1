"""The tables of docs/reliability.md that commands make anew, each between its own two marks."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"


def with_block(page: str, name: str, block: str) -> str:
    """The document with the block of one name made anew."""
    start, end = f"<!-- {name}:start -->\n", f"<!-- {name}:end -->"
    before, rest = page.split(start)
    return before + start + block + end + rest.split(end)[1]


def put(name: str, block: str) -> None:
    """Write a block into the document."""
    PAGE.write_text(with_block(PAGE.read_text(encoding="utf-8"), name, block), encoding="utf-8")
