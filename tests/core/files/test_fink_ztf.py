"""Fink's nested Parquet, whose types changed over the years: read by column, equal to the packets inside."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.brokers.files import Caps, iter_file, read_file
from core.refusal import BadInput

DATA = Path(__file__).parents[2] / "data" / "files"
FILES = ["fink_ztf_raw_2020.parquet", "fink_ztf_tde_2020.parquet", "fink_ztf_2022.parquet"]


@pytest.mark.parametrize("name", FILES)
def test_real_files_agree_with_their_rows(name):
    content = read_file(DATA / name)
    assert content.format == "Fink ZTF alerts (Parquet)"
    assert not content.unreadable
    rows = pq.read_table(DATA / name, columns=["objectId", "candid", "candidate", "prv_candidates"]).to_pylist()
    assert len(content.curves) == len(rows)
    for curve, row in zip(content.curves, rows, strict=True):
        assert (curve.object_id, curve.alert_id) == (row["objectId"], str(row["candid"]))
        points = [row["candidate"], *(row["prv_candidates"] or [])]
        detections = [p for p in points if p["magpsf"] is not None]
        assert {round(t, 5) for t in curve.mjd} == {round(p["jd"] - 2400000.5, 5) for p in detections}
        newest = int(np.argmin(np.abs(curve.mjd + 2400000.5 - row["candidate"]["jd"])))
        sign = 1 if row["candidate"]["isdiffpos"] in ("t", "1") else -1
        assert curve.flux[newest] == pytest.approx(sign * 10 ** (0.4 * (27.5 - row["candidate"]["magpsf"])), rel=1e-6)
        assert len(curve.limits) == len(points) - len(detections)
        assert curve.context["ndethist"] == row["candidate"]["ndethist"]


def test_streaming_gives_the_same():
    whole = read_file(DATA / FILES[2]).curves
    assert [c.photometry_sha256() for c in iter_file(DATA / FILES[2])] == [c.photometry_sha256() for c in whole]


def test_cut_outs_are_not_read():
    """The file holds 130 kB of cut-outs; a budget that they would break is enough for the photometry."""
    content = read_file(DATA / FILES[0], caps=Caps(total_bytes=60_000))
    assert len(content.curves) == 3


def test_one_bad_alert_is_lost_alone(tmp_path):
    good = {"jd": 2460000.5, "fid": 1, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "t", "diffmaglim": 20.0}
    rows = [good, {**good, "fid": 9}, None, good]
    pq.write_table(
        pa.table({"objectId": list("abcd"), "candid": [1, 2, 3, 4], "candidate": rows}), tmp_path / "x.parquet"
    )
    content = read_file(tmp_path / "x.parquet")
    assert [c.object_id for c in content.curves] == ["a", "d"]
    assert [(u.where, u.object_id, u.error.reason) for u in content.unreadable] == [
        ("record 2", "b", "band"),
        ("record 3", "c", "schema"),
    ]


def test_a_cut_parquet_file_is_damaged():
    data = (DATA / FILES[1]).read_bytes()
    with pytest.raises(BadInput) as error:
        read_file(data[:-200])
    assert error.value.reason == "damaged"
