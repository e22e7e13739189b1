"""The address that leads back to exactly this page."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st


def show_take_away() -> None:
    """The permanent link, with everything that was chosen; the box has a button that copies it."""
    here = str(st.context.url or "http://localhost:8501/evaluation").partition("?")[0]
    query = urlencode(st.query_params.to_dict())
    with st.popover("Copy link", icon=":material/link:"):
        st.code(f"{here}?{query}" if query else here, language=None, wrap_lines=True)
        st.caption("Model, set, prior, classes, view and the listed objects are all in it. An uploaded file is not.")
