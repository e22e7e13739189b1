"""Laws of the LSST simulation on a small made-up cadence, with no template file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.bands import BANDS
from core.refusal import Refusal
from training.curves import CurveSet, concatenate
from training.simulate import DATA_FREE, lsst, simulate
from training.simulate.catalogue import photometric_redshift
from training.simulate.colours import changing, smooth_colours, stellar_colours
from training.simulate.event import Event
from training.simulate.lsst import FORCED_BEFORE, HISTORY, SATURATION_FLUX, LsstSky, one_per_night
from training.simulate.scene import Scene, dust_at, latitude_sine
from training.simulate.spectra import Filters, in_time, series
from training.simulate.survey import Visits

DEPTH = {"u": 23.5, "g": 24.3, "r": 23.9, "i": 23.4, "z": 22.8, "y": 22.0}


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> LsstSky:
    folder = tmp_path_factory.mktemp("cadence")
    rng = np.random.default_rng(0)
    parts = []
    for place, (per_year, seed_nights) in enumerate([(90, 1), (90, 1), (400, 12)]):
        nights = np.sort(rng.uniform(60000, 63650, per_year * 10 // seed_nights))
        mjd = np.repeat(nights, seed_nights) + rng.uniform(0, 0.05, len(nights) * seed_nights)
        band = rng.choice(list("ugrizy"), len(mjd))
        m5 = np.array([DEPTH[b] for b in band]) + rng.normal(0, 0.2, len(mjd))
        parts.append(pd.DataFrame({"pos_id": place, "mjd": mjd, "band": band, "m5": m5}))
    pd.concat(parts).to_parquet(folder / "lsst_baseline_v3.0_visits.parquet")
    pd.DataFrame(
        {
            "pos_id": [0, 1, 2],
            "ra": [40.0, 200.0, 53.0],
            "dec": [-30.0, 2.0, -28.0],
            "kind": ["WFD/other"] * 2 + ["DDF x"],
        }
    ).to_parquet(folder / "lsst_baseline_v3.0_positions.parquet")
    return LsstSky(folder)


@pytest.fixture(scope="module")
def curves(sky: LsstSky) -> CurveSet:
    return concatenate([c for name in DATA_FREE for c in simulate(name, 25, seed=2, sky=sky)])


def test_only_lsst_bands_and_both_kinds_of_points(curves: CurveSet) -> None:
    assert {BANDS[b].survey for b in np.unique(curves.band)} == {"lsst"}
    assert curves.detected is not None and 0.05 < np.mean(curves.detected) < 0.95
    assert set(curves.objects["field"]) == {"wfd", "ddf"}


def test_detections_are_five_sigma_and_all_others_are_not(curves: CurveSet) -> None:
    significance = np.abs(curves.flux) / curves.flux_err
    assert (significance[curves.detected] > 4.999).all()
    assert (significance[~curves.detected] < 5.001).all()


def test_a_packet_goes_from_thirty_days_before_the_first_detection_to_the_last(curves: CurveSet) -> None:
    for i in range(len(curves)):
        mjd, detected = curves.mjd[curves.points(i)], curves.detected[curves.points(i)]
        assert detected[-1] and (np.diff(mjd) >= 0).all()
        assert mjd[0] >= mjd[detected][0] - FORCED_BEFORE
        assert np.ptp(mjd) <= HISTORY + FORCED_BEFORE
        assert not isinstance(curves.light_curve(i), Refusal)


def test_the_same_seed_gives_the_same_curves(sky: LsstSky) -> None:
    one, two = (next(simulate("TDE", 8, seed=5, sky=sky)) for _ in range(2))
    assert one.objects.equals(two.objects) and np.array_equal(one.flux, two.flux)


def test_noise_is_as_large_as_quoted_where_nothing_shines(curves: CurveSet) -> None:
    transient = curves.objects["class"].isin(["TDE", "SLSN-I"]).to_numpy()
    early = curves.mjd < curves.objects["peak_mjd"].to_numpy()[curves.owner] - 400
    quiet = transient[curves.owner] & ~curves.detected
    pull = curves.flux[quiet] / curves.flux_err[quiet]
    assert np.percentile(np.abs(pull), 68) < 3.5
    assert not (early & transient[curves.owner] & curves.detected).any()


def test_nothing_saturated_is_listed(curves: CurveSet) -> None:
    assert (np.abs(curves.flux) < 1.1 * SATURATION_FLUX[curves.band]).all()


def test_true_redshifts_stay_apart_from_those_of_the_catalogue(curves: CurveSet) -> None:
    objects = curves.objects
    stars = objects["class"].isin(["RRL", "EB", "Mira", "uLens", "M-dwarf", "other"])
    assert objects.loc[stars, "redshift_true"].isna().all()
    assert objects.loc[~stars, "redshift_true"].gt(0).all()
    assert objects.loc[~stars, "redshift"].isna().mean() > 0.05


def test_photometric_redshifts_have_errors_outliers_and_gaps() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([photometric_redshift(rng, 0.5) for _ in range(4000)])
    known = np.isfinite(drawn[:, 0])
    assert 0.15 < 1 - known.mean() < 0.35
    off = (drawn[known, 0] - 0.5) / 1.5
    assert 0.03 < np.mean(np.abs(off) > 0.15) < 0.15
    good = np.abs(off) < 0.15
    assert 0.5 < np.std((drawn[known, 0] - 0.5)[good] / drawn[known, 1][good]) < 2.5
    assert (drawn[known] > 0).all()
    missing = np.mean([np.isnan(photometric_redshift(rng, np.nan)[0]) for _ in range(500)])
    assert missing > 0.8


def test_a_night_taken_together_is_deeper_by_its_number_of_visits() -> None:
    mjd = 60000.9 + np.arange(4) * 1e-3
    visits = Visits(mjd, np.array([4, 4, 4, 5], np.int8), np.full(4, 10.0), 0.0, 0.0)
    night = one_per_night(visits)
    assert night.band.tolist() == [4, 5]
    assert night.sky_sigma == pytest.approx([10 / np.sqrt(3), 10])


def test_colours_of_g_and_r_are_what_was_asked_for() -> None:
    for g_minus_r in (-0.2, 0.3, 1.2, 2.5):
        for colours in (stellar_colours(g_minus_r), smooth_colours(g_minus_r)):
            assert colours[0] == pytest.approx(g_minus_r) and colours[1] == 0
            assert abs(colours[4] - colours[0]) < 0.05 + 0.05 * abs(g_minus_r)
    flux = changing(18.0, stellar_colours(0.5), np.array([0.0, 1.0]), np.array([0.0, 0.6]), np.array([0, 0], np.int8))
    assert -2.5 * np.log10(flux[1] / flux[0]) == pytest.approx(1.0)


def test_dust_lies_in_the_plane() -> None:
    assert latitude_sine(192.8595, 27.1283) == pytest.approx(1.0)
    assert latitude_sine(266.405, -28.936) == pytest.approx(0.0, abs=0.01)
    rng = np.random.default_rng(0)
    assert np.median([dust_at(rng, 266.4, -28.9) for _ in range(99)]) > 0.3
    assert Scene("lsst", 24.0, 0.1).dust[3] < Scene("lsst", 24.0, 0.1).dust[8] < 1


@pytest.fixture(scope="module")
def filters(tmp_path_factory: pytest.TempPathFactory) -> Filters:
    folder = tmp_path_factory.mktemp("bandpasses")
    for band in BANDS:
        nodes = np.arange(band.wavelength - 600, band.wavelength + 601, 10.0)
        transmission = np.clip(1 - np.abs(nodes - band.wavelength) / 600, 0, 1)
        np.savetxt(Path(folder) / f"{band.name.replace('_', '')}.dat", np.column_stack([nodes, transmission]))
    return Filters(folder)


def test_a_flat_spectrum_of_magnitude_zero_is_the_zero_point(filters: Filters) -> None:
    wave = np.arange(2500.0, 12000.0, 10.0)
    ab = 3631e-23 * 2.99792458e18 / wave**2
    assert (ab @ filters.matrix(wave, 0.0)) == pytest.approx(np.full(9, 10**11), rel=2e-3)
    # F_λ of such a spectrum at z, in the rest frame, is (1 + z)² of it; the matrix takes one 1 + z away.
    shifted = ab @ filters.matrix(wave, 0.1)
    assert shifted[1] == pytest.approx(10**11 * 1.1, rel=2e-3)


def test_spectra_outside_their_range_fade_rather_than_end(filters: Filters) -> None:
    phase = np.array([0.0, 10.0, 20.0])
    model = series(phase, np.arange(3000.0, 9001.0, 20.0), np.ones((3, 301)) * [[0.0], [1.0], [0.5]], filters)
    curves = model.in_bands(0.0)
    assert (curves[1] > 0).all() and (curves[0] == 0).all()
    days, band = np.array([-1.0, 10.0, 20.0, 30.0]), np.full(4, 5, np.int8)
    light = in_time(phase, curves, days, band, z=0.0, late=np.full(9, 0.1))
    assert light[0] == 0 and light[1] == pytest.approx(2 * light[2])
    assert light[3] == pytest.approx(light[2] * 10 ** (-0.4))
    slow = in_time(phase, curves, 1.5 * 1.2 * days, band, z=0.2, stretch=1.5, late=np.zeros(9))
    assert slow[1] == pytest.approx(light[1])


def test_most_of_the_agn_seem_to_have_appeared_since_their_template():
    """A slow wave: a template of random epochs has its mean or more as often as not, one of a faint season never."""
    wave = Event("AGN", "AGN", lambda t, band: 100.0 + 50.0 * np.sin(2 * np.pi * np.asarray(t) / 4000.0), True)
    rng = np.random.default_rng(0)
    low = np.mean([lsst._reference(wave, rng)[4] < 70.0 for _ in range(400)])
    assert abs(low - lsst.RISEN_SHARE) < 0.08
