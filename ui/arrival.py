"""Coming back to a page: the browser draws it anew and stands at its top; this leads on to what one had come from."""

from __future__ import annotations

import re
from hashlib import sha256

import streamlit as st

_PAGE, _ARRIVALS, _FROM = "_page_now", "_page_arrivals", "_page_before"
_OBJECT = "_object_shown"
#: Scrolls once for each arrival, and again while what stands above is still growing, until the visitor does anything.
_SCRIPT = """
export default function (component) {
  const { targets, arrival } = component.data;
  if (window.__t2scopeArrival === arrival) return;
  window.__t2scopeArrival = arrival;
  const ends = Date.now() + 6000;
  let timer = 0;
  const stop = () => clearInterval(timer);
  for (const name of ["wheel", "touchstart", "keydown", "mousedown"])
    window.addEventListener(name, stop, { once: true, passive: true });
  const go = () => {
    if (Date.now() > ends) return stop();
    const found = targets.map((one) => document.querySelector(one)).find(Boolean);
    if (!found) return;
    found.style.scrollMarginTop = "5rem"; // the menu lies over the top of the page
    const top = found.getBoundingClientRect().top;
    if (top < 60 || top > 0.5 * window.innerHeight) found.scrollIntoView({ block: "start" });
  };
  timer = setInterval(go, 150);
  go();
}
"""


def note_page(name: str) -> None:
    """Remember which page is drawn, so that the next one knows where its visitor came from."""
    before = st.session_state.get(_PAGE)
    if before != name:
        st.session_state[_PAGE], st.session_state[_FROM] = name, before
        st.session_state[_ARRIVALS] = st.session_state.get(_ARRIVALS, 0) + 1


def note_object(object_id: str) -> None:
    """Remember the object that is on the screen."""
    st.session_state[_OBJECT] = object_id


def key_of(object_id: str) -> str:
    """The key of an object's card in a list, by which it is found again."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", object_id)
    # Ids that differ in other characters alone are other objects.
    return f"card_{plain}" + ("" if plain == object_id else "_" + sha256(object_id.encode()).hexdigest()[:8])


def back_to_object(otherwise: str) -> None:
    """For a visitor who comes back from an object's page: scroll to its card, or else to the container ``otherwise``."""
    if st.session_state.get(_FROM) not in ("start", "object", ""):
        return
    shown = st.session_state.get(_OBJECT)
    targets = ([f".st-key-{key_of(shown)}"] if shown else []) + [f".st-key-{otherwise}"]
    arrival = st.session_state[_ARRIVALS]
    component = st.components.v2.component("t2scope_arrival", js=_SCRIPT)
    component(data={"targets": targets, "arrival": arrival}, key="arrival", height=0)
