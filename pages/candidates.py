"""What is worth my time tonight?"""

import streamlit as st

from ui import tables
from ui.candidates.agreement import show_agreement
from ui.candidates.board import choose_order, make_board, say_unranked
from ui.candidates.lists import choose_list
from ui.candidates.scoring import choose_scoring, show_progress
from ui.candidates.table import show_funnel, show_table
from ui.candidates.take_home import show_take_home
from ui.candidates.vetting import show_vetting, standing
from ui.figures.theme import theme_of
from ui.shell import framed

framed()
tables.style()
theme = theme_of(st.context.theme.type)
st.title("Candidates", anchor=False)
candidates = choose_list()
if candidates is None:
    st.stop()
scoring, *ordering = st.columns([3, 3, 3, 3], vertical_alignment="bottom")
with scoring:
    job = choose_scoring(candidates)
quantity, only, show = choose_order(job, ordering)
board = make_board(candidates, job, quantity, only=only, show=show, said=standing())
show_progress(job, board)
say_unranked(board)
show_vetting(board, theme)
show_table(board, theme)
show_funnel(job)
show_agreement(board)
show_take_home(board)
