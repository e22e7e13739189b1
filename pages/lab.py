"""What would change its mind?"""

import streamlit as st

from ui.figures.theme import theme_of
from ui.lab.bench import show_bench
from ui.lab.head import show_object
from ui.sections.choose import choose
from ui.sections.score import model_for
from ui.shell import framed

framed()
theme = theme_of(st.context.theme.type)
chosen = choose()
if chosen.curve is None:
    st.stop()
model = model_for(chosen.model, chosen.curve.object_id)
show_object(chosen, chosen.curve, model)
show_bench(chosen, chosen.curve, model, theme)
