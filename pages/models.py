"""What was this model trained on, and what can't it do?"""

import streamlit as st

from ui import resources
from ui.sections.card import show_card
from ui.shell import framed
from ui.state import url_choice

framed()
st.title("Models", anchor=False)
names = [name for name in resources.model_names() if "@" not in name]
show_card(resources.model(url_choice(st.selectbox, "Model", names, "model", names[0])))
