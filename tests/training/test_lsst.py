"""Training for LSST: versions stay versions of their object, redshifts tell nothing but distance, folds are by object."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.bands import band_index
from core.cosmology import distance_modulus
from core.flat import FlatCurves
from core.taxonomy import CLASS_NAMES

pytest.importorskip("tensorflow", reason="TensorFlow is not installed: make extras runs the training's tests")

from training.card_lsst import SIMULATED, limits, survey_prior
from training.corpus_lsst import LsstCorpus, Variety, build, first_used, folds_of, load, preparer, redraw
from training.curves import CurveSet
from training.recipe_lsst import recipe_lsst
from training.trial_lsst import Trial

pytestmark = pytest.mark.train
RECIPE = recipe_lsst()
GENTLE = Variety(truncate_share=0.0, thin_share=0.0, noise_share=0.0, zero_point=0.0, few_bands=0.0)


def made_up(n=12, points=30, seed=0):
    """Rising and falling sources in all six bands, every third point too faint to be used."""
    rng = np.random.default_rng(seed)
    mjd = np.sort(60000.0 + rng.uniform(0, 90, (n, points)), axis=1).ravel()
    band = np.tile([band_index(x, "lsst") for x in "ugrizy"], n * points // 6).astype(np.int8)
    flux = 500.0 * np.exp(-0.5 * ((mjd - 60040.0) / 20.0) ** 2)
    flux[::3] = 1.0
    objects = pd.DataFrame({"object_id": [f"sim-{i}" for i in range(n)], "class": ["SNIa", "RRL"] * (n // 2)})
    objects["redshift"] = np.where(objects["class"] == "SNIa", 0.3, np.nan)
    objects["redshift_err"], objects["redshift_true"] = 0.03, objects["redshift"]
    offsets = np.arange(n + 1) * points
    error = np.full(len(mjd), 10.0)
    return CurveSet(objects, offsets, mjd, flux.astype(np.float32), error.astype(np.float32), band)


def points_of(flat, k):
    return set(flat.mjd[flat.offsets[k] : flat.offsets[k + 1]])


def test_a_gentle_version_is_what_the_cuts_keep_of_the_light_curve():
    flat = made_up().flat()
    chosen = redraw(flat, np.arange(12), RECIPE, np.random.default_rng(0), GENTLE)
    assert (chosen.verdict == 0).all()
    kept = np.abs(flat.flux) >= RECIPE.cuts.min_snr * flat.flux_err
    assert len(chosen.kept.flux) == kept.sum() and np.allclose(chosen.kept.flux, flat.flux[kept])


def test_versions_show_points_of_their_object_none_beyond_their_age_and_no_smaller_error():
    flat = made_up().flat()
    variety = Variety(truncate_share=1.0, truncate_high=30.0, noise_share=1.0, zero_point=0.0)
    rows = np.repeat(np.arange(12), 4)
    chosen = redraw(flat, rows, RECIPE, np.random.default_rng(1), variety)
    first, kept = first_used(flat, RECIPE), rows[chosen.verdict == 0]
    assert len(kept) > 20
    for k, row in enumerate(kept):
        here = points_of(chosen.kept, k)
        assert here <= points_of(flat, row)
        assert max(here) <= first[row] + 30.0
    assert (chosen.kept.flux_err >= 10.0).all()


def test_versions_of_few_bands_are_of_g_and_r_in_about_half():
    flat = made_up(60).flat()
    every = Variety(truncate_share=0.0, thin_share=0.0, noise_share=0.0, few_bands=1.0)
    chosen = redraw(flat, np.repeat(np.arange(60), 5), RECIPE, np.random.default_rng(5), every)
    gr = [band_index("g", "lsst"), band_index("r", "lsst")]
    only = [np.isin(chosen.kept.slice(k, k + 1).band, gr).all() for k in range(len(chosen.kept))]
    assert 0.4 < np.mean(only) < 0.75


def test_a_corpus_comes_back_as_it_was_built_and_every_object_of_a_class_weighs_the_same(tmp_path):
    curves = made_up()
    build(curves, RECIPE, np.random.default_rng(2), tmp_path / "corpus")
    corpus = load(tmp_path / "corpus")
    assert corpus.values.shape == (len(corpus.label), 50, 37) and np.isfinite(corpus.values).all()
    per_class = np.bincount(corpus.label, corpus.weight)
    assert np.allclose(per_class[per_class > 0], 1.0)
    assert set(corpus.fold) <= set(folds_of(curves.objects["object_id"].to_numpy()))


def corpus_of_two_classes(n=4000):
    """Supernovae, most with a redshift, and stars, nearly all without one."""
    rng = np.random.default_rng(3)
    star = np.arange(n) % 2 == 1
    true = np.where(star, np.nan, rng.uniform(0.1, 1.0, n))
    listed = rng.random(n) < np.where(star, 0.05, 0.7)
    z = np.where(listed, np.where(star, 0.5, true + 0.01), np.nan)
    label = np.where(star, CLASS_NAMES.index("RRL"), CLASS_NAMES.index("SNIa"))
    zeros = np.zeros(n, np.int64)
    return LsstCorpus(
        np.zeros((n, 50, 37), np.float16), label, zeros, np.ones(n), z, np.where(listed, 0.04, np.nan), true,
        np.full(n, 300.0),
    )  # fmt: skip


def told_rows(corpus):
    values = np.zeros((len(corpus.label), 50, 37), np.float32)
    prepare = preparer(corpus, RECIPE.feature_scaling)
    return prepare(values, np.arange(len(corpus.label)), np.random.default_rng(4))[:, 50:, 0]


def test_having_a_redshift_does_not_say_what_an_object_is():
    corpus = corpus_of_two_classes()
    told = told_rows(corpus)[:, 0] != RECIPE.feature_scaling["redshift"][2]
    supernova = corpus.label == CLASS_NAMES.index("SNIa")
    assert told[supernova].mean() == pytest.approx(0.5, abs=0.04)
    assert told[~supernova].mean() == pytest.approx(told[supernova].mean(), abs=0.06)


def test_the_told_magnitude_is_that_of_the_told_redshift():
    rows = told_rows(corpus_of_two_classes())
    told = rows[:, 0] != RECIPE.feature_scaling["redshift"][2]
    z = rows[told, 0] * RECIPE.feature_scaling["redshift"][1] + RECIPE.feature_scaling["redshift"][0]
    magnitude = rows[told, 2] * RECIPE.feature_scaling["absolute_magnitude"][1] - 19.0
    assert np.allclose(magnitude, 27.5 - 2.5 * np.log10(300.0) - distance_modulus(z), atol=0.02)
    assert (rows[~told] == [-3.0, -3.0, 6.0]).all()


def test_folds_are_those_of_the_name_and_about_as_large():
    names = np.array([f"sim-SNIa-{i:06d}" for i in range(2000)])
    assert (folds_of(names[::-1])[::-1] == folds_of(names)).all()
    assert np.bincount(folds_of(names), minlength=5).min() > 330


def test_an_object_at_an_age_shows_nothing_later_and_an_untold_one_no_redshift():
    curves = made_up()
    trial = Trial(curves.flat(), np.zeros(12, np.int64), folds_of(curves.objects["object_id"].to_numpy()))
    young = trial.at(10.0, type("Model", (), {"recipe": RECIPE})())
    end = np.repeat(first_used(trial.flat, RECIPE) + 10.0, np.diff(young.flat.offsets))
    assert (young.flat.mjd <= end).all() and 0 < len(young.flat.mjd) < len(trial.flat.mjd)
    told = np.arange(12) % 2 == 0
    some = trial.with_redshift_where(told).flat.numbers["redshift"]
    assert np.isnan(some[~told]).all() and np.array_equal(
        some[told], trial.flat.numbers["redshift"][told], equal_nan=True
    )


def test_one_band_is_enough_and_a_ztf_light_curve_is_not():
    flat = FlatCurves(
        np.array([0, 2]), np.array([60000.0, 60001.0]), np.full(2, 90.0), np.full(2, 5.0),
        np.full(2, band_index("i", "lsst"), np.int8), np.zeros(2, bool),
    )  # fmt: skip
    assert redraw(flat, np.array([0]), RECIPE, np.random.default_rng(0), GENTLE).verdict.tolist() == [0]
    ztf = replace(flat, band=np.full(2, band_index("g", "ztf"), np.int8))
    assert redraw(ztf, np.array([0]), RECIPE, np.random.default_rng(0), GENTLE).verdict.tolist() == [2]


def test_the_prior_is_a_mix_and_the_first_limit_says_simulated():
    prior = survey_prior()
    assert list(prior) == list(CLASS_NAMES) and sum(prior.values()) == pytest.approx(1.0, abs=1e-6)
    assert limits({"figures": {}})[0] == SIMULATED and "simulations alone" in SIMULATED
