"""What strangers wrote stays text: in figures and on pages, and in tables that go home."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_candidates_page import settled
from tests.pages.test_object_page import APP, CSV, html_of

ROOT = Path(__file__).resolve().parents[2]
NAME = """<img src=x onerror=alert(1)><a href='javascript:alert(2)'>x</a>"""
_ALIVE = re.compile(r"<img|<script|href=.?.?javascript", re.IGNORECASE)


@pytest.mark.parametrize("page", ["object", "candidates", "lab"])
def test_no_figure_shows_what_a_stranger_wrote_as_markup(page, tmp_path, monkeypatch):
    monkeypatch.setenv("T2SCOPE_VERDICTS", str(tmp_path / "v.sqlite"))
    at = AppTest.from_file(str(APP), default_timeout=120)
    if page != "object":
        at.switch_page(f"pages/{page}.py")
    at.query_params["from" if page == "candidates" else "source"] = "file"
    at.run()
    table = CSV.replace(b"mine", NAME.encode()).replace(b"other one", NAME.encode() + b" 2")
    at.file_uploader[0].set_value((f"{NAME}.csv", table, "text/csv")).run()
    if page == "candidates":
        settled(at)
    assert not at.exception and not [e.value for e in at.error if e.value.startswith("This page failed")]
    specs = [chart.proto.spec for chart in at.get("plotly_chart")]
    pictures = [image.proto.SerializeToString().decode("utf-8", "replace") for image in at.get("imgs")]
    assert specs or page == "candidates", "a figure is drawn"
    assert "onerror" in "".join(
        str(element.value) for kind in (at.title, at.subheader, at.markdown) for element in kind
    )
    for text in [*specs, *pictures, html_of(at)]:
        assert not _ALIVE.search(text), text[:300]
    for kind in (at.title, at.subheader, at.caption, at.markdown, at.warning, at.error, at.info):
        for element in kind:
            assert not re.search(r"(?<!\\)<img|(?<!\\)<a ", str(element.value)), element.value


def _writers(path: Path) -> list[str]:
    """Statements of a file that write CSV, as source."""
    text = path.read_text(encoding="utf-8")
    calls = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return [
        ast.get_source_segment(text, node) or ""
        for node in calls
        if node.func.attr in ("to_csv", "writerow", "writerows")
    ]


def test_every_csv_that_goes_home_is_made_safe():
    """Cells are made safe where they are written; headings and numbers of our own are named one by one."""
    own = {
        ("stream/output.py", "csv.writer(self._text).writerow(columns)"),
        ("core/verdicts/exchange.py", "writer.writerow(COLUMNS)"),
        ("ui/evaluation/own.py", "given.table.to_csv(index=False)"),  # goes into a hash, not home
        ("ui/compression/take_home.py", "writer.writerow(shown.head)"),
        ("ui/compression/take_home.py", "writer.writerows(shown.rows)"),
    }
    found = 0
    for folder in ("core", "ui", "pages", "stream"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in _writers(path):
                found += 1
                place = str(path.relative_to(ROOT)), call
                assert place in own or re.search(r"safe_table\(|safe_cell\(|_harmless\(", call), place
    assert found >= 6
