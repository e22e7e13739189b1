"""The compiled Gaussian process against george, its oracle, on real and made-up light curves."""

import numpy as np
import pytest

from core.bands import WAVELENGTH
from core.gp import engine
from core.gp.fit import fit_gp
from core.gp.george import fit_gp_george
from core.gp.likelihood import derivatives
from core.lightcurve import light_curve
from tests.curves import real_curves, supernova

SHORT = [curve for curve in real_curves() if 2 <= len(curve) <= 120]


@pytest.fixture(scope="module")
def fits():
    return [(curve, fit_gp(curve), fit_gp_george(curve)) for curve in SHORT]


def test_the_likelihood_is_never_worse_than_georges(fits):
    for curve, ours, oracle in fits:
        allowed = 1e-6 * abs(oracle.log_likelihood)
        assert ours.log_likelihood >= oracle.log_likelihood - allowed, curve.object_id


def test_the_mean_agrees_where_the_optimum_is_the_same(fits):
    compared = 0
    for curve, ours, oracle in fits:
        if abs(ours.time_scale / oracle.time_scale - 1) > 2e-4 or abs(ours.amplitude / oracle.amplitude - 1) > 2e-4:
            continue
        t = np.linspace(curve.mjd[0], curve.mjd[-1], 50)
        for band in (0, 1):
            assert np.max(np.abs(ours.mean(t, band) - oracle.mean(t, band))) < 1e-4 * np.abs(curve.flux).max()
        compared += 1
    assert compared >= len(fits) / 2


def test_mean_and_deviation_agree_with_george_at_equal_parameters():
    import george
    from george import kernels

    curve = supernova()
    fit = fit_gp(curve)
    kernel = (
        0.5 * fit.amplitude**2 * 2 * kernels.Matern32Kernel([fit.time_scale**2, engine.WAVELENGTH_SCALE**2], ndim=2)
    )
    process = george.GP(kernel)
    t = curve.mjd - curve.mjd[0]
    process.compute(np.column_stack([t, WAVELENGTH[curve.band]]), curve.flux_err)
    new = np.linspace(t[0] - 20, t[-1] + 20, 40)
    mean, variance = process.predict(curve.flux, np.column_stack([new, np.full(40, WAVELENGTH[1])]), return_var=True)
    ours_mean, ours_std = fit.predict(new + curve.mjd[0], 1)
    assert np.allclose(ours_mean, mean, atol=1e-6 * np.abs(mean).max())
    assert np.allclose(ours_std**2, variance, atol=1e-6 * fit.amplitude**2)
    assert fit.log_likelihood == pytest.approx(process.log_likelihood(curve.flux), rel=1e-9)


@pytest.mark.uncompiled
def test_the_derivatives_are_those_of_the_likelihood():
    curve = supernova(points=15)
    t, lam = np.array(curve.mjd - curve.mjd[0]), WAVELENGTH[curve.band]
    y, e = np.array(curve.flux), np.array(curve.flux_err)
    work, alpha = engine.workspace(15), np.empty(15)

    def value_and_derivatives(at):
        value, grad, hess = engine.factorise(*at, t, lam, y, e, work, alpha), np.empty(2), np.empty(3)
        derivatives(at[1], t, y, e, work, alpha, grad, hess)
        return value, grad, hess

    at, step = np.array([12.0, 5.0]), 1e-5
    _, grad, hess = value_and_derivatives(at)
    for d in (0, 1):
        shift = step * np.eye(2)[d]
        (up, grad_up, _), (down, grad_down, _) = value_and_derivatives(at + shift), value_and_derivatives(at - shift)
        assert grad[d] == pytest.approx((up - down) / (2 * step), rel=1e-6)
        assert hess[d : d + 2] == pytest.approx((grad_up - grad_down) / (2 * step), rel=1e-6)


@pytest.mark.uncompiled
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_the_unit_of_flux_does_not_matter(scale):
    one, other = fit_gp(supernova()), fit_gp(supernova(scale=scale))
    assert other.time_scale == pytest.approx(one.time_scale, rel=1e-4)
    assert other.amplitude == pytest.approx(scale * one.amplitude, rel=1e-4)


@pytest.mark.parametrize(
    "curve",
    [
        light_curve("two points", [59000.0, 59003.0], [100.0, 120.0], [5.0, 5.0], [0, 1]),
        light_curve("equal times", [59000.0] * 2 + [59001.0] * 2, [10.0, 12.0, 11.0, 13.0], [1.0] * 4, [0, 1, 0, 1]),
        light_curve("one band", [59000.0, 59002.0, 59004.0], [1.0, 5.0, 2.0], [0.5] * 3, [0, 0, 0]),
        light_curve("flat", 59000.0 + np.arange(8), np.zeros(8), np.ones(8), np.arange(8) % 2),
        light_curve("all negative", 59000.0 + np.arange(8), -np.linspace(50, 10, 8), np.ones(8), np.arange(8) % 2),
        light_curve("exact", 59000.0 + np.arange(6), np.arange(6.0), np.full(6, 1e-6), np.arange(6) % 2),
        supernova(points=150),
    ],
    ids=lambda c: c.object_id + str(len(c)),
)
def test_awkward_curves_have_finite_answers(curve):
    fit = fit_gp(curve)
    t = np.linspace(curve.mjd[0] - 100, curve.mjd[-1] + 100, 60)
    mean, std = fit.predict(t, 0)
    assert np.all(np.isfinite(mean)) and np.all(np.isfinite(std)) and np.all(std >= 0)
    assert 1.0 - 1e-9 <= fit.time_scale <= 1000.0 + 1e-6


@pytest.mark.uncompiled
@pytest.mark.parametrize(
    "curve",
    [
        light_curve("two points", [59000.0, 59003.0], [100.0, 120.0], [5.0, 5.0], [0, 1]),
        light_curve("constant", 59000.0 + 10 * np.arange(9), np.full(9, 50.0), np.full(9, 1.0), np.arange(9) % 2),
    ],
    ids=lambda c: c.object_id,
)
def test_a_time_scale_that_nothing_bounds_is_reported_at_its_bound(curve):
    fit = fit_gp(curve)
    assert fit.at_bound == ("time scale",)
    assert 2 * np.log(fit.time_scale) == pytest.approx(engine.LOG_M0_BOUNDS[1])


@pytest.mark.uncompiled
def test_a_light_curve_that_determines_its_process_reports_no_bound():
    fit = fit_gp(supernova())
    assert fit.converged and fit.at_bound == ()
    assert 10.0 < fit.time_scale < 100.0, "a made-up supernova of 8 days' rise and 18 days' decline"
