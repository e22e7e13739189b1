"""What Streamlit's keys lack: one for a link, which unlike a switch of pages leaves Back intact, and the focus given back."""

from __future__ import annotations

import json

import streamlit as st

_SCRIPT = """
export default function (component) {
  const { key, target } = component.data;
  const listen = (event) => {
    const at = event.target;
    const typing = at && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName || ""));
    if (event.key !== key || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const link = document.querySelector(target);
    if (link) { event.preventDefault(); link.click(); }
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}
"""


#: A list that was chosen from keeps the focus, and Streamlit's keys rest while a field has it.
_RELEASE = """
export default function () {
  const release = () => window.setTimeout(() => {
    const at = document.activeElement;
    if (at && at.getAttribute("role") === "combobox" && at.getAttribute("aria-expanded") !== "true") at.blur();
  }, 80);
  const clicked = (event) => { if (event.target.closest && event.target.closest('[role="option"]')) release(); };
  const entered = (event) => {
    const at = event.target;
    const open = at.getAttribute && at.getAttribute("role") === "combobox" && at.getAttribute("aria-expanded") === "true";
    if (event.key === "Enter" && open) release();
  };
  document.addEventListener("click", clicked, true);
  document.addEventListener("keydown", entered, true);
  return () => {
    document.removeEventListener("click", clicked, true);
    document.removeEventListener("keydown", entered, true);
  };
}
"""


def give_focus_back() -> None:
    """After a choice from a list, leave the list: the keys of the page work again at once."""
    st.components.v2.component("t2scope_give_focus_back", js=_RELEASE)(key="give_focus_back", height=0)


def open_by_key(key: str, target: str) -> None:
    """Press ``key`` anywhere but in a field, and the link that the selector ``target`` finds is followed."""
    component = st.components.v2.component("t2scope_open_by_key", js=_SCRIPT)
    component(data={"key": key, "target": target}, key=f"open_by_{key}_{json.dumps(target)}", height=0)
