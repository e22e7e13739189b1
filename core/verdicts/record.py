"""One verdict: what was said, of which object, by whom, and what the model said at the time."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

#: What can be said of an object; ``class`` names one.
KINDS: tuple[str, ...] = ("class", "unsure", "junk", "follow up")
#: The kind of an entry that takes an earlier one back.
WITHDRAWN = "withdrawn"
CONFIDENCES: tuple[str, ...] = ("", "low", "medium", "high")
#: Longest texts that are kept [characters].
LONGEST: dict[str, int] = {
    "object_id": 200, "catalogue": 80, "class_name": 40, "note": 2000, "who": 80, "model": 120, "model_sha256": 64,
    "prior": 80, "photometry_sha256": 64, "uid": 64, "withdraws": 64,
}  # fmt: skip
#: Control characters, and halves of surrogate pairs, which no file takes.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LONGEST_MESSAGE = 500
_ZTF_ID = re.compile(r"ZTF[0-9]{2}[a-z]{7}")
#: Shorter numbers are row numbers of somebody's table; LSST's ids have 15 digits and more.
_LSST_ID = re.compile(r"[0-9]{15,19}")
#: A catalogue and an id: what makes one object.
Key = tuple[str, str]


def catalogue_of(object_id: str, otherwise: str) -> str:
    """The catalogue that an id is of by its form, ``ztf`` or ``lsst``; ``otherwise`` for an id that means nothing elsewhere."""
    if _ZTF_ID.fullmatch(object_id):
        return "ztf"
    return "lsst" if _LSST_ID.fullmatch(object_id) else otherwise


class VerdictError(Exception):
    """A verdict that can't be kept or read. message : one sentence for a person, cut where a value in it has no end."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…"


@dataclass(frozen=True)
class Verdict:
    """An entry of the history. Build it with `checked`, which fills in what is left empty.

    object_id, catalogue : which object; the catalogue is ``ztf`` or ``lsst``, or stands for the file that the id is of.
    kind : one of `KINDS`, or `WITHDRAWN`. class_name : of kind ``class`` alone. confidence : one of `CONFIDENCES`.
    who : may be empty. made_at : ISO 8601 UTC with milliseconds. uid : of this entry, the same wherever it is carried.
    model, model_sha256, prior, probabilities : what the model said at the time; empty when nobody asked it.
    photometry_sha256 : of the light curve that was looked at. withdraws : uid of the entry that this one takes back.
    """

    object_id: str
    catalogue: str
    kind: str
    class_name: str = ""
    confidence: str = ""
    note: str = ""
    who: str = ""
    model: str = ""
    model_sha256: str = ""
    prior: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    photometry_sha256: str = ""
    made_at: str = ""
    uid: str = ""
    withdraws: str = ""

    @property
    def key(self) -> Key:
        return self.catalogue, self.object_id

    @property
    def said(self) -> str:
        """The verdict in a word: a class, or unsure, junk, follow up."""
        return self.class_name if self.kind == "class" else self.kind

    def top_class(self) -> str:
        """The class that the model gave at the time; empty when it gave none."""
        return max(self.probabilities, key=lambda name: self.probabilities[name]) if self.probabilities else ""


def checked(verdict: Verdict) -> Verdict:
    """The verdict with time and uid filled in. Raises VerdictError naming the field, its value and what was expected."""
    texts = {name: str(getattr(verdict, name)) for name in LONGEST}
    for name, text in texts.items():
        if len(text) > LONGEST[name]:
            raise VerdictError(f"{name} has {len(text):,} characters; at most {LONGEST[name]:,} are kept")
        if _CONTROL.search(text):
            raise VerdictError(f"{name} holds a control character ({text[:40]!r}); expected text")
    if not verdict.object_id.strip():
        raise VerdictError("object_id is empty; expected the id of the object")
    if verdict.kind not in (*KINDS, WITHDRAWN):
        raise VerdictError(f"kind is {verdict.kind!r}; expected one of {', '.join(KINDS)}")
    if (verdict.kind == "class") != bool(verdict.class_name.strip()):
        raise VerdictError(
            f"kind is {verdict.kind!r} and class is {verdict.class_name!r}; a class is named by that kind alone"
        )
    if (verdict.kind == WITHDRAWN) != bool(verdict.withdraws):
        raise VerdictError(f"kind is {verdict.kind!r}; taking back and naming what is taken back go together")
    if verdict.confidence not in CONFIDENCES:
        raise VerdictError(f"confidence is {verdict.confidence!r}; expected low, medium, high or nothing")
    return replace(
        verdict,
        probabilities=_probabilities(verdict.probabilities),
        made_at=utc_time(verdict.made_at) if verdict.made_at else now(),
        uid=verdict.uid or uuid.uuid4().hex,
    )


def now() -> str:
    """This moment as it is written: ISO 8601, UTC, milliseconds."""
    return _written(datetime.now(UTC))


def utc_time(text: str) -> str:
    """A time in the one form in which times are compared. Raises VerdictError; a time without a zone counts as UTC."""
    try:
        time = datetime.fromisoformat(text.strip())
        return _written(time.replace(tzinfo=UTC) if time.tzinfo is None else time)
    except (ValueError, OverflowError):  # the latter at the ends of the calendar
        raise VerdictError(f"made_at is {text!r}; expected a time such as 2026-11-21T16:40:00Z") from None


def probabilities_text(probabilities: Mapping[str, float]) -> str:
    """Probabilities as they are stored: JSON, or empty."""
    return json.dumps(dict(probabilities), separators=(",", ":")) if probabilities else ""


def probabilities_of(text: str) -> dict[str, float]:
    """What `probabilities_text` wrote. Raises VerdictError for anything else."""
    if not text.strip():
        return {}
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise VerdictError(f'probabilities is {text[:60]!r}; expected JSON such as {{"SNIa": 0.9}}')
    return _probabilities(found)


def _probabilities(given: Mapping[str, Any]) -> dict[str, float]:
    out = {}
    for name, value in given.items():
        # Compared as it came: a whole number may be too large for a float.
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise VerdictError(
                f"the probability of {str(name)[:40]!r} is {str(value)[:40]}; expected a number from 0 to 1"
            )
        if _CONTROL.search(str(name)):
            raise VerdictError(f"probabilities name a class {str(name)[:40]!r}, which holds a control character")
        out[str(name)] = float(value)
    return out


def _written(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"
