"""All models side by side, and what may be compared with what."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.card import ModelCard
from ui.model_comparison import comparison_table, not_compared, overview_table
from ui.tables import show
from ui.wording import plain


def show_comparison(cards: Mapping[str, ModelCard]) -> None:
    """What each model is, and the figures of one kind that their cards hold."""
    st.header("All models side by side", anchor=False)
    show(overview_table(cards))
    st.write(
        "Rows below one heading were judged on the same objects and can be compared. Rows below different headings can't: "
        "other objects, another mix of classes. Figures on simulations say how well simulations of that kind are told apart, not "
        "how well the sky is."
    )
    show(comparison_table(cards))
    st.caption(
        "The calibration error of a model of real light curves counts simulated ones too, of the classes without real ones; the "
        "Evaluation page tells that of real objects alone."
    )
    if missing := not_compared(cards):
        st.caption(f"No figures of this kind in the card of {plain(', '.join(missing))}.")
