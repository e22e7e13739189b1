"""By which model the list is scored, and how far that is."""

from __future__ import annotations

import streamlit as st

from core.candidates.lists import CandidateList
from core.candidates.work import ScoringJob
from core.card import CardError
from core.model import Model
from ui import resources
from ui.candidates.board import Board
from ui.sections.side import choose_prior
from ui.state import put_right, url_choice
from ui.wording import plain

#: Seconds between two looks at a list that is being scored.
BEAT = 0.5
#: A short list is scored before the page is drawn for the first time [s].
PATIENCE = 0.6


def choose_scoring(candidates: CandidateList) -> ScoringJob:
    """Model and prior, and the scoring of the list by them, started if nobody asked for it before."""
    names = resources.model_names()
    default = _default_model(candidates)
    put_right("model", "model", names, default)
    here = st.query_params.get("model", default)
    equal = st.query_params.get("prior") == "equal"
    label = f"{plain(here)}, {'equal prior' if equal else 'prior of its card'}"
    with st.popover(label, icon=":material/tune:", width="stretch"):
        model = _model(url_choice(st.selectbox, "Model", names, "model", default))
        prior = choose_prior(model)
    job = resources.shelf().job(candidates, model, prior)
    if not job.table().shape[0]:
        job.join(PATIENCE)
    return job


def _default_model(candidates: CandidateList) -> str:
    surveys = [curve for curve in candidates.curves[:50] if curve is not None and len(curve)]
    if candidates.source is not None:
        from core.selection import READERS

        reader = READERS.get(candidates.source.survey, "")
        return reader if reader in resources.model_names() else resources.default_model(None)
    counts = [resources.default_model(curve) for curve in surveys]
    return max(set(counts), key=counts.count) if counts else resources.default_model(None)


def _model(name: str) -> Model:
    try:
        return resources.model(name)
    except CardError as error:
        st.error(plain(error), icon=":material/gpp_bad:")
        st.stop()


def show_progress(job: ScoringJob, board: Board) -> None:
    """How many are vetted, and while the list is scored how many are scored."""
    total = len(board.candidates)
    vetted = len(board.vetted)
    st.progress(vetted / max(total, 1), text=f"**{vetted:,} of {total:,}** vetted")
    running = job.progress.state == "running"
    st.fragment(_watch, run_every=BEAT if running else None)(job, len(board.table), running)


def _watch(job: ScoringJob, drawn: int, running: bool) -> None:
    now = job.progress
    # The beat of a fragment is set from outside it, when scoring begins again as well as when it ends.
    if (now.state == "running") != running or (not running and now.done > drawn):
        st.rerun()
    if now.state == "done" and not (lost := job.not_fetched):
        return
    left, middle, right = st.columns([7, 2, 2], vertical_alignment="center")
    waiting = f" {plain(now.message)}" if now.message else ""
    if now.state == "running":
        left.progress(now.done / max(now.total, 1), text=f"{now.done:,} of {now.total:,} scored.{waiting}")
        if middle.button("Show these", disabled=now.done <= drawn, width="stretch", help="What is scored so far"):
            st.rerun()
        if right.button("Cancel", icon=":material/stop:", width="stretch"):
            job.cancel()
            job.join(2.0)
            st.rerun()
    elif now.state == "done":
        objects = "object" if len(lost) == 1 else "objects"
        left.warning(
            f"{len(lost):,} {objects} of {now.total:,} could not be fetched. {plain(next(iter(lost.values())))}",
            icon=":material/cloud_off:",
        )
        right.button("Ask again", icon=":material/refresh:", width="stretch", on_click=job.start)
    else:
        what = "Stopped" if now.state == "cancelled" else "Interrupted"
        left.warning(f"{what}: {now.done:,} of {now.total:,} are scored.{waiting}", icon=":material/pause_circle:")
        right.button("Resume", icon=":material/play_arrow:", width="stretch", on_click=job.start)
    if now.state == "running" and now.done > 0 and drawn == 0:
        st.rerun()
