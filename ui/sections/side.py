"""Beside the curve: probabilities under a named prior, and the weights of added features."""

from __future__ import annotations

import streamlit as st

from core.model import Model, Prior
from core.pipeline import Classification
from ui.figures.probabilities import drawn_classes, feature_figure, feature_title, probability_figure
from ui.figures.theme import Theme
from ui.state import url_choice
from ui.wording import class_title, percent, prior_line, rest_line

#: Classes that are drawn, besides the one that is explained; the rest are told as one number.
SHOWN = 6
STATIC = {"displayModeBar": False}


def choose_prior(model: Model) -> Prior:
    """The prior in force: the card's own, or every class equally likely."""
    if model.prior.weights is None:
        return model.prior
    name = url_choice(
        st.segmented_control, "Prior", [model.prior.name, "equal"], "prior", model.prior.name,
        format_func=lambda n: f"Prior: {n}", label_visibility="collapsed",
    )  # fmt: skip
    return model.prior if name == model.prior.name else model.equal_prior()


def same_prior(model: Model, name: str) -> Prior:
    """The prior of this name for another model; its own where it knows no such prior."""
    return model.equal_prior() if name == "equal" and model.prior.weights is not None else model.prior


def show_probabilities(result: Classification, class_name: str, theme: Theme, *, key: str = "probabilities") -> None:
    """Sorted bars with the spread of the fold models."""
    st.markdown("**Probabilities**")
    figure = probability_figure(
        result.model.classes, result.probabilities, theme, spread=result.spread, selected=class_name, shown=SHOWN
    )
    order = drawn_classes(result.model.classes, result.probabilities, class_name, SHOWN)
    words = ", ".join(f"{class_title(result.model.classes[i])} {percent(result.probabilities[i])}" for i in order)
    st.plotly_chart(figure, config=STATIC, alt=f"Class probabilities: {words}.", key=key)
    lines = (rest_line(result, order), prior_line(result.model, result.prior.name, spread=len(result.spread)))
    st.caption("  \n".join(line for line in lines if line))


def show_features(result: Classification, class_name: str, theme: Theme) -> None:
    """Weights of redshift and other added features, where the model has them."""
    index = result.model.classes.index(class_name)
    shares = result.explanation.feature_share(index)
    if not shares:
        return
    st.markdown("**Weight of added features**")
    words = ", ".join(f"{feature_title(n)} {v:.1f} %" for n, v in shares.items())
    flat = result.explanation.flat_share
    figure = feature_figure(shares, flat, theme)
    st.plotly_chart(
        figure, config=STATIC, alt=f"Share of the map: {words}; a flat map gives {flat:.2f} % each.", key="features"
    )
    signed = result.explanation.feature_contribution(index)
    parts = ", ".join(f"{feature_title(n)} {v:+.3f}".replace("-", "−") for n, v in signed.items())
    known = "" if result.curve.redshift is not None else " This object has no redshift: the model was told so."
    st.caption(f"Contribution to the logit of {class_title(class_name)}: {parts}.{known}")
