"""The list of pages, and the guard that makes a deep link to a fresh server work."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_PAGES = Path(__file__).resolve().parent.parent / "pages"
_SPECS = (("object", "Object", True), ("models", "Models", False))


def frame() -> list:
    """The pages in the order of the menu. Flat: a menu with sections fails accessibility checks."""
    return [
        st.Page(_PAGES / f"{name}.py", title=title, url_path=name, default=default) for name, title, default in _SPECS
    ]


def framed() -> None:
    """First statement of every page: when it runs alone, run it again inside app.py.

    While no visitor has run app.py, Streamlit takes the pages folder for its old multipage mode, and a deep link runs
    the page file by itself: no menu, no guard. Registering the navigation once ends that mode.
    """
    if not st.session_state.get("_in_frame"):
        st.navigation(frame(), position="hidden")
        st.rerun()
