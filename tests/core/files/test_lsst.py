"""LSST alerts: both framings, old and new names, exact ids, alerts without an object."""

import json
from pathlib import Path

import fastavro
import numpy as np
import pyarrow.parquet as pq
import pytest

from core.bands import BANDS
from core.brokers.files import read_file
from core.refusal import BadInput
from tests.core.files.alerts import MJD, container, lsst_packet, lsst_schema, source, wire

DATA = Path(__file__).parents[2] / "data" / "files"


def only(packet, *, old=False):
    (curve,) = read_file(container(lsst_schema(old=old), [packet])).curves
    return curve


@pytest.mark.parametrize("old", [False, True])
def test_old_and_new_field_names_mean_the_same(old):
    curve = only(lsst_packet(source(old=old), source(-3, "Y", -36307.8, old=old), old=old), old=old)
    assert curve.flux == pytest.approx([-1000.0, 1000.0], rel=1e-5)
    assert curve.flux_err == pytest.approx([10.0, 10.0], rel=1e-5)
    assert [BANDS[b].name for b in curve.band] == ["lsst_y", "lsst_g"]
    assert curve.mjd == pytest.approx([MJD - 3, MJD])
    assert curve.time_scale == "tai"
    assert (curve.ra, curve.dec) == (150.0, 2.0)


def test_ids_are_exact_beyond_what_a_float_holds():
    curve = only(lsst_packet())
    assert curve.object_id == "9007199254740993" == str(2**53 + 1)
    assert curve.alert_id == str(2**53 + 100)


def test_forced_photometry_is_marked_and_limits_are_five_sigma():
    forced = [{"midpointMjdTai": MJD - 5, "band": "r", "psfFlux": 100.0, "psfFluxErr": 50.0}]
    limits = [{"midpointMjdTai": MJD - 9, "band": "i", "diaNoise": 36.3078}]
    curve = only(lsst_packet(prvDiaForcedSources=forced, prvDiaNondetectionLimits=limits))
    assert curve.forced.tolist() == [True, False]
    assert curve.limits.flux_limit == pytest.approx([5.0], rel=1e-5)


@pytest.mark.parametrize("nothing", [0, None])
def test_an_asteroid_is_named_by_its_source(nothing):
    curve = only(lsst_packet(source(diaObjectId=nothing, ssObjectId=21163624394469969), diaObject=None))
    assert curve.object_id == curve.alert_id == str(2**53 + 100)
    assert any("21163624394469969" in note.message for note in curve.notes)


def test_failed_fits_unknown_bands_and_placeholder_times_are_dropped_and_said():
    rows = [source(-1, psfFlux_flag=True), source(-2, "q"), source(-3, midpointMjdTai=1480360995.0)]
    curve = only(lsst_packet(source(), *rows))
    assert len(curve) == 1
    said = " ".join(note.message for note in curve.notes)
    assert "psfFlux_flag" in said and "1480360995.0" in said and "LSST's are u, g" in said


def test_confluent_framing_reads_with_a_folder_of_schemas(tmp_path):
    (tmp_path / "lsst_v7_1.json").write_text(json.dumps(lsst_schema()))
    (curve,) = read_file(wire(lsst_schema(), lsst_packet(source(), source(-2)), 701), schemas=tmp_path).curves
    assert len(curve) == 2
    assert curve.flux == pytest.approx([1000.0, 1000.0], rel=1e-5)


@pytest.mark.parametrize("name", ["701.avsc", "7/1/lsst.v7_1.alert.avsc"])
def test_schema_folders_in_the_usual_layouts(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(lsst_schema()))
    assert len(read_file(wire(lsst_schema(), lsst_packet(), 701), schemas=tmp_path).curves) == 1


def test_a_schema_whose_records_lie_in_files_beside_it(tmp_path):
    schema = lsst_schema()
    parts = {f["name"]: f["type"] for f in schema["fields"]}
    (tmp_path / "own.diaSource.avsc").write_text(json.dumps(parts["diaSource"]))
    split = {
        **schema,
        "fields": [{**f, "type": "own.diaSource"} if f["name"] == "diaSource" else f for f in schema["fields"]],
    }
    (tmp_path / "lsst.v7_1.alert.avsc").write_text(json.dumps(split))
    assert len(read_file(wire(schema, lsst_packet(), 701), schemas=tmp_path).curves) == 1


def test_without_a_schema_the_id_and_what_to_give_are_named(tmp_path):
    with pytest.raises(BadInput, match=r"schema 98765 .*version 987\.65.*lsst_v987_65\.json or 98765\.avsc") as error:
        read_file(wire(lsst_schema(), lsst_packet(), 98765))
    assert error.value.reason == "no_schema"
    with pytest.raises(BadInput, match=r"is not in"):
        read_file(wire(lsst_schema(), lsst_packet(), 98765), schemas=tmp_path)


