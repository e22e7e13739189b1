"""The README says what the cards say."""

from training.report import README, with_figures


def test_the_readme_holds_the_figures_of_the_cards():
    text = README.read_text(encoding="utf-8")
    assert with_figures(text) == text, "run: python -m training.report"


def test_a_changed_figure_would_be_noticed():
    text = README.read_text(encoding="utf-8")
    assert with_figures(text.replace("macro-F1 is", "macro-F1 was")) == text
