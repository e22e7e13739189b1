"""Versions of light curves stay light curves, keep to the cuts that serve, and come from nobody else's fold."""

import numpy as np
import pandas as pd
import pytest

from core.refusal import Refusal
from core.selection import Cuts, select
from training.augment import DEGRADE_ONLY, LAW_ERR, Ranges, _Cuts, law, redraw, same_band_gaps, select_points
from training.curves import CurveSet

CUTS = Cuts(min_snr=4.0, max_gap=45.0, before=100.0, after=200.0, min_points=3, min_points_per_band=1)


def some_curves(n=40, seed=5):
    """Rises and falls of different brightness, some with a stray earlier flare, alternating bands."""
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(n):
        t = np.sort(rng.uniform(0, 120 + 200 * (k % 3), 30 + k))
        flux = 3000 * rng.uniform(0.2, 2) * np.exp(-0.5 * ((t - 50) / 20) ** 2) + 40 * rng.normal(size=len(t))
        parts.append(
            pd.DataFrame(
                {
                    "k": k,
                    "mjd": 58000 + t,
                    "flux": flux,
                    "flux_err": rng.uniform(20, 60, len(t)),
                    "band": np.arange(len(t)) % 2,
                }
            )
        )
    table = pd.concat(parts)
    offsets = np.concatenate([[0], np.cumsum(table.groupby("k").size())]).astype(np.int64)
    objects = pd.DataFrame({"object_id": [f"o{k}" for k in range(n)], "class": "SNIa", "redshift": np.nan})
    return CurveSet(
        objects,
        offsets,
        table["mjd"].to_numpy(float),
        table["flux"].to_numpy("f4"),
        table["flux_err"].to_numpy("f4"),
        table["band"].to_numpy("i1"),
    )


def versions(curves, seed=1, each=6, **options):
    n = len(curves)
    return redraw(
        curves, np.repeat(np.arange(n), each), np.random.default_rng(seed), cuts=CUTS,
        gaps=same_band_gaps(curves, np.ones(n, bool)), from_survey=options.pop("from_survey", np.arange(n) % 2 == 0),
        signed_star=options.pop("signed_star", np.zeros(n, bool)), **options,
    )  # fmt: skip


def test_the_same_seed_draws_the_same_versions():
    one, again, other = versions(some_curves()), versions(some_curves()), versions(some_curves(), seed=2)
    assert np.array_equal(one.flux, again.flux) and np.array_equal(one.rows, again.rows)
    assert not np.array_equal(one.flux[:50], other.flux[:50])


def test_versions_are_sorted_finite_and_have_positive_errors():
    made = versions(some_curves())
    inside = np.ones(len(made.t) - 1, bool)
    inside[made.offsets[1:-1] - 1] = False
    assert np.all(np.diff(made.t)[inside] >= 0)
    assert np.all(made.flux_err > 0)
    assert np.all(np.isfinite(made.flux)) and np.all(np.isfinite(made.flux_err))
    assert np.all(made.t[made.offsets[:-1]] == 0)


def test_versions_pass_the_cuts_that_serve():
    made = versions(some_curves())
    for k in range(len(made.rows)):
        where = slice(made.offsets[k], made.offsets[k + 1])
        assert np.bincount(made.band[where], minlength=2).min() >= CUTS.min_points_per_band
        assert made.lengths[k] >= CUTS.min_points
        assert np.all(np.diff(made.t[where]) <= CUTS.max_gap + 1e-9) or made.lengths[k] == Ranges().max_points
        assert np.all(np.abs(made.flux[where]) >= CUTS.min_snr * made.flux_err[where])


def test_truncated_versions_end_early():
    curves = some_curves()
    whole = versions(curves, ranges=Ranges(truncate_share=0.0), each=20)
    cut = versions(curves, ranges=Ranges(truncate_share=1.0, truncate_low=15.0, truncate_high=25.0), each=20)
    late = [np.mean(made.t[made.offsets[1:] - 1] > 25.0) for made in (whole, cut)]
    # Those that would keep too few points keep their age instead.
    assert late[1] < 0.4 * late[0]


def test_versions_come_from_the_rows_asked_for_alone():
    made = redraw(
        some_curves(), np.array([3, 3, 7]), np.random.default_rng(0), cuts=CUTS, gaps=np.ones(3),
        from_survey=np.zeros(40, bool), signed_star=np.zeros(40, bool),
    )  # fmt: skip
    assert list(made.rows) == [3, 3, 7]
    assert np.all(made.lengths <= some_curves().lengths[made.rows])


def test_no_corpus_version_crosses_a_fold():
    from training.corpus import build
    from training.recipe_ztf import recipe_ztf

    curves = some_curves(12)
    curves.objects[["origin", "source", "sign_known", "use_for_training"]] = ["alert", "ztf_bts", True, True]
    curves.objects["fold"] = np.arange(12) % 5
    pool = build(curves, None, recipe_ztf(), np.random.default_rng(0))
    # Without fold 2 none of its objects is left: their weight is gone with them.
    per_fold = {f: pool.weight[pool.fold == f].sum() for f in range(5)}
    assert per_fold[2] == pytest.approx(np.sum(np.arange(12) % 5 == 2) / 12, rel=0.02)
    assert pool.values.shape[1:] == (50, 13) and np.all(np.isfinite(pool.values))


def test_degraded_photometry_is_sparser_and_noisier():
    curves = some_curves()
    made = versions(curves, each=1, from_survey=np.ones(40, bool), ranges=DEGRADE_ONLY)
    assert made.lengths.mean() < curves.lengths.mean()
    rows = np.repeat(made.rows, made.lengths)
    before = np.array([np.median(curves.flux_err[curves.points(row)]) for row in range(40)])
    assert np.median(made.flux_err / before[rows]) > 1
    # The errors follow the law of alerts, by a factor that is the quality of an image.
    expected = np.array([law(flux) for flux in made.flux])
    assert 0.5 < np.median(made.flux_err / expected) < 2


def test_the_error_law_gives_back_its_table():
    assert law(10 ** (0.4 * (27.5 - 19.2))) / 10 ** (0.4 * (27.5 - 19.2)) * 2.5 / np.log(10) == pytest.approx(
        LAW_ERR[3], rel=1e-6
    )


@pytest.mark.parametrize("seed", range(4))
def test_compiled_cuts_are_the_cuts_that_serve(seed):
    curves, compared = some_curves(25, seed), 0
    for row in range(25):
        curve = curves.light_curve(row)
        keep = np.ones(len(curve), bool)
        select_points(
            np.array(curve.mjd), np.array(curve.flux), np.array(curve.flux_err), np.array(curve.band), keep,
            _Cuts(CUTS.min_snr, CUTS.max_gap, CUTS.before, CUTS.after, CUTS.min_points, CUTS.min_points_per_band),
        )  # fmt: skip
        chosen = select(curve, (0, 1), CUTS)
        if not isinstance(chosen, Refusal):
            assert np.array_equal(keep, chosen.used)
            compared += 1
    assert compared >= 20


def test_a_star_sometimes_loses_its_sign():
    curves = some_curves()
    curves.flux[::3] *= -1
    made = versions(curves, signed_star=np.ones(40, bool), ranges=Ranges(unsigned_share=1.0, dim_share=0.0, noise=0.0))
    assert np.all(made.flux > 0)
