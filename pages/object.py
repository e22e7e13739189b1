"""What is this transient, and why does the model say so?"""

import streamlit as st

from core.refusal import Refusal
from ui.figures.theme import theme_of
from ui.sections.against import show_two_maps
from ui.sections.answer import show_answer, show_header
from ui.sections.choose import choose
from ui.sections.compare import NONE, choose_other, show_side_by_side
from ui.sections.curve import choose_class, show_curve
from ui.sections.details import show_actions, show_broker_status, show_details
from ui.sections.score import is_scorable, model_for, scored
from ui.sections.side import choose_prior, same_prior, show_features, show_probabilities
from ui.sections.similar import show_similar
from ui.shell import framed

framed()
theme = theme_of(st.context.theme.type)
chosen = choose()
curve = chosen.curve
if curve is None:
    show_broker_status()
    st.stop()

model = model_for(chosen.model, curve.object_id, chosen.variant)
with st.container(gap="xsmall"):
    show_header(curve, model)
    answer = st.container(gap="xsmall")
left, right = st.columns([7, 3], gap="medium")
with right:
    side = st.container()
    prior = choose_prior(model) if is_scorable(curve, model) else model.prior
with st.spinner("Fitting the Gaussian process and asking the model…"):
    result = scored(curve, model, prior)
with answer:
    show_answer(result, theme)
class_name = ""
if not isinstance(result, Refusal):
    with right:
        class_name = choose_class(result)
    with side:
        show_probabilities(result, class_name, theme)
    with right:
        show_features(result, class_name, theme)
with left:
    show_curve(curve, result, class_name, theme)

show_two_maps(result, class_name, theme)
show_actions(chosen, curve, result, class_name)
show_similar(result, theme)
other = choose_other(chosen.model)
if other != NONE:
    second = model_for(other, curve.object_id)
    show_side_by_side(result, scored(curve, second, same_prior(second, prior.name)), (chosen.model, other), theme)
show_details(curve, result, class_name)
show_broker_status()
