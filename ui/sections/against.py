"""The maps of two classes beside each other: why this class, and not the one that the object is known to be."""

from __future__ import annotations

import streamlit as st

from core.pipeline import Classification
from core.refusal import Refusal
from ui.figures.light_curve import map_strip_figure
from ui.figures.theme import Theme
from ui.sections.side import STATIC
from ui.wording import class_title, percent, plain


def show_two_maps(result: Classification | Refusal, class_name: str, theme: Theme) -> None:
    """The map of the explained class and of the class that the address names as ``against``; nothing without one."""
    against = st.query_params.get("against", "")
    if isinstance(result, Refusal) or not against:
        return
    classes = result.model.classes
    if against not in classes or against == class_name:
        return
    with st.container(key="against", border=True):
        st.subheader(f"{class_title(class_name)} or {class_title(against)}?", anchor=False)
        for column, name, key in zip(st.columns(2), (class_name, against), "ab", strict=True):
            with column:
                _show_map(result, name, theme, key)
        st.caption(_known(result, against))


def _show_map(result: Classification, name: str, theme: Theme, key: str) -> None:
    title = class_title(name)
    st.markdown(f"**{title}, {percent(result.probability(name))}**")
    figure = map_strip_figure(result.explanation, result.model.classes.index(name), title, result.curve, theme)
    st.plotly_chart(
        figure,
        config=STATIC,
        alt=f"Class activation map of {result.curve.object_id} for {title}.",
        key=f"against_{key}",
    )


def _known(result: Classification, against: str) -> str:
    """What the two maps are, and by whom the object is known as what."""
    provenance = result.curve.provenance
    known = ""
    if provenance.true_class == against:
        source = f" ({plain(provenance.true_class_source)})" if provenance.true_class_source else ""
        known = f"This object is known as {class_title(against)}{source}. "
    fold = result.model.fold
    unseen = f"Fold model {fold} answers, which has not seen this object. " if fold is not None else ""
    return f"{known}{unseen}Each map is in percent of its own weight, brighter where the class gains most."
