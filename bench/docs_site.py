"""What `make docs` does to the documents on their way into the site (a hook of mkdocs, named in mkdocs.yml).

Documents are read in the repository as well, where they may point to files beside them. The site holds the documents alone:
a link that leads out of them becomes the name of the file.
"""

from __future__ import annotations

import re
from typing import Any

#: A Markdown link whose target lies outside the folder of documents.
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The text of a page as the site shows it. page : mkdocs' own, of which the depth below the folder is asked."""
    return inside(markdown, depth=page.file.src_uri.count("/"))


def inside(markdown: str, *, depth: int) -> str:
    """The text with every link that leads out of the documents turned into the target's name.

    depth : how many folders below the root of the documents the page lies.
    """
    return _OUTSIDE.sub(lambda link: _told(link, depth), markdown)


def _told(link: re.Match[str], depth: int) -> str:
    text, target = link[1], link[2]
    up = link[0].rpartition("](")[2].count("../")
    if up <= depth:
        return link[0]
    if target == "README.md":
        return f"[{text}]({'../' * depth}index.md)"
    return f"`{target}`" if target in text or text.startswith("`") else f"{text} (`{target}`)"
