"""A key for a link, which Streamlit gives to buttons alone. A link, unlike a switch of pages, leaves Back intact."""

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


def open_by_key(key: str, target: str) -> None:
    """Press ``key`` anywhere but in a field, and the link that the selector ``target`` finds is followed."""
    component = st.components.v2.component("t2scope_open_by_key", js=_SCRIPT)
    component(data={"key": key, "target": target}, key=f"open_by_{key}_{json.dumps(target)}", height=0)
