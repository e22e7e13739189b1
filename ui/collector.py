"""Python's collector of cycles, kept from walking over what stays for ever.

Streamlit collects after every run of a page. A dashboard holds some hundred thousand objects that never go (modules, their
functions, the classes of the plotting library), and walking over them took a third to two thirds of the server's time. So after
the full collection that follows the loading of code, what is alive is set aside (`gc.freeze`). Cycles made later are collected
as before; what is set aside is still freed by its count of references.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

#: So many modules more than last time count as code that was loaded: a page opened for the first time brings tens of them.
LOADED = 20


class SetAside:
    """Called by the collector around each collection; sets aside what is alive where code was loaded since the last time."""

    def __init__(self) -> None:
        self._modules = 0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "stop" and info["generation"] == 2 and len(sys.modules) >= self._modules + LOADED:
            self._modules = len(sys.modules)
            gc.freeze()


def set_aside_what_stays() -> SetAside:
    """Begin, or find what has begun: one a process. Take the answer out of `gc.callbacks` to end."""
    begun = next((callback for callback in gc.callbacks if isinstance(callback, SetAside)), None)
    if begun is None:
        gc.callbacks.append(begun := SetAside())
    return begun
