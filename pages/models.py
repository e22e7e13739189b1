"""What was this model trained on, what can't it do, and how do all models compare?"""

import streamlit as st

from ui import resources, tables
from ui.evaluation.sets import judged_models
from ui.sections.card import show_card
from ui.sections.model_comparison import show_comparison
from ui.shell import evaluation_page, framed
from ui.state import put_right, url_choice

framed()
tables.style()
st.title("Models", anchor=False)
cards = resources.cards()
names = list(cards)
put_right("model", "model", names, names[0])
name = url_choice(st.selectbox, "Model", names, "model", names[0], width=480)
if name in judged_models():
    st.page_link(
        evaluation_page(), label="Where is it wrong? From each figure to its objects", query_params={"model": name},
        icon=":material/arrow_forward:",
    )  # fmt: skip
show_card(cards[name])
show_comparison(cards)