def test_a_schema_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "lsst_v7_1.json").write_text(json.dumps(lsst_schema()))
    data = wire(lsst_schema(), lsst_packet(), 701)
    with pytest.raises(BadInput, match="does not fit"):
        read_file(data + b"\x00\x00\x00", schemas=tmp_path)
    with pytest.raises(BadInput, match="do not fit the schema"):
        read_file(data[:40], schemas=tmp_path)


def test_json_packets_read_like_avro_ones():
    packet = lsst_packet(source(), source(-4, "r"), cutoutDifference=None)
    (curve,) = read_file(json.dumps(packet).encode()).curves
    assert curve.object_id == str(2**53 + 1)
    assert curve.flux == pytest.approx(only(packet).flux, rel=1e-6)
    assert curve.mjd.tolist() == only(packet).mjd.tolist()


def test_json_of_the_data_preview():
    rows = [
        {
            "diaObjectId": 5,
            "diaSourceId": d,
            "midPointTai": MJD + d,
            "filterName": "r",
            "psFlux": 100.0,
            "psFluxErr": 5.0,
        }
        for d in (1, 2)
    ]
    forced = [
        {
            "midPointTai": MJD + 9,
            "band": "r",
            "psfFlux": 9999.0,
            "psfFluxErr": 5.0,
            "psfDiffFlux": 50.0,
            "psfDiffFluxErr": 5.0,
        }
    ]
    content = {
        "DiaObject": {"diaObjectId": 5, "ra": 1.0, "decl": 2.0},
        "DiaSourceList": rows,
        "ForcedSourceOnDiaObjectList": forced,
    }
    (curve,) = read_file(json.dumps(content).encode()).curves
    assert len(curve) == 3
    assert curve.flux[-1] == pytest.approx(0.5 * curve.flux[0], rel=1e-6)


def test_simulations_are_labelled():
    packet = lsst_packet(old=True, prvDiaSources=None)
    packet = {
        **packet,
        "diaSource": source(old=True),
        "diaObject": {"diaObjectId": 7, "ra": 1.0, "decl": 2.0, "z_final": 0.3, "z_final_err": 0.01},
    }
    packet.pop("cutoutDifference")
    (curve,) = read_file(json.dumps(packet).encode()).curves
    assert curve.provenance.simulated
    assert (curve.redshift, curve.redshift_err) == (0.3, 0.01)


def test_real_fink_parquet_agrees_with_its_columns():
    (curve,) = read_file(DATA / "fink_lsst_v10.parquet").curves
    (row,) = pq.read_table(DATA / "fink_lsst_v10.parquet").to_pylist()
    assert curve.object_id == str(row["diaSource"]["diaObjectId"])
    assert curve.alert_id == str(row["diaSourceId"])
    good = [s for s in [row["diaSource"], *row["prvDiaSources"]] if not s["psfFlux_flag"] and np.isfinite(s["psfFlux"])]
    expected = {(round(s["midpointMjdTai"], 6), s["band"]) for s in good}
    found = {
        (round(t, 6), BANDS[b].letter) for t, b, f in zip(curve.mjd, curve.band, curve.forced, strict=True) if not f
    }
    assert found == expected
    newest = int(np.argmin(np.abs(curve.mjd - row["diaSource"]["midpointMjdTai"]) + curve.forced))
    assert curve.flux[newest] == pytest.approx(row["diaSource"]["psfFlux"] * 10 ** (0.4 * (27.5 - 31.4)), rel=1e-6)


def test_exact_ids_are_preferred_over_float_copies():
    curves = read_file(DATA / "fink_lsst_float_ids.parquet").curves
    rows = pq.read_table(DATA / "fink_lsst_float_ids.parquet", columns=["diaSource", "diaSourceId"]).to_pylist()
    assert len(curves) == len(rows) == 25
    for curve, row in zip(curves, rows, strict=True):
        assert curve.object_id == str(row["diaSource"]["diaObjectId"] or row["diaSourceId"])


def test_a_real_asteroid_in_finks_avro():
    content = read_file(DATA / "fink_lsst_asteroid.avro")
    assert content.format == "Fink LSST alerts (Avro)"
    with (DATA / "fink_lsst_asteroid.avro").open("rb") as stream:
        packets = list(fastavro.reader(stream))
    assert [c.alert_id for c in content.curves] == [str(p["diaSourceId"]) for p in packets]
    assert content.curves[1].object_id == content.curves[1].alert_id
    assert any("solar-system" in note.message for note in content.curves[1].notes)
