"""What happened, for whoever runs the server: lines in the log, and counters that a monitor reads.

One line an answer: which object, which model, how long each stage took, and why it was refused. What visitors upload leaves no
trace: of their objects only the source stands here, never an id or a number of theirs.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

log = logging.getLogger("t2scope")
#: Sources whose ids are a visitor's own.
PRIVATE = ("file", "list")
#: Stages of a light curve, and the fetch before them: labels of the histogram.
STAGES = ("fetch", "select", "gp", "recipe", "inference", "spread", "explain", "gp to draw")
#: Upper edges of the histogram's bins [s]: from a tenth of a millisecond to a minute.
BUCKETS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)
#: Fields that a record may carry besides its sentence.
FIELDS = ("object_id", "source", "model", "stage", "outcome", "seconds", "stages")
_HANDLER = "t2scope-lines"


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the fields of `FIELDS` that are there, and an exception's class."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) not in (None, "")}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


class PlainLines(logging.Formatter):
    """The same for a person: time, level, sentence, and the fields behind it."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower()} {record.getMessage()}"
        told = {n: getattr(record, n) for n in FIELDS if getattr(record, n, None) not in (None, "") and n != "stages"}
        # Ids come from outside: what would end the line, or colour a terminal, is written out.
        text += "".join(f" {name}={str(value)!a}" for name, value in told.items())
        return text if not record.exc_info else f"{text}\n{self.formatException(record.exc_info)}"


class _Lines(logging.Handler):
    """To a stream, or to whatever stderr is at the moment."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=self._stream or sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


def start_log(form: str, *, stream: Any = None) -> None:
    """Send this project's log lines to ``stream`` (stderr) as ``text`` or ``json`` lines. Called again, it replaces itself."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if h.get_name() == _HANDLER]:
        root.removeHandler(handler)
    handler = _Lines(stream)
    handler.set_name(_HANDLER)
    handler.setFormatter(JsonLines() if form == "json" else PlainLines())
    root.addHandler(handler)
    log.setLevel(logging.INFO)


class Counters:
    """Counts and times in OpenMetrics, served to this machine alone."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = CollectorRegistry()
        self._answers = Counter(
            "t2scope_answers", "Light curves that were scored or refused", ("model", "outcome"), registry=self.registry
        )
        self._fetches = Counter(
            "t2scope_fetches", "Light curves that a source was asked for", ("source", "outcome"), registry=self.registry
        )
        self._seconds = Histogram(
            "t2scope_stage_seconds", "Time of one light curve in one stage", ("stage",), buckets=BUCKETS,
            registry=self.registry,
        )  # fmt: skip

    def answer(self, model: str, outcome: str, stages: Mapping[str, float]) -> None:
        """Count one answer and its stages [s]."""
        self._answers.labels(model, outcome).inc()
        for stage, seconds in stages.items():
            if stage in STAGES:
                self._seconds.labels(stage).observe(seconds)

    def fetch(self, source: str, outcome: str, seconds: float) -> None:
        """Count one fetch."""
        self._fetches.labels(source, outcome).inc()
        self._seconds.labels("fetch").observe(seconds)

    def text(self) -> str:
        """What a monitor reads."""
        from prometheus_client.openmetrics.exposition import generate_latest

        return generate_latest(self.registry).decode()


_counters: Counters | None = None
_lock = threading.Lock()


def start_counters(port: int) -> Counters:
    """Serve the counters on ``http://127.0.0.1:port/metrics``; once a process. Raises OSError where the port is taken."""
    global _counters
    with _lock:
        if _counters is None:
            from prometheus_client import start_http_server

            made = Counters()
            start_http_server(port, addr="127.0.0.1", registry=made.registry)
            _counters = made
        return _counters


def note_answer(
    model: str, source: str, object_id: str, *, refused: str = "", stages: Mapping[str, float] | None = None
) -> None:
    """One light curve was answered for. refused : the reason, empty where it was scored. stages : seconds of each."""
    outcome, each = refused or "scored", dict(stages or {})
    if _counters is not None:
        _counters.answer(model, outcome, each)
    log.info(
        "answered",
        extra={
            **_whose(source, object_id), "model": model, "outcome": outcome, "seconds": round(sum(each.values()), 4),
            "stages": {name: round(value, 5) for name, value in each.items()},
        },
    )  # fmt: skip


def note_fetch(source: str, object_id: str, seconds: float, *, failed: str = "") -> None:
    """A source was asked for one object. failed : the class of its error, empty where it gave the light curve."""
    outcome = failed or "given"
    if _counters is not None:
        _counters.fetch(source, outcome, seconds)
    level = logging.WARNING if failed else logging.INFO
    fields = {**_whose(source, object_id), "stage": "fetch", "outcome": outcome, "seconds": round(seconds, 3)}
    log.log(level, "fetched" if not failed else "not fetched", extra=fields)


def _whose(source: str, object_id: str) -> dict[str, str]:
    return {"source": source} if source in PRIVATE else {"source": source, "object_id": object_id}
