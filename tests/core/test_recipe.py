"""Laws of the recipes, over both kinds: what must not matter does not, and what must matter does."""

import numpy as np
import pytest

from core.lightcurve import light_curve
from core.recipe import Recipe, channel_count
from core.refusal import Refusal
from core.selection import MAX_GP_POINTS, Cuts, combine_nights
from tests.curves import real_curves, supernova

ALL = ("flux", "sigma", "log_flux", "colour", "slope", "coverage", "time_scale", "amplitude", "brightness")
FIXED = Recipe("fixed-grid", 50, ("ztf_g", "ztf_r"), step=3.0, before=40.0, channels=ALL)
SERVED = Recipe("published", 100, ("ztf_g", "ztf_r"), convention="as-served")
TRAINED = Recipe(
    "published", 100, ("ztf_g", "ztf_r"), convention="as-trained", scaler={"ztf_g": (13.0, 62.0), "ztf_r": (27.0, 92.0)}
)
RECIPES = {"fixed-grid": FIXED, "as-served": SERVED, "as-trained": TRAINED}


def tensor(recipe, curve):
    return recipe.apply([recipe.select(curve).curve])


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_shifting_time_changes_nothing(recipe):
    # By a power of two, so that the shift itself is exact in floating point.
    one, other = tensor(recipe, supernova()), tensor(recipe, supernova(shift=1024.0))
    assert np.allclose(one.values, other.values, atol=1e-5)
    assert np.allclose(one.times + 1024.0, other.times, atol=1e-6)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_permuting_rows_changes_nothing(recipe):
    curve = supernova()
    order = np.random.default_rng(3).permutation(len(curve))
    shuffled = light_curve("x", curve.mjd[order], curve.flux[order], curve.flux_err[order], curve.band[order])
    assert np.array_equal(tensor(recipe, curve).values, tensor(recipe, shuffled).values)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_swapping_bands_changes_the_tensor(recipe):
    curve = supernova()
    swapped = light_curve("x", curve.mjd, curve.flux, curve.flux_err, 1 - curve.band)
    assert np.max(np.abs(tensor(recipe, curve).values - tensor(recipe, swapped).values)) > 0.05


@pytest.mark.parametrize("name", ["fixed-grid", "as-served"])
def test_brightness_is_scaled_away_unless_asked_for(name):
    recipe = RECIPES[name]
    difference = np.abs(tensor(recipe, supernova()).values - tensor(recipe, supernova(scale=7.0)).values)
    if name == "fixed-grid":
        assert np.max(difference[:, :, -1]) == pytest.approx(np.log10(7.0), rel=1e-3)
        difference = difference[:, :, :-1]
    assert np.max(difference) < 1e-3


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_batch_gives_what_one_gives(recipe):
    curves = [recipe.select(c) for c in real_curves()]
    curves = [s.curve for s in curves if not isinstance(s, Refusal)]
    batch = recipe.apply(curves)
    for i, curve in enumerate(curves):
        alone = recipe.apply([curve])
        assert np.array_equal(batch.values[i], alone.values[0])
        assert np.array_equal(batch.times[i], alone.times[0])


def test_as_served_time_runs_backwards_and_as_trained_forwards():
    assert np.all(np.diff(tensor(SERVED, supernova()).times[0]) < 0)
    trained = tensor(TRAINED, supernova())
    assert np.all(np.diff(trained.times[0]) > 0)
    peak = trained.times[0][np.argmax(trained.values[0, :, 0])]
    assert peak < trained.times[0].mean(), "a supernova rises faster than it declines"


def test_the_grid_stands_where_the_brightest_point_is():
    times = tensor(FIXED, supernova()).times[0]
    assert np.allclose(np.diff(times), 3.0)
    assert abs((times[0] + 40.0) - 59000.0) < 5.0, "the made-up supernova peaks at 59000"


def test_channels_are_counted_and_unknown_ones_are_named():
    assert tensor(FIXED, supernova()).values.shape == (1, 50, channel_count(ALL, 2))
    with pytest.raises(ValueError, match="unknown channel group 'colours'"):
        tensor(Recipe("fixed-grid", 50, ("ztf_g", "ztf_r"), step=3.0, channels=("colours",)), supernova())


def test_missing_features_get_their_stand_in():
    recipe = Recipe(
        "fixed-grid", 50, ("ztf_g", "ztf_r"), step=3.0, channels=("flux",), features=("redshift",),
        feature_scaling={"redshift": (0.1, 0.1, -3.0)},
    )  # fmt: skip
    assert tensor(recipe, supernova()).features.tolist() == [[-3.0]]


# --- what is used, and what is refused -----------------------------------------------------------------------------


def refusal(curve, cuts):
    answer = Recipe("published", 100, ("ztf_g", "ztf_r"), convention="as-served", cuts=cuts).select(curve)
    assert isinstance(answer, Refusal)
    return answer


def test_one_band_is_refused_with_numbers():
    curve = light_curve("x", [59000.0, 59001.0], [100.0, 110.0], [5.0, 5.0], [0, 0])
    answer = refusal(curve, Cuts())
    assert answer.reason == "missing_band"
    assert "2 usable points in ZTF g and 0 usable points in ZTF r" in answer.message


def test_an_empty_curve_is_refused():
    assert refusal(light_curve("x", [], [], [], []), Cuts()).reason == "no_points"


def test_another_survey_is_refused_by_name():
    answer = refusal(light_curve("x", [60000.0, 60001.0], [1.0, 1.0], [0.1, 0.1], [4, 5]), Cuts())
    assert answer.reason == "wrong_survey" and "LSST g, LSST r" in answer.message
    assert answer.message.endswith("t2-lsst reads those.")


def test_a_long_history_is_refused_where_the_card_says_so():
    curve = light_curve("x", [59000.0, 59200.0], [100.0, 110.0], [5.0, 5.0], [0, 1])
    assert refusal(curve, Cuts(max_span=90.0)).reason == "too_long"


def test_points_are_kept_around_the_brightest_and_the_rest_is_said():
    mjd = np.array([58000.0, 59000.0, 59005.0, 59010.0, 59300.0])
    curve = light_curve("x", mjd, [50.0, 100.0, 400.0, 200.0, 60.0], [5.0] * 5, [0, 0, 1, 0, 1])
    chosen = Recipe("published", 10, ("ztf_g", "ztf_r"), convention="as-served", cuts=Cuts(max_gap=45.0)).select(curve)
    assert chosen.used.tolist() == [False, True, True, True, False]
    assert "2 points not used" in chosen.notes[0].message


def test_ten_thousand_points_are_combined_and_it_is_said():
    generator = np.random.default_rng(1)
    mjd = 59000.0 + generator.uniform(0, 120, 10_000)
    curve = light_curve("x", mjd, generator.normal(100, 10, 10_000), np.full(10_000, 10.0), np.arange(10_000) % 2)
    chosen = FIXED.select(curve)
    assert len(chosen.curve) <= MAX_GP_POINTS
    assert chosen.used.all()
    assert any("combined" in note.message for note in chosen.notes)
    total = np.sum(1 / curve.flux_err**2)
    assert np.sum(1 / chosen.curve.flux_err**2) == pytest.approx(total), "information is neither lost nor invented"


def test_combining_keeps_the_weighted_mean():
    curve = light_curve("x", [59000.1, 59000.2], [10.0, 20.0], [1.0, 2.0], [0, 0])
    combined = combine_nights(curve, max_points=1)
    assert combined.flux.tolist() == pytest.approx([12.0])
