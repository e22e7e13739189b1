"""What was this model trained on, what can't it do, and how do all models compare?"""

import streamlit as st

from ui import resources, tables
from ui.sections.card import show_card
from ui.sections.model_comparison import show_comparison
from ui.shell import framed
from ui.state import put_right, url_choice

framed()
tables.style()
st.title("Models", anchor=False)
cards = resources.cards()
names = list(cards)
put_right("model", "model", names, names[0])
show_card(cards[url_choice(st.selectbox, "Model", names, "model", names[0], width=480)])
show_comparison(cards)
