"""What if: leave points out, end earlier, fainter, another redshift, another Gaussian process; several at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from core.bands import BANDS
from core.gp.kernels import KERNELS
from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.photometry import flux_to_magnitude
from core.pipeline import Classification
from core.refusal import Refusal
from core.whatif import DRAWS, band_titles, night_numbers, redshift_answers, resampled_answers
from ui import resources
from ui.figures.before_after import before_after_figure, largest, redshift_figure
from ui.figures.light_curve import light_curve_figure, summary
from ui.figures.theme import Theme
from ui.figures.view import CurveView
from ui.lab.state import FAINTER, Bench
from ui.lab.words import stability_sentence
from ui.sections.curve import CONFIG
from ui.sections.score import result_key
from ui.sections.side import STATIC
from ui.wording import class_title, percent

STRETCHES = (0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0)
_CURVE = "lab_curve"
#: Redshifts at which the curve is drawn, and how far it reaches at least.
_Z_STEPS, _Z_LEAST, _Z_MOST = 80, 0.3, 5.0


def show_whatif(
    bench: Bench,
    model: Model,
    prior: Prior,
    before: Classification | Refusal,
    after: Classification | Refusal,
    draws: np.ndarray | None,
    theme: Theme,
) -> None:
    """The light curve to click on, the controls, and what they do to the probabilities."""
    left, right = st.columns([7, 3], gap="medium")
    with left:
        _show_curve(bench, after, theme)
        _choose_points(bench)
    with right:
        _show_probabilities(model, before, after, draws, theme)
    st.markdown("**Change it**")
    first, second, third = st.columns(3, gap="medium")
    with first:
        _choose_extent(bench)
    with second:
        _choose_brightness(bench)
    with third:
        _choose_process(bench)
    _show_redshift(bench, model, prior, theme)


def _show_curve(bench: Bench, after: Classification | Refusal, theme: Theme) -> None:
    """Every point, moved as the changes say; hollow where it is left out or not used."""
    moved, kept = bench.changes.moved(bench.curve), bench.changes.kept(bench.curve)
    used, fit, bands = kept.copy(), None, ()
    if isinstance(after, Classification):
        used[np.flatnonzero(kept)] = after.selection.used
        fit, bands = after.fit, after.model.recipe.band_indices
    view = CurveView(moved, "flux", True, used=used, fit=fit, model_bands=bands)

    def clicked() -> None:
        points = st.session_state[_CURVE]["selection"]["points"]
        numbers = [p["customdata"] for p in points if p.get("customdata") is not None]
        if numbers:
            number = numbers[0][0] if isinstance(numbers[0], list) else numbers[0]
            bench.toggle(int(number))

    st.plotly_chart(
        light_curve_figure(view, theme), config=CONFIG, alt=summary(view), key=_CURVE, on_select=clicked,
        selection_mode="points",
    )  # fmt: skip


def _choose_points(bench: Bench) -> None:
    """The way to leave points out by keyboard; the same as clicking on them."""
    key = "lab_without"
    st.session_state[key] = list(bench.changes.without)
    st.multiselect(
        "Points left out (click a point in the plot, or choose it here)", list(range(len(bench.curve))), key=key,
        format_func=lambda n: point_title(bench.curve, n), placeholder="none", select_all=False,
        on_change=lambda: bench.put(without=tuple(sorted(st.session_state[key]))),
    )  # fmt: skip


def point_title(curve: LightCurve, number: int, zero: float | None = None) -> str:
    """A point in words: day, band, magnitude. zero : MJD that days are counted from, if not the light curve's own."""
    magnitude = float(flux_to_magnitude(curve.flux[number]))
    bright = f"{magnitude:.2f} mag" if np.isfinite(magnitude) else f"flux {curve.flux[number]:.3g}"
    day = curve.mjd[number] - (curve.first_detection if zero is None else zero)
    return f"day {day:.2f} · {BANDS[curve.band[number]].label} · {bright}"


def _choose_extent(bench: Bench) -> None:
    """Up to which night, and which bands."""
    curve, key = bench.curve, "lab_until"
    nights = night_numbers(curve.mjd)
    last = np.append(np.flatnonzero(np.diff(nights) > 0), len(curve) - 1)
    days = [round(float(d), 2) for d in curve.mjd[last] - curve.first_detection]
    until = bench.changes.until
    here = len(days) - 1 if until is None else int(np.argmin(np.abs(np.array(days) - until)))
    if len(days) > 1:
        st.session_state[key] = here

        def push() -> None:
            at = st.session_state[key]
            # A hair beyond the night's last point, which rounding must not lose.
            bench.put(until=None if at == len(days) - 1 else days[at] + 0.01)

        st.select_slider(
            "Only up to day", list(range(len(days))), key=key, format_func=lambda i: f"{days[i]:.1f}", on_change=push
        )
    titles = band_titles(curve)
    if len(titles) > 1:
        bands = "lab_bands"
        st.session_state[bands] = [name for name in titles if name not in bench.changes.without_bands]
        st.pills(
            "Bands", list(titles), selection_mode="multi", key=bands, format_func=titles.__getitem__,
            on_change=lambda: bench.put(without_bands=tuple(n for n in titles if n not in st.session_state[bands])),
        )  # fmt: skip


def _choose_brightness(bench: Bench) -> None:
    """Fainter or brighter, and the noise drawn anew."""
    _control(
        bench, "fainter", st.slider, "Fainter by [mag]", *FAINTER, step=0.1,
        help="Errors grow as they would: sky noise stays, the object's own photon noise shrinks with its flux, and what is missing "
        "is drawn. Brighter points keep their relative errors.",
    )  # fmt: skip
    draw = 0 if bench.changes.draw is None else bench.changes.draw
    with st.container(horizontal=True):
        st.button(
            "Draw within errors", icon=":material/casino:", on_click=lambda: bench.put(draw=draw + 1),
            help="Each flux drawn anew within its error, as if it had been measured once more.",
        )  # fmt: skip
        if bench.changes.draw is not None:
            st.button("As drawn by nature", on_click=lambda: bench.put(draw=None))


