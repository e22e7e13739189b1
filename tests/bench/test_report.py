"""The documents say what the benchmarks measured."""

import pytest

from bench.report import pages, with_figures

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_document_holds_the_figures_of_its_results(page):
    text = page.read_text(encoding="utf-8")
    assert with_figures(text, PAGES[page]) == text, "run: python -m bench.report"
    assert len(PAGES[page].splitlines()) >= 2
