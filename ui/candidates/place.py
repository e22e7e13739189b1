"""Where in the list one is: in the address, and in the session for as long as the address lags behind.

A key that is pressed while the browser still shows the address of the candidate before brings that address along. For a
moment after a step, an address that was just left is therefore not a wish to go back there.
"""

from __future__ import annotations

import time

import streamlit as st

#: So long after a step, an address that was just left counts as late [s]: longer than a busy server takes for a few pages.
LATE = 6.0
_STEPS = "_vet_steps"


def where() -> str:
    """The id of the candidate one is at, by the address or by the last step; empty where nobody said."""
    here = str(st.query_params.get("at", ""))
    steps = [(then, left, to) for then, left, to in st.session_state.get(_STEPS, []) if time.monotonic() - then < LATE]
    if steps and here in {left for _, left, _ in steps} and here != steps[-1][2]:
        here = steps[-1][2]
        st.query_params["at"] = here
    return here


def go(oid: str, left: str | None = None, **others: str) -> None:
    """Go to a candidate; a step is an entry in the browser's history. left : the candidate that is on the screen.

    others : further parameters of the address, which change with the step.
    """
    steps = st.session_state.get(_STEPS, [])[-20:]
    now = time.monotonic()
    gone = {str(st.query_params.get("at", "")), *([left] if left else [])} - {oid}
    st.session_state[_STEPS] = [*steps, *((now, one, oid) for one in gone)]
    # All at once: each change of its own would be an entry of its own in the browser's history.
    address = {**st.query_params.to_dict(), "at": oid, **others}
    st.query_params.from_dict({name: value for name, value in address.items() if value})


def stay() -> None:
    """Stay where the last step led, whatever the address says that came with a press that is too late."""
    if steps := st.session_state.get(_STEPS, []):
        st.query_params["at"] = steps[-1][2]
