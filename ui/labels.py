"""What the evaluation files know of an object's class: who says so, and what is doubtful about it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pandas as pd
import pyarrow.parquet as pq
import streamlit as st

from core.lightcurve import LightCurve
from core.model import Model
from ui import resources
from ui.wording import class_title, label_sentence, plain

log = logging.getLogger(__name__)
_COLUMNS = ["object_id", "class", "label_source", "doubt"]


@dataclass(frozen=True)
class Label:
    """The class of a judged object, by whom, and what is doubtful about it; empty where nothing is."""

    class_name: str
    source: str
    doubt: str


def known_label(curve: LightCurve, model: Model | None = None) -> str:
    """Real or simulated, the class as far as it is known, and a doubt about it: what stands beside every object's id."""
    label = label_of(curve)
    parts = [label_sentence(curve, model)]
    if label is not None and not curve.provenance.true_class:
        # A broker's light curve comes without a class; the object may be one that models were judged on.
        parts = [
            f"Known class {class_title(label.class_name)}, by {plain(label.source)}: models here were judged on this object."
        ]
    if label is not None and label.doubt:
        parts.append(f"The label is doubtful: {plain(label.doubt)}.")
    return " ".join(part for part in parts if part)


def label_of(curve: LightCurve) -> Label | None:
    """The label by which models here were judged on this object; None for any other."""
    return None if curve.provenance.simulated else labels().get(curve.provenance.survey_id or curve.object_id)


@st.cache_resource(show_spinner=False)
def labels() -> dict[str, Label]:
    """Object id -> label, of every real object that a shipped model was judged on."""
    found: dict[str, Label] = {}
    for card in resources.cards().values():
        path = card.folder / "evaluation.parquet"
        try:
            if not path.is_file() or not set(_COLUMNS) <= set(pq.read_schema(path).names):
                continue
            table = pd.read_parquet(path, columns=[*_COLUMNS, "origin"])
        except (OSError, ValueError):
            log.exception("The labels in %s can't be read.", path)
            continue
        real = table[table["origin"] != "simulation"][_COLUMNS].fillna("").astype(str)
        found |= {row[0]: Label(*row[1:]) for row in real.itertuples(index=False)}
    return found
