"""What lies on the bench: the object, the changes in force, and the answer before and after them."""

from __future__ import annotations

import streamlit as st

from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.pipeline import Classification
from core.refusal import BadInput, Refusal
from core.whatif import changed_answer
from ui import resources
from ui.lab.state import KEY, Bench, can_undo, forget, is_of, read_text, reset, undo
from ui.lab.words import answer_words, changes_words, difference_sentence
from ui.labels import known_label
from ui.sections.choose import LIST, Chosen
from ui.sections.score import result_key, scored
from ui.shell import object_page
from ui.wording import caption, plain


def bench_of(curve: LightCurve) -> Bench:
    """The light curve with the changes that the address asks for; what can't be read is told and taken out."""
    text = st.query_params.get(KEY, "")
    if text and not is_of(text, curve):
        forget()
    try:
        return Bench(curve, read_text(st.query_params.get(KEY, ""), curve))
    except BadInput as error:
        st.warning(plain(error.message[0].upper() + error.message[1:] + "."), icon=":material/link_off:")
        st.query_params.pop(KEY)
        return Bench(curve, read_text("", curve))


def show_object(chosen: Chosen, curve: LightCurve, model: Model) -> None:
    """Which object, and the way to its page."""
    st.title(f"What would change its mind? {plain(curve.object_id)}", anchor=False)
    if curve.provenance.simulated:
        st.badge("simulated", icon=":material/science:", color="orange")
    lines = [caption(curve), known_label(curve, model)]
    st.caption("  \n".join(line for line in lines if line))
    query = {"source": chosen.source, "oid": st.query_params.get("oid", curve.object_id), "model": chosen.model}
    query |= {LIST: st.query_params[LIST]} if chosen.source == LIST else {}
    st.page_link(object_page(), label="To the object's page", icon=":material/arrow_back:", query_params=query)


def answered(bench: Bench, model: Model, prior: Prior) -> Classification | Refusal:
    """The answer to what lies on the bench; the same changes are computed once."""
    if not bench.is_changed:
        return scored(bench.curve, model, prior)
    key = (*result_key(bench.curve, model, prior), repr(bench.changes))
    return _answered(key, bench, model, prior)


@st.cache_resource(max_entries=256, show_spinner=False)
def _answered(key: tuple[str, ...], _bench: Bench, _model: Model, _prior: Prior) -> Classification | Refusal:
    own = _model.recipe_name == _model.card.data["default_recipe"] and _bench.changes.process is None
    folds = resources.fold_models(str(_model.card.folder)) if own else ()
    return changed_answer(_bench.curve, _bench.changes, _model, prior=_prior, fold_models=folds)


def show_answers(
    bench: Bench, before: Classification | Refusal, after: Classification | Refusal, fragile: str = ""
) -> None:
    """The headline as measured; with changes in force also the one with them, what they are, and the way back.

    fragile : that the answer in force does not hold within the errors; it stands in the headline.
    """
    if not bench.is_changed:
        st.subheader(plain(f"{answer_words(before)}{fragile}"), anchor=False)
        if can_undo():
            st.button("Undo", icon=":material/undo:", on_click=undo, shortcut="u")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        st.caption("As measured")
        st.subheader(plain(answer_words(before)), anchor=False)
    with right:
        st.caption("With the changes: " + plain(", ".join(changes_words(bench.changes, bench.curve))))
        st.subheader(plain(f"{answer_words(after)}{fragile}"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(difference_sentence(before, after, firm=not fragile), width="stretch")
        st.button("Undo", icon=":material/undo:", on_click=undo, shortcut="u")
        st.button("As measured", icon=":material/restart_alt:", on_click=reset)
