"""The last good copy of every object: kept on disk, bounded in size, and never a reason for a page to fail.

Files are JSON under a checksum, written aside and moved into place, so that a reader sees all of a copy or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from core.bands import BANDS, band_index
from core.brokers.base import BadRequest, BrokerError, LightCurveSource, NotFound
from core.brokers.ids import checked_id
from core.lightcurve import LightCurve, Limits, Note, Provenance

_LOG = logging.getLogger(__name__)
#: Raised whenever the layout of the files changes; copies of another layout count as absent.
LAYOUT = 1
_STALE_SECONDS = 3600.0
#: So far may a copy seem to be from the future, since two servers' clocks differ.
_SKEW = timedelta(minutes=5)
_KEY = re.compile(r"[a-z0-9-]{1,40}")
_NAME = re.compile(r"[A-Za-z0-9]{1,40}")


class ObjectCache:
    """Last good copies in one folder, least recently used ones deleted first.

    folder : made when the first copy is kept. max_bytes : of all files together; 0 keeps nothing.
    Failures of the disk are logged and otherwise pass unseen: a copy not kept is a copy less, not an error.
    """

    def __init__(self, folder: Path | str, *, max_bytes: int = 200_000_000) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._flights: dict[tuple[str, str], Future[LightCurve]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, object_id: str) -> LightCurve | None:
        """The kept copy, its provenance marked ``cached``; None when there is none that can be read."""
        path = self._path(key, object_id)
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _LOG.warning("cache: %s can't be read (%s)", path.name, error)
            return None
        try:
            curve = _decode(text)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            _LOG.warning("cache: %s is damaged and is dropped (%s)", path.name, error)
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # the sign of use that eviction goes by
        return replace(curve, provenance=replace(curve.provenance, cached=True))

    def put(self, key: str, object_id: str, curve: LightCurve) -> None:
        """Keep a copy. A full or read-only disk is logged, and the copy before this one stays."""
        text = _encode(curve)
        if len(text) > self.max_bytes:
            return
        path = self._path(key, object_id)
        aside = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".tmp-", delete=False) as file:
                aside = Path(file.name)
                file.write(text)
            aside.replace(path)
            self._evict()
        except OSError as error:
            _LOG.warning("cache: no copy of %s from %s kept (%s)", object_id, key, error)
            if aside is not None:
                _remove(aside)

    def single_flight(self, key: str, object_id: str, fetch: Callable[[], LightCurve]) -> LightCurve:
        """``fetch()``, but for callers that come while another thread fetches the same object: its result."""
        flight = (key, object_id)
        while True:
            with self._lock:
                under_way = self._flights.get(flight)
                if under_way is None:
                    mine = self._flights[flight] = Future()
            if under_way is None:
                return self._lead(flight, mine, fetch)
            try:
                return under_way.result()
            except BrokerError as error:
                raise _twin(error) from None  # each thread its own, as raising writes to the error
            except _Abandoned:
                continue

    def _lead(self, flight: tuple[str, str], mine: Future[LightCurve], fetch: Callable[[], LightCurve]) -> LightCurve:
        # The flight is taken off the table before its result is told, so that a retry never meets a finished one.
        try:
            curve = fetch()
        except BaseException as error:
            with self._lock:
                del self._flights[flight]
            mine.set_exception(error if isinstance(error, Exception) else _Abandoned())
            raise
        with self._lock:
            del self._flights[flight]
        mine.set_result(curve)
        return curve

    def _path(self, key: str, object_id: str) -> Path:
        if not _KEY.fullmatch(key) or not _NAME.fullmatch(object_id):
            raise ValueError(f"no file name can be made of {key!r} and {object_id!r}")
        return self.folder / f"{key}_{object_id}.json"

    def _evict(self) -> None:
        kept, now = [], time.time()
        for entry in self.folder.iterdir():
            try:
                stat = entry.lstat()
            except OSError:
                continue
            if entry.name.startswith(".tmp-"):
                if abs(now - stat.st_mtime) > _STALE_SECONDS:
                    _remove(entry)
            elif entry.name.endswith(".json"):
                kept.append((stat.st_mtime_ns, stat.st_size, entry))
        excess = sum(size for _, size, _ in kept) - self.max_bytes
        for _, size, path in sorted(kept):
            if excess <= 0:
                break
            _remove(path)
            excess -= size


class CachedSource:
    """A source that keeps what it gives, and hands out the last good copy with the error when it can't give.

    Every `BrokerError` but NotFound and BadRequest carries ``last_good``: the kept light curve, or None.
    """

    def __init__(self, source: LightCurveSource, cache: ObjectCache) -> None:
        self.source = source
        self.cache = cache
        self.key = source.key
        self.title = source.title
        self.survey = source.survey
        self.examples = source.examples

    def fetch(self, object_id: str) -> LightCurve:
        """The light curve, live. Raises as the source does, with ``last_good`` set."""
        oid = checked_id(object_id, self.survey, broker=getattr(self.source, "broker", self.title))
        return self.cache.single_flight(self.key, oid, lambda: self._fetch(oid))

    def recent(self, object_id: str, hours: float) -> LightCurve | None:
        """The kept copy where it is at most so old; nobody is asked."""
        try:
            oid = checked_id(object_id, self.survey, broker=self.title)
            copy = self.cache.get(self.key, oid)
            then = None if copy is None else datetime.fromisoformat(copy.provenance.retrieved)
        except (BadRequest, ValueError):
            return None
        if then is None:
            return None
        age = datetime.now(UTC) - (then.replace(tzinfo=UTC) if then.tzinfo is None else then)
        # A clock that went back makes copies of the future: those say nothing of how old they are.
        return copy if -_SKEW <= age <= timedelta(hours=hours) else None

    def _fetch(self, oid: str) -> LightCurve:
        try:
            curve = self.source.fetch(oid)
        except (NotFound, BadRequest):
            raise
        except BrokerError as error:
            error.last_good = self.cache.get(self.key, oid)
            _LOG.warning("%s: %s: %s", self.key, oid, error.message)
            raise
        self.cache.put(self.key, oid, curve)
        return curve


def shown_copy(curve: LightCurve) -> str:
    """The sentence for a page that shows a copy: "Shown: the copy of 2026-11-20 21:40 UTC."."""
    try:
        retrieved = datetime.fromisoformat(curve.provenance.retrieved).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return "Shown: an earlier copy."
    return f"Shown: the copy of {retrieved}."


class _Abandoned(Exception):
    """The thread that was fetching was stopped; whoever waited may try."""


def _twin(error: BrokerError) -> BrokerError:
    twin = type(error).__new__(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    return twin


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _LOG.warning("cache: %s can't be removed (%s)", path.name, error)


def _encode(curve: LightCurve) -> bytes:
    record: dict[str, Any] = {
        field.name: getattr(curve, field.name)
        for field in fields(LightCurve)
        if field.name not in ("limits", "provenance", "notes")
    }
    record |= {name: getattr(curve, name).tolist() for name in ("mjd", "flux", "flux_err", "forced")}
    # Bands by name: their index may change when a survey is added.
    record["band"] = [BANDS[i].name for i in curve.band]
    record["context"] = {name: float(value) for name, value in curve.context.items()}
    record["limits"] = {
        "mjd": curve.limits.mjd.tolist(),
        "flux_limit": curve.limits.flux_limit.tolist(),
        "band": [BANDS[i].name for i in curve.limits.band],
        "n_sigma": curve.limits.n_sigma,
    }
    record["provenance"] = asdict(curve.provenance)
    record["notes"] = [asdict(note) for note in curve.notes]
    body = json.dumps({"layout": LAYOUT, "curve": record}).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _decode(text: bytes) -> LightCurve:
    checksum, _, body = text.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        raise ValueError("checksum differs")
    stored = json.loads(body)
    if stored["layout"] != LAYOUT:
        raise ValueError(f"layout {stored['layout']}, expected {LAYOUT}")
    record = stored["curve"]
    limits = record["limits"]
    record["limits"] = Limits(
        _array(limits["mjd"], np.float64),
        _array(limits["flux_limit"], np.float64),
        _bands(limits["band"]),
        limits["n_sigma"],
    )
    record |= {name: _array(record[name], np.float64) for name in ("mjd", "flux", "flux_err")}
    record["band"], record["forced"] = _bands(record["band"]), _array(record["forced"], np.bool_)
    record["provenance"] = Provenance(**record["provenance"])
    record["notes"] = tuple(Note(**note) for note in record["notes"])
    return LightCurve(**record)


def _bands(names: list[str]) -> np.ndarray:
    return _array([band_index(name) for name in names], np.int8)


def _array(values: list, dtype: Any) -> np.ndarray:
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array
