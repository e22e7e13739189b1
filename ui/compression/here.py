"""Measure here: the shipped files on the visitor's server, now, one visitor at a time."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.card import ModelCard
from core.model import find_interpreter, with_features
from core.refusal import Refusal
from ui import resources
from ui.compression.records import BASELINE
from ui.compression.worker import Job, Worker
from ui.tables import NOTHING, show, table
from ui.wording import plain

_BEAT = 0.5


@st.cache_resource(show_spinner=False)
def worker() -> Worker:
    """The one worker of this server."""
    return Worker()


@st.cache_resource(show_spinner=False, max_entries=4)
def sample_tensors(name: str) -> NDArray[np.float32]:
    """(N, L+R, M) the embedded light curves that a model reads, as its network sees them."""
    recipe = resources.model(name).recipe
    source = resources.sources()["sample"]
    curves = [source.fetch(oid) for oid in source.catalogue()["object_id"]]
    chosen = [found.curve for curve in curves if not isinstance(found := recipe.select(curve), Refusal)]
    tensor = recipe.apply(chosen)
    return with_features(tensor.values, tensor.features)


def files_of(card: ModelCard) -> dict[str, Path]:
    """The files that come with the program: the float one and every variant."""
    files = {BASELINE: card.folder / card.data["files"]["model"]["path"]}
    return files | {name: card.folder / entry["path"] for name, entry in card.variants.items()}


def show_measure(card: ModelCard) -> None:
    """The button, the queue, the progress, and the result."""
    key = f"measure_{card.name}"
    job: Job | None = st.session_state.get(key)
    waiting = job is not None and not job.is_over
    if not waiting:
        st.write(
            f"Times the {len(files_of(card))} files that come with the program on this server ({find_interpreter()[0]}, one thread), in "
            "turn and on the embedded light curves. It takes some seconds. One measurement runs at a time; others wait."
        )
        if st.button("Measure here", key="measure", icon=":material/timer:", type="primary"):
            with st.spinner("Preparing the light curves…"):
                job = Job(files_of(card), sample_tensors(card.name))
            if worker().submit(job):
                st.session_state[key] = job
                st.rerun()
            st.warning("Too many measurements are waiting. Try again in a minute.")
    if job is None:
        return
    if waiting:
        _progress(key)
    elif job.state == "done":
        _show_result(job, card)
    elif job.state == "cancelled":
        st.info("The measurement was cancelled.")
    else:
        st.error(f"The measurement failed. {plain(job.problem)}")


@st.fragment(run_every=_BEAT)
def _progress(key: str) -> None:
    job: Job = st.session_state[key]
    if job.is_over:
        st.rerun()
    ahead = worker().ahead_of(job)
    if job.state == "waiting":
        text = f"Waiting: {ahead} measurement{'' if ahead == 1 else 's'} before this one." if ahead else "Starting…"
    else:
        text = f"Measuring: {math.floor(100 * job.progress)} %"
    st.progress(min(job.progress, 1.0), text=text)
    st.button("Cancel", key="cancel_measure", on_click=job.cancel, icon=":material/close:")


def _show_result(job: Job, card: ModelCard) -> None:
    base = job.timings[BASELINE]
    rows = []
    for name, timing in job.timings.items():
        size = files_of(card)[name].stat().st_size
        title = "float32, as trained" if name == BASELINE else str(card.variants[name].get("title", name))
        rows.append(
            [title, f"{size / 1000:.1f}", f"{timing.load_ms:.2f}", f"{timing.one_us:,.0f}",
             f"{timing.one_us_p99 / 1000:,.2f}",
             f"{timing.per_second:,.0f}",
             NOTHING if name == BASELINE else f"{files_of(card)[BASELINE].stat().st_size / size:.1f} ×",
             NOTHING if name == BASELINE else f"{base.load_ms / timing.load_ms:.2f} ×",
             NOTHING if name == BASELINE else f"{base.one_us / timing.one_us:.2f} ×"]
        )  # fmt: skip
    head = [
        "file",
        "kB",
        "load [ms]",
        "one light curve [µs]",
        "99 of 100 within [ms]",
        "a second",
        "smaller",
        "loads faster",
        "answers faster",
    ]
    show(table("Measured on this server just now", head, rows))
    st.caption(
        f"{len(job.values)} embedded light curves; load and one light curve are medians. The last three columns are ratios to float32: above one is better. Where "
        "other programs share the processor the times grow; all files share that, so the ratios hold."
    )
