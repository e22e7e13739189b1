"""One way to draw a figure and to hand out a table on the evaluation page: named by model, set, prior and date."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.spreadsheet import safe_table
from ui.evaluation.choice import Chosen
from ui.figures.theme import CLASS_GREY

_HIDDEN = ["select2d", "lasso2d", "autoScale2d", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]


def draw(
    figure: go.Figure, chosen: Chosen, name: str, *, key: str, alt: str, on_select: Callable[[], None] | None = None
) -> None:
    """A figure that can be saved, and clicked where ``on_select`` is given."""
    config: dict[str, Any] = {
        "displaylogo": False, "scrollZoom": False, "modeBarButtonsToRemove": _HIDDEN,
        "toImageButtonOptions": {"format": "svg", "filename": f"{name}_{chosen.name}"},
    }  # fmt: skip
    # Small, and part of the figure, so that a saved one still says what it shows.
    title = {"text": chosen.title, "font": {"size": 11, "color": CLASS_GREY}, "x": 0, "xref": "container", "y": 1,
             "yref": "container", "yanchor": "top", "pad": {"t": 3, "l": 3}}  # fmt: skip
    top = (figure.layout.margin.t or 0) + 14
    figure.update_layout(title=title, margin_t=top)
    if on_select is None:
        st.plotly_chart(figure, config=config, alt=alt, key=key)
    else:
        st.plotly_chart(figure, config=config, alt=alt, key=key, on_select=on_select, selection_mode="points")


def download(table: pd.DataFrame, chosen: Chosen, name: str, label: str) -> None:
    """A table as CSV, with what it is in a comment line above; made when it is asked for."""

    def work() -> bytes:
        return f"# {name} · {chosen.title}\n{safe_table(table).to_csv(index=False, lineterminator=chr(10))}".encode()

    st.download_button(
        label, work, file_name=f"{name}_{chosen.name}.csv", mime="text/csv", on_click="ignore",
        key=f"csv_{name}", icon=":material/download:",
    )  # fmt: skip
