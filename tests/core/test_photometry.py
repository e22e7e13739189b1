"""Conversions are tested against astropy.units, and against themselves: there and back is the identity."""

import warnings

import numpy as np
import pytest
from astropy import units as u
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from core import photometry as ph

magnitudes = st.floats(5.0, 30.0)
UNITS = {"njy": u.nJy, "ujy": u.uJy, "mjy": u.mJy, "jy": u.Jy}


@given(magnitudes)
def test_flux_and_back_is_the_magnitude(mag):
    assert ph.flux_to_magnitude(ph.magnitude_to_flux(mag)) == pytest.approx(mag, abs=1e-9)


@pytest.mark.parametrize("unit", UNITS)
@given(mag=magnitudes)
def test_fluxcal_in_janskys_agrees_with_astropy(unit, mag):
    ours = float(ph.from_fluxcal(ph.magnitude_to_flux(mag), unit))
    # The survey zero points (31.4, 23.9, 8.9) are rounded: exact is 8.90006, hence 6e-5.
    assert ours == pytest.approx((mag * u.ABmag).to_value(UNITS[unit]), rel=1e-4)


@given(st.floats(-1e6, 1e6), st.sampled_from(sorted(ph.ZERO_POINTS)))
def test_units_there_and_back_keep_value_and_sign(flux, unit):
    assert float(ph.from_fluxcal(ph.to_fluxcal(flux, unit), unit)) == pytest.approx(flux, rel=1e-12, abs=1e-12)


@given(magnitudes, st.floats(1e-3, 0.5))
def test_errors_there_and_back(mag, mag_err):
    flux, flux_err = ph.magnitude_to_flux(mag), ph.magnitude_error_to_flux_error(mag, mag_err)
    assert float(ph.flux_error_to_magnitude_error(flux, flux_err)) == pytest.approx(mag_err, rel=1e-9)


@given(magnitudes, st.floats(1e-3, 0.5))
def test_an_error_is_the_slope_of_the_flux_times_the_error_of_the_magnitude(mag, mag_err):
    slope = (ph.magnitude_to_flux(mag - 1e-4) - ph.magnitude_to_flux(mag + 1e-4)) / 2e-4
    assert float(ph.magnitude_error_to_flux_error(mag, mag_err)) == pytest.approx(float(slope) * mag_err, rel=1e-6)


def test_reference_values_of_magnitude_20():
    assert float(ph.magnitude_to_flux(20.0)) == pytest.approx(1000.0)
    assert float(ph.from_fluxcal(1000.0, "njy")) == pytest.approx(36307.8, rel=1e-5)
    assert float(ph.from_fluxcal(1000.0, "ujy")) == pytest.approx(36.3078, rel=1e-5)


@pytest.mark.parametrize("flux", [0.0, -1.0, -1e9])
def test_zero_and_negative_flux_have_no_magnitude(flux):
    with warnings.catch_warnings(action="error"):  # they are nothing to warn of
        assert np.isnan(ph.flux_to_magnitude(flux))
        for error in (0.0, 1.0):
            assert np.isnan(ph.flux_error_to_magnitude_error(flux, error))


def test_fluxcal_is_its_own_unit():
    assert float(ph.to_fluxcal(7.0, "fluxcal")) == float(ph.from_fluxcal(7.0, "fluxcal")) == 7.0


@given(magnitudes, st.floats(1.0, 10.0))
def test_limits_there_and_back(limit, n_sigma):
    sigma = ph.limiting_magnitude_to_sigma(limit, n_sigma)
    assert float(ph.sigma_to_limiting_magnitude(sigma, n_sigma)) == pytest.approx(limit, abs=1e-9)


def test_a_limit_is_of_five_sigma_unless_told_otherwise():
    assert float(ph.limiting_magnitude_to_sigma(20.0)) == pytest.approx(1000.0 / 5.0)
    assert float(ph.sigma_to_limiting_magnitude(200.0)) == pytest.approx(20.0)


def test_julian_dates_and_time_scales_agree_with_astropy():
    mjd = 60310.25
    assert float(ph.mjd_to_jd(mjd)) == Time(mjd, format="mjd").jd
    assert float(ph.jd_to_mjd(ph.mjd_to_jd(mjd))) == pytest.approx(mjd, abs=1e-9)
    tai = Time(mjd, format="mjd", scale="tai")
    assert float(ph.tai_to_utc(mjd)) == pytest.approx(tai.utc.mjd, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "sign"),
    [
        ("t", 1),
        ("f", -1),
        ("1", 1),
        ("0", -1),
        (1, 1),
        (-1, -1),
        (0, -1),
        (True, 1),
        (False, -1),
        ("-1", -1),
        (1.0, 1),
        (0.0, -1),
        (-1.0, -1),
        (None, 1),
        (float("nan"), 1),
        ("", 1),
        ("nan", 1),
        ("<NA>", 1),
    ],
)
def test_every_encoding_of_isdiffpos(value, sign):
    assert ph.difference_sign(value) == sign


def test_an_unknown_isdiffpos_is_never_silently_a_brightening():
    with pytest.raises(ValueError, match="maybe"):
        ph.difference_sign("maybe")
