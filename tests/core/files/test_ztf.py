"""ZTF alerts: every number of the packet arrives as the signed flux that it stands for."""

import math
from pathlib import Path

import fastavro
import numpy as np
import pytest

from core.brokers.files import Unreadable, iter_file, read_file
from core.refusal import BadInput
from tests.core.files.alerts import (
    JD,
    MJD,
    ZTF_SCHEMA,
    candidate,
    container,
    forced,
    handmade,
    packed,
    wire,
    ztf_packet,
)

DATA = Path(__file__).parents[2] / "data" / "files"


def read(*packets, **options):
    return read_file(container(ZTF_SCHEMA, list(packets), **options), "own.avro")


def only(*rows, **more):
    (curve,) = read(ztf_packet(*rows, **more)).curves
    return curve


def test_a_detection_is_its_flux_at_zero_point_27_5():
    curve = only(candidate(mag=20.0))
    assert curve.flux == pytest.approx([1000.0])
    assert curve.flux_err == pytest.approx([1000.0 * 0.1 * math.log(10) / 2.5])
    assert curve.mjd == pytest.approx([MJD], abs=1e-9)
    assert (curve.object_id, curve.alert_id, curve.time_scale) == ("ZTF23aaaaaaa", "2481192083915015002", "utc")
    assert (curve.ra, curve.dec) == (10.0, -5.0)


@pytest.mark.parametrize(("value", "sign"), [("t", 1), ("1", 1), ("f", -1), ("0", -1)])
def test_isdiffpos_is_the_sign(value, sign):
    assert np.sign(only(candidate(isdiffpos=value)).flux) == [sign]


def test_an_unknown_isdiffpos_is_dropped_and_said():
    curve = only(candidate(), candidate(-3, isdiffpos="x"))
    assert len(curve) == 1
    assert any("isdiffpos is 'x'" in note.message for note in curve.notes)


def test_history_without_magpsf_is_a_limit():
    curve = only(candidate(), candidate(-2, 2, None), candidate(-1, 1, 19.0))
    assert len(curve) == 2 and len(curve.limits) == 1
    assert curve.limits.flux_limit == pytest.approx([10 ** (0.4 * (27.5 - 20.5))])
    assert curve.limits.n_sigma == 5.0


def test_null_history_is_no_history():
    assert len(only(candidate())) == 1


def test_forced_photometry_uses_the_zero_point_of_its_own_row():
    rows = [
        forced(-5, 250.0, zero_point=26.0),
        forced(-4, -250.0, zero_point=25.0),
        forced(-3, -99999.0),
        forced(-2, 1.0, procstatus="61"),
    ]
    curve = only(candidate(), fp_hists=rows)
    scale = 10 ** (0.4 * np.array([1.5, 2.5]))
    assert curve.forced.tolist() == [True, True, False]
    assert curve.flux[:2] == pytest.approx([250.0, -250.0] * scale)
    assert curve.flux_err[:2] == pytest.approx(10.0 * scale)
    assert sum("forced photometry" in note.message for note in curve.notes) == 2


def test_a_detection_and_its_own_forced_photometry_are_one_point():
    curve = only(candidate(mag=20.0), fp_hists=[forced(0.0, 240.0)])
    assert curve.flux == pytest.approx([1000.0]) and not curve.forced[0]


def test_sentinels_are_missing_values():
    curve = only(candidate(sgscore1=-999.0, distpsnr1=-999.0, magnr=None))
    assert dict(curve.context) == {"ndethist": 7.0, "distnr": 0.75}
    assert len(only(candidate(), candidate(-1, 1, -999.0, diffmaglim=-1006.94)).limits) == 0


@pytest.mark.parametrize(
    ("packet", "reason", "says"),
    [
        (ztf_packet(objectId=""), "no_id", "objectId"),
        (ztf_packet(candidate(fid=7)), "band", "fid 7"),
        (ztf_packet({**candidate(), "jd": float("nan")}), "no_time", "jd nan"),
    ],
)
def test_a_packet_that_can_not_be_read_names_what_is_wrong_and_the_others_live(packet, reason, says):
    content = read(ztf_packet(), packet, ztf_packet())
    assert len(content.curves) == 2
    (lost,) = content.unreadable
    assert (lost.where, lost.error.reason) == ("record 2", reason)
    assert says in lost.error.message


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "bzip2", "xz", "zstandard"])
def test_every_codec_gives_the_same(codec):
    packets = [ztf_packet(candidate(day), candidate(day - 3, 2), candid=day) for day in range(1, 30)]
    if codec == "zstandard":  # which fastavro writes only with a package of its own
        records = b"".join(wire(ZTF_SCHEMA, packet)[5:] for packet in packets)
        data = handmade(ZTF_SCHEMA, codec, (len(packets), None, packed(codec, records)))
    else:
        data = container(ZTF_SCHEMA, packets, codec=codec, sync_interval=2000)
    curves = read_file(data).curves
    assert [c.alert_id for c in curves] == [str(day) for day in range(1, 30)]
    assert all(len(c) == 2 for c in curves)


