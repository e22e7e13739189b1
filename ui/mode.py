"""A page that turns from light to dark, or back, while it is open: its figures are drawn again in the inks of the new mode.

Streamlit changes its own colours at once, but runs the page again for something else only: until then figures would keep
inks made for another paper. A machine that turns dark at sunset does this to whoever works through the night.
"""

from __future__ import annotations

import streamlit as st

_KEY = "mode_of_the_screen"
#: Compares the page's paper with the mode that the figures were drawn for; asks for a new run once for each difference.
_SCRIPT = """
export default function (component) {
  const { data, setTriggerValue } = component;
  const mode = () => {
    const app = document.querySelector('[data-testid="stApp"]');
    const ink = app ? getComputedStyle(app).backgroundColor.match(/[0-9.]+/g) : null;
    if (!ink) return data.drawn;
    return 0.299 * ink[0] + 0.587 * ink[1] + 0.114 * ink[2] < 128 ? "dark" : "light";
  };
  let asked = false;
  const look = () => {
    if (mode() === data.drawn) { asked = false; return; }
    if (asked) return;
    asked = true;
    setTriggerValue("changed", mode());
  };
  const timer = setInterval(look, 400);
  return () => clearInterval(timer);
}
"""


def follow_mode() -> None:
    """Run the page again when its paper is no longer what ``st.context.theme`` said in this run."""
    component = st.components.v2.component("t2scope_mode", js=_SCRIPT)
    drawn = st.context.theme.type or "light"
    with st.container(key=_KEY):
        component(data={"drawn": drawn}, key="mode", height=0, on_changed_change=_again)


def _again() -> None:
    """The new run is all that is wanted."""
