"""The questions that the page answers, one at a time: only what is looked at is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui.evaluation.against import show_against, show_growing
from ui.evaluation.calibration import show_calibration
from ui.evaluation.choice import Chosen
from ui.evaluation.compare import show_comparison
from ui.evaluation.curves import show_curves
from ui.evaluation.matrix import show_matrix
from ui.evaluation.thresholds import show_thresholds
from ui.evaluation.weights import show_weights
from ui.figures.theme import Theme
from ui.state import url_choice


@dataclass(frozen=True)
class View:
    """One question. show : draws the answer. lists_objects : whether the list of objects stands below it."""

    title: str
    show: Callable[[Chosen, Theme], None]
    lists_objects: bool = True


def _against(chosen: Chosen, theme: Theme) -> None:
    show_against(chosen, theme)
    show_growing(chosen)


VIEWS: dict[str, View] = {
    "matrix": View("Confusion", show_matrix),
    "curves": View("ROC and purity", show_curves),
    "calibration": View("Calibration", show_calibration),
    "thresholds": View("Thresholds", show_thresholds),
    "against": View("Against age, brightness …", _against),
    "weights": View("Weight of redshift", show_weights),
    "compare": View("Compare two models", show_comparison, lists_objects=False),
}


def choose_view() -> View:
    """The question, in the address."""
    key = url_choice(
        st.segmented_control, "What to look at", list(VIEWS), "view", "matrix",
        format_func=lambda k: VIEWS[k].title, label_visibility="collapsed",
    )  # fmt: skip
    return VIEWS[key]
