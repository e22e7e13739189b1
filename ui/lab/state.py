"""The changes of the lab in the address, and the way back through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.bands import band_index
from core.gp.kernels import KERNELS
from core.lightcurve import MAX_REDSHIFT, LightCurve
from core.refusal import BadInput
from core.whatif import Changes

KEY = "changes"
_PAST = "_lab_past"
#: How far the controls reach; an address may not ask for more.
FAINTER = (-2.0, 4.0)
STRETCHES = (0.1, 10.0)
MAX_DRAW = 10_000


def as_text(changes: Changes, object_id: str) -> str:
    """Changes as they stand in an address, "" for none. They belong to one object, and name it."""
    parts = []
    if changes.until is not None:
        parts.append(f"until={changes.until:.6g}")
    if changes.without:
        parts.append("without=" + ",".join(str(n) for n in changes.without))
    if changes.without_bands:
        parts.append("bands=" + ",".join(changes.without_bands))
    if changes.fainter:
        parts.append(f"fainter={changes.fainter:.6g}")
    if changes.redshift is not None:
        parts.append(f"z={changes.redshift:.6g}")
    if changes.draw is not None:
        parts.append(f"draw={changes.draw}")
    if changes.kernel != Changes.kernel:
        parts.append(f"kernel={changes.kernel}")
    if changes.stretch != 1.0:
        parts.append(f"stretch={changes.stretch:.6g}")
    return ";".join([*parts, f"of={object_id}"]) if parts else ""


def read_text(text: str, curve: LightCurve) -> Changes:
    """The changes that an address asks for; those of another object are none.

    Raises BadInput, naming the part, for what can't be read or is out of range.
    """
    if not is_of(text, curve):
        return Changes()
    changes = Changes()
    for part in text.rpartition("of=")[0].strip(";").split(";"):
        name, _, value = part.partition("=")
        try:
            changes = replace(changes, **_field(name, value, curve))
        except (KeyError, ValueError, OverflowError) as error:
            why = error.message[:200] if isinstance(error, BadInput) else "it can't be read"
            raise BadInput("changes", f"the change {part[:60]!r} is left out: {why}") from error
    return changes


def is_of(text: str, curve: LightCurve) -> bool:
    """Whether changes in an address are those of this object."""
    return text.rpartition("of=")[2] == curve.object_id


def _field(name: str, value: str, curve: LightCurve) -> dict[str, Any]:
    """One field of `Changes` from its text."""
    readers: dict[str, Callable[[str], dict[str, Any]]] = {
        "until": lambda v: {"until": _between(float(v), 0.0, 1e5)},
        "without": lambda v: {"without": tuple(sorted({_point(int(n), curve) for n in v.split(",")}))},
        "bands": lambda v: {"without_bands": tuple(n for n in v.split(",") if band_index(n) >= 0)},
        "fainter": lambda v: {"fainter": _between(float(v), *FAINTER)},
        "z": lambda v: {"redshift": _between(float(v), 0.0, MAX_REDSHIFT)},
        "draw": lambda v: {"draw": int(_between(int(v), 0, MAX_DRAW))},
        "kernel": lambda v: {"kernel": _kernel(v)},
        "stretch": lambda v: {"stretch": _between(float(v), *STRETCHES)},
    }
    return readers[name](value)


def _between(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise BadInput("range", f"{value:g} was asked for; expected {low:g} to {high:g}")
    return value


def _point(number: int, curve: LightCurve) -> int:
    if not 0 <= number < len(curve):
        raise BadInput("point", f"there is no point {number}; the light curve has points 0 to {len(curve) - 1}")
    return number


def _kernel(name: str) -> str:
    if name not in KERNELS:
        raise BadInput("kernel", f"unknown kernel {name!r}; known are {', '.join(KERNELS)}")
    return name


@dataclass(frozen=True)
class Bench:
    """What lies on the bench: one light curve as measured, and the changes that are asked for."""

    curve: LightCurve
    changes: Changes

    def put(self, **fields: Any) -> None:
        """Change one thing more: a new entry of the browser's history, and of what can be undone."""
        st.session_state.setdefault(_PAST, []).append(st.query_params.get(KEY, ""))
        _write(as_text(replace(self.changes, **fields), self.curve.object_id))

    def toggle(self, number: int) -> None:
        """Leave one point out, or take it in again."""
        self.put(without=tuple(sorted(set(self.changes.without) ^ {number})))

    @property
    def is_changed(self) -> bool:
        return self.changes != Changes()


def forget() -> None:
    """Changes of another object mean nothing here, nor does the way back through them."""
    st.session_state.pop(_PAST, None)
    _write("")


def can_undo() -> bool:
    """Whether there is something to go back to."""
    return bool(st.session_state.get(_PAST))


def undo() -> None:
    """Back to the changes before the last one; to none where this visit knows of no earlier ones."""
    past = st.session_state.get(_PAST, [])
    _write(past.pop() if past else "")


def reset() -> None:
    """As measured; this too can be undone."""
    st.session_state.setdefault(_PAST, []).append(st.query_params.get(KEY, ""))
    _write("")


def _write(text: str) -> None:
    if text:
        st.query_params[KEY] = text
    else:
        st.query_params.pop(KEY, None)