def _choose_process(bench: Bench) -> None:
    """Kernel and time scale of the Gaussian process."""
    _control(
        bench, "kernel", st.selectbox, "Kernel of the Gaussian process", list(KERNELS), format_func=KERNELS.__getitem__
    )
    options = sorted({*STRETCHES, bench.changes.stretch})
    _control(bench, "stretch", st.select_slider, "Its time scale, times", options, format_func=lambda v: f"{v:g}")


def _control(bench: Bench, name: str, widget: Callable[..., Any], *arguments: Any, **more: Any) -> None:
    """A widget that holds one of the changes and writes it into the address."""
    key = f"lab_{name}"
    st.session_state[key] = getattr(bench.changes, name)
    widget(*arguments, key=key, on_change=lambda: bench.put(**{name: st.session_state[key]}), **more)


def _show_probabilities(
    model: Model,
    before: Classification | Refusal,
    after: Classification | Refusal,
    draws: np.ndarray | None,
    theme: Theme,
) -> None:
    """Before and after, with the scatter of the draws."""
    if isinstance(before, Refusal) or isinstance(after, Refusal):
        return
    figure = before_after_figure(model.classes, before.probabilities, after.probabilities, theme, draws=draws)
    words = ", ".join(
        f"{class_title(model.classes[i])} {percent(before.probabilities[i])} to {percent(after.probabilities[i])}"
        for i in largest(before.probabilities, after.probabilities, 6)
    )
    st.plotly_chart(
        figure, config=STATIC, alt=f"Probabilities as measured and with the changes: {words}.", key="before_after"
    )
    lines = ["Hollow: as measured. Full: with the changes."]
    if draws is not None:
        lines += [stability_sentence(draws, model.classes, after.top_class), f"Thin line: 90 % of {len(draws)} draws."]
    st.caption("  \n".join(lines))


def draws_of(bench: Bench, model: Model, prior: Prior, after: Classification | Refusal) -> np.ndarray | None:
    """(D, C) answers to what lies on the bench, drawn anew within its errors; None where there is no answer, or where the
    Gaussian process is not the model's own."""
    if isinstance(after, Refusal) or bench.changes.process is not None:
        return None
    return _kept_draws((*result_key(bench.curve, model, prior), repr(bench.changes)), bench, model, prior)


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept_draws(key: tuple[str, ...], _bench: Bench, _model: Model, _prior: Prior) -> np.ndarray:
    curve = _bench.changes.apply(_bench.curve)
    # Long light curves cost milliseconds each: fewer draws say as much to a page that rounds to percent.
    count = DRAWS if len(curve) <= 60 else DRAWS // 4
    return resampled_answers(curve, _model, np.random.default_rng(0), prior=_prior, draws=count)


def offer_redshift(model: Model) -> None:
    """For a model that is not told the redshift, the way to its sibling that is; below what a change redraws, since the
    model is chosen above it."""
    other = f"{model.name}-z"
    if "redshift" not in model.recipe.features and other in resources.model_names():
        st.button(f"Ask {other}, which is told it", on_click=_ask, args=(other,))


def _ask(name: str) -> None:
    st.query_params["model"] = name


def _show_redshift(bench: Bench, model: Model, prior: Prior, theme: Theme) -> None:
    """The redshift told, and the probabilities at every other one; where a model is not told any, which one is."""
    st.markdown("**Redshift**")
    if "redshift" not in model.recipe.features:
        st.caption(f"{model.name} is not told any redshift: it would answer the same at every one.")
        return
    curve, key = bench.curve, "lab_z"
    told = curve.redshift if bench.changes.redshift is None else bench.changes.redshift or None
    st.session_state[key] = min(told or 0.0, _Z_MOST)
    known = "not known" if curve.redshift is None else f"{curve.redshift:.4f}"
    st.number_input(
        f"Redshift told (0: none; known: {known})", 0.0, _Z_MOST, step=0.01, format="%.3f", key=key, width=320,
        on_change=lambda: bench.put(redshift=st.session_state[key]),
    )  # fmt: skip
    index = resources.neighbours(str(model.card.folder))
    training = None if index is None else index.redshift[np.isfinite(index.redshift)]
    top = max(_Z_LEAST, 2.0 * (told or 0.0), 2.0 * (curve.redshift or 0.0))
    grid = np.linspace(0.005, top, _Z_STEPS)
    edited = replace(bench.changes, redshift=None).apply(curve)
    p = redshift_answers(edited, model, grid, prior=prior)
    if not np.isfinite(p).any():
        return
    figure = redshift_figure(model.classes, grid, p, theme, told=told, known=curve.redshift, training=training)
    best = [class_title(model.classes[i]) for i in dict.fromkeys(np.argmax(p, axis=1).tolist())]
    st.plotly_chart(
        figure, config=STATIC, key="redshift",
        alt=f"Probability against the redshift told, {grid[0]:.3f} to {top:.2f}: leading in turn {', '.join(best)}.",
    )  # fmt: skip
    below = "the bars below count its training objects at each" if training is not None else ""
    kernel = (
        "" if bench.changes.process is None else " Drawn with the kernel of the recipe, not with the one chosen above."
    )
    st.caption(
        "The photometry, with the changes above, stays as it is; only the number that the model is told moves"
        f"{'; ' + below if below else ''}.{kernel}"
    )
