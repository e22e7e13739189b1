"""What makes an answer doubtful is said, and a check of the map gives the same verdict however the times are written."""

from dataclasses import replace

import numpy as np
import pytest

from core.brokers.samples import SampleSource
from core.doubts import contradictions, told_apart
from core.explain import DeletionCheck
from core.lightcurve import light_curve
from core.model import load_model
from core.pipeline import check_by_deletion, classify
from tests.curves import real_curves, supernova


def test_points_that_exclude_each_other_are_counted():
    mjd = np.repeat(59000.0 + 5 * np.arange(5), 2) + np.tile([0.0, 0.0005], 5)
    opposite = light_curve("x", mjd, np.tile([900.0, -900.0], 5), np.full(10, 20.0), np.ones(10, int))
    (note,) = contradictions(opposite)
    assert note.message.startswith("5 pairs of points") and note.short
    assert not contradictions(replace(opposite, band=np.tile([0, 1], 5).astype(np.int8))), "two bands may differ"


def test_only_the_samples_with_bad_photometry_contradict_themselves():
    source = SampleSource()
    told = {oid for oid in source.catalogue().object_id if contradictions(source.fetch(oid))}
    assert told == {"ZTF18acuxuco"}
    assert not any(contradictions(curve) for curve in real_curves())


@pytest.mark.parametrize(
    ("value", "bounds", "text"),
    [(20.803, (14.3, 20.8), "20.803"), (23.0, (14.3, 20.8), "23"), (301.2, (0.0, 300.0), "301")],
)
def test_a_number_outside_never_reads_as_one_inside(value, bounds, text):
    assert told_apart(value, *bounds) == text


@pytest.mark.parametrize(
    ("top", "random", "verdict"),
    [(0.4, 0.8, "confirmed"), (0.8, 0.4, "contradicted"), (0.8, 0.802, "chance"), (0.99, 0.99, "chance")],
)
def test_the_deletion_check_has_three_verdicts(top, random, verdict):
    assert DeletionCheck(0, 4, 0.9, top, np.full(20, random), np.arange(4)).verdict == verdict


def test_a_mixed_set_of_draws_is_no_better_than_chance():
    check = DeletionCheck(0, 4, 0.9, 0.6, np.array([0.7] * 17 + [0.5] * 3), np.arange(4))
    assert (check.cost_more, check.cost_less, check.verdict) == (17, 3, "chance")
    assert replace(check, without_random=np.array([0.7] * 18 + [0.5] * 2)).verdict == "confirmed"


def test_the_check_does_not_depend_on_how_times_are_rounded():
    """A Julian date has lost the last digits of an MJD: the same points must be drawn."""
    model, curve = load_model("t2-ztf"), supernova()
    rounded = replace(curve, mjd=(curve.mjd + 2400000.5) - 2400000.5)
    assert not np.array_equal(rounded.mjd, curve.mjd)
    one, two = (check_by_deletion(classify(c, model), "SNIa") for c in (curve, rounded))
    assert np.array_equal(one.top, two.top) and one.verdict == two.verdict
    assert np.allclose(one.without_random, two.without_random, atol=1e-3)
    assert one.draws == 20
