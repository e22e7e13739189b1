"""One scoring path: one object, many objects and shares of the explanation all tell the same story."""

import numpy as np
import pandas as pd
import pytest

from core.card import find_cards, load_card
from core.flat import flatten
from core.lightcurve import light_curve
from core.model import MODELS, load_model
from core.pipeline import Unscored, check_by_deletion, classify, classify_flat, classify_many, row_columns
from core.refusal import Refusal
from tests.curves import real_curves, supernova

#: Those that read ZTF, as the light curves here are; tests/core/test_models_lsst.py has the others.
NAMES = [name for name in sorted(find_cards(MODELS)) if load_card(MODELS / name).recipe().survey == "ztf"]
BAD = light_curve("one band", [59000.0, 59001.0], [100.0, 110.0], [5.0, 5.0], [0, 0])


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    return load_model(request.param)


def test_page_and_table_give_the_same_numbers(model):
    curves = list(real_curves())
    table = classify_many(curves, model)
    columns = [f"p_{c}" for c in model.classes]
    for curve, row in zip(curves, table.to_dict("records"), strict=True):
        one = classify(curve, model)
        if isinstance(one, Refusal):
            assert row["refusal"] == one.reason
            assert all(pd.isna(row[c]) for c in columns), "a refusal never carries a probability"
        else:
            assert np.allclose([row[c] for c in columns], one.probabilities, atol=1e-5)
            assert row["top_class"] == one.top_class


def test_every_object_has_its_row_in_order(model):
    unread = Unscored("broken", Refusal("truncated", "The record ends after 3 bytes."))
    table = classify_many([supernova(), BAD, unread, supernova(seed=2)], model)
    assert table.object_id.tolist() == ["made up", "one band", "broken", "made up"]
    assert table.refusal.isna().tolist() == [True, False, False, True]
    assert table.columns.tolist() == row_columns(model)


def test_flat_arrays_have_the_rows_of_light_curves(model):
    """Scored and refused for every reason, combined, answered for by fold models, and refused beforehand."""
    curves = [
        *real_curves(), supernova(points=400), light_curve("empty", [], [], [], []),
        light_curve("lsst", [60000.0], [1.0], [1.0], [4]), light_curve("one", [60000.0], [9.0], [1.0], [0]),
    ]  # fmt: skip
    beforehand = [Refusal("because", "it was") if k % 7 == 3 else None for k in range(len(curves))]
    ids = [curve.object_id for curve in curves]
    flat = classify_flat(flatten(curves, model.recipe.numbers), ids, model, refusals=beforehand, notes="read")
    items = [
        c if r is None else Unscored(c.object_id, r) for c, r in zip(curves, beforehand, strict=True)
    ]  # fmt: skip
    one_by_one = classify_many(items, model)
    expected = ["; ".join(filter(None, ("read", n if pd.notna(n) else ""))) for n in one_by_one["notes"]]
    assert flat["notes"].tolist() == expected
    assert flat["photometry_sha256"].tolist() == [curve.photometry_sha256() for curve in curves]
    rest = [c for c in flat if c not in ("notes", "photometry_sha256")]
    pd.testing.assert_frame_equal(flat[rest], one_by_one[rest], check_exact=True)


def test_no_light_curve_gives_an_empty_table(model):
    assert classify_many([], model).columns.tolist() == row_columns(model)


def test_scored_rows_sum_to_one(model):
    table = classify_many(real_curves(), model)
    p = table.loc[table.refusal.isna(), [f"p_{c}" for c in model.classes]].sum(axis=1)
    assert len(p) > 20 and np.allclose(p, 1.0)


def test_shares_of_the_map_sum_to_one_hundred_percent(model):
    result = classify(supernova(), model)
    for c in range(len(model.classes)):
        share = result.explanation.share(c)
        assert share.sum() == pytest.approx(100.0)
        observed = result.explanation.observation_share(c, result.selection.curve.mjd)
        features = sum(result.explanation.feature_share(c).values())
        assert observed.sum() + features == pytest.approx(100.0)


def test_shifting_all_times_changes_no_probability(model):
    one, other = classify(supernova(), model), classify(supernova(shift=1024.0), model)
    assert np.allclose(one.probabilities, other.probabilities, atol=1e-5)


def test_swapping_bands_changes_the_answer(model):
    curve = supernova()
    swapped = light_curve("x", curve.mjd, curve.flux, curve.flux_err, 1 - curve.band)
    assert np.max(np.abs(classify(curve, model).probabilities - classify(swapped, model).probabilities)) > 0.01


def test_the_drawn_process_is_the_one_that_was_scored(model):
    result = classify(supernova(), model)
    if model.recipe.kind == "fixed-grid":
        flux = result.fit.mean(result.tensor.times[0], 0) / result.tensor.peak[0]
        channel = model.recipe.channels.index("flux")
        assert channel == 0
        computed = np.any(result.tensor.values[0, :, 2:4] != 0, axis=1)  # elsewhere σ is zero: no row that is read
        assert computed.sum() >= 20
        assert np.allclose(np.clip(flux, -3, 3)[computed], result.tensor.values[0, computed, 0], atol=1e-5)
    else:
        mean = result.fit.mean(result.tensor.times[0], 0)
        assert np.corrcoef(mean, result.tensor.values[0, :, 0])[0, 1] > 0.999999


def test_the_deletion_check_is_repeatable_and_removes_what_it_says(model):
    result = classify(supernova(), model)
    one, two = (check_by_deletion(result, result.top_class) for _ in range(2))
    assert one.removed == len(one.top) == round(0.2 * len(result.selection.curve))
    assert one.without_top == two.without_top
    assert np.array_equal(one.without_random, two.without_random)
    left = result.selection.curve.subset(np.delete(np.arange(len(result.selection.curve)), one.top))
    assert classify(left, model).probability(result.top_class) == pytest.approx(one.without_top, abs=1e-5)


def test_too_few_points_to_delete_is_no_check(model):
    n = max(2, model.recipe.cuts.min_points)  # just enough to be scored: with one point less it no longer is
    curve = light_curve("short", 59000.0 + np.arange(n), np.linspace(100, 110, n), np.full(n, 5.0), np.arange(n) % 2)
    result = classify(curve, model)
    assert not isinstance(result, Refusal)
    assert check_by_deletion(result, result.top_class) is None
