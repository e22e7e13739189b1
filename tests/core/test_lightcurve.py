"""The border: whatever comes in, a LightCurve is sorted, finite, positive in its errors, and says what was done."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.lightcurve import light_curve, upper_limits
from core.refusal import BadInput

any_float = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(st.integers(0, 30), st.data())
@settings(max_examples=60)
def test_whatever_comes_in_is_put_in_order(n, data):
    t = data.draw(hnp.arrays(float, n, elements=st.one_of(st.floats(58000, 60000), any_float)))
    finite = t[np.isfinite(t)]
    if len(finite) and np.mean(finite > 2_400_000) > 0.5:
        return
    y = data.draw(hnp.arrays(float, n, elements=any_float))
    e = data.draw(hnp.arrays(float, n, elements=any_float))
    b = data.draw(hnp.arrays(int, n, elements=st.integers(0, 8)))
    curve = light_curve("x", t, y, e, b)
    assert np.all(np.diff(curve.mjd) >= 0)
    assert np.all(curve.flux_err > 0)
    assert np.all(np.isfinite(curve.mjd)) and np.all(np.isfinite(curve.flux_err))
    lost = sum(note.count for note in curve.notes if note.kind in ("dropped", "merged"))
    assert len(curve) + lost == n, "nothing is lost without a note"


@given(st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_the_order_of_rows_changes_nothing(random):
    t = np.array([59000.0, 59000.0, 59001.5, 59003.0, 59003.0, 59003.0])
    y, e = np.array([1.0, 2.0, 3.0, 4.0, 4.5, 5.0]), np.array([0.1, 0.2, 0.3, 0.4, 0.4, 0.6])
    b = np.array([0, 1, 0, 1, 1, 0])
    order = list(range(6))
    random.shuffle(order)
    one, two = light_curve("x", t, y, e, b), light_curve("x", t[order], y[order], e[order], b[order])
    assert one.photometry_sha256() == two.photometry_sha256()


def test_duplicates_are_merged_and_said():
    curve = light_curve("x", [59000.0, 59000.0, 59001.0], [10.0, 10.0, 5.0], [1.0, 1.0, 1.0], [0, 0, 0])
    assert curve.flux.tolist() == [10.0, 5.0]
    assert curve.flux_err.tolist() == [1.0, 1.0], "copies of one measurement carry no new information"
    assert any(note.kind == "merged" and note.count == 1 for note in curve.notes)


def test_an_exact_copy_leaves_no_trace():
    t, y, e, b = [59000.1, 59001.2, 59003.3], [10.1, 20.2, 30.3], [1.1, 2.3, 3.7], [0, 1, 0]
    once, twice = light_curve("x", t, y, e, b), light_curve("x", t * 2, y * 2, e * 2, b * 2)
    assert once.photometry_sha256() == twice.photometry_sha256()


def test_a_detection_beats_forced_photometry_of_the_same_exposure():
    curve = light_curve("x", [59000.0, 59000.0], [10.0, 99.0], [1.0, 0.1], [0, 0], forced=[False, True])
    assert curve.flux.tolist() == [10.0]
    assert not curve.forced[0]


def test_the_same_time_in_two_bands_is_two_points():
    assert len(light_curve("x", [59000.0, 59000.0], [1.0, 2.0], [0.1, 0.1], [0, 1])) == 2


def test_julian_dates_are_refused_by_name():
    with pytest.raises(BadInput, match="Julian dates"):
        light_curve("x", [2459000.5, 2459001.5], [1.0, 1.0], [0.1, 0.1], [0, 1])


def test_columns_of_different_length_are_named():
    with pytest.raises(BadInput, match="3 times, 2 fluxes"):
        light_curve("x", [59000.0, 59001.0, 59002.0], [1.0, 1.0], [0.1, 0.1], [0, 1])


def test_ids_stay_text_beyond_two_to_the_53():
    assert light_curve(170587116732416143, [59000.0], [1.0], [0.1], [3]).object_id == "170587116732416143"


def test_arrays_cannot_be_changed():
    curve = light_curve("x", [59000.0], [1.0], [0.1], [0])
    with pytest.raises(ValueError, match="read-only"):
        curve.flux[0] = 2.0


def test_limits_are_kept_apart_and_cleaned():
    limits = upper_limits([59002.0, 59001.0, np.nan, 59003.0], [100.0, 90.0, 80.0, -5.0], [0, 1, 0, 1])
    assert limits.mjd.tolist() == [59001.0, 59002.0]
    curve = light_curve("x", [59000.0], [1.0], [0.1], [0], limits=limits)
    assert len(curve) == 1 and len(curve.limits) == 2
    assert [(n.kind, n.count) for n in curve.notes] == [("dropped", 2)]
    assert curve.notes[0].message.startswith("2 upper limits dropped: no limit above zero")
    # Said once: a light curve made from this one's parts does not say it again.
    again = light_curve("x", [59000.0], [1.0], [0.1], [0], limits=curve.limits, notes=curve.notes)
    assert again.notes == curve.notes


def test_an_empty_curve_is_a_light_curve():
    assert len(light_curve("x", [], [], [], [])) == 0
