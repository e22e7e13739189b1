"""One variant in detail: what it changes class by class, whose class flips, its weights, its bytes, its file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.brokers.samples import EMBEDDED
from core.card import FLOAT, ModelCard
from core.model import Model
from core.spreadsheet import safe_table
from ui import resources
from ui.arrival import back_to_object, key_of
from ui.compression.overview import PLAIN
from ui.compression.records import BASELINE, Records, Row
from ui.figures.compression import bytes_figure, weights_figure
from ui.figures.theme import Theme
from ui.shell import object_page
from ui.state import put_right, url_choice
from ui.tables import show, table
from ui.wording import class_title, percent, plain

#: Flips that are listed; the download has all.
LISTED = 30


def choose_variant(records: Records, default: str) -> Row:
    """Which variant the sections below show; in the address."""
    keys = [row.key for row in records.tflite if row.key != BASELINE]
    titles = {row.key: row.title for row in records.tflite}
    put_right("variant", "variant", keys, titles.get(default, default))
    key = url_choice(
        st.selectbox, "Variant", keys, "variant", default if default in keys else keys[0],
        format_func=lambda k: titles.get(k, str(k)), width=480,
    )  # fmt: skip
    found = records.row(key)
    assert found is not None
    return found


def show_chosen(row: Row, records: Records, card: ModelCard, theme: Theme) -> None:
    """Everything about one variant."""
    st.write(plain(row.what))
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Class by class", anchor=False)
        show_classes(row, records)
    with right:
        st.subheader("Where the bytes are", anchor=False)
        base = records.row(BASELINE)
        assert base is not None
        files = {base.title: base.by_tensor, row.title: row.by_tensor}
        st.plotly_chart(
            bytes_figure(files, theme), config=PLAIN, key="bytes",
            alt="; ".join(f"{title}: {sum(t.values()) / 1000:.1f} kB, graph {t.get('graph', 0) / 1000:.1f} kB" for title, t in files.items()),
        )  # fmt: skip
    if not row.shipped:
        st.caption(f"This file does not come with the program: `{records.table['command']}` makes it.")
        return
    st.subheader("Weights before and after", anchor=False)
    show_weights(card, row, theme)
    st.subheader("Objects whose class flips", anchor=False)
    show_flips(card, row, records.judged_on)
    entry = card.entry(variant=row.key)
    path: Path = card.folder / entry["path"]
    st.download_button(
        f"Download this file ({row.size / 1000:.1f} kB, TFLite)", path.read_bytes(), f"{card.name}-{row.key}.tflite",
        "application/octet-stream", on_click="ignore", icon=":material/download:",
    )  # fmt: skip
    st.caption(f"SHA-256 {entry['sha256']}")


def show_classes(row: Row, records: Records) -> None:
    """Share of each class that is called so, before and after."""
    base = records.row(BASELINE)
    assert base is not None
    rows = []
    for name, before in base.scores["classes"].items():
        change = row.change["recall_survey"][name]
        rows.append(
            [
                class_title(name),
                f"{before['objects']:,}",
                f"{before['recall']:.3f}",
                f"{before['recall'] + change:.3f}",
                f"{change:+.3f}".replace("-", "−"),
            ]
        )
    show(
        table(
            "Complete: the share of a class that is called so",
            ["class", "objects", "float32", "variant", "change"],
            rows,
        )
    )
    st.caption(
        f"{records.judged_on.capitalize()}, survey prior, fifteen classes compared. For 95 of 100 of them the variant moves no class's "
        f"probability by more than {row.change['probability_p95']:.3f}."
    )


def show_weights(card: ModelCard, row: Row, theme: Theme) -> None:
    """Histogram of one matrix, and the values that are left of it."""
    before, after = matrices(str(card.folder), FLOAT), matrices(str(card.folder), row.key)
    names = [
        name for name in before if name in after and before[name].size > 200 and before[name].shape == after[name].shape
    ]
    if not names:
        st.write(
            "This file's matrices have other shapes than the float network's: there is nothing to lay beside each other."
        )
        return
    name = url_choice(
        st.selectbox, "Matrix", names, "matrix", "head_weights" if "head_weights" in names else names[0], width=320
    )
    values = len(np.unique(after[name]))
    figure = weights_figure(before[name], after[name], theme)
    st.plotly_chart(
        figure, config=PLAIN, key="weights", alt=f"{name}: {before[name].size} weights, {values} distinct values left."
    )
    st.caption(
        f"{name}: {before[name].size:,} weights, {len(np.unique(before[name])):,} distinct values before, {values:,} after."
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def matrices(folder: str, variant: str) -> dict[str, NDArray[np.float32]]:
    """The named weights of a file of the card in ``folder``."""
    from core.card import load_card

    return Model(load_card(folder), variant=variant).weights()


def show_flips(card: ModelCard, row: Row, judged_on: str) -> None:
    """Judged objects that the variant calls otherwise, each with the way to its page."""
    path = card.folder / "variants/flips.parquet"
    flips = pd.read_parquet(path) if path.is_file() else pd.DataFrame(columns=["variant"])
    flips = flips[flips["variant"] == row.key]
    if flips.empty:
        st.write("None of the judged objects gets another class.")
        return
    gained, lost = int((flips["becomes"] == flips["known"]).sum()), int((flips["was"] == flips["known"]).sum())
    st.write(
        f"For {len(flips):,} of {row.change['of']:,} {judged_on} another class leads than in float32: {gained} were called wrong and "
        f"are now right, {lost} were right and are now wrong, {len(flips) - gained - lost} are wrong both times."
    )
    for flip in list(flips.itertuples())[:LISTED]:
        _flip(flip, card, row)
    back_to_object("flips")
    if len(flips) > LISTED:
        st.caption(f"The {LISTED} with the largest change of probability are listed; the file below has all.")
    buffer = io.StringIO()
    safe_table(flips).to_csv(buffer, index=False)
    st.download_button(
        "Download the flips (CSV)", buffer.getvalue(), f"{card.name}-{row.key}-flips.csv", "text/csv", on_click="ignore"
    )


def _flip(flip: object, card: ModelCard, row: Row) -> None:
    oid = str(flip.object_id)
    said = (
        f"{class_title(flip.was)} {percent(flip.p_was)} → {class_title(flip.becomes)} {percent(flip.p_becomes)}; known class "
        f"{class_title(flip.known)}"
    )
    source = resources.source_of(oid)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=key_of(oid)):
        if source:
            asked = {"source": source, "oid": oid, "model": card.name, "variant": row.key}
            st.page_link(object_page(), label=f"**{plain(oid)}**", query_params=asked)
        else:
            st.markdown(f"**{plain(oid)}**")
        st.markdown(plain(said) + ("" if source in EMBEDDED or not source else " · asks ALeRCE"))
