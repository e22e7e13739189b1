"""A model card as a page: what the model can't do, how good it is, what it was trained on, and its files."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.model import Model
from ui.card_tables import cell, class_table, score_table, training_table
from ui.wording import class_title


def show_card(model: Model) -> None:
    """The whole card: limits first, then figures, training, files."""
    card = model.card.data
    st.header(card["title"], anchor=False)
    st.write(card["summary"])
    st.subheader("What it can't do", anchor=False)
    st.markdown("\n".join(f"- {limit}" for limit in card["limits"]))
    st.subheader("How good is it?", anchor=False)
    _show_figures(card["figures"])
    st.subheader("What was it trained on?", anchor=False)
    _show_training(card["training"])
    st.subheader("Files and recipe", anchor=False)
    _show_files(model)
    st.caption(f"{model.name} {model.card.version} · {card['licence']} · runtime {model.runtime}")


def _show_figures(figures: dict[str, Any]) -> None:
    if not figures:
        st.write("Nothing has been measured yet.")
        return
    if what := figures.get("sample", {}).get("what"):
        st.write(f"{figures['sample'].get('objects', 0):,} objects. {what}")
    scores, classes = score_table(figures), class_table(figures)
    if len(scores):
        _table(scores, alt="Scores of the model on sets of objects")
    if len(classes):
        _table(classes, alt="Completeness and purity per class")
    if command := figures.get("command"):
        st.caption(f"Made by `{command}`.")
    with st.expander("Every figure in the card"):
        _tree(figures)


def _show_training(training: dict[str, Any]) -> None:
    st.write(f"{training['data']}.")
    classes = training_table(training)
    if len(classes):
        _table(classes, alt="Training objects per class")
    with st.expander("Sources, augmentation, network and schedule"):
        _tree(training)


def _show_files(model: Model) -> None:
    files = model.card.data["files"]
    rows = [("model", files["model"])]
    rows += [(f"fold {i}", entry) for i, entry in enumerate(files.get("folds", []))]
    rows += list(files.get("variants", {}).items())
    _table(pd.DataFrame([{"file": name, **entry} for name, entry in rows]), alt="Model files and checksums")
    st.write("Classes: " + ", ".join(class_title(c) for c in model.classes) + ".")
    st.write(f"Takes {', '.join(model.recipe.bands)}: {model.recipe.cuts.sentence()}.")
    with st.expander("The recipe as the card holds it"):
        _tree(model.card.data["recipes"])


def _tree(data: Any) -> None:
    """Nested figures as tables and lines: numbers as they stand in the card."""
    plain = {k: v for k, v in data.items() if not isinstance(v, dict | list)}
    if plain:
        _table(pd.DataFrame([{"what": _title(k), "value": v} for k, v in plain.items()]), alt="Figures of the card")
    for key, value in data.items():
        if isinstance(value, dict):
            st.markdown(f"**{_title(key)}**")
            _tree(value)
        elif isinstance(value, list):
            st.markdown(f"**{_title(key)}**")
            _list(value)


def _list(values: list[Any]) -> None:
    if values and isinstance(values[0], dict):
        _table(pd.DataFrame(values), alt="Figures of the card")
    elif values and isinstance(values[0], list):
        _table(pd.DataFrame([{str(i): v for i, v in enumerate(row)} for row in values]), alt="Figures of the card")
    else:
        st.markdown("\n".join(f"- {cell(v)}" for v in values))


def _table(rows: pd.DataFrame, *, alt: str) -> None:
    """All rows at once, none to scroll for; no more decimals than mean something."""
    shown = pd.DataFrame({c: [cell(v) for v in rows[c].astype(object).where(rows[c].notna(), None)] for c in rows})
    st.dataframe(shown, hide_index=True, height="content", alt=alt)


def _title(key: object) -> str:
    return str(key).replace("_", " ")
