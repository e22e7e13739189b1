"""What would change its mind?"""

import streamlit as st

from ui.figures.theme import theme_of
from ui.lab.head import answered, bench_of, show_answers, show_object
from ui.lab.timeline import show_timeline
from ui.sections.choose import choose
from ui.sections.score import is_scorable, model_for, scored
from ui.sections.side import choose_prior
from ui.shell import framed

framed()
theme = theme_of(st.context.theme.type)
chosen = choose()
curve = chosen.curve
if curve is None:
    st.stop()
model = model_for(chosen.model, curve.object_id)
show_object(chosen, curve, model)
prior = choose_prior(model) if is_scorable(curve, model) else model.prior
bench = bench_of(curve)
show_answers(bench, scored(curve, model, prior), answered(bench, model, prior))
show_timeline(chosen, bench.changes.apply(curve), model, prior, theme)
