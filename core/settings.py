"""What the owner of a server may set: one frozen value, read once from the environment and from a mapping over it.

The model card and the URL decide what is computed; the addresses of brokers are fixed. Everything else is here.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.refusal import BadInput

PREFIX = "T2SCOPE_"
#: Characters of a value that a message shows.
LONGEST_SHOWN = 200
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExtraModel:
    """A model outside the repository that the owner allows. folder : holds card.json. sha256 : of its model file."""

    folder: Path
    sha256: str


def default_cache_dir() -> Path:
    """Where this user's caches belong: ``$XDG_CACHE_HOME/t2scope``, or ``~/.cache/t2scope``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "t2scope"


def default_data_dir() -> Path:
    """Where this user's data belong: ``$XDG_DATA_HOME/t2scope``, or ``~/.local/share/t2scope``."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base else Path("~/.local/share").expanduser()) / "t2scope"


@dataclass(frozen=True)
class Settings:
    """Settings of one server. Each field is the environment variable ``T2SCOPE_`` + its name in capitals.

    lasair_token : for both Lasair sites; lasair_ztf_token, lasair_lsst_token go before it, as accounts are per site.
    cache_dir, cache_mb : last good copies of objects, and their size in megabytes; 0 keeps none.
    brokers : keys of the brokers that may be asked (``alerce-ztf,fink-ztf``); empty allows all.
    extra_models : ``folder@sha256``, separated by commas.
    connect_timeout, read_timeout, total_timeout : of one broker [s]. max_answer_mb : largest answer that is read.
    require_login : pages ask for a login first (Streamlit's own, set up in its secrets).
    schemas : folder of LSST schemas, for uploaded packets in Confluent framing.
    verdicts : the file that keeps what people said of candidates.
    broker_pace : objects a second that one broker is asked for while a list is scored, by all visitors together.
    log : ``text`` or ``json``, the form of log lines. metrics_port : of the counters, on loopback; 0 serves none.
    """

    lasair_token: str = field(default="", repr=False)
    lasair_ztf_token: str = field(default="", repr=False)
    lasair_lsst_token: str = field(default="", repr=False)
    cache_dir: Path = field(default_factory=default_cache_dir)
    cache_mb: float = 200.0
    brokers: tuple[str, ...] = ()
    extra_models: tuple[ExtraModel, ...] = ()
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    total_timeout: float = 60.0
    max_answer_mb: float = 30.0
    require_login: bool = False
    schemas: Path | None = None
    verdicts: Path = field(default_factory=lambda: default_data_dir() / "verdicts.sqlite")
    broker_pace: float = 4.0
    log: str = "text"
    metrics_port: int = 0


def read_settings(overlay: Mapping[str, Any] | None = None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment (``environ``, the process's own when None), with ``overlay`` over them.

    overlay : names as the fields (``lasair_token``) or as the variables (``T2SCOPE_LASAIR_TOKEN``); other names are
    left alone, since Streamlit's secrets hold more than ours. Raises BadInput naming the setting and what was expected.
    """
    found: dict[str, Any] = {}
    for name, value in (os.environ if environ is None else environ).items():
        if name.upper().startswith(PREFIX):
            _take(found, name, value, complain=True)
    for name, value in (overlay or {}).items():
        _take(found, str(name), value, complain=str(name).upper().startswith(PREFIX))
    return Settings(**found)


def _take(found: dict[str, Any], name: str, value: Any, *, complain: bool) -> None:
    key = name.lower().removeprefix(PREFIX.lower())
    if key not in _READERS:
        if complain:
            _LOG.warning("setting %s is not known; known are %s", name, ", ".join(sorted(_READERS)))
    elif value is not None and value != "":
        found[key] = _READERS[key](name, value)


def _quoted(value: object) -> str:
    return _cut(repr(value))


def _cut(text: str) -> str:
    """What a message shows of a text: one without end is cut."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text):,} characters)"


def _text(_name: str, value: Any) -> str:
    return str(value).strip()


def _folder(name: str, value: Any) -> Path:
    try:
        return Path(str(value)).expanduser()
    except (RuntimeError, ValueError):  # of a user who is not known here
        raise BadInput(
            "settings", f"{name} is {_quoted(str(value))}; expected a folder of a user who has one"
        ) from None


def _existing_folder(name: str, value: Any) -> Path:
    folder = _folder(name, value)
    try:
        is_folder, found = folder.is_dir(), "is a file" if folder.is_file() else "does not exist"
    except (OSError, ValueError) as error:  # such as a name that is too long, or holds a zero byte
        raise BadInput(
            "settings", f"{name} can't be looked at ({_cut(str(error))}); expected a folder of LSST schemas"
        ) from None
    if not is_folder:
        raise BadInput("settings", f"{name} is {_quoted(str(value))}, which {found}; expected a folder of LSST schemas")
    return folder


def _at_least_zero(name: str, value: Any) -> float:
    return _number(name, value, zero=True)


def _positive(name: str, value: Any) -> float:
    return _number(name, value, zero=False)


def _number(name: str, value: Any, *, zero: bool) -> float:
    expected = "zero or more" if zero else "above zero"
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadInput("settings", f"{name} is {_quoted(value)}; expected a number {expected}") from None
    if not (0 <= number < float("inf")) or (number == 0 and not zero):
        raise BadInput("settings", f"{name} is {_quoted(value)}; expected a number {expected}")
    return number


def _yes_or_no(name: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise BadInput("settings", f"{name} is {_quoted(value)}; expected true or false")


def _log_form(name: str, value: Any) -> str:
    text = str(value).strip().lower()
    if text not in ("text", "json"):
        raise BadInput("settings", f"{name} is {_quoted(value)}; expected text or json")
    return text


def _port(name: str, value: Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise BadInput("settings", f"{name} is {_quoted(value)}; expected a port from 1 to 65535, or 0 for none")
    return number


def _words(_name: str, value: Any) -> tuple[str, ...]:
    parts = re.split(r"[,\s]+", value) if isinstance(value, str) else [str(part) for part in value]
    return tuple(part.strip().lower() for part in parts if part.strip())


def _models(name: str, value: Any) -> tuple[ExtraModel, ...]:
    if isinstance(value, Mapping):
        entries = [f"{folder}@{checksum}" for folder, checksum in value.items()]
    else:
        entries = value.split(",") if isinstance(value, str) else [str(part) for part in value]
    return tuple(_model(name, entry.strip()) for entry in entries if entry.strip())


def _model(name: str, entry: str) -> ExtraModel:
    folder, _, checksum = entry.rpartition("@")
    if not folder or not re.fullmatch(r"[0-9a-fA-F]{64}", checksum):
        raise BadInput("settings", f"{name} has {_quoted(entry)}; expected folder@sha256 with 64 hexadecimal digits")
    return ExtraModel(_folder(name, folder), checksum.lower())


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "lasair_token": _text,
    "lasair_ztf_token": _text,
    "lasair_lsst_token": _text,
    "cache_dir": _folder,
    "cache_mb": _at_least_zero,
    "brokers": _words,
    "extra_models": _models,
    "connect_timeout": _positive,
    "read_timeout": _positive,
    "total_timeout": _positive,
    "max_answer_mb": _positive,
    "require_login": _yes_or_no,
    "schemas": _existing_folder,
    "verdicts": _folder,
    "broker_pace": _positive,
    "log": _log_form,
    "metrics_port": _port,
}
assert set(_READERS) == {f.name for f in fields(Settings)}
