"""Each channel and feature is what its description says, computed here once more from the Gaussian process alone."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.cosmology import absolute_magnitude
from core.gp.fit import bound_names, fit_gp
from core.lightcurve import light_curve
from core.model import load_model
from core.recipe import LOG_FLUX_FLOOR, LOG_FLUX_TOP, MARGIN, Recipe
from tests.core.test_recipe import ALL, FIXED, SERVED, TRAINED
from tests.curves import supernova

#: One that rises by a hundredfold, so that faint rows are clipped, and one that falls below zero.
STEEP = light_curve("steep", 59000.0 + 3.0 * np.arange(30), 10.0 ** np.linspace(0, 4, 30), np.full(30, 0.3), np.arange(30) % 2)  # fmt: skip
BELOW = light_curve("below", 59000.0 + 2.0 * np.arange(20), np.linspace(300.0, -900.0, 20), np.full(20, 9.0), np.arange(20) % 2)  # fmt: skip
NEGATIVE = light_curve("negative", 59000.0 + 2.0 * np.arange(20), -500.0 - 40.0 * np.arange(20), np.full(20, 9.0), np.arange(20) % 2)  # fmt: skip
CURVES = [supernova(), supernova(points=9, seed=3, scale=0.01), STEEP, BELOW, NEGATIVE]
SIX = Recipe(
    "fixed-grid", 20, ("lsst_u", "lsst_g", "lsst_r", "lsst_i", "lsst_z", "lsst_y"), step=5.0, before=30.0, channels=ALL
)
RUBIN = light_curve("rubin", 60000.0 + 2.0 * np.arange(24), 500.0 + 40.0 * np.sin(np.arange(24.0)), np.full(24, 9.0), 3 + np.arange(24) % 6)  # fmt: skip
CASES = [*((FIXED, curve) for curve in CURVES), (SIX, RUBIN), (replace(FIXED, step=7.0, length=13), supernova())]


def by_name(recipe, batch):
    """The channels of one light curve by group, each (L, width)."""
    m, at, found = len(recipe.bands), 0, {}
    width = {"flux": m, "sigma": m, "log_flux": m, "colour": m - 1, "slope": 2 * m - 1}
    for name in recipe.channels:
        found[name] = batch.values[0, :, at : at + width.get(name, 1)].astype(float)
        at += width.get(name, 1)
    assert at == recipe.width == batch.values.shape[2]
    return found


def described(recipe, used, times, flux, sigma, time_scale, amplitude, peak):
    """Every channel as the docstrings have it. flux, sigma : (L, M) of the process, in units of the peak and of its amplitude."""
    log_flux = np.clip(np.log10(np.maximum(flux, LOG_FLUX_FLOOR)), None, LOG_FLUX_TOP)
    colour = np.clip(-np.diff(log_flux, axis=1), -1.0, 1.0)
    both = np.hstack([log_flux, colour])
    padded = np.vstack([both[:1], both, both[-1:]])
    covered = (times + recipe.step / 2 >= used.mjd[0]) & (times - recipe.step / 2 <= used.mjd[-1])
    assert covered.any() and not covered.all()
    return {
        "flux": np.clip(flux, -3, 3), "sigma": sigma, "log_flux": log_flux + 1, "colour": 2 * colour,
        "slope": 2 * (padded[2:] - padded[:-2]), "coverage": covered[:, None],
        "time_scale": np.log(time_scale) - 3.5, "amplitude": np.clip(np.log(amplitude / peak), -3, 3),
        "brightness": np.log10(peak) - 3.0,
    }  # fmt: skip


@pytest.mark.uncompiled
@pytest.mark.parametrize(("recipe", "curve"), CASES, ids=lambda value: getattr(value, "object_id", ""))
def test_channels_are_what_their_description_says(recipe, curve):
    used = recipe.select(curve).curve
    batch, fit = recipe.apply([used]), fit_gp(used)
    times, peak, found = batch.times[0], batch.peak[0], by_name(recipe, batch)
    reach = (MARGIN + 0.5) * recipe.step
    near = (times >= used.mjd[0] - reach) & (times <= used.mjd[-1] + reach)
    process = [fit.predict(times, band) for band in recipe.band_indices]
    flux = np.where(near[:, None], np.stack([mean for mean, _ in process], axis=1) / peak, 0.0)
    sigma = np.where(near[:, None], np.stack([std for _, std in process], axis=1) / fit.amplitude, 0.0)
    expected = described(recipe, used, times, flux, sigma, fit.time_scale, fit.amplitude, peak)
    for name, channel in found.items():
        assert np.allclose(channel, expected[name], atol=2e-4), name


@pytest.mark.uncompiled
@pytest.mark.parametrize("amplitude", [3e-3, 50.0, 1e6])
def test_channels_keep_to_their_ends_whatever_a_process_does_between_its_points(amplitude):
    """No fit swings so; each end of each channel is reached, by a process that does."""
    generator = np.random.default_rng(0)
    used = FIXED.select(supernova()).curve
    swings = {band: np.sort(generator.uniform(-600.0, 600.0, FIXED.length)) for band in (0, 1)}
    swings[1] = swings[1][::-1]
    process = SimpleNamespace(
        mean=lambda t, band: np.full(len(t), 100.0), predict=lambda t, band: (swings[band][: len(t)], swings[band][: len(t)] + 700.0),
        amplitude=amplitude, time_scale=20.0, log_likelihood=-1.0, converged=True,
    )  # fmt: skip
    recipe = replace(FIXED, channels=tuple(name for name in ALL if name != "coverage"))
    batch = recipe.apply_fit(used, process)
    assert batch.peak.tolist() == [100.0] and batch.log_likelihood.tolist() == [-1.0]
    flux = np.stack([swings[0], swings[1]], axis=1) / 100.0
    expected = described(recipe, used, batch.times[0], flux, (100.0 * flux + 700.0) / amplitude, 20.0, amplitude, 100.0)
    for name, channel in by_name(recipe, batch).items():
        assert np.allclose(channel, expected[name], rtol=1e-5, atol=1e-5), name
    for name, ends in {"flux": (-3, 3), "log_flux": (1 + np.log10(0.02), 1 + np.log10(3)), "colour": (-2, 2)}.items():
        assert (expected[name].min(), expected[name].max()) == pytest.approx(ends), name


def test_the_peak_is_the_largest_flux_of_the_process_where_it_was_observed():
    for curve in CURVES:
        used = FIXED.select(curve).curve
        fit = fit_gp(used)
        smooth = np.array([fit.mean([t], band)[0] for t, band in zip(used.mjd, used.band.tolist(), strict=True)])
        batch = FIXED.apply([used])
        assert batch.peak[0] == pytest.approx(np.abs(smooth).max(), rel=1e-6)
        brightest = used.mjd[np.argmax(smooth)]
        assert batch.times[0, 0] == pytest.approx(brightest - FIXED.before) if smooth.max() > 0 else True
        assert batch.amplitude[0] == pytest.approx(fit.amplitude) and batch.time_scale[0] == pytest.approx(
            fit.time_scale
        )
        assert (
            batch.log_likelihood[0] == pytest.approx(fit.log_likelihood)
            and bound_names(batch.status[0]) == fit.at_bound
        )


#: Without the channel of coverage every row is computed; with such a start, a row lies on the very edge of what is.
BARE, EDGE = replace(FIXED, channels=("flux", "sigma")), replace(FIXED, before=40.5)
ELSEWHERE = {"fixed-grid": FIXED, "bare": BARE, "edge": EDGE, "as-served": SERVED, "as-trained": TRAINED}


@pytest.mark.parametrize("recipe", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.object_id)
def test_a_process_that_was_fitted_elsewhere_gives_the_same_tensor(recipe, curve):
    used = recipe.select(curve).curve
    one, other = recipe.apply([used]), recipe.apply_fit(used, fit_gp(used))
    assert np.allclose(one.values, other.values, atol=2e-4) and np.allclose(one.times, other.times)
    for name in ("amplitude", "time_scale", "log_likelihood", "peak", "features"):
        assert np.allclose(getattr(one, name), getattr(other, name)), name
    assert other.status.tolist() == [0] and other.gp_seconds > 0


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.object_id)
def test_as_served_each_band_is_scaled_by_its_own_grid_and_as_trained_by_constants(curve):
    used = SERVED.select(curve).curve
    served, trained, fit = SERVED.apply([used]), TRAINED.apply([used]), fit_gp(used)
    means = trained.values[0] * [spread for _, spread in TRAINED.scaler.values()] + [
        m for m, _ in TRAINED.scaler.values()
    ]
    low, middle, high = np.percentile(means, [25, 50, 75], axis=0)
    assert np.allclose(served.values[0], ((means - middle) / (high - low))[::-1], atol=1e-4), "the last row first"
    assert np.allclose(trained.times[0], np.linspace(used.mjd[0], used.mjd[-1], 100))
    assert np.allclose(served.times[0], trained.times[0][::-1])
    for channel, (band, (median, spread)) in enumerate(TRAINED.scaler.items()):
        mean = fit.mean(trained.times[0], TRAINED.band_indices[channel])
        assert band == TRAINED.bands[channel]
        assert np.allclose(trained.values[0, :, channel] * spread + median, mean, rtol=1e-4, atol=1e-3)


def test_a_grid_that_does_not_vary_is_not_divided_by_zero():
    flat = light_curve("flat", 59000.0 + np.arange(8.0), np.zeros(8), np.ones(8), np.arange(8) % 2)
    assert not SERVED.apply([SERVED.select(flat).curve]).values.any()


FEATURES = ("redshift", "redshift_err", "absolute_magnitude", "ndethist")
SCALING = {"redshift": (0.1, 0.05, -3.0), "absolute_magnitude": (-19.0, 2.0, -4.0), "ndethist": (10.0, 5.0, -5.0)}
TOLD = replace(FIXED, features=FEATURES, feature_scaling=SCALING)


def test_features_are_scaled_and_those_that_are_missing_have_their_stand_in():
    known = replace(supernova(), redshift=0.2, redshift_err=0.01, context={"ndethist": 20.0})
    curves = [TOLD.select(curve).curve for curve in (known, supernova(seed=1))]
    assert TOLD.numbers == ("redshift", "redshift_err", "ndethist")
    bright = absolute_magnitude(np.array([curves[0].flux.max()]), np.array([0.2]))[0]
    expected = [[2.0, 0.01, (bright + 19.0) / 2.0, 2.0], [-3.0, -1.0, -4.0, -5.0]]
    assert TOLD.apply(curves).features == pytest.approx(np.array(expected), rel=1e-5)
    assert FIXED.apply(curves).features.shape == (2, 0)


def test_a_recipe_comes_back_from_its_card():
    card = {
        "kind": "fixed-grid", "length": 50, "bands": ["ztf_g", "ztf_r"], "step": 3.0, "before": 40.0,
        "channels": list(ALL), "features": ["redshift"], "feature_scaling": {"redshift": [0.1, 0.05, -3.0]},
        "scaler": {"ztf_g": [13.0, 62.0]}, "cuts": {"min_points": 3},
    }  # fmt: skip
    found = Recipe.from_card(card)
    assert (found.bands, found.channels, found.features) == (("ztf_g", "ztf_r"), ALL, ("redshift",))
    assert found.feature_scaling == {"redshift": (0.1, 0.05, -3.0)} and found.scaler == {"ztf_g": (13.0, 62.0)}
    assert found.cuts.min_points == 3 and found.survey == "ztf" and found.band_indices == (0, 1)
    bare = Recipe.from_card({"kind": "published", "length": 100, "bands": ["lsst_g"]})
    assert (bare.channels, bare.features, bare.feature_scaling, bare.scaler) == ((), (), {}, {})
    assert bare.survey == "lsst" and bare.width == 1 and bare.coverage_channel is None


def test_the_coverage_channel_stands_behind_the_channels_before_it():
    assert FIXED.coverage_channel == 2 + 2 + 2 + 1 + 3
    assert replace(FIXED, channels=("coverage", "flux")).coverage_channel == 0
    assert replace(FIXED, channels=("flux",)).coverage_channel is None


def test_rows_that_are_not_computed_reach_no_answer_and_the_last_that_is_computed_does(monkeypatch):
    model = load_model("t2-ztf")
    used = model.recipe.select(supernova()).curve

    def logits(margin):
        monkeypatch.setattr("core.recipe.MARGIN", margin)
        return model.logits(model.recipe.apply([used]))

    enough = logits(MARGIN)
    assert np.array_equal(enough, logits(100)) and not np.array_equal(enough, logits(MARGIN - 1))
