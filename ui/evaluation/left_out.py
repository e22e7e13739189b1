"""The objects that stand in no figure of the page: light curves that the model refuses, and classes that are not told apart."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core.taxonomy import CLASS_NAMES
from ui import resources, tables
from ui.evaluation import sets
from ui.evaluation.choice import Chosen
from ui.evaluation.words import name_of
from ui.wording import class_title, plain

#: A light curve that has no answer yet at some age, but has one when it is whole.
YOUNG = "No answer yet at this age: too few points, or none in one of the bands."


def show_left_out(chosen: Chosen) -> None:
    """How many objects are not among the judged, why, and a way to each of them; nothing where all are."""
    others = len(chosen.of.evaluation) - len(chosen.of)
    if others:
        level = chosen.of.level
        names = ", ".join(name_of(name) for name in level.names)
        st.caption(f"{others:,} objects of other classes than {names} are set aside here.")
    missing = _of_level(left_out(chosen), chosen)
    if not len(missing):
        return
    judged = len(chosen.of)
    with st.expander(f"{len(missing):,} of {judged + len(missing):,} objects are not in these figures: which, and why"):
        st.write(plain(f"{chosen.model} refuses light curves that do not pass its cuts: {_cuts(chosen.model)}."))
        tables.show(_counts(missing, chosen))
        _show_list(missing, chosen.model)


def left_out(chosen: Chosen) -> pd.DataFrame:
    """object_id, class, message of the objects of the chosen set that got no answer; empty where nobody kept them."""
    name, _, recipe = chosen.model.partition("@")
    card = resources.cards().get(name)
    days = chosen.test.about.get("days")
    if card is None or (chosen.test.key != "real" and days is None):
        return pd.DataFrame(columns=["object_id", "class", "message"])
    table = _refused(card.folder / "refused.parquet")
    table = table[table["recipe"] == (recipe or card.data["default_recipe"])][["object_id", "class", "message"]]
    return table if days is None else pd.concat([table, _too_young(chosen)], ignore_index=True)


def _too_young(chosen: Chosen) -> pd.DataFrame:
    """Objects that are answered for when whole, and not yet at the age of the chosen set."""
    whole = sets.sets_of(chosen.model).get("real")
    if whole is None:
        return pd.DataFrame(columns=["object_id", "class", "message"])
    all_of_them = sets.evaluation_of(whole)
    gone = ~all_of_them.facts["object_id"].isin(chosen.of.evaluation.facts["object_id"]).to_numpy()
    classes = [CLASS_NAMES[k] for k in all_of_them.truth[gone]]
    return pd.DataFrame(
        {"object_id": all_of_them.facts["object_id"][gone].to_numpy(), "class": classes, "message": YOUNG}
    )


def _of_level(table: pd.DataFrame, chosen: Chosen) -> pd.DataFrame:
    members = {member: name for name, group in chosen.of.level.members.items() for member in group}
    return table[table["class"].isin(members)].assign(counted_as=lambda t: t["class"].map(members))


def _cuts(model: str) -> str:
    name, _, recipe = model.partition("@")
    return resources.cards()[name].recipe(recipe or None).cuts.sentence()


def _counts(missing: pd.DataFrame, chosen: Chosen) -> tables.Table:
    of, refused = chosen.of, missing["counted_as"].value_counts()
    judged = dict(zip(of.level.names, of.matrix.sum(axis=1), strict=True))
    rows = [
        [name_of(name), f"{judged[name]:,}", f"{refused.get(name, 0):,}"]
        for name in of.level.names
        if judged[name] or name in refused.index
    ]
    return tables.table("By class", ["class", "judged", "refused"], rows)


def _show_list(missing: pd.DataFrame, model: str) -> None:
    base = str(st.context.url or "http://localhost:8501/evaluation").partition("?")[0].rpartition("/")[0]
    frame = pd.DataFrame(
        {
            "page": [_address(base, oid, model) for oid in missing["object_id"]],
            "object": missing["object_id"].to_numpy(),
            "class": [class_title(name) for name in missing["class"]],
            "why": missing["message"].to_numpy(),
        }
    ).sort_values(["class", "object"])
    column = st.column_config
    st.dataframe(
        frame, hide_index=True, height=min(len(frame), 8) * 35 + 38, alt="Objects without an answer, with the reason",
        column_config={
            "page": column.LinkColumn("", display_text="open", width=60),
            "object": column.TextColumn("Object", width="medium"),
            "class": column.TextColumn("Class", width="small"),
            "why": column.TextColumn("Why", width="large"),
        },
    )  # fmt: skip


def _address(base: str, oid: str, model: str) -> str | None:
    """The object's own page; None where neither this program nor a broker of ZTF has its light curve."""
    source = resources.source_of(oid)
    return f"{base}/?{urlencode({'source': source, 'oid': oid, 'model': model})}" if source else None


@st.cache_resource(show_spinner=False, max_entries=12)
def _refused(path: Path) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame(columns=["object_id", "class", "recipe", "message"])
    return pd.read_parquet(path)
