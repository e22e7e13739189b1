"""The light curve with its Gaussian process and activation map, and the sentence that reads the map aloud."""

from __future__ import annotations

import streamlit as st

from core.explain import DeletionCheck
from core.lightcurve import LightCurve
from core.pipeline import Classification, check_by_deletion
from core.refusal import Refusal
from ui.export import observation_share
from ui.figures.light_curve import light_curve_figure, summary
from ui.figures.theme import Theme
from ui.figures.view import PERCENT, SIGNED, CurveView, shown_span
from ui.map_words import NOTHING_TO_DELETE, OTHER_MAPS, deletion_rule, map_key, map_sentence
from ui.reading import read_map
from ui.sections.score import result_key
from ui.state import url_choice
from ui.wording import class_title, without_magnitude

CONFIG = {"displaylogo": False, "scrollZoom": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def show_curve(curve: LightCurve, result: Classification | Refusal, class_name: str, theme: Theme) -> None:
    """Controls, figure and sentence; without a classification, the measurements alone."""
    view = _view(curve, result, class_name, theme)
    figure = light_curve_figure(view, theme)
    name = "".join(c if c.isalnum() else "_" for c in curve.object_id)
    config = {**CONFIG, "toImageButtonOptions": {"format": "svg", "filename": name}}
    st.plotly_chart(figure, config=config, alt=summary(view), key="light_curve")
    below = [without_magnitude(curve)] if view.unit == "magnitude" else []
    if isinstance(result, Classification):
        check = deletion(result, class_name)
        st.markdown(map_sentence(result, class_name, check, days=view.days))
        signed = view.map_kind == SIGNED
        below.append(map_key(result.explanation, class_title(class_name), signed=signed))
        if check is not None and result.probability(class_name) >= NOTHING_TO_DELETE:
            below.append(deletion_rule(check))
            below.append(OTHER_MAPS)
    if below := [line for line in below if line]:
        st.caption("  \n".join(below))


def choose_class(result: Classification) -> str:
    """The class whose map is drawn: the likeliest unless another is chosen."""
    names = [result.model.classes[i] for i in result.order]
    return url_choice(st.selectbox, "Explain", names, "class", names[0], format_func=class_title)


def deletion(result: Classification, class_name: str) -> DeletionCheck | None:
    """The deletion check of this light curve, computed once."""
    return _deletion((*result_key(result.curve, result.model, result.prior), class_name), result, class_name)


@st.cache_resource(max_entries=256, show_spinner=False)
def _deletion(key: tuple[str, ...], _result: Classification, class_name: str) -> DeletionCheck | None:
    return check_by_deletion(_result, class_name)


def _view(curve: LightCurve, result: Classification | Refusal, class_name: str, theme: Theme) -> CurveView:
    with st.container(horizontal=True, vertical_alignment="bottom", key="plot_controls"):
        unit = url_choice(
            st.segmented_control, "Unit", ["flux", "magnitude"], "unit", "flux",
            format_func=str.capitalize, label_visibility="collapsed",
        )  # fmt: skip
        time = url_choice(
            st.segmented_control, "Time", ["days", "mjd"], "time", "days",
            format_func={"days": "Days", "mjd": "MJD"}.get, label_visibility="collapsed",
        )  # fmt: skip
        if isinstance(result, Refusal):
            return CurveView(curve, unit, time == "days")
        kinds = {"percent": PERCENT, "signed": SIGNED}
        titles = {"percent": "Map in percent", "signed": "Signed, in logit"}
        kind = url_choice(
            st.segmented_control, "Map", list(kinds), "map", "percent",
            format_func=titles.get, label_visibility="collapsed",
        )  # fmt: skip
        whole = _whole_history(CurveView(curve, unit, time == "days", used=result.selection.used))
    index = result.model.classes.index(class_name)
    reading = read_map(result.explanation, index, result.selection.curve.mjd)
    focus = reading.focus if reading.stands_out else None
    return CurveView(
        curve, unit, time == "days", used=result.selection.used, fit=result.fit,
        model_bands=result.model.recipe.band_indices, explanation=result.explanation, class_index=index,
        class_title=class_title(class_name), observation_share=observation_share(curve, result, class_name),
        map_kind=kinds[kind], focus=focus, whole=whole, colour=theme.of_class(class_name),
    )  # fmt: skip


def _whole_history(view: CurveView) -> bool:
    """Whether points far from those that were used are in the picture; asked only where there are any."""
    span = shown_span(view)
    if span is None or (span[0] <= view.curve.mjd[0] and view.curve.mjd[-1] <= span[1]):
        return False
    options = {"event": "Event", "history": "Whole history"}
    return url_choice(
        st.segmented_control, "Span", list(options), "span", "event",
        format_func=options.get, label_visibility="collapsed",
    ) == "history"  # fmt: skip
