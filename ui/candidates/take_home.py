"""What is taken home: verdicts as tables, a draft of reports, and verdicts brought back; and how far model and people agree."""

from __future__ import annotations

import streamlit as st

from core.verdicts import Verdict, VerdictError
from core.verdicts.exchange import as_csv, as_json, read_verdicts
from core.verdicts.tns import Reported, draft
from ui import resources
from ui.candidates.board import Board
from ui.wording import plain


def show_take_home(board: Board) -> None:
    """Export and import, side by side."""
    with st.expander("Export and import verdicts"):
        left, right = st.columns(2)
        with left:
            _export(board)
        with right:
            _import(board)


def _export(board: Board) -> None:
    keys = board.candidates.keys
    said = [board.said[keys[entry]] for entry in board.vetted]
    st.markdown(f"**{len(said):,} verdicts on this list**")
    st.download_button(
        "What stands now (CSV)", lambda: as_csv(said), "verdicts.csv", "text/csv", on_click="ignore", width="stretch"
    )
    st.download_button(
        "The whole history (JSON)", lambda: as_json(_history(keys)), "verdicts.json", "application/json",
        on_click="ignore", width="stretch",
    )  # fmt: skip
    st.download_button(
        "Draft of classification reports (text)", lambda: draft(_reported(board)), "reports.txt", "text/plain",
        on_click="ignore", width="stretch",
    )  # fmt: skip
    st.caption(
        "With model, its checksum, prior and probabilities at the time. A cell that a spreadsheet would run is made harmless."
    )


def _reported(board: Board) -> list[Reported]:
    """The verdicts of the list with the position and redshift of each object, as far as they are known."""
    out = []
    for entry in board.vetted:
        item, curve = board.candidates.items[entry], board.candidates.curves[entry]
        known = curve if curve is not None and curve.ra is not None else item
        redshift = None if curve is None else curve.redshift
        out.append(Reported(board.said[board.candidates.keys[entry]], known.ra, known.dec, redshift))
    return out


def _history(keys: tuple) -> list[Verdict]:
    return resources.verdicts().history(keys)


def _import(board: Board) -> None:
    upload = st.file_uploader(
        "Bring verdicts back (CSV or JSON)", type=["csv", "json"], max_upload_size=50, key="bring_back"
    )
    if upload is None:
        st.caption(
            "A table needs the columns object_id and kind (class, unsure, junk, follow up), and class. What is known already is left as it is."
        )
        return
    if st.session_state.get("_brought", ("",))[0] != upload.file_id:
        st.session_state["_brought"] = upload.file_id, *_bring_in(upload.getvalue(), board)
        st.rerun()
    _, well, lines = st.session_state["_brought"]
    (st.success if well else st.error)(plain(lines[0]))
    for line in lines[1:]:
        st.caption(plain(line))


def _bring_in(content: bytes, board: Board) -> tuple[bool, list[str]]:
    """Whether it went well, and what there is to say of it."""
    try:
        found = read_verdicts(content, otherwise=board.candidates.otherwise)
        added, known = resources.verdicts().add_new(found.verdicts)
    except VerdictError as error:
        return False, [error.message]
    keys = set(board.candidates.keys)
    here = sum(verdict.key in keys for verdict in found.verdicts)
    lines = [f"{added:,} added, {known:,} known already; {here:,} are of objects in this list."]
    lines += [f"Left out: {line}" for line in found.refused[:5]]
    if len(found.refused) > 5:
        lines.append(f"…and {len(found.refused) - 5:,} more rows that can't be read.")
    return True, lines
