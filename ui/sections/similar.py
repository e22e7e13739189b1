"""How unlike the training set an object is, and which training objects are most like it."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from core.brokers.samples import EMBEDDED
from core.neighbours import Neighbour, Similar
from core.pipeline import Classification
from core.refusal import Refusal
from ui import resources
from ui.figures.theme import Theme
from ui.novelty_words import shares_sentence, similar_caption
from ui.stamps import missing_stamp, show_stamp
from ui.state import go_to
from ui.tables import NOTHING
from ui.wording import class_title, plain


def show_similar(result: Classification | Refusal, theme: Theme) -> None:
    """Up to six training objects nearest in the embedding, and the classes of the nearest twenty."""
    if isinstance(result, Refusal):
        return
    index = resources.neighbours(str(result.model.card.folder))
    if index is None or result.model.variant is not None:
        return
    similar = _similar(index, result)
    if not similar.nearest:
        return
    with st.container(key="similar"):
        st.subheader("Similar objects", anchor=False)
        st.markdown(shares_sentence(similar))
        for start in range(0, len(similar.nearest), 3):
            for column, neighbour in zip(st.columns(3), similar.nearest[start : start + 3], strict=False):
                with column, st.container(border=True, height="stretch", gap="xsmall"):
                    _card(neighbour, theme)
        st.caption(similar_caption(similar))
        st.fragment(_on_request)(similar)


def _on_request(similar: Similar) -> None:
    """The table is made when it is opened: a browser loads a megabyte of program for the first one."""
    table = st.expander("Similar objects as a table", key="similar_table", on_change="rerun")
    if table.open:
        table.dataframe(similar_table(similar), hide_index=True, alt="Similar objects, nearest first")


def similar_table(similar: Similar) -> pd.DataFrame:
    """The same objects, one row each, nearest first."""
    return pd.DataFrame(
        {
            "object": [n.object_id for n in similar.nearest],
            "known class": [class_title(n.class_name) for n in similar.nearest],
            "redshift": [NOTHING if n.redshift is None else f"{n.redshift:.3f}" for n in similar.nearest],
            "brightest [mag]": [
                NOTHING if n.peak_magnitude is None else f"{n.peak_magnitude:.1f}" for n in similar.nearest
            ],
            "distance": [f"{n.distance:.2f}" for n in similar.nearest],
            "alike": [_extent(n) for n in similar.nearest],
        }
    )


def address(object_id: str) -> dict[str, str] | None:
    """The query of an object's own page: from the samples, else from a broker of ZTF; None where nobody has it."""
    here = st.query_params.get("source", "")
    asked = resources.sources().get(here)
    of_ztf = asked is not None and here not in EMBEDDED and asked.survey == "ztf"
    source = resources.source_of(object_id, here) if of_ztf else resources.source_of(object_id)
    return {"source": source, "oid": object_id} if source else None


def _similar(index: Any, result: Classification) -> Similar:
    curve = result.curve
    position = None if curve.ra is None or curve.dec is None else (curve.ra, curve.dec)
    if curve.provenance.simulated:  # its position is invented
        position = None
    names = [name for name in (curve.object_id, curve.provenance.survey_id) if name]
    return index.similar(result.inference.pooled[0], result.model.fold, names=names, position=position)


def _card(neighbour: Neighbour, theme: Theme) -> None:
    query = address(neighbour.object_id)
    if not show_stamp(neighbour.object_id, theme):
        st.caption(plain(missing_stamp(neighbour.object_id, query["source"] if query else "")))
    if query is None:
        st.markdown(f"**{plain(neighbour.object_id)}**")
    else:
        # A button and no link: a link from a page to itself leaves the address of the object before (Streamlit 1.67).
        st.button(
            plain(neighbour.object_id), key=f"similar_{neighbour.object_id}", type="tertiary",
            icon=":material/arrow_forward:", on_click=_open, kwargs=query,
        )  # fmt: skip
    facts = [class_title(neighbour.class_name)]
    facts += [] if neighbour.redshift is None else [f"z = {neighbour.redshift:.3f}"]
    facts += [] if neighbour.peak_magnitude is None else [f"{neighbour.peak_magnitude:.1f} mag"]
    st.caption(f"{' · '.join(facts)}  \ndistance {neighbour.distance:.2f} · {_extent(neighbour)}")


def _open(source: str, oid: str) -> None:
    st.query_params.pop("class", None)
    go_to(oid, source=source)


def _extent(neighbour: Neighbour) -> str:
    return "whole light curve" if math.isinf(neighbour.days) else f"its first {neighbour.days:.0f} days"
