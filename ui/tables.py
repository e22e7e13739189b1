"""Tables as plain HTML: read by screen readers cell by cell, scrolled inside themselves, drawn with the first paint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

NOTHING = "–"

_NUMBER = re.compile(r"[<>+−-]?\d|–$")
_STYLE = """<style>
.card-tables { display: flex; flex-wrap: wrap; gap: 1.1rem 2.6rem; align-items: flex-start; }
.card-table { overflow-x: auto; max-width: 100%; min-width: 0; }
.card-table table { width: max-content; border-collapse: collapse; font-size: 0.875rem; line-height: 1.35; font-variant-numeric: tabular-nums; margin: 0; }
.card-table caption { text-align: left; font-weight: 600; padding: 0 0 0.35rem; caption-side: top; color: inherit; }
.card-table th, .card-table td { padding: 0.28rem 0.7rem; text-align: left; vertical-align: top; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent); max-width: 30rem; }
.card-table th { font-weight: 600; }
.card-table thead th { vertical-align: bottom; border-bottom-color: color-mix(in srgb, currentColor 45%, transparent); }
.card-table tbody th[scope=row] { font-weight: 500; }
.card-table .n { text-align: right; white-space: nowrap; }
.card-table .hash { font-family: monospace; font-size: 0.8rem; white-space: nowrap; max-width: none; }
.card-table tbody th[colspan] { padding-top: 0.9rem; }
.card-table thead th { max-width: 9.5rem; }
.card-table thead th.n { white-space: normal; }
.card-strip { display: flex; flex-wrap: wrap; gap: 0.6rem 2.6rem; margin: 0 !important; padding: 0 !important; }
.card-strip dt { font-size: 0.875rem; opacity: 0.85; }
.card-strip dd { margin: 0; font-size: 1.6rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; }
.card-strip dd small { font-size: 0.875rem; font-weight: 400; opacity: 0.85; }
@media (max-width: 640px) {
  .card-table th, .card-table td { padding: 0.28rem 0.45rem; max-width: 14rem; }
  [class*="st-key-wide_"] { overflow-x: auto; } [class*="st-key-wide_"] > div { min-width: 620px; }
  [class*="st-key-wide_"] [data-testid="stDownloadButton"] { position: sticky; left: 0; width: fit-content; }
}
/* What is cut at the right says so, as long as there is more: the timeline of a frame that does not scroll is not active. */
.card-table caption::after, [class*="st-key-wide_"]::before { content: "scroll sideways →" / ""; opacity: 0; font-weight: 400; font-size: 0.8rem; }
.card-table caption::after { padding-left: 0.6rem; }
[class*="st-key-wide_"]::before { position: sticky; left: 0; width: fit-content; }
@media (min-width: 641px) { [class*="st-key-wide_"]::before { display: none; } }
@supports (animation-timeline: scroll()) {
  @keyframes t2-cut { 0%, 98% { mask-image: linear-gradient(to left, transparent, #000 2.2rem); } 100% { mask-image: none; } }
  @keyframes t2-cut-said { 0%, 98% { opacity: 0.82; } 100% { opacity: 0; } }
  .card-table, [class*="st-key-wide_"] { animation: t2-cut step-end both; animation-timeline: scroll(self inline); }
  .card-table caption::after, [class*="st-key-wide_"]::before {
    animation: t2-cut-said step-end both; animation-timeline: scroll(nearest inline); }
}
</style>"""


@dataclass(frozen=True)
class Table:
    """Text in rows and columns. A row of one cell heads the rows below it; empty where there are no rows.

    shade : rows of numbers from 0 to 1, as deep as each cell of a row after the first is tinted; or empty.
    """

    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    shade: tuple[tuple[float, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows)

    def column(self, name: str) -> dict[str, str]:
        """A column by its heading, keyed by the first cell of each row."""
        at = self.head.index(name)
        return {row[0]: row[at] for row in self.rows if len(row) > at}


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table less the columns in which no row has anything to say."""
    body = [tuple(row) for row in rows]
    full = [row for row in body if len(row) > 1]
    kept = [i for i in range(len(head)) if i == 0 or any(row[i] != NOTHING for row in full)]
    return Table(
        title,
        tuple(head[i] for i in kept) if body else (),
        tuple(tuple(row[i] for i in kept) if len(row) > 1 else row for row in body),
    )


def html_of(shown: Table) -> str:
    """The table as HTML, with a caption, scopes, and a frame that the keyboard can scroll."""
    numeric = [_is_numeric(shown, i) for i in range(len(shown.head))]
    head = "".join(
        f'<th scope="col"{_class("n" if n else "")}>{escape(text)}</th>'
        for text, n in zip(shown.head, numeric, strict=True)
    )
    body = "".join(_row(shown, i, numeric) for i in range(len(shown.rows)))
    return (
        f'<div class="card-table" role="region" tabindex="0" aria-label="{escape(shown.title)}"><table>'
        f"<caption>{escape(shown.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def show(*tables: Table) -> None:
    """Draw the tables that have rows, beside each other where there is room."""
    if text := "".join(html_of(one) for one in tables if one):
        st.html(f'<div class="card-tables">{text}</div>')


def wide(name: str) -> Any:
    """A frame for a figure that a phone can't hold: there it keeps its size and is scrolled, and says so.

    It must hold something that the keyboard reaches, such as a button.
    """
    return st.container(key=f"wide_{name}")


def strip_html(items: Iterable[tuple[str, str, str]]) -> str:
    """A few figures in large type: what, value, and what stands small beside it."""
    parts = "".join(
        f"<div><dt>{escape(what)}</dt><dd>{escape(value)} <small>{escape(beside)}</small></dd></div>"
        for what, value, beside in items
    )
    return f'<dl class="card-strip">{parts}</dl>' if parts else ""


def style() -> None:
    """The look of tables; once on a page that has them."""
    st.html(_STYLE)


def _row(shown: Table, at: int, numeric: Sequence[bool]) -> str:
    row = shown.rows[at]
    if len(row) == 1:
        return f'<tr><th colspan="{len(shown.head)}" scope="rowgroup">{escape(row[0])}</th></tr>'
    cells = [f'<th scope="row">{escape(row[0])}</th>']
    for i, text in enumerate(row[1:], start=1):
        name = "n" if numeric[i] else "hash" if shown.head[i] == "SHA-256" else ""
        tint = f' style="background: rgba(0, 114, 178, {0.55 * shown.shade[at][i - 1]:.2f})"' if shown.shade else ""
        cells.append(f"<td{_class(name)}{tint}>{escape(text)}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _is_numeric(shown: Table, at: int) -> bool:
    cells = [row[at] for row in shown.rows if len(row) > 1]
    return at > 0 and shown.head[at] != "SHA-256" and all(_NUMBER.match(text) and len(text) < 30 for text in cells)


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
