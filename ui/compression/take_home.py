"""The table as files."""

from __future__ import annotations

import csv
import io
import json

import streamlit as st

from core.card import ModelCard
from ui.compression.overview import variant_table
from ui.compression.records import Records


def show_downloads(records: Records, card: ModelCard) -> None:
    """The table as it is shown (CSV), and everything that was measured (JSON)."""
    shown = variant_table(records)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(shown.head)
    writer.writerows(shown.rows)
    everything = {"table": records.table, "times": records.bench}
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)", buffer.getvalue(), f"{card.name}-compression.csv", "text/csv",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        st.download_button(
            "Everything measured (JSON)", json.dumps(everything, indent=1, ensure_ascii=False),
            f"{card.name}-compression.json", "application/json", on_click="ignore", icon=":material/download:",
        )  # fmt: skip
