"""Spark's flat way says what light curves made one by one say, whatever a table holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stream.spark_worker as worker
from core.brokers.files.content import Reading
from stream.flat_tables import flat_table
from stream.spark_worker import Job, scored_tables

CURVES = Path(__file__).parents[1] / "data" / "ztf_curves" / "curves.parquet"
JOB = Job("t2-ztf", id_column="object_id")
ODD = st.sampled_from([None] * 12 + ["late", "nan", "zero error", "double", "band", "sentinel", "huge"])


def by_light_curves(job, table):
    batches = list(worker._scored(job, table, worker.row_schema(job)))
    return sorted_rows(batches)


def sorted_rows(batches):
    return pa.Table.from_batches(batches).to_pandas().sort_values("object_id", ignore_index=True)


def check(table, job=JOB):
    found = sorted_rows(scored_tables(job, table.to_batches()))
    expected = by_light_curves(job, table)
    for rows in (found, expected):  # numbers of rows are counted in the part that is read
        for column in ("refusal_message", "notes"):
            rows[column] = rows[column].str.replace(r"row \d+", "row", regex=True)
    p = [c for c in expected if c.startswith("p_") or c == "novelty"]
    pd.testing.assert_frame_equal(found.drop(columns=p), expected.drop(columns=p), check_exact=True)
    # The network's matrices are as large as the batch, so the last bits of float32 depend on who is in it.
    np.testing.assert_allclose(found[p].to_numpy(float), expected[p].to_numpy(float), rtol=0, atol=1e-6)
    return found


def with_lists(table):
    frame = table.to_pandas().groupby("object_id", sort=False).agg(list).reset_index()
    return pa.Table.from_pandas(frame, preserve_index=False)


@st.composite
def tables(draw):
    """A few objects in flux or magnitudes, their bands named in full or by letters, some rows of them odd."""
    parts = []
    named = draw(
        st.sampled_from([["ztf_g", "ztf_r"], ["g", "r"], ["ztf_g", "r"], ["g", "u"], ["lsst_g", "r"], ["1", "r"]])
    )
    for k in range(draw(st.integers(1, 5))):
        n = draw(st.integers(1, 14))
        generator = np.random.default_rng(draw(st.integers(0, 99)))
        ztf = draw(st.booleans())
        part = pd.DataFrame({"object_id": f"{'ZTF' if ztf else 'sn'}{k}", "mjd": 60000.0 + np.arange(n) / 2})
        part["band"] = generator.choice(named, n)
        part["flux"], part["flux_err"] = generator.normal(300, 90, n), generator.uniform(5, 30, n)
        part["redshift"] = draw(st.sampled_from([0.1, float("nan"), -9.0, 99.0]))
        odd, row = draw(ODD), draw(st.integers(0, n - 1))
        changes = {"late": ("mjd", 60100.2), "nan": ("flux", np.nan), "zero error": ("flux_err", 0.0), "band": ("band", "x"),
                   "sentinel": ("flux_err", -999.0), "huge": ("flux", 1e15)}  # fmt: skip
        if odd in changes:
            part.loc[row, changes[odd][0]] = changes[odd][1]
        elif odd == "double":
            part = pd.concat([part, part.iloc[[row]]])
        parts.append(part)
    frame = pd.concat(parts)
    if draw(st.booleans()):
        with np.errstate(invalid="ignore", divide="ignore"):
            frame["magpsf"] = 27.5 - 2.5 * np.log10(np.abs(frame["flux"]))
            frame["sigmapsf"] = frame["flux_err"] / np.abs(frame["flux"])
        frame["isdiffpos"] = np.where(frame["flux"] > 0, "t", "f")
        frame["diffmaglim"] = 20.5
        frame = frame.drop(columns=["flux", "flux_err"])
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return with_lists(table) if draw(st.booleans()) else table


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["", "published"]))
def test_every_table_has_the_rows_of_its_light_curves(table, selection):
    check(table, Job("t2-ztf", id_column="object_id", selection=selection))


@pytest.mark.parametrize("layout", ["points", "lists"])
def test_real_light_curves_take_the_flat_way_and_say_the_same(layout):
    table = pq.read_table(CURVES)
    table = with_lists(table.drop_columns(["class"])) if layout == "lists" else table
    flat = flat_table(table, Reading("x", default_survey="ztf"))
    assert flat is not None and flat.plain.all() and len(flat.object_id) == 39
    assert (check(table)["refusal"].isna()).sum() == 34


def test_context_reaches_the_published_selection():
    day = np.arange(60_000.0, 60_008.0)
    one = pd.DataFrame({"mjd": day, "band": ["ztf_g", "ztf_r"] * 4, "flux": 900.0, "flux_err": 20.0, "roid": 0.0})
    frame = pd.concat([one.assign(object_id="moves", roid=3.0), one.assign(object_id="stays")])
    job = Job("t2-ztf", id_column="object_id", selection="published")
    found = check(pa.Table.from_pandas(frame, preserve_index=False), job)
    assert found["refusal"].fillna("").tolist() == ["solar_system", ""]


@pytest.mark.parametrize(
    "change",
    [
        {"object_id": ["a", "a", "b ", "b "]},
        {"object_id": ["1.0", "1.0", "2", "2"]},
        {"object_id": ["a", "b", "a", "b"]},
        {"mjd": ["60000", "60001", "60002", "x"]},
        {"limit": [0, 1, 0, 0]},
        {"zp": [25.0, 25.0, 25.0, 25.0]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_out_of_the_ordinary_is_left_to_the_reader_of_files(change):
    plain = {
        "object_id": ["a", "a", "b", "b"], "mjd": [60000.0, 60001.0, 60002.0, 60003.0],
        "band": ["ztf_g", "ztf_r"] * 2, "flux": [900.0] * 4, "flux_err": [9.0] * 4,
    }  # fmt: skip
    assert flat_table(pa.table(plain), Reading("x")) is not None
    table = pa.table(plain | change)
    assert flat_table(table, Reading("x")) is None
    check(table)
