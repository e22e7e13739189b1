"""Light curves as nobody would wish them: each is scored, or refused in a sentence with its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from core.lightcurve import light_curve, upper_limits
from core.model import load_model
from core.pipeline import Classification, classify, classify_many
from core.refusal import Refusal

T = 59000.0 + np.arange(12.0)
FLUX = 500.0 * np.exp(-0.5 * ((np.arange(12) - 5) / 3.0) ** 2)
BANDS = np.arange(12) % 2
NONE = np.array([])


def curve(mjd=T, flux=FLUX, err=None, band=BANDS, **more):
    return light_curve("odd", mjd, flux, np.full(len(mjd), 10.0) if err is None else err, band, **more)


ODD = {
    "no points": lambda: curve(NONE, NONE, NONE, NONE),
    "limits alone": lambda: curve(NONE, NONE, NONE, NONE, limits=upper_limits(T, FLUX + 1, BANDS)),
    "one point": lambda: curve(T[:1], FLUX[:1], None, BANDS[:1]),
    "one band": lambda: curve(band=BANDS * 0),
    "another survey's bands": lambda: curve(band=BANDS + 4),
    "all at one time": lambda: curve(np.full(12, T[0])),
    "every epoch twice": lambda: curve(np.repeat(T, 2), np.repeat(FLUX, 2), None, np.repeat(BANDS, 2)),
    "negative fluxes": lambda: curve(flux=-FLUX),
    "nothing but zeros": lambda: curve(flux=0 * FLUX),
    "a gap of decades": lambda: curve(np.where(np.arange(12) < 6, T, T + 14_000)),
    "seconds apart": lambda: curve(59000.0 + np.arange(12) * 3e-5),
    "a NaN error": lambda: curve(err=np.where(np.arange(12) == 3, np.nan, 10.0)),
    "errors of nothing": lambda: curve(err=np.full(12, 1e-11)),
    "errors beyond all bounds": lambda: curve(err=np.full(12, 1e11)),
    "fluxes beyond all bounds": lambda: curve(flux=FLUX * 1e9),
    "a tiny flux": lambda: curve(flux=FLUX * 1e-12, err=np.full(12, 1e-11)),
    "dates of the future": lambda: curve(T + 15_000),
    "a redshift of nothing": lambda: curve(redshift=0.0),
    "a negative redshift": lambda: curve(redshift=-1.0),
    "a redshift of 99": lambda: curve(redshift=99.0, redshift_err=-9.0),
    "a redshift that is none": lambda: curve(redshift=float("nan")),
}


@pytest.mark.parametrize("model", ["t2-ztf", "t2-ztf-z", "t2-published-gr", "t2-lsst"])
def test_odd_light_curves_are_scored_or_refused_in_a_sentence(model):
    network = load_model(model)
    table = classify_many([make() for make in ODD.values()], network)
    for (what, make), row in zip(ODD.items(), table.itertuples(), strict=True):
        answer = classify(make(), network)
        if isinstance(answer, Classification):
            assert np.isfinite(answer.probabilities).all() and abs(answer.probabilities.sum() - 1) < 1e-9, what
            assert row.top_class == answer.top_class, what
        else:
            assert isinstance(answer, Refusal) and answer.message.endswith("."), what
            assert row.refusal == answer.reason and row.refusal_message == answer.message, what
    if model == "t2-ztf":
        assert table["refusal"].isna().sum() >= 8, "most of these can be scored"


def test_an_impossible_redshift_changes_nothing_and_is_said():
    network = load_model("t2-ztf-z")
    without = classify(curve(), network).probabilities
    for what in ("a redshift of nothing", "a negative redshift", "a redshift of 99"):
        answer = classify(ODD[what](), network)
        assert np.array_equal(answer.probabilities, without)
        assert any("redshift" in note.message and "not used" in note.message for note in answer.notes)
