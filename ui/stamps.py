"""Small light curves of objects that come with the program, as pictures, made once for all sessions."""

from __future__ import annotations

import streamlit as st

from core.brokers.samples import EMBEDDED
from ui import resources
from ui.figures.theme import DARK, LIGHT, Theme
from ui.figures.thumbnail import thumbnail_svg


def show_stamp(object_id: str, theme: Theme, source: str | None = None) -> bool:
    """A stamp of the light curve where it comes with the program, and whether it does. source : if not the usual one."""
    source = source or resources.embedded().get(object_id, "")
    if source not in EMBEDDED:
        return False
    st.image(_stamp(source, object_id, theme.dark), width="stretch", alt=f"Light curve of {object_id}")
    return True


def missing_stamp(object_id: str, source: str) -> str:
    """Why there is no stamp of an object, and how to see its light curve. source : that its page asks; empty for none."""
    if not source:
        return "Its light curve does not come with the program, and no broker here is known to have it."
    title = resources.sources()[source].title
    return f"Its light curve does not come with the program. Open {object_id} to ask {title} for it."


@st.cache_resource(show_spinner=False, max_entries=1024)
def _stamp(source: str, object_id: str, dark: bool) -> str:
    return thumbnail_svg(resources.sources()[source].fetch(object_id), DARK if dark else LIGHT)
