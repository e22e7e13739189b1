"""Where people and the model agree on a list, and where they don't: each cell leads to its candidates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluate.scores import confusion
from core.spreadsheet import safe_table
from core.verdicts import KINDS
from ui.candidates.board import Board
from ui.candidates.place import go
from ui.evaluation.own import VERDICTS, Vetted
from ui.shell import frame
from ui.tables import html_of, table
from ui.wording import class_title

#: A class that the model was not asked for, or could not give.
UNSCORED = "not scored"


def agreement(board: Board) -> dict[tuple[str, str], list[str]]:
    """(what people said, the model's likeliest class) -> ids of the list's vetted objects that are scored or refused."""
    entries = board.table["entry"].to_numpy()
    tops = board.table["top_class"].to_numpy(object)
    out: dict[tuple[str, str], list[str]] = {}
    for entry in board.vetted:
        row = int(np.searchsorted(entries, entry))
        if row < len(entries) and entries[row] == entry:
            said = board.said[board.candidates.keys[entry]]
            model = UNSCORED if pd.isna(tops[row]) else str(tops[row])
            out.setdefault((said.said, model), []).append(said.object_id)
    return out


def show_agreement(board: Board) -> None:
    """A matrix of verdicts against the model's answers, the share on which they agree, and the way to each cell."""
    cells = agreement(board)
    if not cells:
        return
    named = {pair: ids for pair, ids in cells.items() if pair[0] not in KINDS and pair[1] != UNSCORED}
    total, same = sum(map(len, named.values())), sum(len(ids) for (said, model), ids in named.items() if said == model)
    title = f"Verdicts and {board.job.model.name}: agree on {same:,} of {total:,}"
    with st.expander(f"{title} ({100 * same / total:.0f} %)" if total else title):
        st.html(f'<div class="card-tables">{html_of(_matrix(board, cells))}</div>')
        st.caption("Rows: what people said. Columns: the likeliest class by the model and prior in force.")
        _way_to_a_cell(cells)
        _way_to_evaluation(board)


def _matrix(board: Board, cells: dict[tuple[str, str], list[str]]):
    order = [*board.job.model.classes, *KINDS, UNSCORED]
    place = {name: i for i, name in enumerate(order)}
    rows = sorted({said for said, _ in cells}, key=lambda name: (place.get(name, len(order)), name))
    columns = sorted({model for _, model in cells}, key=lambda name: place.get(name, len(order)))
    names = list(dict.fromkeys([*rows, *columns]))
    pairs = np.array([(names.index(said), names.index(model)) for (said, model), ids in cells.items() for _ in ids])
    matrix = confusion(pairs[:, 0], pairs[:, 1], len(names))
    counts = matrix[np.ix_([names.index(n) for n in rows], [names.index(n) for n in columns])]
    made = table(
        "Verdict against model",
        ("Verdict", *(class_title(name) for name in columns)),
        [(class_title(said), *(f"{n:,}" for n in line)) for said, line in zip(rows, counts, strict=True)],
    )
    shade = tuple(tuple(line / max(line.sum(), 1)) for line in counts)
    return type(made)(made.title, made.head, made.rows, shade)


def _way_to_a_cell(cells: dict[tuple[str, str], list[str]]) -> None:
    """Choose a cell, and its candidates are there to be gone to."""
    pairs = sorted(cells, key=lambda pair: (pair[0] == pair[1], -len(cells[pair])))
    left, right = st.columns([5, 5], vertical_alignment="bottom")
    pair = left.selectbox(
        "Look at", pairs, key="cell",
        format_func=lambda p: f"said {class_title(p[0])}, model {class_title(p[1])} ({len(cells[p]):,})",
    )  # fmt: skip
    oid = right.selectbox("Candidate", cells[pair], key=f"in_cell_{pair}")
    st.button("Go there", on_click=_go, args=(oid,), icon=":material/arrow_upward:")


def judged_by_people(board: Board) -> pd.DataFrame:
    """The list as a test set: object_id, class and the probabilities in force, of each verdict that names a class."""
    classes = board.job.model.classes
    said = {entry: board.said[board.candidates.keys[entry]] for entry in board.vetted}
    named = {entry: verdict.class_name for entry, verdict in said.items() if verdict.class_name in classes}
    rows = board.table[board.table["entry"].isin(list(named)) & board.table["top"].notna()]
    made = rows[["object_id", "n_points", *(f"p_{name}" for name in classes)]].copy()
    made.insert(1, "class", [named[int(entry)] for entry in rows["entry"]])
    return made


def _way_to_evaluation(board: Board) -> None:
    """The verdicts as a table that the Evaluation page takes for the truth, and the way there."""
    made = judged_by_people(board)
    page = next((page for page in frame() if page.url_path == "evaluation"), None)
    if not len(made) or page is None:
        return
    # The page that judges finds them in the session; the file is for other days.
    st.session_state[VERDICTS] = Vetted(made, board.job.model.name, board.job.model, board.job.prior)
    left, right = st.columns(2, vertical_alignment="center")
    left.download_button(
        f"The {len(made):,} as a test set (CSV)", lambda: safe_table(made).to_csv(index=False), "test_set.csv", "text/csv",
        on_click="ignore", width="stretch",
    )  # fmt: skip
    right.page_link(
        page, label="Judge the model by it on the Evaluation page", icon=":material/analytics:",
        query_params={"model": "own", "upload": VERDICTS},
    )  # fmt: skip


def _go(oid: str) -> None:
    st.query_params["show"] = "all"
    go(oid)
    st.query_params.pop("only", None)
