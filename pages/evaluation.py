"""How good is it, and where is it wrong?"""

import streamlit as st

from ui import tables
from ui.evaluation.choice import choose
from ui.evaluation.left_out import show_left_out
from ui.evaluation.matrix import show_numbers
from ui.evaluation.objects import show_objects
from ui.evaluation.take_away import show_take_away
from ui.evaluation.views import choose_view
from ui.evaluation.why import show_why
from ui.figures.theme import theme_of
from ui.shell import framed

framed()
theme = theme_of(st.context.theme.type)
tables.style()
st.title("Evaluation", anchor=False)
chosen = choose()
if chosen is None:
    st.stop()
st.caption(chosen.test.about.get("what", ""))
show_numbers(chosen)
show_left_out(chosen)
view = choose_view()
view.show(chosen, theme)
if view.lists_objects:
    listed = show_objects(chosen, theme)
    if len(listed):
        show_why(chosen, listed, theme)
show_take_away()
