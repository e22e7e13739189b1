"""The answer as the light curve grew: night by night, ours beside another model's, with a slider and a play button."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.pipeline import Classification, classify
from core.refusal import Refusal
from core.whatif import Timeline, timeline, truncated
from ui import resources
from ui.figures.light_curve import light_curve_figure, summary
from ui.figures.theme import Theme
from ui.figures.timeline import timeline_figure, timeline_summary
from ui.figures.view import CurveView, flux_range, time_range
from ui.lab.words import answer_words, broker_history, steps_sentence, timeline_sentence
from ui.sections.choose import Chosen
from ui.sections.compare import NONE
from ui.sections.score import model_for, result_key, scored
from ui.sections.side import STATIC, same_prior
from ui.state import url_choice
from ui.wording import plain

#: Seconds between two steps while it plays.
BEAT = 0.8
_SLIDER, _STEP, _PLAYING = "lab_night", "_lab_step", "_lab_playing"


def show_timeline(chosen: Chosen, curve: LightCurve, model: Model, prior: Prior, theme: Theme) -> None:
    """Probabilities of both models over the nights, what they say in words, and the light curve as it stood."""
    ours = (chosen.model, model, prior)
    models = [ours, *_other(chosen.model, curve, prior)]
    lines = [(name, _timeline(curve, each, its_prior)) for name, each, its_prior in models]
    if not any(len(line.mjd) for _, line in lines):
        st.info("There is no measurement in a band that these models read.")
        return
    zero = curve.first_detection
    st.markdown("  \n".join(timeline_sentence(name, line, zero) for name, line in lines))
    playing = bool(st.session_state.get(_PLAYING))
    st.fragment(_steps, run_every=BEAT if playing else None)(curve, model, prior, lines, theme, playing)
    st.caption(f"{steps_sentence(lines[0][1])}{broker_history(curve)}")


def _other(first: str, curve: LightCurve, prior: Prior) -> list[tuple[str, Model, Prior]]:
    """The model beside ours: the published one where it reads the survey, or another, or none."""
    names = [NONE, *(name for name in resources.model_names() if name != first)]
    published = next((n for n in names if n.startswith("t2-published") and "ztf" in curve.surveys), NONE)
    name = url_choice(
        st.selectbox, "Beside it", names, "beside", published, width=320,
        format_func=lambda n: "no other model" if n == NONE else n,
    )  # fmt: skip
    if name == NONE:
        return []
    model = model_for(name, curve.object_id)
    return [(name, model, same_prior(model, prior.name))]


def _timeline(curve: LightCurve, model: Model, prior: Prior) -> Timeline:
    return _kept_timeline(result_key(curve, model, prior), curve, model, prior)


@st.cache_resource(max_entries=64, show_spinner="Following the light curve night by night…")
def _kept_timeline(key: tuple[str, ...], _curve: LightCurve, _model: Model, _prior: Prior) -> Timeline:
    return timeline(_curve, _model, prior=_prior)


def _steps(
    curve: LightCurve,
    model: Model,
    prior: Prior,
    lines: Sequence[tuple[str, Timeline]],
    theme: Theme,
    playing: bool,
) -> None:
    """One night looked at: its place in the timeline, and the light curve with the Gaussian process of that night."""
    line = max((line for _, line in lines), key=lambda each: len(each.mjd))
    zero = curve.first_detection
    at = _place(line, zero)
    figure = timeline_figure(lines, theme, zero=zero, now=float(line.mjd[at]))
    words = " ".join(timeline_summary(name, each, zero) for name, each in lines)
    st.plotly_chart(figure, config=STATIC, alt=f"Probabilities night by night. {words}", key="timeline")
    if len(line.mjd) > 1:
        _controls(line, zero, at)
    if playing != bool(st.session_state.get(_PLAYING)):
        st.rerun()  # the beat of a fragment is set from outside it
    _as_it_stood(curve, model, prior, float(line.mjd[at]), theme)


def _controls(line: Timeline, zero: float, at: int) -> None:
    """Play and the slider; while it plays a bar stands in for the slider, whose own events would fight with the beat."""
    days = [f"{t - zero:.1f}" for t in line.mjd]
    with st.container(horizontal=True, vertical_alignment="bottom", key="timeline_controls"):
        if st.session_state.get(_PLAYING):
            st.button("Pause", icon=":material/pause:", on_click=_pause, args=(days[at],))
            st.progress((at + 1) / len(days), text=f"day {days[at]}")
            return
        st.button("Play", icon=":material/play_arrow:", on_click=_play, args=(at, len(days)))
        st.session_state[_SLIDER] = at
        st.select_slider(
            "Night looked at [days since first detection]", list(range(len(days))), key=_SLIDER, format_func=days.__getitem__,
            on_change=_looked, args=(days,),
        )  # fmt: skip


def _place(line: Timeline, zero: float) -> int:
    """The step looked at: the next one while it plays, else what the address says, else the last."""
    last = len(line.mjd) - 1
    if not st.session_state.get(_PLAYING):
        return _nearest(line, zero, st.query_params.get("day"), last)
    at = min(int(st.session_state.get(_STEP, -1)) + 1, last)
    st.session_state[_STEP] = at
    if at == last:
        _pause(f"{line.mjd[last] - zero:.1f}")
    return at


def _nearest(line: Timeline, zero: float, day: str | None, last: int) -> int:
    try:
        return int(np.argmin(np.abs(line.mjd - zero - float(day)))) if day is not None else last
    except ValueError:
        return last


def _looked(days: Sequence[str]) -> None:
    st.query_params["day"] = days[st.session_state[_SLIDER]]


def _play(at: int, steps: int) -> None:
    """Go on from the night looked at, or from the first one when that is the last."""
    st.session_state[_PLAYING] = True
    st.session_state[_STEP] = -1 if at >= steps - 1 else at


def _pause(day: str) -> None:
    st.session_state[_PLAYING] = False
    st.query_params["day"] = day


def _as_it_stood(curve: LightCurve, model: Model, prior: Prior, mjd: float, theme: Theme) -> None:
    """The light curve on that night, on the axes that it ends up with."""
    whole = scored(curve, model, prior)
    result = classify(truncated(curve, mjd), model, prior=prior)
    used = np.zeros(len(curve), bool)
    view = CurveView(curve, "flux", True, used=used, model_bands=model.recipe.band_indices)
    if isinstance(result, Classification):
        used[: len(result.selection.used)] = result.selection.used
        view = CurveView(
            curve, "flux", True, used=used, fit=result.fit, model_bands=model.recipe.band_indices,
            colour=theme.of_class(result.top_class),
        )  # fmt: skip
    figure = light_curve_figure(view, theme)
    final = CurveView(curve, "flux", True, used=None if isinstance(whole, Refusal) else whole.selection.used)
    figure.update_xaxes(range=time_range(final))
    figure.update_yaxes(range=flux_range(final), row=1, col=1)
    day = mjd - curve.first_detection
    st.markdown(f"**Day {day:.0f}: {plain(answer_words(result))}.**")
    st.plotly_chart(figure, config=STATIC, alt=f"As it stood on day {day:.0f}: {summary(view)}", key="as_it_stood")
