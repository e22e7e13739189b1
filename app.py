"""Navigation, page configuration, one guard around every page: nothing else."""

import logging

import streamlit as st

from ui.arrival import note_page
from ui.login import admit
from ui.mode import follow_mode
from ui.resources import calm_collector, journal, warm_in_background
from ui.shell import frame, style

st.set_page_config(layout="wide")
style()
follow_mode()
warm_in_background()
calm_collector()
page = st.navigation(frame(), position="top")
note_page(page.url_path)
st.session_state["_in_frame"] = True
try:
    journal()
    admit()
    page.run()
except Exception as error:  # st.stop and st.rerun are BaseExceptions: they pass through
    logging.getLogger(__name__).exception("page failed")
    st.error(f"This page failed ({type(error).__name__}). The other pages still work; the log has the details.")
finally:
    st.session_state["_in_frame"] = False
