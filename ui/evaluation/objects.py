"""The objects behind a part of a figure: small light curves, most confident mistakes first, each a way to its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluate.judgement import Judgement, Pick, picked
from core.taxonomy import CLASS_NAMES
from ui import resources
from ui.arrival import back_to_object, key_of
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download
from ui.evaluation.drill import choose_part, choose_pick
from ui.evaluation.words import name_of, order_sentence, pick_sentence
from ui.figures.theme import Theme
from ui.shell import object_page
from ui.stamps import missing_stamp, show_stamp
from ui.state import url_choice
from ui.wording import percent, plain

PER_PAGE = 8
COLUMNS = 4


def show_objects(chosen: Chosen, theme: Theme) -> np.ndarray:
    """The choice of objects, then the objects. Returns their places in the judgement."""
    with st.container(key="objects"):
        st.subheader("The objects behind it", anchor=False)
        pick = choose_pick(chosen.of)
        choose_part(chosen.of, pick)
        if not pick:
            st.caption("Click any cell, curve, bar or point above, or choose here: the objects behind it are listed.")
            return np.zeros(0, np.int64)
        index = picked(chosen.of, pick)
        if not len(index):
            st.info(f"{pick_sentence(pick, 0)}. Nothing to show: choose another class or a wider range.")
            return index
        st.markdown(f"**{plain(pick_sentence(pick, len(index)))}**, {plain(order_sentence(pick))}.")
        show_cards(chosen, index, theme, _part_of(chosen.of, pick, index))
        download(object_table(chosen.of, index), chosen, "objects", f"All {len(index):,} as a table (CSV)")
    return index


def show_cards(chosen: Chosen, index: np.ndarray, theme: Theme, more: Callable[[int], str] | None = None) -> None:
    """One page of objects as cards. index : places in the judgement. more : a further line for the k-th of them."""
    shown = _page(len(index))
    for start in range(shown.start, shown.stop, COLUMNS):
        for column, k in zip(st.columns(COLUMNS), range(start, min(start + COLUMNS, shown.stop)), strict=False):
            place = int(index[k])
            key = key_of(str(chosen.of.evaluation.facts["object_id"].iloc[chosen.of.rows[place]]))
            with column, st.container(border=True, height="stretch", gap="xsmall", key=key):
                _card(chosen, place, theme, "" if more is None else more(k))
    back_to_object("objects")


def _part_of(of: Judgement, pick: Pick, index: np.ndarray) -> Callable[[int], str] | None:
    """What a threshold made of the k-th object: found, missed, or a false alarm; None where the pick is no threshold."""
    name = pick.threshold_on
    if not name:
        return None
    p, true = of.quantity(pick.by)[index], of.truth[index] == of.level.names.index(name)

    def said(k: int) -> str:
        kind = "false alarm" if not true[k] else "missed" if pick.high is not None else "found"
        told = true[k]  # beside the true class, or as the answer
        return f"{kind} at this threshold" if told else f"{kind}: p({name_of(name)}) {percent(p[k])}"

    return said


def _page(n: int) -> range:
    """The part of the list that the address asks for."""
    pages = -(-n // PER_PAGE)
    if pages == 1:
        return range(n)
    options = [str(k) for k in range(1, min(pages, 200) + 1)]
    at = url_choice(
        st.selectbox, "Page", options, "page", "1", width=160,
        format_func=lambda k: f"{k} of {pages:,}",
    )  # fmt: skip
    start = (int(at) - 1) * PER_PAGE
    return range(start, min(start + PER_PAGE, n))


def _card(chosen: Chosen, place: int, theme: Theme, more: str) -> None:
    of, facts = chosen.of, chosen.of.evaluation.facts.iloc[chosen.of.rows[place]]
    oid = str(facts["object_id"])
    true = of.level.names[of.truth[place]]
    answer = of.level.names[of.answer[place]]
    source = resources.source_of(oid)
    if not show_stamp(oid, theme):
        st.caption(plain(missing_stamp(oid, source)))
    query = object_query(chosen, place)
    if query is None:
        st.markdown(f"**{plain(oid)}**")
    else:
        st.page_link(object_page(), label=f"**{plain(oid)}**", query_params=query)
    lines = [f"{name_of(true)}, called {name_of(answer)} {percent(of.top[place])}"]
    if of.level.among:
        best = int(np.argmax(of.evaluation.p[of.rows[place]]))
        lines[0] += f" among {len(of.level.names)}"
        lines.append(f"of all classes: {name_of(CLASS_NAMES[best])} {percent(of.evaluation.p[of.rows[place], best])}")
    if true != answer:
        lines.append(f"p({name_of(true)}) {percent(of.p[place, of.truth[place]])}")
    lines += [fact for fact in (plain(more), _numbers(facts)) if fact]
    st.caption("  \n".join(lines))
    if isinstance(facts.get("doubt"), str) and facts["doubt"]:
        st.caption(f":material/help: {plain(facts['doubt'])}")


def _numbers(facts: Any) -> str:
    parts = []
    for name, form in (("n_points", "{:.0f} points"), ("peak_magnitude", "{:.1f} mag"), ("redshift", "z = {:.3f}")):
        value = facts.get(name)
        if value is not None and np.isfinite(value):
            parts.append(form.format(value))
    return " · ".join(parts)


def object_query(chosen: Chosen, place: int) -> dict[str, str] | None:
    """The address of an object's page with the model that answered here, its answer and its true class."""
    of = chosen.of
    row = of.rows[place]
    oid = str(of.evaluation.facts["object_id"].iloc[row])
    source = resources.source_of(oid)
    if not source:
        return None
    query = {"source": source, "oid": oid}
    model = next((m for m in (chosen.model, chosen.test.about.get("model")) if m in resources.model_names()), None)
    if model is None:
        return query
    query["model"] = model
    classes = resources.cards()[model.partition("@")[0]].classes
    names = _leaves(of, place)
    if names[1] in classes:
        query["class"] = names[1]
    if names[0] in classes and names[0] != names[1]:
        query["against"] = names[0]
    if chosen.prior == "equal":
        query["prior"] = "equal"
    return query


def _leaves(of: Judgement, place: int) -> tuple[str, str]:
    """True class and likeliest class among the fifteen, whatever the level shows."""
    row = of.rows[place]
    members = of.level.columns(of.level.names[of.answer[place]])
    best = members[int(np.argmax(of.evaluation.p[row, members]))]
    return CLASS_NAMES[of.evaluation.truth[row]], CLASS_NAMES[best]


def object_table(of: Judgement, index: np.ndarray) -> pd.DataFrame:
    """The listed objects with all that is known of them and all probabilities."""
    names = of.level.names
    facts = of.evaluation.facts.iloc[of.rows[index]].reset_index(drop=True).drop(columns=["class"], errors="ignore")
    answers = pd.DataFrame(of.p[index], columns=[f"p_{n}" for n in names])
    head = pd.DataFrame(
        {
            "true_class": np.array(names, object)[of.truth[index]],
            "called": np.array(names, object)[of.answer[index]],
            "right": of.right[index],
        }
    )
    return pd.concat([facts[["object_id"]], head, answers, facts.drop(columns="object_id")], axis=1)
