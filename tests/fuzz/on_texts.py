"""Short texts: ids and positions that people type, what stands in an address, headers of answers, settings."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from random import Random

from core.brokers.base import BadRequest, BrokerError
from core.brokers.browse.labels import classes_of_label
from core.brokers.browse.position import position_of
from core.brokers.ids import checked_id
from core.brokers.samples import SampleSource
from core.brokers.statuses import refuse_status, retry_after, what_it_said
from core.lightcurve import LightCurve
from core.refusal import BadInput
from core.settings import read_settings
from core.taxonomy import class_of
from core.verdicts import catalogue_of
from tests.fuzz.laws import Broken, sentence, writable
from tests.fuzz.mutate import WORDS, of_bytes
from tests.fuzz.targets import Target

#: What Markdown reads as more than text, where nothing stands in front that takes it back.
_ACTIVE = re.compile(r"(?<!\\)[\[\]<>`*_$]")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _of_words(data: bytes, random: Random) -> bytes:
    """Pieces of a text replaced by words, or its bytes changed."""
    if random.random() < 0.6:
        return of_bytes(data, random)
    text = _text(data)
    at = random.randrange(len(text) + 1)
    return (text[:at] + random.choice(WORDS) + text[at + random.choice((0, 1, 5)) :]).encode("utf-8", "replace")[:4000]


# --- ids, positions, labels ---------------------------------------------------------------------------------------------


def _ids() -> list[bytes]:
    known = ("ZTF18aabtxvd", "170032921165955139", " ZTF25abcydiy ", "SN 2020jfo", "12:30:00 +12:18:00", "187.5 +12.3", "M 87",
             "12h30m49.4s +12d23m28s", "SN Ia", "CV/Nova", "Early SN Ia candidate", "-0.1 91")  # fmt: skip
    return [text.encode() for text in known]


def _typed(data: bytes) -> None:
    from ui.wording import hint_for_id, plain

    text = _text(data)
    for survey in ("ztf", "lsst"):
        try:
            oid = checked_id(text, survey, broker="B")
        except BadRequest as error:
            sentence(error.message)
        else:
            if not (oid.isascii() and oid.isalnum() and len(oid) <= 20):
                raise Broken(f"{oid!r} passed as an id of {survey}")
    try:
        place = position_of(text)
    except BadRequest as error:
        sentence(error.message)
    else:
        if place is not None and not (0 <= place[0] < 360 and -90 <= place[1] <= 90):
            raise Broken(f"{place} passed as a position")
    classes_of_label(text)
    class_of(text)
    hint_for_id(text)
    if catalogue_of(text, "mine") not in ("ztf", "lsst", "mine"):
        raise Broken("a catalogue that is none")
    safe = plain(text)
    if "\n" in safe or _ACTIVE.search(safe.replace("\\\\", "")):
        raise Broken(f"markup passed: {safe[:80]!r}")


# --- what stands in an address ------------------------------------------------------------------------------------------

_CURVE: list[LightCurve] = []


def _changes() -> list[bytes]:
    _CURVE[:] = [SampleSource().fetch("ZTF20aatqesi")]
    oid = _CURVE[0].object_id
    known = (f"until=30;without=1,2,5;bands=ztf_g;fainter=0.5;z=0.05;draw=3;stretch=2;of={oid}", f"kernel=matern32;of={oid}",
             f"without=0;of={oid}", f"z=0.1;of={oid}", "z=1;of=another", "")  # fmt: skip
    return [text.encode() for text in known]


def _address(data: bytes) -> None:
    from ui.lab.state import as_text, read_text

    text, curve = _text(data), _CURVE[0]
    try:
        changes = read_text(text, curve)
    except BadInput as error:
        sentence(error.message)
        return
    again = read_text(as_text(changes, curve.object_id), curve)
    if as_text(again, curve.object_id) != as_text(changes, curve.object_id):
        raise Broken(f"{text!r} is written as {as_text(changes, curve.object_id)!r}, which is read otherwise")


# --- headers and error bodies of answers --------------------------------------------------------------------------------

_NOW = datetime(2026, 11, 21, tzinfo=UTC)


def _headers() -> list[bytes]:
    known = ("37", "Wed, 21 Oct 2026 07:28:00 GMT", '{"detail": "Request was throttled."}', "<html>no</html>",
             "{'status': 'error', 'text': 'A value is required.\\n'}", '{"errors": [{"message": "x"}]}', "plain words")  # fmt: skip
    return [text.encode() for text in known]


def _header(data: bytes) -> None:
    wait = retry_after(_text(data)[:300], _NOW)
    if wait is not None and not 0 <= wait < 1e12:
        raise Broken(f"waits {wait} s")
    writable(what_it_said(data))
    for status in (300, 400, 401, 403, 404, 418, 422, 429, 500, 599):
        error = refuse_status(status, {"retry-after": _text(data)[:300]}, data, broker="B", about="x", advice="Wait.")
        if not isinstance(error, BrokerError):
            raise Broken(f"status {status} is {type(error).__name__}")
        sentence(error.message)


# --- settings -----------------------------------------------------------------------------------------------------------


def _settings() -> list[bytes]:
    known = ("cache_mb=200", "brokers=alerce-ztf, fink-ztf", f"extra_models=/x@{'0' * 64}", "require_login=true", "read_timeout=5",
             "cache_dir=~/x", "schemas=/nowhere", "broker_pace=4", "lasair_token=abc")  # fmt: skip
    return [text.encode() for text in known]


def _setting(data: bytes) -> None:
    name, _, value = _text(data).partition("=")
    try:
        read_settings({}, environ={f"T2SCOPE_{name}": value})
        read_settings({f"T2SCOPE_{name}": value}, environ={})
    except BadInput as error:
        sentence(error.message)


TARGETS = (
    Target("ids and positions", _ids, _of_words, _typed),
    Target("address of the lab", _changes, _of_words, _address),
    Target("headers and error bodies", _headers, _of_words, _header),
    Target("settings", _settings, _of_words, _setting, weight=0.3),
)
