"""The URL is the state: what is chosen is in the address, so that a link, a reload and Back all lead to the same page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from ui.wording import plain


def url_choice(
    widget: Callable[..., Any], label: str, options: Sequence[str], key: str, default: str, **extra: Any
) -> str:
    """A choice that lives in the query parameter ``key``; a value that is not an option falls back to ``default``."""
    options = list(options)
    wanted = st.query_params.get(key, default)
    st.session_state[key] = wanted if wanted in options else default

    def push() -> None:
        chosen = st.session_state[key]
        if chosen is None:  # a segmented control that was clicked off keeps what it had
            chosen = st.query_params.get(key, default)
        if chosen == default:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = chosen

    chosen = widget(label, options, key=key, on_change=push, **extra)
    return default if chosen is None else str(chosen)


def put_right(key: str, what: str, options: Sequence[str], shown: str) -> None:
    """Say once that the address names something that is not there, and take it out of the address."""
    wanted = st.query_params.get(key)
    if wanted is None or wanted in options:
        return
    st.query_params.pop(key)
    st.warning(f"There is no {what} {plain(repr(wanted))} here. Shown: {plain(shown)}.", icon=":material/link_off:")


def go_to(oid: str, **others: str) -> None:
    """Show another object; each step is an entry in the browser's history."""
    st.query_params["oid"] = oid
    for key, value in others.items():
        st.query_params[key] = value
