"""The bench: prior, changes and answers on top, and below them one view at a time."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.pipeline import Classification
from core.refusal import Refusal
from core.whatif import Changes
from ui import resources
from ui.figures.theme import Theme
from ui.lab.edit import draws_of, offer_redshift, show_whatif
from ui.lab.explanations import show_explanations
from ui.lab.head import answered, bench_of, show_answers
from ui.lab.minimal import show_minimal
from ui.lab.state import Bench
from ui.lab.timeline import show_timeline
from ui.lab.words import fragility
from ui.novelty_words import novelty_line
from ui.sections.choose import Chosen
from ui.sections.score import is_scorable, scored
from ui.sections.side import choose_prior
from ui.sections.similar import show_similar
from ui.state import url_choice

VIEWS = {
    "timeline": "Timeline",
    "whatif": "What if",
    "maps": "Explanations",
    "minimal": "Smallest change",
    "similar": "Similar objects",
}
#: Views that fit a Gaussian process for every night or mask, by the model's own compiled engine.
OWN_PROCESS = ("timeline", "maps", "minimal")


def show_bench(chosen: Chosen, curve: LightCurve, model: Model, theme: Theme) -> None:
    """The answer before and after the changes, and the view that is asked for, of the changed light curve."""
    # In no column and no horizontal container: there a phone cuts the row of views instead of breaking it.
    view = url_choice(
        st.segmented_control, "View", list(VIEWS), "view", "timeline",
        format_func=VIEWS.__getitem__, label_visibility="collapsed",
    )  # fmt: skip
    prior = choose_prior(model) if is_scorable(curve, model) else model.prior
    if view == "whatif":
        # A change redraws this part of the page alone: half the wait.
        st.fragment(_whatif)(curve, model, prior, theme)
        offer_redshift(model)
        return
    bench = bench_of(curve)
    after = answered(bench, model, prior)
    show_answers(bench, scored(curve, model, prior), after)
    if bench.changes.process is not None and view in OWN_PROCESS:
        st.caption("Here with the model's own Gaussian process: another one is tried under What if alone.")
        bench = Bench(curve, replace(bench.changes, kernel=Changes.kernel, stretch=Changes.stretch))
        after = answered(bench, model, prior)
    if view == "timeline":
        show_timeline(chosen, bench.changes.apply(curve), model, prior, theme)
    elif isinstance(after, Refusal):
        st.info("There is no answer to explain.")
    elif view == "maps":
        show_explanations(bench, after, theme)
    elif view == "minimal":
        show_minimal(bench, after)
    else:
        _show_similar(after, theme)


def _whatif(curve: LightCurve, model: Model, prior: Prior, theme: Theme) -> None:
    bench = bench_of(curve)
    before, after = scored(curve, model, prior), answered(bench, model, prior)
    draws = draws_of(bench, model, prior, after)
    show_answers(bench, before, after, fragility(draws, model.classes, after))
    show_whatif(bench, model, prior, before, after, draws, theme)


def _show_similar(result: Classification, theme: Theme) -> None:
    if resources.neighbours(str(result.model.card.folder)) is None:
        st.info(f"{result.model.name} comes without an index of its training objects.")
        return
    st.markdown(novelty_line(result))
    show_similar(result, theme)
