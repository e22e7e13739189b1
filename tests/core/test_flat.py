"""Flat batches decide as single light curves do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bands import BANDS
from core.flat import coordinates, flatten
from core.flat_selection import REASONS, select_flat
from core.lightcurve import light_curve
from core.refusal import Refusal
from core.selection import Cuts, select, selection_notes
from tests.curves import real_curves, supernova

CUTS = [
    Cuts(),
    Cuts(min_snr=4.0, max_gap=45.0, before=100.0, after=200.0, min_points=3),
    Cuts(min_points_per_band=2, positive_only=True, max_span=90.0),
    Cuts(detections_only=True, min_points=5, max_gap=10.0),
]


@st.composite
def curves(draw):
    n = draw(st.integers(0, 12))
    column = lambda strategy: draw(st.lists(strategy, min_size=n, max_size=n))  # noqa: E731
    return light_curve(
        "made up",
        59000.0 + np.array(column(st.integers(0, 400)), float) / 2,
        column(st.floats(-50, 100, width=16)),
        column(st.floats(0.5, 30, width=16)),
        np.array(column(st.sampled_from([0, 0, 0, 1, 1, 1, 2, 5])), int),
        forced=column(st.booleans()),
    )


def check(batch, bands, cuts):
    chosen = select_flat(flatten(batch), bands, cuts)
    kept, verdict, n_used = chosen.kept, chosen.verdict, chosen.n_used
    expected = [select(curve, bands, cuts) for curve in batch]
    assert [REASONS[v] for v in verdict] == [s.reason if isinstance(s, Refusal) else "" for s in expected]
    scored = [s for s in expected if not isinstance(s, Refusal)]
    assert n_used[verdict == 0].tolist() == [int(s.used.sum()) for s in scored]
    assert not n_used[verdict != 0].any()
    assert len(kept) == len(scored)
    for b, one in enumerate(scored):
        here = slice(kept.offsets[b], kept.offsets[b + 1])
        for name in ("mjd", "flux", "flux_err", "band", "forced"):
            assert np.array_equal(getattr(kept, name)[here], getattr(one.curve, name)), name
    for k in np.flatnonzero(verdict == 0):
        others = batch[k].band[~np.isin(batch[k].band, bands)]
        numbers = chosen.left_out[k].tolist(), others, cuts, int(n_used[k]), int(chosen.n_fitted[k])
        assert selection_notes(*numbers) == expected[k].notes


@pytest.mark.uncompiled
@settings(max_examples=150, deadline=None)
@given(st.lists(curves(), max_size=6), st.sampled_from(CUTS), st.sampled_from([(0, 1), (1,), (4, 5, 6)]))
def test_made_up_curves_are_selected_as_one_by_one(batch, cuts, bands):
    check(batch, bands, cuts)


@pytest.mark.parametrize("cuts", CUTS, ids=range(len(CUTS)))
def test_real_and_long_curves_are_selected_as_one_by_one(cuts):
    check([*real_curves(), supernova(points=400), light_curve("empty", [], [], [], [])], (0, 1), cuts)


@pytest.mark.uncompiled
def test_numbers_follow_their_light_curves():
    redshifts = [0.1, None, 0.3]
    batch = [
        light_curve("x", 59000.0 + np.arange(4), np.full(4, 9.0), np.full(4, 1.0), np.array(bands), redshift=z)
        for bands, z in zip(([0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1]), redshifts, strict=True)
    ]
    chosen = select_flat(flatten(batch, ("redshift",)), (0, 1), Cuts())
    kept = chosen.kept
    assert REASONS[chosen.verdict[1]] == "missing_band" and chosen.per_band[1].tolist() == [4, 0]
    assert kept.number("redshift").tolist() == [0.1, 0.3]
    assert np.isnan(kept.number("redshift_err")).all()


def test_the_plane_of_the_process_starts_at_the_first_point():
    t, wavelength = coordinates(flatten([supernova(), supernova(shift=7.0)]))
    n = len(supernova())
    assert t[0] == t[n] == 0.0 and np.array_equal(t[:n], supernova().mjd - supernova().mjd[0])
    assert wavelength[0] == BANDS[supernova().band[0]].wavelength
