"""Laws of the control: what is the same cannot be told apart, what differs can, and cadence is not shape."""

from __future__ import annotations

import numpy as np
import pytest

from core.bands import band_index
from training.augment import Versions
from training.simulate.numbers import NOISE, NUMBERS, SHAPE, numbers_of

pytest.importorskip(
    "lightgbm", reason="training's requirements are not installed: make extras runs the training's tests"
)

from training.simulate.control import Side, told_apart

pytestmark = pytest.mark.train


def _versions(rng: np.random.Generator, n: int, brightness: float = 1.0) -> Versions:
    offsets = np.arange(n + 1) * 12
    t = np.sort(rng.uniform(0, 60, (n, 12)), axis=1)
    flux = brightness * 4000 * np.exp(-np.abs(t - 20) / 15) + 400
    err = flux * 0.1
    band = rng.integers(2, size=n * 12).astype(np.int8)
    noisy = (flux + err * rng.normal(size=flux.shape)).ravel()
    return Versions(np.arange(n), offsets, t.ravel(), noisy, err.ravel(), band, np.ones(n))


def _side(rng: np.random.Generator, n: int, brightness: float = 1.0) -> Side:
    versions = _versions(rng, n, brightness)
    return Side(numbers_of(versions), versions.rows)


def test_numbers_are_either_of_the_observing_or_of_the_source() -> None:
    assert set(NOISE) | set(SHAPE) == set(NUMBERS) and not set(NOISE) & set(SHAPE)
    assert band_index("ztf_g") == 0


def test_numbers_do_not_know_when_a_curve_was_observed() -> None:
    one = _versions(np.random.default_rng(0), 5)
    later = Versions(one.rows, one.offsets, one.t + 7.0, one.flux, one.flux_err, one.band, one.dim)
    same = [NUMBERS.index(name) for name in ("span", "rise_r", "median_snr", "peak_colour")]
    assert np.allclose(numbers_of(one)[:, same], numbers_of(later)[:, same], equal_nan=True)


def test_twins_are_not_told_apart_and_brighter_ones_are() -> None:
    rng = np.random.default_rng(1)
    columns = list(range(len(NUMBERS)))
    same, _ = told_apart(_side(rng, 150), _side(rng, 150), columns, rng)
    other, by = told_apart(_side(rng, 150), _side(rng, 150, brightness=3.0), columns, rng)
    assert 0.35 < same < 0.65
    assert other > 0.9 and by
