"""One's own test set: a table of classes and probabilities, or light curves with labels that are scored here."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluate.table import Evaluation, checked_evaluation
from core.measures import measures
from core.pipeline import classify_many
from core.refusal import BadInput
from core.selection import Selection
from core.taxonomy import CLASS_NAMES
from ui import resources
from ui.sections.score import model_for
from ui.state import url_choice
from ui.wording import plain

OWN = "own"
#: Light curves scored between two looks at the progress bar.
STEP = 200
TABLE, CURVES = "table", "curves"
_KINDS = {TABLE: "Classes and probabilities", CURVES: "Light curves with classes, to be scored here"}


def ask_for_own() -> tuple[str, Evaluation] | None:
    """A name of the content and the set that was uploaded; None after saying what is missing or wrong."""
    kind = url_choice(
        st.segmented_control, "What you have", list(_KINDS), "upload", TABLE, format_func=_KINDS.get
    )  # fmt: skip
    try:
        return _table() if kind == TABLE else _curves()
    except BadInput as error:
        st.error(plain(error.message), icon=":material/error:")
        return None


def _table() -> tuple[str, Evaluation] | None:
    upload = st.file_uploader("Table: CSV or Parquet", type=["csv", "parquet"], max_upload_size=200, key="own_table")
    if upload is None:
        st.caption(
            "One row per object: object_id, class, and p_<class> for two classes or more, summing to 1: "
            + ", ".join(f"p_{c}" for c in CLASS_NAMES)
            + ". Also read where they stand: n_points, span_days, peak_magnitude, redshift, snr. Classes may be written as TNS "
            "does. The file stays on this server, in memory, and is not kept: after a reload, drop it again."
        )
        return None
    data = upload.getvalue()
    digest = sha256(data).hexdigest()
    return digest, _read_table(digest, data, upload.name)


@st.cache_resource(max_entries=4, scope="session", show_spinner="Reading and checking the table…")
def _read_table(digest: str, _content: bytes, name: str) -> Evaluation:
    return checked_evaluation(_frame(_content, name), name)


def _frame(content: bytes, name: str) -> pd.DataFrame:
    """A CSV or Parquet file as a table. Raises BadInput when it is neither."""
    try:
        if name.lower().endswith(".parquet"):
            return pd.read_parquet(io.BytesIO(content))
        return pd.read_csv(io.BytesIO(content), comment="#", dtype={"object_id": str, "class": str, "true_class": str})
    except (ValueError, OSError, pd.errors.ParserError) as error:
        raise BadInput("unreadable", f"{name} can't be read as CSV or Parquet: {error}") from error


def _curves() -> tuple[str, Evaluation] | None:
    names = resources.model_names()
    first, second = st.columns(2)
    with first:
        photometry = st.file_uploader(
            "Light curves: CSV or Parquet, one row per measurement", max_upload_size=50, key="own_curves"
        )
    with second:
        labels = st.file_uploader(
            "Classes: CSV or Parquet with object_id and class", max_upload_size=10, key="own_labels"
        )
    model = url_choice(st.selectbox, "Scored by", names, "scorer", names[0], width=320)
    if photometry is None:
        st.caption(
            "Classes may stand in a column named class beside the measurements; then the second file is not needed."
        )
        return None
    content = photometry.getvalue()
    told = content if labels is None else labels.getvalue()
    digest = sha256(content + told + model.encode()).hexdigest()
    kept = st.session_state.setdefault("own_scored", {})
    if digest not in kept:
        kept.clear()  # one set a session: light curves are large
        classes = classes_of(_frame(told, photometry.name if labels is None else labels.name))
        kept[digest] = score(content, photometry.name, classes, model)
    return digest, kept[digest]


def classes_of(table: pd.DataFrame) -> dict[str, str]:
    """Object id -> class, from a table with one or many rows per object.

    Raises BadInput where there is no such column, or an object has two classes.
    """
    name = next((c for c in ("class", "true_class", "type") if c in table), None)
    if name is None or "object_id" not in table:
        raise BadInput(
            "missing_column",
            f"no column object_id with class beside it; the columns are {', '.join(map(str, table.columns[:12]))}",
        )
    pairs = table[["object_id", name]].dropna().astype(str).drop_duplicates()
    if (twice := pairs["object_id"].duplicated()).any():
        oid = pairs["object_id"][twice].iloc[0]
        both = " and ".join(pairs[name][pairs["object_id"] == oid].tolist()[:2])
        raise BadInput("two_classes", f"object {oid!r} has the classes {both}; expected one")
    return dict(zip(pairs["object_id"], pairs[name], strict=True))


def score(content: bytes, file_name: str, classes: dict[str, str], model_name: str) -> Evaluation:
    """Score light curves with a model, showing progress. Objects without a class, or refused, are left out and counted."""
    from core.brokers.files import read_file

    read: Any = read_file(content, file_name, default_survey="ztf", schemas=resources.settings().schemas)
    curves = [c for c in read.curves if c.object_id in classes]
    if not curves:
        raise BadInput(
            "no_labels",
            f"none of the {len(read.curves):,} light curves of {file_name} has a class; expected object_id in both",
        )
    model = model_for(model_name, "")
    bar = st.progress(0.0, text=f"Scoring {len(curves):,} light curves…")
    frames = []
    for start in range(0, len(curves), STEP):
        part = curves[start : start + STEP]
        chosen = [model.recipe.select(c) for c in part]
        rows = pd.concat([classify_many(part, model), measures(part, chosen)], axis=1)
        frames.append(rows[[isinstance(s, Selection) for s in chosen] & rows["refusal"].isna().to_numpy()])
        done = min(start + STEP, len(curves))
        bar.progress(done / len(curves), text=f"{done:,} of {len(curves):,} light curves scored")
    bar.empty()
    table = pd.concat(frames, ignore_index=True)
    left_out = len(read.curves) - len(table)
    if left_out:
        st.warning(
            f"{left_out:,} of {len(read.curves):,} light curves are left out: no class, or the model refuses them."
        )
    table["class"] = table["object_id"].astype(str).map(classes)
    keep = [
        "object_id",
        "class",
        *(c for c in table if str(c).startswith("p_")),
        "n_points",
        "span_days",
        "peak_magnitude",
        "snr",
        "redshift",
    ]
    prior = model.prior
    weights = (
        None
        if prior.weights is None
        else dict(zip(model.classes, np.asarray(prior.weights, float).tolist(), strict=True))
    )
    return checked_evaluation(
        table[keep], file_name, {"prior": {"name": prior.name, "weights": weights}, "model": model_name}
    )
