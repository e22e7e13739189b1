"""One target run for a while: time and memory watched, failures told apart by where they come from."""

from __future__ import annotations

import hashlib
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.targets import Target

#: No input, all of which are small, may take longer [s], nor make the process grow beyond [MB].
SECONDS = 10.0
MEGABYTES = 512
_OURS = ("core", "ui", "stream")


class Hung(BaseException):
    """An input took too long. No `Exception`, so that no reader takes it for a broken record."""


@dataclass
class Found:
    """What a run found. failures : place -> what was raised, and the input that did it (in hexadecimal, cut)."""

    executions: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    grown_megabytes: float = 0.0
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def one(target: Target, data: bytes, found: Found, keep: Path | None = None) -> None:
    """Run one input, and remember it when it breaks the law."""
    start = time.perf_counter()
    try:
        with _limit(SECONDS):
            target.run(data)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        _remember(found, error, data, keep)
    took = time.perf_counter() - start
    found.executions += 1
    found.slowest = max(found.slowest, took)


def mutated(target: Target, first: int, until: Callable[[int], bool], found: Found, at: Callable[[int], None]) -> None:
    """Run the target's inputs from number ``first`` on, until ``until(number)``. at : told each number before it runs."""
    seeds = target.seeds()
    before = _resident()
    start, number = time.perf_counter(), first
    while not until(number):
        at(number)
        one(target, target.input(seeds, number), found)
        number += 1
        if number == first + 200:  # code is loaded and compiled by now
            before = _resident()
    found.seconds += time.perf_counter() - start
    found.grown_megabytes = max(found.grown_megabytes, _resident() - before)
    if found.grown_megabytes > MEGABYTES:
        found.failures["memory"] = {
            "error": f"grew by {found.grown_megabytes:.0f} MB; at most {MEGABYTES} are allowed",
            "count": 1,
        }


def place_of(error: BaseException) -> str:
    """Kind of an error and the last line of ours that it came through: what tells one failure from another."""
    frames = traceback.extract_tb(error.__traceback__)
    root = Path(__file__).resolve().parents[2]
    ours = [f for f in frames if any(str(f.filename).startswith(f"{root / name}/") for name in _OURS)]
    # A broken law is told apart by the law, everything else by the line.
    last = (ours or list(frames))[-1]
    where = (
        f"{Path(last.filename).relative_to(root)}:{last.name}" if ours else f"{Path(last.filename).name}:{last.name}"
    )
    law = f"{frames[-1].name}:{frames[-1].lineno}" if type(error).__name__ == "Broken" else ""
    return " ".join(filter(None, (type(error).__name__, where, law)))


def _remember(found: Found, error: BaseException, data: bytes, keep: Path | None) -> None:
    where = place_of(error)
    if where in found.failures:
        found.failures[where]["count"] += 1
        return
    said = "".join(traceback.format_exception(error))[-3000:]
    found.failures[where] = {"error": f"{type(error).__name__}: {str(error)[:300]}", "count": 1, "bytes": len(data),
                             "input": data[:20_000].hex(), "traceback": said}  # fmt: skip
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hung(f"took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _resident() -> float:
    """The most memory that this process has held so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
