"""Ids of 64 bits keep every digit from every kind of file; one that has lost digits is refused, never scored as another's."""

import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.brokers.files import iter_file, read_file
from core.refusal import BadInput
from tests.core.files.alerts import ZTF_SCHEMA, container, lsst_packet, lsst_schema, source, wire, ztf_packet

#: Neighbours that a float can't tell apart.
BIG = [2**53 + 1, 2**53 + 2, 170587116732416143, 170587116732416144, 2**63 - 1, 2**63 - 2]
WHAT_TO_DO = "expected an id stored as text or int64"


def packets(survey):
    if survey == "ztf":
        return [{**ztf_packet(candid=i), "cutoutScience": None, "cutoutTemplate": None} for i in BIG]
    return [lsst_packet(source(diaSourceId=i, diaObjectId=i), cutoutDifference=None) for i in BIG]


def parquet(table):
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def as_avro(survey, rows):
    return container(ZTF_SCHEMA if survey == "ztf" else lsst_schema(), rows)


def as_json(survey, rows):
    return json.dumps(rows).encode()


def as_parquet(survey, rows):
    """As Fink writes them: without the columns that no row has a value for."""
    return parquet(pa.Table.from_pylist([{k: v for k, v in row.items() if v is not None} for row in rows]))


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
@pytest.mark.parametrize("written", [as_avro, as_json, as_parquet])
def test_alerts(survey, written):
    curves = read_file(written(survey, packets(survey))).curves
    assert [c.alert_id for c in curves] == [str(i) for i in BIG]
    if survey == "lsst":
        assert [c.object_id for c in curves] == [str(i) for i in BIG]


def test_framed_alerts(tmp_path):
    (tmp_path / "701.avsc").write_text(json.dumps(lsst_schema()))
    for i, packet in zip(BIG, packets("lsst"), strict=True):
        (curve,) = read_file(wire(lsst_schema(), packet), schemas=tmp_path).curves
        assert (curve.object_id, curve.alert_id) == (str(i), str(i))


def test_parquet_alerts_some_of_which_have_no_object():
    """A null beside large ids is where a table program turns integers into floats."""
    rows = [*packets("lsst"), lsst_packet(source(diaSourceId=BIG[0], diaObjectId=None), diaObject=None)]
    curves = read_file(as_parquet("lsst", rows)).curves
    assert [c.object_id for c in curves] == [*map(str, BIG), str(BIG[0])]


def frame(ids):
    n = len(ids)
    return pd.DataFrame(
        {"diaObjectId": ids, "mjd": 60000.0 + np.arange(n), "band": "lsst_g", "flux": 1.0, "flux_err": 1.0}
    )


TABLES = {
    "csv": lambda ids: frame(ids).to_csv(index=False).encode(),
    "json": lambda ids: frame(ids).to_json(orient="records").encode(),
    "parquet": lambda ids: parquet(pa.Table.from_pandas(frame(ids))),
    "parquet, nullable": lambda ids: parquet(pa.Table.from_pandas(frame(pd.array([*ids, None], dtype="Int64")))),
    "parquet, unsigned": lambda ids: parquet(pa.Table.from_pandas(frame(np.array(ids, dtype=np.uint64)))),
    "parquet, text": lambda ids: parquet(pa.Table.from_pandas(frame([str(i) for i in ids]))),
    "parquet, decimal": lambda ids: parquet(
        pa.Table.from_pandas(frame(ids)).set_column(0, "diaObjectId", pa.array(ids).cast(pa.decimal128(20, 0)))
    ),
}


@pytest.mark.parametrize("written", TABLES.values(), ids=TABLES)
def test_tables(written):
    assert [c.object_id for c in read_file(written(BIG)).curves] == [str(i) for i in BIG]