FILES = [
    "ztf_v4p02_with_cutouts.avro",
    "ztf_v3p3.avro",
    "ztf_v4p02_forced.avro",
    "ztf_2018_unversioned.avro",
    "fink_ztf_alert.avro",
]


@pytest.mark.parametrize("name", FILES)
def test_real_alerts_agree_with_their_packets(name):
    """Against fastavro's full decoding and the magnitude's definition, number by number."""
    content = read_file(DATA / name)
    assert not content.unreadable
    with (DATA / name).open("rb") as stream:
        packets = list(fastavro.reader(stream))
    assert len(content.curves) == len(packets) > 0
    for curve, packet in zip(content.curves, packets, strict=True):
        assert curve.object_id == packet["objectId"]
        assert curve.alert_id == str(packet["candidate"]["candid"])
        rows = [packet["candidate"], *(packet["prv_candidates"] or [])]
        found = {(round(t, 5), b) for t, b in zip(curve.mjd[~curve.forced], curve.band[~curve.forced], strict=True)}
        assert found == {(round(r["jd"] - 2400000.5, 5), r["fid"] - 1) for r in rows if r.get("magpsf") is not None}
        newest = int(np.argmin(np.abs(curve.mjd - (packet["candidate"]["jd"] - 2400000.5))))
        sign = 1 if packet["candidate"]["isdiffpos"] in ("t", "1") else -1
        assert curve.flux[newest] == pytest.approx(
            sign * 10 ** (0.4 * (27.5 - packet["candidate"]["magpsf"])), rel=1e-6
        )
        assert len(curve.limits) == sum(r.get("magpsf") is None for r in rows)
        forced_rows = [
            r
            for r in packet.get("fp_hists") or []
            if r["forcediffimflux"] not in (None, -99999.0) and r["procstatus"] == "0"
        ]
        assert int(curve.forced.sum()) <= len(forced_rows)


def test_streaming_gives_the_same_light_curves():
    whole = read_file(DATA / "ztf_v3p3.avro").curves
    streamed = list(iter_file(DATA / "ztf_v3p3.avro"))
    assert [c.photometry_sha256() for c in whole] == [c.photometry_sha256() for c in streamed]


def test_a_truncated_file_gives_what_came_before_and_says_so():
    data = container(ZTF_SCHEMA, [ztf_packet() for _ in range(40)], sync_interval=3000)
    content = read_file(data[: len(data) * 2 // 3])
    assert 0 < len(content.curves) < 40
    assert content.unreadable[-1].error.reason == "truncated"
    assert "are left" in content.unreadable[-1].error.message


def test_damaged_bytes_cost_their_block_only():
    data = bytearray(container(ZTF_SCHEMA, [ztf_packet() for _ in range(40)], sync_interval=3000))
    where = data.index(b"ZTF23aaaaaaa")
    data[where - 1] = 0xFF  # the length before the id
    content = read_file(bytes(data))
    assert 0 < len(content.curves) < 40
    assert [u.error.reason for u in content.unreadable] == ["decode"]
    assert content.unreadable[0].where.startswith("record")


def test_another_schema_is_named():
    schema = {"type": "record", "name": "shop.order", "fields": [{"name": "price", "type": "double"}]}
    with pytest.raises(BadInput, match=r"shop\.order.*price.*expected a ZTF alert"):
        read_file(container(schema, [{"price": 1.0}]))


def test_a_container_without_alerts_is_empty():
    with pytest.raises(BadInput, match="no light curve"):
        read_file(container(ZTF_SCHEMA, []))


def test_the_sum_of_all_parts_is_the_file(tmp_path):
    path = tmp_path / "mixed.avro"
    path.write_bytes(container(ZTF_SCHEMA, [ztf_packet(), ztf_packet(objectId=""), ztf_packet()]))
    items = list(iter_file(path))
    assert [isinstance(item, Unreadable) for item in items] == [False, True, False]


def test_julian_dates_become_mjd():
    assert only(candidate(12.25)).mjd[0] == pytest.approx(JD + 12.25 - 2400000.5, abs=1e-9)
