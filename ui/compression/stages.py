"""Where the time goes: one light curve's way through the pipeline, measured now, beside the published profile and the benchmark."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import streamlit as st

from core.lightcurve import LightCurve
from core.model import Model
from core.pipeline import Classification, classify
from core.stopwatch import running
from ui import resources
from ui.compression import published
from ui.compression.here import files_of
from ui.compression.overview import PLAIN
from ui.compression.records import BASELINE, BENCH
from ui.figures.compression import rates_figure, stage_figure
from ui.figures.theme import Theme
from ui.state import url_choice
from ui.wording import plain

#: How often the light curve goes through; medians are shown.
TIMES = 9
_WAYS = {
    "memory": "from memory",
    "columnar": "from columnar files",
    "one at a time": "one at a time, explained",
    "ours with george": "our network, george's process",
    "published": "the published way",
}


def show_stages(name: str, theme: Theme) -> None:
    """Stage by stage for a chosen sample, the published profile, and the rates of the benchmark."""
    model = resources.model(name)
    ids = [str(i) for i in _readable(name)]
    oid = url_choice(st.selectbox, "Light curve", ids, "oid", ids[0], width=480)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Here, now**")
        stages = measured(oid, model)
        total = sum(stages.values())
        st.plotly_chart(
            stage_figure(stages, theme), config=PLAIN, key="stages",
            alt="; ".join(f"{stage} {ms:.2f} ms" for stage, ms in stages.items()),
        )  # fmt: skip
        st.caption(
            f"{plain(oid)}, medians of {TIMES} runs on this server, {total:.1f} ms together. The file is loaded once per server, not "
            "once per light curve; everything else is paid for each."
        )
    with right:
        st.markdown("**As published, one alert through the quantised file**")
        shares = dict(published.STAGES)
        st.plotly_chart(
            stage_figure(shares, theme, unit="%"), config=PLAIN, key="published_stages",
            alt="; ".join(f"{stage} {share} %" for stage, share in shares.items()),
        )  # fmt: skip
        st.caption(
            f"{published.STAGES_TOTAL_MS:.0f} ms together, by the profile that stands with the published code (Apple M1 Pro): two thirds went "
            "into picking two columns of a table, under one percent into the network."
        )
    _show_rates(theme)


def measured(oid: str, model: Model) -> dict[str, float]:
    """Milliseconds of each stage, medians of several runs: reading, selection, Gaussian process, tensor, load, network, explanation."""
    source = resources.sources()["sample"]
    path = files_of(model.card)[BASELINE]
    runs: list[dict[str, float]] = []
    for _ in range(TIMES):
        clock = time.perf_counter()
        curve: LightCurve = source.fetch(oid)
        read = time.perf_counter() - clock
        clock = time.perf_counter()
        running(path, 1, ())
        load = time.perf_counter() - clock
        result = classify(curve, model)
        if isinstance(result, Classification):
            told: dict[str, Any] = result.timings
            runs.append(
                {"read the table": read, "select points": told["select"], "Gaussian process": told["gp"], "tensor": told["recipe"],
                 "load the file": load, "network": told["inference"], "explain": told["explain"]}
            )  # fmt: skip
    return {stage: 1e3 * float(np.median([run[stage] for run in runs])) for stage in runs[0]}


@st.cache_data(show_spinner=False, max_entries=4)
def _readable(name: str) -> list[str]:
    """Samples that a model scores."""
    recipe = resources.model(name).recipe
    source = resources.sources()["sample"]
    ids = [str(oid) for oid in source.catalogue()["object_id"]]
    return [oid for oid in ids if hasattr(recipe.select(source.fetch(oid)), "curve")]


def _show_rates(theme: Theme) -> None:
    path = BENCH.with_name("results.json")
    if not path.is_file():
        return
    results = json.loads(path.read_text(encoding="utf-8"))
    ways = results["us_per_classified"]
    rates = {title: 1e6 / ways[way]["median_us"] for way, title in _WAYS.items() if way in ways}
    st.markdown("**Many light curves: what the benchmark measured**")
    st.plotly_chart(
        rates_figure(rates, theme), config=PLAIN, key="rates",
        alt="; ".join(f"{title}: {rate:,.0f} a second" for title, rate in rates.items()),
    )  # fmt: skip
    st.caption(f"`{results['command']}`, {results['date']}; how it was counted stands in docs/throughput.md.")
