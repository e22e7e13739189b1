"""Laws of the simulations that need no template file: repeatable, valid, and shaped as their physics says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.cosmology import comoving_mpc
from core.taxonomy import CLASS_NAMES
from training.curves import read_parquet
from training.simulate import DATA_FREE, MODELS, simulate
from training.simulate.blackbody import magnetar_luminosity, observed_flux
from training.simulate.outbursts import flare_shape
from training.simulate.parameters import TABLE, draw
from training.simulate.reach import draw_flux_limited, draw_redshift
from training.simulate.scene import Scene
from training.simulate.stars import eclipsing_binary, microlensing, rr_lyrae, saw_tooth
from training.simulate.survey import LOWEST_SN, Observed, Sky, listed
from training.simulate.walk import damped_random_walk

SKY = Sky()


@pytest.fixture(scope="module")
def curves() -> dict:
    return {name: next(simulate(name, 12, seed=3, sky=SKY)) for name in DATA_FREE}


def test_every_class_has_a_simulation() -> None:
    assert set(MODELS) == set(CLASS_NAMES)


@pytest.mark.parametrize("name", DATA_FREE)
def test_the_same_seed_gives_the_same_curves(name: str, curves: dict) -> None:
    again = next(simulate(name, 12, seed=3, sky=SKY))
    other = next(simulate(name, 12, seed=4, sky=SKY))
    assert np.array_equal(again.flux, curves[name].flux)
    assert again.objects.equals(curves[name].objects)
    assert not np.array_equal(other.mjd[:5], curves[name].mjd[:5])


def test_more_curves_continue_the_list(curves: dict) -> None:
    more = next(simulate("TDE", 15, seed=3, sky=SKY))
    assert np.array_equal(more.flux[: len(curves["TDE"].flux)], curves["TDE"].flux)


@pytest.mark.parametrize("name", DATA_FREE)
def test_every_simulated_curve_is_a_valid_light_curve(name: str, curves: dict) -> None:
    made = curves[name]
    assert (made.objects["class"] == name).all() and made.objects["simulated"].all()
    for i in range(len(made)):
        curve = made.light_curve(i)
        assert len(curve) == made.lengths[i] >= 3
        assert not curve.notes, curve.notes
        assert curve.provenance.simulated and curve.provenance.true_class == name
        assert set(curve.band.tolist()) == {0, 1}
        assert np.abs(curve.signal_to_noise).min() > LOWEST_SN - 0.01


@pytest.mark.parametrize("name", ["SLSN-I", "TDE", "M-dwarf", "uLens"])
def test_transients_only_brighten(name: str, curves: dict) -> None:
    assert (curves[name].flux > 0).all()


@pytest.mark.parametrize("name", ["RRL", "EB", "AGN"])
def test_variables_are_seen_above_and_below_their_reference(name: str, curves: dict) -> None:
    assert 0.1 < (curves[name].flux < 0).mean() < 0.9


def test_the_command_streams_what_the_function_makes(tmp_path: Path, curves: dict) -> None:
    out = tmp_path / "sim.parquet"
    command = [sys.executable, "-m", "training.simulate", "--out", str(out), "--per-class", "12", "--seed", "3"]
    subprocess.run(
        [*command, "--classes", "TDE", "RRL"], check=True, cwd=Path(__file__).parents[2], capture_output=True
    )
    read = read_parquet(out)
    assert list(read.objects["class"]) == ["TDE"] * 12 + ["RRL"] * 12
    assert np.array_equal(read.flux, np.concatenate([curves["TDE"].flux, curves["RRL"].flux]))
    assert np.array_equal(read.lengths, np.concatenate([curves["TDE"].lengths, curves["RRL"].lengths]))


def test_parameters_stay_in_their_ranges() -> None:
    rng = np.random.default_rng(0)
    for name, laws in TABLE.items():
        for _ in range(200):
            for parameter, value in draw(name, rng).items():
                law = laws[parameter]
                assert getattr(law, "low", 0.0) <= value <= getattr(law, "high", np.inf), (name, parameter)


def test_saw_tooth_rises_quickly_and_has_unit_swing() -> None:
    phase = np.linspace(0, 1, 2001)[:-1]
    mag = saw_tooth(phase, 0.15)
    assert abs(np.mean(mag)) < 1e-9
    assert 0.8 < np.ptp(mag) < 1.1
    brightest, faintest = phase[np.argmin(mag)], phase[np.argmax(mag)]
    assert min(brightest, 1 - brightest) < 0.06
    assert 0.75 < faintest < 0.92
    assert np.allclose(saw_tooth(phase + 3, 0.15), mag)


def test_flare_is_one_at_its_peak_and_half_at_its_half_width() -> None:
    assert flare_shape(np.array([0.0]))[0] == pytest.approx(1.0, abs=0.01)
    up = np.linspace(-1, 0, 1001)
    down = np.linspace(0, 10, 10001)[1:]
    width = -np.interp(0.5, flare_shape(up), up) + np.interp(-0.5, -flare_shape(down), down)
    assert width == pytest.approx(1.0, abs=0.1)  # time is in units of the full width at half maximum
    assert flare_shape(np.array([-1.5]))[0] == 0


def test_microlensing_is_symmetric_and_has_the_colour_of_its_star() -> None:
    event = microlensing(np.random.default_rng(1))
    t = np.linspace(1, 60, 20)
    for band in (0, 1):
        b = np.full(len(t), band, np.int8)
        assert np.allclose(event.flux(t, b), event.flux(-t, b))
        assert (np.diff(event.flux(t, b)) < 0).all()
    ratio = event.flux(t, np.zeros(20, np.int8)) / event.flux(t, np.ones(20, np.int8))
    assert np.allclose(ratio, ratio[0])


def test_periodic_stars_repeat() -> None:
    t = np.linspace(0, 5, 50)
    b = np.tile([0, 1], 25).astype(np.int8)
    event = eclipsing_binary(np.random.default_rng(2))
    assert np.allclose(event.flux(t, b), event.flux(t + 4 * event.parameters["period"], b))
    star = rr_lyrae(np.random.default_rng(2))
    now, later, between = (star.flux(t + k * star.parameters["period"], b) for k in (0, 4, 0.5))
    # Up to the Blazhko effect, which changes the swing over tens of periods.
    assert (now > 0).all() and np.allclose(later, now, rtol=0.05)
    assert not np.allclose(between, now, rtol=0.3)


def test_damped_random_walk_has_its_variance_and_memory() -> None:
    t = np.arange(0, 2000.0, 1.0)
    walks = np.array([damped_random_walk(np.random.default_rng(i), 0.3, 20.0)(t) for i in range(60)])
    assert np.std(walks) == pytest.approx(0.3 / np.sqrt(2), rel=0.06)
    lag = np.mean(walks[:, :-20] * walks[:, 20:]) / np.mean(walks**2)
    assert lag == pytest.approx(np.exp(-1), abs=0.06)


def test_magnetar_rises_falls_and_keeps_its_energy() -> None:
    t = np.linspace(0, 600, 2000)
    light = magnetar_luminosity(t, 2.0, 1.0, 5.0, 10000.0)
    peak = t[np.argmax(light)]
    assert 10 < peak < 80
    assert np.trapezoid(light, t * 86400) < 2e52 / 4
    faint = magnetar_luminosity(t, 5.0, 1.0, 5.0, 10000.0)
    assert faint.max() < light.max()


def test_black_body_flux_falls_with_distance_and_hot_is_blue() -> None:
    g, r = np.zeros(1, np.int8), np.ones(1, np.int8)
    near, far = (observed_flux(np.array([1e44]), np.array([20000.0]), z, r)[0] for z in (0.05, 0.1))
    assert near > 3 * far
    for temperature, blue in ((30000.0, True), (5000.0, False)):
        ratio = observed_flux(np.array([1e44]), np.array([temperature]), 0.05, g) / observed_flux(
            np.array([1e44]), np.array([temperature]), 0.05, r
        )
        assert (ratio[0] > 1) == blue


def test_redshifts_fill_the_volume_and_bright_sources_are_met_more_often() -> None:
    rng = np.random.default_rng(5)
    z = np.array([draw_redshift(rng, 0.1) for _ in range(4000)])
    assert z.max() <= 0.1
    assert np.mean(comoving_mpc(z) < comoving_mpc(0.1) / 2) == pytest.approx(1 / 8, abs=0.03)
    scene = Scene("ztf", 18.0)
    chosen = np.array([draw_flux_limited(rng, np.array([-19.0, -17.0]), scene, "SNIax")[0] for _ in range(1000)])
    assert np.mean(chosen == 1) == pytest.approx(10 ** (-0.6 * 2), abs=0.04)


def test_a_rate_that_grows_with_redshift_gives_more_distant_sources() -> None:
    rng = np.random.default_rng(6)
    falling, flat, growing = (np.mean([draw_redshift(rng, 1.0, e) for _ in range(1500)]) for e in (-2.0, 0.0, 2.5))
    assert falling < flat - 0.01 and flat + 0.01 < growing


def _seen(days: list[float], peak: float) -> Observed:
    mjd = 59000.0 + np.array(days)
    flux = 10 ** (0.4 * (27.5 - peak)) * np.exp(-np.abs(np.array(days)) / 20)
    return Observed(mjd, flux, flux / 10, (np.arange(len(mjd)) % 2).astype(np.int8), 0.0, 0.0)


def test_a_list_of_classified_transients_holds_bright_ones_that_were_covered() -> None:
    scene, rng = Scene("ztf", 19.0, spectroscopic=True), np.random.default_rng(0)
    covered, late, faint = [-12, -6, 0, 5, 12, 30], [0, 1, 20, 30], [-12, -6, 0, 5, 12, 30]
    share = [
        np.mean([listed(_seen(days, peak), scene, rng) is not None for _ in range(300)])
        for days, peak in ((covered, 17.0), (late, 17.0), (faint, 18.9), (covered, 19.1))
    ]
    assert share[0] == 1.0 and share[1] < 0.2 and 0.2 < share[2] < 0.8 and share[3] == 0
