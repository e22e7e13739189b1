"""Processes that share the lanes of a run: each with one thread of arithmetic and interpreters of its own."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

from stream.items import Job
from stream.lane import Lane, Scorer, load_models
from stream.output import Stop
from stream.progress import Tally

#: What NumPy, numba and the network's runtime read before they start threads.
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: Counts of batches that wait to be read; workers pause when there are more.
_WAITING = 64


def run_lanes(lanes: Sequence[Lane], job: Job, workers: int, tell: Callable[[Tally], None]) -> None:
    """Do all lanes, in any order. tell : is given the counts of each batch. Raises Stop, also when a worker is killed."""
    context = multiprocessing.get_context("spawn")  # a fork would share the runtimes' locks and threads
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    tasks: Any = context.SimpleQueue()
    answers: Any = context.Queue(maxsize=_WAITING)
    processes = [context.Process(target=_work, args=(job, tasks, answers)) for _ in range(min(workers, len(lanes)))]
    waiting, busy = list(reversed(lanes)), 0
    try:
        for process in processes:
            process.start()
        while busy < 2 * len(processes) and waiting:  # one in hand and one to go on with, for each
            tasks.put(waiting.pop())
            busy += 1
        while busy:
            answer = _next(answers, processes)
            if isinstance(answer, Tally):
                tell(answer)
            elif isinstance(answer, str):
                raise Stop(answer)
            elif waiting:
                tasks.put(waiting.pop())
            else:
                busy -= 1
        for _ in processes:
            tasks.put(None)
        for process in processes:
            process.join()
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()  # parts appear whole or not at all
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _next(answers: Any, processes: Sequence[Any]) -> Tally | str | None:
    """The next answer: counts, the message of a Stop, or None for a finished lane."""
    while True:
        # One that was killed says nothing, while the others may go on saying things for long.
        if dead := [p.exitcode for p in processes if p.exitcode]:
            raise Stop(f"a worker ended with exit status {dead[0]}; what is finished is kept, run again to go on")
        with suppress(queue.Empty):
            return answers.get(timeout=1.0)


def _work(job: Job, tasks: Any, answers: Any) -> None:
    """A worker: lanes from the one queue, counts into the other. Ends with the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        model, folds = load_models(job.model, job.spread)
        if model.sha256 != job.sha256:
            raise Stop(f"the file of {model.name} was replaced while the run began; run again")
        scorer = Scorer(job, model, folds, answers.put)
        while (lane := tasks.get()) is not None:
            scorer.run(lane)
            answers.put(None)
    except Stop as stop:
        answers.put(str(stop))  # delivered before the process ends, which it does with exit status 0


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
