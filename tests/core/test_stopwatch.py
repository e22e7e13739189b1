"""Times of model files: every file is met, progress runs to the end, and whoever cancels is heard."""

import numpy as np
import pytest

from core.card import load_card
from core.model import MODELS
from core.stopwatch import Stopped, measure

FOLDER = MODELS / "t2-ztf"
VALUES = np.zeros((3, 50, 13), np.float32)


def files():
    card = load_card(FOLDER)
    return {"float32": FOLDER / "model.tflite"} | {n: FOLDER / e["path"] for n, e in card.variants.items()}


def test_every_file_gets_its_times_and_the_progress_runs_to_one():
    told = []
    times = measure(files(), VALUES, rounds=2, progress=told.append)
    assert set(times) == set(files())
    assert all(0 < t.one_us <= t.one_us_p99 and t.load_ms > 0 and t.per_second > 0 for t in times.values())
    assert told == sorted(told) and told[-1] == 1.0


def test_a_measurement_that_is_stopped_says_so():
    with pytest.raises(Stopped):
        measure(files(), VALUES, stopped=lambda: True)


def test_nothing_to_measure_is_an_error_with_its_numbers():
    with pytest.raises(ValueError, match="0 files, 3 light curves"):
        measure({}, VALUES)
