"""What does each byte buy?"""

import streamlit as st

from ui import resources, tables
from ui.compression.chosen import choose_variant, show_chosen
from ui.compression.here import show_measure
from ui.compression.overview import recommended, show_headline, show_published, show_table, show_trade
from ui.compression.records import has_records, records_of
from ui.compression.stages import show_stages
from ui.compression.take_home import show_downloads
from ui.figures.theme import theme_of
from ui.shell import framed
from ui.state import put_right, url_choice

framed()
tables.style()
theme = theme_of(st.context.theme.type)
st.title("Compression", anchor=False)
cards = {name: card for name, card in resources.cards().items() if has_records(card)}
names = list(cards)
default = resources.default_model(None)
first = default if default in names else names[0]
put_right("model", "model with measured variants", names, first)
name = url_choice(st.selectbox, "Model", names, "model", first, width=480)
card, records = cards[name], records_of(cards[name])
best = recommended(records)

show_headline(records, card)
st.header("Every variant", anchor=False)
show_table(records)
show_downloads(records, card)
with st.expander("Table 5.1 as published"):
    show_published()
trade = st.container()
st.header("One variant", anchor=False)
row = choose_variant(records, best.key if best else names[0])
with trade:
    show_trade(records, row.key, theme)
show_chosen(row, records, card, theme)
st.header("Measure here", anchor=False)
show_measure(card)
st.header("Where the time goes", anchor=False)
show_stages(name, theme)
