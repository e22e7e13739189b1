"""The list of pages, and the guard that makes a deep link to a fresh server work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_PAGES = Path(__file__).resolve().parent.parent / "pages"


def frame() -> list:
    """The pages in the order of the menu. Flat: a menu with sections fails accessibility checks.

    The object page is the default, which Streamlit serves at ``/`` alone; it answers to ``/object`` as well.
    """
    return [
        st.Page(_PAGES / "object.py", title="Object", url_path="start", default=True),
        st.Page(_PAGES / "candidates.py", title="Candidates", url_path="candidates"),
        st.Page(_PAGES / "lab.py", title="Lab", url_path="lab"),
        st.Page(_PAGES / "samples.py", title="Samples", url_path="samples"),
        st.Page(_PAGES / "evaluation.py", title="Evaluation", url_path="evaluation"),
        st.Page(_PAGES / "models.py", title="Models", url_path="models"),
        st.Page(_PAGES / "compression.py", title="Compression", url_path="compression"),
        st.Page(_PAGES / "object.py", title="Object", url_path="object", visibility="hidden"),
    ]


def candidates_page() -> Any:
    """The page that the way back from a candidate leads to."""
    return next(page for page in frame() if page.url_path == "candidates")


def object_page() -> Any:
    """The page that links to an object lead to."""
    return frame()[0]


def lab_page() -> Any:
    """The page that asks what would change the answer."""
    return next(page for page in frame() if page.url_path == "lab")


def evaluation_page() -> Any:
    """The page that tells where a model is wrong."""
    return next(page for page in frame() if page.url_path == "evaluation")


#: Captions at Streamlit's own 60 % ink fall short of the contrast that small text needs.
_STYLE = """<style>
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p { color: inherit; opacity: 0.82; }
[data-testid="stCaptionContainer"] a { color: inherit; }
[data-testid="stMainBlockContainer"] { padding-top: 3.6rem; }
[data-testid="stHeading"] h1 { font-size: 1.7rem; padding: 0.1rem 0 0.7rem; }
[data-testid="stHeading"] h2 { font-size: 1.5rem; padding: 0.5rem 0; }
[data-testid="stHeading"] h3 { font-size: 1.25rem; padding: 0.3rem 0; }
.st-key-mode_of_the_screen { position: absolute; }
@media (hover: none), (max-width: 640px) { .modebar-container { display: none; } }
</style>"""


def style() -> None:
    """What the theme can't say: ink of captions, room above the page, no buttons over the legend of a small plot."""
    st.html(_STYLE)


def framed() -> None:
    """First statement of every page: when it runs alone, run it again inside app.py.

    While no visitor has run app.py, Streamlit takes the pages folder for its old multipage mode, and a deep link runs
    the page file by itself: no menu, no guard. Registering the navigation once ends that mode.
    """
    if not st.session_state.get("_in_frame"):
        st.navigation(frame(), position="hidden")
        st.rerun()
