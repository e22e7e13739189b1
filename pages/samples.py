"""Which light curves come with the program?"""

import streamlit as st

from ui.figures.theme import theme_of
from ui.sections.gallery import show_gallery
from ui.shell import framed

framed()
st.title("Samples", anchor=False)
st.write("Light curves that work without a network: real ones from public alerts, and simulated ones marked as such.")
show_gallery(theme_of(st.context.theme.type))
