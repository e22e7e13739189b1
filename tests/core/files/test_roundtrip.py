"""Written by any tool and read back, photometry is the same to the last bit (or to the last digit that was written)."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bands import BANDS, band_names
from core.brokers.files import LOCAL, read_file
from core.lightcurve import light_curve
from core.photometry import from_fluxcal
from tests.core.files.alerts import JD, ZTF_SCHEMA, candidate, container, ztf_packet

value = st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)
error = st.floats(1e-3, 1e4)
when = st.integers(0, 10_000_000).map(lambda k: 58000.0 + k * 1e-4)
point = st.tuples(when, st.integers(0, len(BANDS) - 1), value, error)
name = st.text("abcXYZ0123456789-_+.", min_size=1, max_size=12).filter(
    lambda s: any(c.isalpha() for c in s[:1]) and s.lower() not in ("nan", "na", "none", "null")
)
objects = st.dictionaries(
    name, st.lists(point, min_size=1, max_size=8, unique_by=lambda p: (round(p[0], 3), p[1])), min_size=1, max_size=5
)


def frame_of(curves, unit="fluxcal"):
    return pd.concat(
        pd.DataFrame({"object_id": c.object_id, "mjd": c.mjd, "band": band_names(c.band), f"flux_{unit}": from_fluxcal(c.flux, unit),
                      f"flux_err_{unit}": from_fluxcal(c.flux_err, unit)})
        for c in curves
    )  # fmt: skip


def curves_of(objects):
    return [
        light_curve(k, [p[0] for p in v], [p[2] for p in v], [p[3] for p in v], [p[1] for p in v])
        for k, v in objects.items()
    ]


def same(found, expected, **tolerance):
    assert [c.object_id for c in found] == [c.object_id for c in expected]
    for a, b in zip(found, expected, strict=True):
        assert a.mjd.tolist() == b.mjd.tolist()
        assert a.band.tolist() == b.band.tolist()
        np.testing.assert_allclose(a.flux, b.flux, **tolerance)
        np.testing.assert_allclose(a.flux_err, b.flux_err, **tolerance)


@settings(max_examples=60, deadline=None)
@given(objects, st.sampled_from([",", ";", "\t", "|"]))
def test_text_tables_bit_for_bit(objects, separator):
    expected = curves_of(objects)
    text = frame_of(expected).to_csv(index=False, sep=separator)
    same(read_file(text.encode()).curves, expected, rtol=0, atol=0)


@settings(max_examples=40, deadline=None)
@given(objects)
def test_decimal_commas_bit_for_bit(objects):
    expected = curves_of(objects)
    text = frame_of(expected).to_csv(index=False, sep=";", decimal=",")
    same(read_file(text.encode()).curves, expected, rtol=0, atol=0)


@settings(max_examples=40, deadline=None)
@given(objects, st.sampled_from(["fluxcal", "ujy", "njy"]))
def test_parquet_tables_in_any_unit(objects, unit):
    expected = curves_of(objects)
    out = io.BytesIO()
    frame_of(expected, unit).to_parquet(out)
    same(read_file(out.getvalue(), caps=LOCAL).curves, expected, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(objects, st.randoms())
def test_the_order_of_rows_changes_nothing_but_the_order_of_objects(objects, random):
    expected = {c.object_id: c for c in curves_of(objects)}
    lines = frame_of(expected.values()).to_csv(index=False).splitlines()
    rows = lines[1:]
    random.shuffle(rows)
    found = read_file("\n".join([lines[0], *rows]).encode()).curves
    assert {c.object_id: c.photometry_sha256() for c in found} == {
        k: c.photometry_sha256() for k, c in expected.items()
    }


detection = st.tuples(
    st.integers(0, 3000),
    st.integers(1, 3),
    st.floats(12, 23),
    st.floats(0.01, 0.5),
    st.sampled_from(["t", "f", "1", "0"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(detection, min_size=1, max_size=20, unique_by=lambda d: (d[0], d[1])))
def test_ztf_packets_from_magnitudes_to_flux_and_back(rows):
    packet = ztf_packet(
        *[candidate(day / 10, fid, mag, sigmapsf=err, isdiffpos=sign) for day, fid, mag, err, sign in rows]
    )
    (curve,) = read_file(container(ZTF_SCHEMA, [packet])).curves
    assert len(curve) == len(rows)
    expected = {(round(JD + day / 10 - 2400000.5, 6), fid - 1): (mag, err, sign) for day, fid, mag, err, sign in rows}
    for t, b, y, e in zip(curve.mjd, curve.band, curve.flux, curve.flux_err, strict=True):
        mag, err, sign = expected[(round(t, 6), b)]
        assert 27.5 - 2.5 * np.log10(abs(y)) == pytest.approx(mag, abs=1e-6)
        assert e / abs(y) * 2.5 / np.log(10) == pytest.approx(err, rel=1e-6)
        assert (y > 0) == (sign in ("t", "1"))