LOSSY_TABLES = {
    "a pandas column with a gap": lambda: parquet(pa.Table.from_pandas(frame([BIG[2], BIG[3], 7, None]))),
    "32 bits": lambda: parquet(pa.Table.from_pandas(frame(np.array([2**24, 2**24 + 1, 7], dtype=np.float32)))),
    "a CSV of that": lambda: frame([float(BIG[2]), float(BIG[3]), 7.0]).to_csv(index=False).encode(),
    "a spreadsheet's": lambda: frame(["1.70587E+17", "1.70587E+17", "7"]).to_csv(index=False).encode(),
    "with decimal commas": lambda: frame(["1,70587E+17", "1,70587E+17", "7"]).to_csv(index=False, sep=";", decimal=",").encode(),
    "JSON": lambda: frame([float(BIG[2]), float(BIG[3]), 7.0]).to_json(orient="records").replace("170587116732416140", "1.7058711673241614e17").encode(),
}  # fmt: skip


@pytest.mark.parametrize("written", LOSSY_TABLES.values(), ids=LOSSY_TABLES)
def test_objects_of_a_table_whose_ids_have_lost_digits_are_refused_and_the_others_live(written):
    content = read_file(written())
    assert [c.object_id for c in content.curves] == ["7"]
    assert content.lost_rows and {u.error.reason for u in content.unreadable if u.object_id} == {"lossy_id"}
    for lost in content.lost_rows:
        if lost.error.reason == "lossy_id":
            assert "column diaObjectId: " in lost.error.message and WHAT_TO_DO in lost.error.message
    # What stands for the object is no other object's id.
    assert not {lost.object_id for lost in content.unreadable} & {str(i) for i in BIG}


def test_an_exact_id_is_not_mixed_up_with_its_lossy_neighbour():
    whole = str(int(float(BIG[2])))
    rows = [f"{whole},60000,lsst_g,1,1", f"{float(BIG[2])!r},60001,lsst_g,1,1", f"{whole}.0,60002,lsst_g,1,1"]
    content = read_file(("oid,mjd,band,flux,flux_err\n" + "\n".join(rows)).encode())
    assert [(c.object_id, len(c)) for c in content.curves] == [(whole, 1)]


def test_a_file_of_nothing_else_is_refused_with_that_reason():
    with pytest.raises(BadInput, match=f"column diaObjectId: .*{WHAT_TO_DO}") as error:
        read_file(parquet(pa.Table.from_pandas(frame([float(BIG[2])]))))
    assert error.value.reason == "lossy_id"


@pytest.mark.parametrize("column", ["candid", "diaSourceId", "diaObjectId"])
def test_an_alert_whose_id_has_lost_digits_is_refused_with_its_field(tmp_path, column):
    if column == "candid":
        good, bad = ztf_packet(candid=7), ztf_packet(candid=float(BIG[2]))
        good, bad = ({**p, "cutoutScience": None, "cutoutTemplate": None} for p in (good, bad))
    else:
        good = lsst_packet(source(diaSourceId=7, diaObjectId=7), cutoutDifference=None)
        bad = lsst_packet(source(**{column: float(BIG[2])}), cutoutDifference=None)
    path = tmp_path / "alerts.json"
    path.write_text(json.dumps([good, bad]))
    read, lost = iter_file(path)
    assert read.alert_id == "7"
    assert lost.error.reason == "lossy_id" and lost.where == "record 2"
    assert lost.error.message.startswith(f"{column} is 1.7058711673241613e+17; {WHAT_TO_DO}")
    assert lost.refusal.reason == "lossy_id"


def test_an_exact_copy_of_a_lossy_id_is_taken_and_another_id_is_not():
    row = {"jd": 2460000.5, "fid": 1, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "t", "diffmaglim": 20.0}
    packet = {"objectId": "ZTF23aaaaaaa", "candid": float(BIG[2]), "candidate": {**row, "candid": BIG[2]}}
    assert read_file(json.dumps(packet).encode()).curves[0].alert_id == str(BIG[2])
    lsst = lsst_packet(source(diaSourceId=float(BIG[2])), cutoutDifference=None, alertId=1234)
    with pytest.raises(BadInput, match="diaSourceId is"):
        read_file(json.dumps(lsst).encode())


@pytest.mark.parametrize("nothing", [None, 0, "", float("nan")])
def test_no_id_is_no_lossy_id(nothing):
    packet = lsst_packet(source(diaObjectId=nothing), cutoutDifference=None, diaObject=None)
    (curve,) = read_file(json.dumps(packet).encode()).curves
    assert curve.object_id == curve.alert_id == str(2**53 + 100)
