"""One measurement at a time: the others wait, can be cancelled, and are refused when too many wait."""

import threading
import time

import numpy as np
import pytest

from core.model import MODELS
from ui.compression import worker as module
from ui.compression.worker import LONGEST_QUEUE, Job, Worker

FILES = {"float32": MODELS / "t2-ztf/model.tflite"}
VALUES = np.zeros((1, 50, 13), np.float32)


@pytest.fixture
def gate(monkeypatch):
    """Measurements that last until the gate is opened; counts how many run at once."""
    opened, running, most = threading.Event(), [], []

    def slow(files, values, *, progress, stopped):
        running.append(1)
        most.append(len(running))
        while not opened.wait(0.01):
            if stopped():
                running.pop()
                raise module.Stopped
        running.pop()
        progress(1.0)
        return {"float32": None}

    monkeypatch.setattr(module, "measure", slow)
    opened.most = most
    return opened


def until(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_jobs_run_in_turn_and_never_two_at_once(gate):
    worker, jobs = Worker(), [Job(FILES, VALUES) for _ in range(4)]
    assert all(worker.submit(job) for job in jobs)
    until(lambda: jobs[0].state == "running")
    assert [worker.ahead_of(job) for job in jobs] == [0, 1, 2, 3]
    jobs[1].cancel()
    assert jobs[1].state == "cancelled" and worker.ahead_of(jobs[2]) == 1
    gate.set()
    until(lambda: all(job.is_over for job in jobs))
    assert [job.state for job in jobs] == ["done", "cancelled", "done", "done"] and max(gate.most) == 1


def test_a_running_measurement_can_be_cancelled(gate):
    worker, job = Worker(), Job(FILES, VALUES)
    worker.submit(job)
    until(lambda: job.state == "running")
    job.cancel()
    until(lambda: job.is_over)
    assert job.state == "cancelled" and not job.timings


def test_a_full_queue_refuses(gate):
    worker = Worker()
    accepted = [worker.submit(Job(FILES, VALUES)) for _ in range(LONGEST_QUEUE + 3)]
    assert accepted[0] and not accepted[-1]
    gate.set()


def test_a_measurement_that_fails_says_why_and_the_worker_lives_on(tmp_path):
    (tmp_path / "x.tflite").write_bytes(b"no model")
    worker, bad, good = Worker(), Job({"x": tmp_path / "x.tflite"}, VALUES), Job(FILES, VALUES)
    worker.submit(bad)
    worker.submit(good)
    until(lambda: good.is_over)
    assert bad.state == "failed" and bad.problem and good.state == "done" and good.progress == 1.0
