"""The embedded samples as a gallery: a stamp each, what it is, and the way to its page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui import resources
from ui.figures.theme import Theme
from ui.shell import object_page
from ui.stamps import show_stamp
from ui.state import url_choice
from ui.wording import sample_label

EVERYTHING = "all"
COLUMNS = 4


def show_gallery(theme: Theme) -> None:
    """Samples by group, each labelled real or simulated with its known class."""
    table = resources.sources()["sample"].catalogue()
    groups = list(dict.fromkeys(table["group"]))
    group = url_choice(
        st.selectbox, "Show", [EVERYTHING, *groups], "group", EVERYTHING,
        format_func=lambda name: f"All {len(table)} samples" if name == EVERYTHING else name,
    )  # fmt: skip
    for name in groups if group == EVERYTHING else [group]:
        rows = list(table[table["group"] == name].itertuples())
        st.header(name, anchor=False)
        for start in range(0, len(rows), COLUMNS):
            for column, row in zip(st.columns(COLUMNS), rows[start : start + COLUMNS], strict=False):
                with column, st.container(border=True, height="stretch"):
                    _card(row, theme)


def _card(row: Any, theme: Theme) -> None:
    oid = str(row.object_id)
    show_stamp(oid, theme, "sample")
    st.page_link(object_page(), label=f"**{oid}**", query_params={"source": "sample", "oid": oid})
    st.caption(
        f"{row.title}  \n{sample_label(row.true_class, simulated=bool(row.simulated))} · {row.n_points:,} points"
    )
