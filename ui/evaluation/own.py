"""One's own test set: a table of classes and probabilities, or light curves with labels that are scored here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluate.table import MOST_ROWS, QUANTITIES, Evaluation, checked_evaluation
from core.lightcurve import LightCurve
from core.measures import measures
from core.model import Model, Prior
from core.pipeline import classify_many
from core.refusal import BadInput
from core.taxonomy import CLASS_NAMES
from ui import resources
from ui.sections.score import model_for
from ui.state import url_choice
from ui.wording import plain

OWN = "own"
#: Light curves scored between two looks at the progress bar.
STEP = 200
TABLE, CURVES, EMBEDDED, VERDICTS = "table", "curves", "embedded", "verdicts"
_KINDS = {
    TABLE: "Classes and probabilities",
    CURVES: "Light curves with classes",
    EMBEDDED: "The embedded objects, scored by any model",
    VERDICTS: "Your verdicts of the Candidates page",
}


@dataclass(frozen=True)
class Vetted:
    """Verdicts that name a class, as a test set. table : object_id, class, n_points and the probabilities under ``prior``."""

    table: pd.DataFrame
    name: str
    model: Model
    prior: Prior


def ask_for_own() -> tuple[str, Evaluation] | None:
    """A name of the content and the set that was uploaded; None after saying what is missing or wrong."""
    kind = url_choice(st.selectbox, "What you have", list(_KINDS), "upload", TABLE, format_func=_KINDS.get)
    try:
        return {TABLE: _table, CURVES: _curves, EMBEDDED: _embedded, VERDICTS: _verdicts}[kind]()
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
    from core.brokers.files.any_table import read_table

    return read_table(content, name, rows=MOST_ROWS)


def _curves() -> tuple[str, Evaluation] | None:
    first, second = st.columns(2)
    with first:
        photometry = st.file_uploader(
            "Light curves: CSV or Parquet, one row per measurement", max_upload_size=50, key="own_curves"
        )
    with second:
        labels = st.file_uploader(
            "Classes: CSV or Parquet with object_id and class", max_upload_size=10, key="own_labels"
        )
    model = _scorer()
    if photometry is None:
        st.caption(
            "Classes may stand in a column named class beside the measurements; then the second file is not needed."
        )
        return None
    content = photometry.getvalue()
    told = content if labels is None else labels.getvalue()

    def read() -> tuple[list[LightCurve], dict[str, str]]:
        from core.brokers.files import read_file

        classes = classes_of(_frame(told, photometry.name if labels is None else labels.name))
        found: Any = read_file(content, photometry.name, default_survey="ztf", schemas=resources.settings().schemas)
        return found.curves, classes

    return _scored(sha256(content + told + model.encode()).hexdigest(), read, model, photometry.name)


def _embedded() -> tuple[str, Evaluation] | None:
    """The judged objects that come with the program, scored by any model here, one from outside among them."""
    model = _scorer()
    survey = model_for(model, "").recipe.survey
    source = resources.sources().get("judged")
    if source is None:
        st.info("The light curves of judged objects are not in this copy of the program.")
        return None
    catalogue = source.catalogue()
    catalogue = catalogue[catalogue["survey"] == survey]
    st.caption(
        f"{len(catalogue):,} objects of {survey.upper()}, real and simulated. An object that a model learned from is scored by its "
        "fold model; a model from outside may have seen some of them, and nobody here knows which."
    )

    def read() -> tuple[list[LightCurve], dict[str, str]]:
        ids = catalogue["object_id"].astype(str).tolist()
        return [source.fetch(oid) for oid in ids], dict(zip(ids, catalogue["true_class"].astype(str), strict=True))

    digest = sha256(f"{model} {model_for(model, '').sha256} {len(catalogue)}".encode()).hexdigest()
    return _scored(digest, read, model, "the embedded objects")


def _verdicts() -> tuple[str, Evaluation] | None:
    """What was said on the Candidates page in this visit, taken for the truth."""
    given: Vetted | None = st.session_state.get(VERDICTS)
    if given is None:
        st.info(
            "No verdicts of this visit name a class. Vet some on the Candidates page; its agreement panel leads here."
        )
        return None
    st.caption(
        f"{len(given.table):,} verdicts that name a class, against {plain(given.name)}. People may be wrong as well, and they saw the "
        "model's answer first."
    )
    digest = sha256(
        given.table.to_csv(index=False).encode() + given.name.encode() + given.prior.name.encode()
    ).hexdigest()
    return digest, checked_evaluation(given.table, "the verdicts", about_of(given.name, given.model, given.prior))


def _scorer() -> str:
    names = resources.model_names()
    return url_choice(st.selectbox, "Scored by", names, "scorer", names[0], width=320)


def _scored(
    digest: str, read: Callable[[], tuple[list[LightCurve], dict[str, str]]], model: str, name: str
) -> tuple[str, Evaluation]:
    """What was scored for this session before, else scored now. One set at a time: light curves are large."""
    kept = st.session_state.setdefault("own_scored", {})
    if digest not in kept:
        with st.spinner("Reading the light curves…"):
            curves, classes = read()
        kept.clear()
        kept[digest] = score(curves, classes, model, name)
    evaluation, left_out = kept[digest]
    if left_out:
        st.caption(f"{left_out:,} light curves are left out: they have no class, or the model refuses them.")
    return digest, evaluation


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


def score(
    curves: Sequence[LightCurve], classes: Mapping[str, str], model_name: str, name: str
) -> tuple[Evaluation, int]:
    """Score light curves with a model, showing progress; and how many had no class or were refused.

    Raises BadInput where none has a class.
    """
    known = [c for c in curves if c.object_id in classes]
    if not known:
        raise BadInput(
            "no_labels", f"none of the {len(curves):,} light curves of {name} has a class; expected object_id in both"
        )
    model = model_for(model_name, "")
    bar = st.progress(0.0, text=f"Scoring {len(known):,} light curves…")
    frames = []
    for start in range(0, len(known), STEP):
        part = known[start : start + STEP]
        rows = classify_many(part, model)
        numbers = measures(part, [model.recipe.select(c) for c in part])
        frames.append(pd.concat([rows, numbers], axis=1)[rows["refusal"].isna().to_numpy()])
        done = start + len(part)
        bar.progress(done / len(known), text=f"{done:,} of {len(known):,} light curves scored")
    bar.empty()
    table = pd.concat(frames, ignore_index=True)
    table["class"] = table["object_id"].astype(str).map(classes)
    columns = ["object_id", "class", *(c for c in table if str(c).startswith("p_")), *QUANTITIES, "n_fitted", "fold"]
    return checked_evaluation(table[columns], name, about_of(model_name, model)), len(curves) - len(table)


def about_of(name: str, model: Model, prior: Prior | None = None) -> dict[str, Any]:
    """What is known of a set that was scored here: by which model, and under which prior (its own when None)."""
    prior = prior or model.prior
    weights = prior.weights
    by_class = None if weights is None else dict(zip(model.classes, np.asarray(weights, float).tolist(), strict=True))
    return {"model": name, "prior": {"name": prior.name, "weights": by_class}}
