"""The columnar door gives the light curves that every other door gives."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.flat import flatten, in_order
from core.lightcurve import light_curve
from core.model import load_model
from core.photometry import magnitude_to_flux
from core.pipeline import classify_many, score_flat
from core.refusal import BadInput
from stream.columns import is_columnar, read_columns, write_columns
from tests.curves import real_curves

FIELDS = ("mjd", "flux", "flux_err", "band", "forced")


def read(path):
    (batch,) = read_columns(path)
    return batch


def test_light_curves_come_back_as_they_were_written(tmp_path):
    curves = list(real_curves())
    flat = flatten(curves, ("redshift",))
    write_columns(tmp_path / "x.parquet", [c.object_id for c in curves], flat)
    assert is_columnar(tmp_path / "x.parquet")
    batch = read(tmp_path / "x.parquet")
    assert batch.object_id.to_pylist() == [c.object_id for c in curves] and not batch.mended.any()
    assert all(np.array_equal(getattr(batch.curves, name), getattr(flat, name)) for name in ("offsets", *FIELDS))


def test_the_columnar_door_scores_as_the_table_does(tmp_path):
    curves, model = list(real_curves()), load_model("t2-ztf")
    write_columns(tmp_path / "x.parquet", [f"new {i}" for i in range(len(curves))], flatten(curves))
    scores = score_flat(read(tmp_path / "x.parquet").curves, model)
    fresh = [light_curve(f"new {i}", c.mjd, c.flux, c.flux_err, c.band, forced=c.forced) for i, c in enumerate(curves)]
    table = classify_many(fresh, model)
    assert np.allclose(scores.probabilities, table[[f"p_{c}" for c in model.classes]], atol=1e-9, equal_nan=True)


@pytest.mark.uncompiled
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_light_curve_is_in_order_when_the_border_leaves_it_as_it_is(data):
    n = data.draw(st.integers(0, 6))
    times = data.draw(
        st.lists(st.sampled_from([1.0, 59000.0, 59000.000001, 59000.5, 59001.0, np.nan]), min_size=n, max_size=n)
    )
    flux = data.draw(st.lists(st.sampled_from([1.0, -3.0, np.inf, 5.0]), min_size=n, max_size=n))
    error = data.draw(st.lists(st.sampled_from([0.5, 0.0, -1.0, np.nan, 2.0]), min_size=n, max_size=n))
    band = data.draw(st.lists(st.sampled_from([0, 1]), min_size=n, max_size=n))
    arrays = [np.array(a, dtype=float) for a in (times, flux, error)]
    offsets = np.array([0, n])
    same = in_order(offsets, *arrays, np.array(band, np.int8))[0]
    curve = light_curve("x", *arrays, band)
    unchanged = all(
        np.array_equal(getattr(curve, f), a)
        for f, a in zip(("mjd", "flux", "flux_err", "band"), [*arrays, band], strict=True)
    )
    assert same == (unchanged and not curve.notes)


def magnitudes(path, **columns):
    lists = {
        "mjd": [[59001.0, 59000.0]],
        "magpsf": [[19.0, 20.0]],
        "sigmapsf": [[0.1, 0.1]],
        "fid": [[1, 2]],
        "isdiffpos": [["f", "t"]],
    }
    pq.write_table(pa.table({"object_id": ["a"], **lists, **columns}), path)


@pytest.mark.uncompiled
def test_magnitudes_with_their_sign_are_put_in_order(tmp_path):
    magnitudes(tmp_path / "m.parquet")
    batch = read(tmp_path / "m.parquet")
    assert batch.mended.tolist() == [True] and batch.curves.band.tolist() == [1, 0]
    assert batch.curves.flux == pytest.approx([magnitude_to_flux(20.0), -magnitude_to_flux(19.0)])


def test_an_unknown_band_costs_its_row(tmp_path):
    magnitudes(tmp_path / "m.parquet", fid=[[1, 9]])
    assert read(tmp_path / "m.parquet").curves.band.tolist() == [0]


def test_lists_of_different_length_are_named(tmp_path):
    magnitudes(tmp_path / "m.parquet", fid=[[1]])
    with pytest.raises(BadInput, match=r"m\.parquet, row 1: 1 values in fid and 2 in mjd"):
        read(tmp_path / "m.parquet")


def test_a_table_of_points_is_not_columnar(tmp_path):
    pd.DataFrame(
        {"object_id": ["a"], "mjd": [59000.0], "band": ["ztf_g"], "flux": [1.0], "flux_err": [0.1]}
    ).to_parquet(tmp_path / "p.parquet")
    assert not is_columnar(tmp_path / "p.parquet")
    with pytest.raises(BadInput, match="expected object_id"):
        read(tmp_path / "p.parquet")
