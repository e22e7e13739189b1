"""A model card as a page: what trained the model, on what, with which figures, and what it can't do."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.model import Model
from ui.wording import class_title


def show_card(model: Model) -> None:
    """The whole card, limits first."""
    card = model.card.data
    st.header(card["title"], anchor=False)
    st.write(card["summary"])
    st.subheader("What it can't do", anchor=False)
    for limit in card["limits"]:
        st.markdown(f"- {limit}")
    st.subheader("Figures", anchor=False)
    if card["figures"]:
        _tree(card["figures"])
    else:
        st.write("None measured yet.")
    st.subheader("Training", anchor=False)
    _tree(card["training"])
    st.subheader("Files and recipe", anchor=False)
    files = card["files"]
    rows = [("model", files["model"])]
    rows += [(f"fold {i}", entry) for i, entry in enumerate(files.get("folds", []))]
    rows += list(files.get("variants", {}).items())
    st.dataframe([{"file": name, **entry} for name, entry in rows], hide_index=True)
    st.write("Classes: " + ", ".join(class_title(c) for c in model.classes))
    st.code(repr(model.recipe), language=None, wrap_lines=True)
    st.caption(f"{model.name} {model.card.version} · {card['licence']} · runtime {model.runtime}")


def _tree(data: Any) -> None:
    """Nested figures as tables and lines: numbers as they stand in the card."""
    plain = {k: v for k, v in data.items() if not isinstance(v, dict | list)}
    if plain:
        st.dataframe([{"what": str(k), "value": str(v)} for k, v in plain.items()], hide_index=True)
    for key, value in data.items():
        if isinstance(value, dict):
            with st.expander(str(key)):
                _tree(value)
        elif isinstance(value, list):
            with st.expander(str(key)):
                _list(value)


def _list(values: list[Any]) -> None:
    if values and isinstance(values[0], dict):
        st.dataframe(values, hide_index=True)
    elif values and isinstance(values[0], list):
        st.dataframe([{str(i): v for i, v in enumerate(row)} for row in values], hide_index=True)
    else:
        st.markdown("\n".join(f"- {v}" for v in values))
