"""Edits of a light curve are pure and obey their laws; the timeline tells what each night would have told."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.gp.fit import fit_gp
from core.gp.kernels import KERNELS, MATERN_32, fit_kernel
from core.model import load_model
from core.pipeline import Classification, classify
from core.refusal import BadInput, Refusal
from core.whatif import (
    Changes,
    Timeline,
    at_redshift,
    changed_answer,
    dimmed,
    night_numbers,
    redshift_answers,
    resampled,
    resampled_answers,
    timeline,
    truncated,
    without_band,
    without_points,
)
from tests.curves import real_curves, supernova

CURVE = supernova()
MODEL = load_model("t2-ztf")

changes = st.builds(
    Changes,
    until=st.none() | st.floats(0.0, 80.0),
    without=st.sets(st.integers(0, len(CURVE) - 1), max_size=6).map(lambda s: tuple(sorted(s))),
    without_bands=st.sampled_from([(), ("ztf_g",), ("ztf_r",)]),
    fainter=st.floats(-2.0, 3.0),
    redshift=st.none() | st.floats(0.0, 0.5),
    draw=st.none() | st.integers(0, 9),
)


def same(a, b):
    """Whether two light curves are the same to the last bit."""
    return a.photometry_sha256() == b.photometry_sha256() and (a.redshift, a.redshift_err) == (
        b.redshift,
        b.redshift_err,
    )


def test_no_change_is_the_very_same_light_curve_and_answer():
    assert Changes().apply(CURVE) is CURVE
    assert Changes().process is None
    plain, empty = classify(CURVE, MODEL), changed_answer(CURVE, Changes(), MODEL)
    assert np.array_equal(plain.probabilities, empty.probabilities)


@settings(max_examples=25, deadline=None)
@given(changes)
def test_going_back_gives_the_same_probabilities_to_the_last_bit(edit):
    before = changed_answer(CURVE, Changes(), MODEL).probabilities
    sha = CURVE.photometry_sha256()
    changed_answer(CURVE, edit, MODEL)
    assert CURVE.photometry_sha256() == sha, "an edit leaves the original as it was"
    assert np.array_equal(before, changed_answer(CURVE, Changes(), MODEL).probabilities)


@given(changes)
def test_the_same_changes_give_the_same_light_curve_and_keep_it_in_order(edit):
    once, again = edit.apply(CURVE), edit.apply(CURVE)
    assert same(once, again)
    assert np.all(np.diff(once.mjd) >= 0) and np.all(once.flux_err > 0)
    assert np.array_equal(once.mjd, CURVE.mjd[edit.kept(CURVE)])


@given(changes, st.integers(0, len(CURVE) - 1))
def test_leaving_out_a_point_does_not_move_the_others(edit, number):
    fewer = replace(edit, without=tuple(sorted({*edit.without, number})))
    left = fewer.kept(CURVE)[edit.kept(CURVE)]
    assert same(fewer.apply(CURVE), edit.apply(CURVE).subset(left))


@given(st.floats(-20, 60), st.floats(-20, 60))
def test_truncating_twice_is_truncating_to_the_earlier(first, second):
    a, b = 59000.0 + first, 59000.0 + second
    assert same(truncated(truncated(CURVE, a), b), truncated(CURVE, min(a, b)))


@given(st.floats(0.01, 5.0), st.integers(0, 99))
def test_dimming_scales_the_flux_within_its_noise_and_raises_the_relative_error(magnitudes, seed):
    faint = dimmed(CURVE, magnitudes, np.random.default_rng(seed))
    factor = 10 ** (-0.4 * magnitudes)
    assert np.all(np.abs(faint.flux - factor * CURVE.flux) < 6 * faint.flux_err)
    assert np.all(faint.flux_err / factor > CURVE.flux_err), "relative to the flux that was scaled"
    assert np.all(faint.flux_err <= CURVE.flux_err * (1 + 1e-12)), "and no noise comes from nowhere"


def test_the_noise_of_a_dimmed_light_curve_is_that_of_its_errors():
    curve = real_curves()[0]
    generator = np.random.default_rng(5)
    factor = 10**-0.4
    faint = [dimmed(curve, 1.0, generator) for _ in range(400)]
    added = np.var([f.flux for f in faint], axis=0)
    # What was there before was scaled with the flux; both together are what the new error says.
    assert np.allclose(added + (factor * curve.flux_err) ** 2, faint[0].flux_err ** 2, rtol=0.35)


def test_brightening_keeps_the_relative_error_and_draws_nothing():
    bright = dimmed(CURVE, -1.0, np.random.default_rng(0))
    assert np.allclose(bright.signal_to_noise, CURVE.signal_to_noise)


def test_a_drawn_light_curve_scatters_by_its_errors():
    generator = np.random.default_rng(1)
    apart = np.concatenate([(resampled(CURVE, generator).flux - CURVE.flux) / CURVE.flux_err for _ in range(100)])
    assert abs(apart.std() - 1.0) < 0.05 and abs(apart.mean()) < 0.05


def test_points_and_bands_are_left_out_by_number_and_name():
    assert len(without_points(CURVE, [0, 3, 3])) == len(CURVE) - 2
    assert set(without_band(CURVE, "ztf_g").band.tolist()) == {1}
    with pytest.raises(BadInput, match=r"no point 24; the light curve has points 0 to 23"):
        without_points(CURVE, [24])


def test_a_redshift_that_is_told_replaces_the_old_one_with_its_error():
    known = replace(CURVE, redshift=0.1, redshift_err=0.01)
    assert (at_redshift(known, 0.2).redshift, at_redshift(known, 0.2).redshift_err) == (0.2, None)
    assert Changes(redshift=0.0).apply(known).redshift is None, "0 tells that it is not known"
    assert Changes(redshift=0.1).apply(known).redshift_err == 0.01, "the one it has already"


# --- Gaussian processes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t2-ztf", "t2-published-gr", "t2-published-gr@as-trained"])
def test_a_process_fitted_elsewhere_gives_the_tensor_of_our_own(name):
    recipe = load_model(name).recipe
    for curve in real_curves()[:9]:
        chosen = recipe.select(curve)
        if isinstance(chosen, Refusal):
            continue
        chosen = chosen.curve
        ours, other = recipe.apply([chosen]), recipe.apply_fit(chosen, fit_gp(chosen))
        assert np.allclose(ours.values, other.values, atol=2e-5)
        assert np.allclose(ours.times, other.times)


@pytest.mark.parametrize("kernel", sorted(set(KERNELS) - {MATERN_32}))
def test_other_kernels_pass_through_bright_points_and_change_the_tensor_a_little(kernel):
    fit = fit_kernel(CURVE, kernel=kernel)
    here = CURVE.band == 0
    apart = (fit.mean(CURVE.mjd[here], 0) - CURVE.flux[here]) / CURVE.flux_err[here]
    assert np.abs(apart).mean() < 3 and np.all(fit.std(CURVE.mjd, 0) >= 0)
    result = changed_answer(CURVE, Changes(kernel=kernel), MODEL)
    assert isinstance(result, Classification) and np.isclose(result.probabilities.sum(), 1)
    assert result.fit.engine == "george"


def test_stretching_the_time_scale_stretches_it_and_a_wrong_kernel_is_named():
    assert np.isclose(fit_kernel(CURVE, stretch=2.0).time_scale, 2 * fit_gp(CURVE).time_scale)
    assert np.isclose(
        fit_kernel(CURVE, kernel="rbf", stretch=2.0).time_scale, 2 * fit_kernel(CURVE, kernel="rbf").time_scale
    )
    with pytest.raises(BadInput, match="unknown kernel 'periodic'; known are exponential"):
        fit_kernel(CURVE, kernel="periodic")
    with pytest.raises(BadInput, match="expected a factor above 0"):
        fit_kernel(CURVE, stretch=0.0)


# --- the timeline ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", real_curves()[:3], ids=lambda c: c.object_id)
def test_each_step_is_the_answer_to_the_light_curve_of_that_night(curve):
    line = timeline(curve, MODEL)
    for k in (int(line.scored[0]), int(line.scored[len(line.scored) // 2]), int(line.scored[-1])):
        then = classify(truncated(curve, line.mjd[k]), MODEL)
        assert np.allclose(then.probabilities, line.probabilities[k], atol=1e-4)
    assert np.allclose(line.probabilities[-1], classify(curve, MODEL).probabilities, atol=1e-4), "it ends where it is"


def test_a_night_that_is_refused_has_no_probabilities_but_a_reason():
    line = timeline(CURVE, MODEL)
    refused = [k for k, reason in enumerate(line.reasons) if reason]
    assert refused and refused[0] == 0
    assert np.isnan(line.probabilities[refused]).all()


def made_up(leaders):
    p = np.full((len(leaders), 3), 0.1)
    for k, c in enumerate(leaders):
        p[k, c] = 0.8
        if c < 0:
            p[k] = np.nan
    n = len(leaders)
    return Timeline(("a", "b", "c"), np.arange(n) + 0.0, p, ("",) * n, np.arange(n), 1)


@pytest.mark.parametrize(
    ("leaders", "decided", "flips"),
    [([0, 0, 0], 0, 0), ([1, 0, 1, 1], 2, 2), ([-1, 2, 2], 1, 0), ([-1, 1, -1, 2], 3, 1), ([-1, -1], None, 0)],
)
def test_the_first_night_for_good_and_the_flips(leaders, decided, flips):
    line = made_up(leaders)
    assert (line.decided, line.flips) == (decided, flips)


@given(st.lists(st.floats(0.0, 500.0), min_size=1, max_size=60))
def test_nights_rise_by_one_where_the_gap_is_long(days):
    mjd = np.sort(days)
    nights = night_numbers(mjd)
    assert nights[0] == 0 and np.array_equal(np.diff(nights), (np.diff(mjd) > 0.35).astype(int))


def test_long_light_curves_are_followed_in_longer_steps_to_the_same_end():
    line, coarse = timeline(CURVE, MODEL), timeline(CURVE, MODEL, max_steps=5)
    assert len(coarse.mjd) <= 5 and coarse.nights > 1 and coarse.mjd[-1] == line.mjd[-1]


def test_a_light_curve_in_bands_that_the_model_does_not_read_has_no_steps():
    assert len(timeline(replace(CURVE, band=np.full(len(CURVE), 4, np.int8)), MODEL).mjd) == 0


# --- many answers ------------------------------------------------------------------------------------------------------


def test_a_model_that_is_not_told_the_redshift_does_not_move_with_it_and_one_that_is_does():
    grid = np.array([0.02, 0.1, 0.4])
    assert np.ptp(redshift_answers(CURVE, MODEL, grid), axis=0).max() == 0
    told = redshift_answers(CURVE, load_model("t2-ztf-z"), grid)
    assert np.ptp(told, axis=0).max() > 0.01
    alone = classify(at_redshift(CURVE, 0.1), load_model("t2-ztf-z")).probabilities
    assert np.allclose(told[1], alone, atol=1e-4)


def test_answers_to_drawn_light_curves_are_probabilities_around_the_answer():
    p = resampled_answers(CURVE, MODEL, np.random.default_rng(0), draws=20)
    assert p.shape == (20, len(MODEL.classes)) and np.allclose(p.sum(axis=1), 1)
    assert np.array_equal(p, resampled_answers(CURVE, MODEL, np.random.default_rng(0), draws=20))
