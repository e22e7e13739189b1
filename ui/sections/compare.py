"""A second model's answer to the same light curve, beside the first."""

from __future__ import annotations

import streamlit as st

from core.pipeline import Classification
from core.refusal import Refusal
from ui import resources
from ui.figures.light_curve import map_strip_figure
from ui.figures.theme import Theme
from ui.sections.answer import show_answer
from ui.sections.side import STATIC, show_probabilities
from ui.state import url_choice
from ui.wording import class_title

NONE = "none"


def choose_other(first: str) -> str:
    """The name of the model to compare with, or NONE."""
    names = [NONE, *(name for name in resources.model_names() if name != first)]
    return url_choice(
        st.selectbox, "Compare with another model", names, "compare", NONE,
        format_func=lambda n: "no other model" if n == NONE else n,
    )  # fmt: skip


def show_side_by_side(
    first: Classification | Refusal, second: Classification | Refusal, names: tuple[str, str], theme: Theme
) -> None:
    """Headline, probabilities and map of both models, in the same order."""
    for column, result, name, key in zip(st.columns(2), (first, second), names, "ab", strict=True):
        with column, st.container(border=True):
            st.caption(f"Model {name}")
            show_answer(result, theme)
            if isinstance(result, Refusal):
                continue
            show_probabilities(result, result.top_class, theme, key=f"probabilities_{key}")
            title = class_title(result.top_class)
            figure = map_strip_figure(
                result.explanation, result.model.classes.index(result.top_class), title, result.curve, theme
            )
            st.caption(f"Class activation map for {title}")
            st.plotly_chart(figure, config=STATIC, alt=f"Class activation map of {name} for {title}.", key=f"map_{key}")
