"""The id, the answer as a headline, and how sure."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.lightcurve import LightCurve
from core.model import Model
from core.pipeline import Classification
from core.refusal import Refusal
from ui.figures.theme import Theme
from ui.labels import known_label, label_of
from ui.links import links
from ui.novelty_words import is_untypical, novelty_line
from ui.wording import caption, doubts_beside, known_class_mark, lies_outside, plain, verdict


def show_header(curve: LightCurve, model: Model) -> None:
    """Id, one caption line, whether the object is real, and where else to look it up."""
    st.title(plain(curve.object_id), anchor=False)
    if curve.provenance.simulated:
        st.badge("simulated", icon=":material/science:", color="orange")
    second = [known_label(curve, model)]
    addresses = links(curve)
    if addresses:
        second.append("Look it up: " + " · ".join(f"[{title}]({address})" for title, address in addresses.items()))
    lines = [caption(curve), " ".join(part for part in second if part)]
    st.caption("  \n".join(line for line in lines if line))


def show_answer(result: Classification | Refusal, theme: Theme) -> None:
    """The class in words with its percentage, or why there is none."""
    if isinstance(result, Refusal):
        st.warning(plain(result.message), icon=":material/do_not_disturb_on:")
        return
    answer = verdict(result)
    title, comma, number = answer.headline.rpartition(", ") if answer.kind == "decided" else (answer.headline, "", "")
    colour = theme.of_class(result.top_class) if answer.kind == "decided" else theme.ink
    label = label_of(result.curve)
    mark = known_class_mark(result, answer, *((label.class_name, label.doubt) if label else ()))
    beside = f' <span style="font-size:1rem;font-weight:600;opacity:.82">⚠ {escape(mark)}</span>' if mark else ""
    st.html(
        f'<h2 style="margin:0;padding:0;font-weight:700;font-size:1.9rem;line-height:1.25">'
        f'<span style="color:{colour}">{escape(title)}</span>{escape(comma + number)}{beside}</h2>'
    )
    st.markdown(answer.sentence)
    line = novelty_line(result)
    # Where brightness or length are unlike the training, the shape alone being typical says nothing.
    if line and (is_untypical(result) or not lies_outside(result)):
        st.markdown(f":material/explore: {line}" if is_untypical(result) else line)
    doubts = doubts_beside(result)
    if doubts:
        st.caption("  \n".join(f":material/warning: {doubt}" for doubt in doubts))
