"""How long model files take to load and to answer, measured in turn so that a neighbour's noise meets all of them.

The same clockwork serves the benchmark and the page that measures on the visitor's server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.model import CHUNK, find_interpreter

ROUNDS = 12
#: Loads of a TFLite file in each round: one alone says little where others share the processor.
LOADS = 5
#: Runs a loaded file on (batch, L+R, M) and says how many seconds that took, reading its outputs included.
Runner = Callable[[NDArray[np.float32]], float]
#: Loads a file for batches of a size and a shape (L+R, M).
Loader = Callable[[Path, int, tuple[int, ...]], Runner]


@dataclass(frozen=True)
class Timing:
    """One file's times. load_ms : median of reading the file, building the interpreter and its buffers (file in the cache).

    one_us, one_us_p99 : median and 99 % of one light curve alone. batch_us : per light curve, in batches of 32, best round.
    """

    load_ms: float
    one_us: float
    one_us_p99: float
    batch_us: float

    @property
    def per_second(self) -> float:
        """Light curves a second of one thread, in batches."""
        return 1e6 / self.batch_us


class Stopped(Exception):
    """The measurement was cancelled."""


def measure(
    files: Mapping[str, Path],
    values: NDArray[np.float32],
    *,
    rounds: int = ROUNDS,
    loaders: Mapping[str, Loader] | None = None,
    progress: Callable[[float], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Timing]:
    """Times of every file on the same light curves. values : (N, L+R, M), the input of all of them.

    loaders : for files that the TFLite runtime does not run, by name. progress : told the share that is done. stopped : asked between any two files; when it says so, `Stopped` is raised.
    """
    if not files or not len(values):
        raise ValueError(
            f"nothing to measure: {len(files)} files, {len(values)} light curves; expected at least one of each"
        )
    shape, by = values.shape[1:], {name: (loaders or {}).get(name, running) for name in files}
    single = {name: by[name](path, 1, shape) for name, path in files.items()}
    several = {name: by[name](path, CHUNK, shape) for name, path in files.items()}
    slow = set(loaders or {})
    batch = np.resize(values, (CHUNK, *shape))
    loads: dict[str, list[float]] = {name: [] for name in files}
    ones: dict[str, list[float]] = {name: [] for name in files}
    batches: dict[str, list[float]] = {name: [] for name in files}
    for turn in range(rounds + 1):  # the first warms everything and is not counted
        for place, (name, path) in enumerate(files.items()):
            if stopped():
                raise Stopped
            load = [_seconds(partial(by[name], path, 1, shape)) for _ in range(LOADS if name not in slow else 1)]
            answers = [single[name](one[None]) for one in values]
            each = several[name](batch) / CHUNK
            if turn:
                loads[name] += load
                ones[name] += answers
                batches[name].append(each)
            progress((turn * len(files) + place + 1) / ((rounds + 1) * len(files)))
    return {
        name: Timing(
            load_ms=1e3 * float(np.median(loads[name])),
            one_us=1e6 * float(np.median(ones[name])),
            one_us_p99=1e6 * float(np.percentile(ones[name], 99)),
            batch_us=1e6 * min(batches[name]),
        )
        for name in files
    }


def _seconds(work: Callable[[], object]) -> float:
    clock = time.perf_counter()
    work()
    return time.perf_counter() - clock


def running(path: Path, batch: int, shape: tuple[int, ...]) -> Runner:
    """A TFLite file, loaded by the runtime that is installed, one thread."""
    _, interpreter_class = find_interpreter()
    interpreter: Any = interpreter_class(model_content=path.read_bytes(), num_threads=1)
    entry = interpreter.get_input_details()[0]["index"]
    if batch > 1:
        interpreter.resize_tensor_input(entry, [batch, *shape])
    interpreter.allocate_tensors()
    outputs = [detail["index"] for detail in interpreter.get_output_details()]

    def run(values: NDArray[np.float32]) -> float:
        clock = time.perf_counter()
        interpreter.set_tensor(entry, values)
        interpreter.invoke()
        for index in outputs:
            interpreter.get_tensor(index)
        return time.perf_counter() - clock

    return run
