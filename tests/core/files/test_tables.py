"""Tables of photometry as people have them: many names, units and habits, one light curve."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.bands import BANDS
from core.brokers.files import Caps, iter_file, read_file
from core.refusal import BadInput

PLAIN = """object_id,mjd,band,flux,flux_err
a,60000.0,ztf_g,100.0,1.0
a,60001.0,ztf_r,200.0,2.0
b,60002.0,ztf_g,300.0,3.0
"""


def read(text, name="table.csv", **options):
    return read_file(text.encode() if isinstance(text, str) else text, name, **options)


def only(text, **options):
    (curve,) = read(text, **options).curves
    return curve


def said(content):
    return " | ".join(n.message for n in [*content.notes, *(m for c in content.curves for m in c.notes)])


def test_one_curve_per_object_in_file_order():
    content = read("mjd,band,flux,flux_err,object_id\n60000,ztf_g,1,1,b\n60001,ztf_g,1,1,a\n60002,ztf_g,2,1,b\n")
    assert [(c.object_id, len(c), c.alert_id) for c in content.curves] == [("b", 2, None), ("a", 1, None)]


@pytest.mark.parametrize(
    "header",
    [
        "oid,MJD,filter,FLUXCAL,FLUXCALERR",
        "objectId,time,passband,fluxcal,fluxcal_err",
        "diaObjectId,midpointMjdTai,band,flux_fluxcal,flux_err_fluxcal",
        "Name,mjd,FLT,Flux,Flux_Error",
        "SNID,MJD,BAND,FLUXCAL,FLUX_ERR",
        "i:objectId,i:mjd,i:band,v:flux,v:eflux",
        "name,t,filt,flux,dflux",
    ],
)
def test_the_names_people_use(header):
    curve = read(header + "\n" + PLAIN.split("\n", 1)[1], flux_unit="fluxcal").curves[0]
    assert curve.flux.tolist() == [100.0, 200.0]
    assert curve.flux_err.tolist() == [1.0, 2.0]
    assert [BANDS[b].name for b in curve.band] == ["ztf_g", "ztf_r"]


@pytest.mark.parametrize(
    ("column", "unit", "factor"),
    [
        ("flux_ujy", None, 10 ** (0.4 * (27.5 - 23.9))), ("flux_njy", None, 10 ** (0.4 * (27.5 - 31.4))),
        ("psfFlux", None, 10 ** (0.4 * (27.5 - 31.4))), ("flux", "ujy", 10 ** (0.4 * (27.5 - 23.9))),
        ("flux", "fluxcal", 1.0), ("flux_mJy", None, 10 ** (0.4 * (27.5 - 16.4))), ("flux [µJy]", None, 10 ** (0.4 * (27.5 - 23.9))),
    ],
)  # fmt: skip
def test_units_by_name_or_by_word(column, unit, factor):
    text = f"object_id,mjd,band,{column},{column}_err\na,60000,lsst_g,10,1\n"
    curve = only(text, flux_unit=unit)
    assert curve.flux == pytest.approx([10 * factor])
    assert curve.flux_err == pytest.approx([factor])


def test_a_unit_that_nobody_stated_is_said():
    assert "unit of flux is not stated" in said(read(PLAIN))
    assert "not stated" not in said(read(PLAIN, flux_unit="fluxcal"))


def test_janskys_without_a_unit_are_no_light_curve_in_fluxcal():
    text = "mjd,band,flux,flux_err\n" + "".join(
        f"{60000 + k},ztf_{'gr'[k % 2]},{1e-4 * (1 + k % 5)},1e-5\n" for k in range(12)
    )
    with pytest.raises(
        BadInput, match=r"largest value is 0\.0005, magnitude 35\.8, fainter than any survey.*known are"
    ) as caught:
        read(text)
    assert caught.value.reason == "unit"
    assert len(only(text, flux_unit="fluxcal")) == 12, "whoever says the unit is believed"


def test_a_faint_object_without_a_unit_is_read():
    text = "mjd,band,flux,flux_err\n" + "".join(f"{60000 + k},ztf_{'gr'[k % 2]},{0.5 - k},8\n" for k in range(12))
    assert len(only(text)) == 12


def test_an_unknown_unit_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match=r"furlong.*fluxcal, njy, ujy"):
        read(PLAIN, flux_unit="furlong")


def test_magnitudes_with_sign_and_limits():
    text = """oid,mjd,fid,magpsf,sigmapsf,isdiffpos,diffmaglim
ZTF20aaaaaaa,60000,1,20.0,0.1,t,21
ZTF20aaaaaaa,60001,2,20.0,0.1,f,21
ZTF20aaaaaaa,60002,2,,,,20.5
"""
    curve = only(text)
    assert curve.flux == pytest.approx([1000.0, -1000.0])
    assert curve.flux_err == pytest.approx([92.1034, 92.1034], rel=1e-5)
    assert curve.limits.mjd.tolist() == [60002.0]
    assert curve.limits.flux_limit == pytest.approx([10 ** (0.4 * 7.0)])


@pytest.mark.parametrize(
    ("extra_header", "detection", "limit"),
    [
        (",upperlimit", ",False", ",True"), (",isupperlimit", ",0", ",1"), (",detected", ",1", ",0"),
        (",d:tag", ",valid", ",upperlim"),
    ],
)  # fmt: skip
def test_limits_flagged_as_such_are_never_detections(extra_header, detection, limit):
    text = f"oid,mjd,band,mag,magerr{extra_header}\na,60000,ztf_g,18,0.1{detection}\na,60001,ztf_g,20.5,0.1{limit}\n"
    curve = only(text)
    assert curve.mjd.tolist() == [60000.0]
    assert curve.limits.flux_limit == pytest.approx([10 ** (0.4 * 7.0)])


def test_limits_written_with_a_greater_than_sign():
    curve = only("oid,mjd,band,mag,magerr\na,60000,ztf_g,18,0.1\na,60001,ztf_g,>20.5,\n")
    assert len(curve) == 1 and curve.limits.flux_limit == pytest.approx([10 ** (0.4 * 7.0)])


def test_a_limiting_magnitude_under_the_name_of_the_flag():
    curve = only("oid,mjd,band,mag,magerr,upperlimit\na,60000,ztf_g,18,0.1,\na,60001,ztf_g,,,20.5\n")
    assert len(curve) == 1 and curve.limits.flux_limit == pytest.approx([10 ** (0.4 * 7.0)])


@pytest.mark.parametrize("sentinel", ["99", "99.0", "100.0", "-999", "-99999", "999"])
def test_stand_ins_for_no_magnitude_are_dropped_or_limits(sentinel):
    text = f"oid,mjd,band,mag,magerr\na,60000,ztf_g,18,0.1\na,60001,ztf_g,{sentinel},{sentinel}\n"
    content = read(text)
    assert len(content.curves[0]) == 1
    assert "1 row dropped" in said(content)
    with_depth = "oid,mjd,band,magpsf,sigmapsf,diffmaglim\n" + f"a,60001,ztf_g,{sentinel},{sentinel},20.5\n"
    assert len(only(with_depth).limits) == 1


def test_a_sentinel_error_does_not_make_a_point():
    content = read("oid,mjd,band,mag,magerr\na,60000,ztf_g,18,0.1\na,60001,ztf_g,19,100.0\n")
    assert len(content.curves[0]) == 1 and "no flux error" in said(content)


def test_a_jd_column_is_converted_and_jd_under_the_name_mjd_is_refused():
    assert only("oid,jd,band,mag,magerr\na,2460000.5,ztf_g,18,0.1\n").mjd.tolist() == [60000.0]
    with pytest.raises(BadInput, match=r"look like Julian dates \(first: 2460000\.50000\)"):
        read("oid,mjd,band,mag,magerr\na,2460000.5,ztf_g,18,0.1\n")
    with pytest.raises(BadInput, match="expected a Julian date"):
        read("oid,jd,band,mag,magerr\na,60000.5,ztf_g,18,0.1\n")


def test_julian_dates_cost_their_object_only():
    content = read("oid,mjd,band,mag,magerr\na,2460000.5,ztf_g,18,0.1\nb,60000.0,ztf_g,18,0.1\n")
    assert [c.object_id for c in content.curves] == ["b"]
    assert [(u.object_id, u.error.reason) for u in content.unreadable] == [("a", "julian_date")]


def test_semicolons_and_decimal_commas():
    content = read("\ufeffoid;mjd;band;mag;magerr\r\na;60000,5;ztf_g;20,0;0,1\r\na;60001;ztf_r;19;0,1\r\n")
    assert content.curves[0].mjd.tolist() == [60000.5, 60001.0]
    assert content.curves[0].flux[0] == pytest.approx(1000.0)
    assert "decimal comma" in said(content)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(",", "\t"), PLAIN.replace(",", " "), PLAIN.replace(",", "   "), PLAIN.replace(",", " , "),
        PLAIN.replace(",", "|"), "# made by hand\n# second line\n\n" + PLAIN, "# " + PLAIN, PLAIN.replace("\n", "\r\n"),
        PLAIN + "\n\n# the end\n", PLAIN.replace("a,", '"a",'),
    ],
)  # fmt: skip
def test_every_way_to_write_the_same_table(text):
    content = read(text)
    assert [(c.object_id, c.flux.tolist()) for c in content.curves] == [("a", [100.0, 200.0]), ("b", [300.0])]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding):
    content = read(PLAIN.replace("a,", "é,").encode(encoding))
    assert [c.object_id for c in content.curves] == ["é", "b"]


def test_missing_columns_are_named_with_what_was_found():
    with pytest.raises(BadInput, match=r"a time \(mjd or jd\); a flux with its error.*Found: object_id, band, colour"):
        read("object_id,band,colour\na,ztf_g,1\n")
    with pytest.raises(BadInput, match=r"the error of mag"):
        read("object_id,mjd,band,mag\na,60000,ztf_g,18\n")
    with pytest.raises(BadInput, match=r"zero point of forcediffimflux"):
        read("object_id,mjd,band,forcediffimflux,forcediffimfluxunc\na,60000,ztf_g,18,1\n")


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ("a,yesterday,ztf_g,1,1", "mjd", "yesterday"), ("a,60000,sdss_q,1,1", "band", "sdss_q"), ("a,60000,ztf_g,bright,1", "flux", "bright"),
        ("a,60000,ztf_g,1,about 1", "flux_err", "about 1"),
    ],
)  # fmt: skip
def test_a_bad_value_names_line_column_value_and_expectation_and_costs_its_row(row, column, value):
    content = read(PLAIN + row + "\n")
    assert [len(c) for c in content.curves] == [2, 1]
    (lost,) = content.lost_rows
    assert lost.error.message.startswith(f"line 5, column {column}: {value!r}; expected ")
    assert "1 row not read" in said(content)
    assert not content.unreadable


def test_an_object_of_bad_rows_only_is_lost_alone():
    content = read(PLAIN + "c,x,ztf_g,1,1\nc,y,ztf_g,1,1\n")
    assert [c.object_id for c in content.curves] == ["a", "b"]
    (lost,) = content.unreadable
    assert lost.object_id == "c" and "line 5, column mjd: 'x'" in lost.error.message and "1 more" in lost.error.message
    assert lost.refusal.message.startswith("Not read: object c")


def test_a_row_with_too_few_cells_is_lost_alone():
    content = read(PLAIN + "a,60003\n")
    assert [len(c) for c in content.curves] == [2, 1]
    assert "line 5: 2 cells; expected 5" in content.lost_rows[0].error.message


def test_nan_infinity_and_bad_errors_are_dropped_with_their_count():
    rows = ["nan,1", "inf,1", "1,nan", "1,0", "1,-1", "1,inf", ",1"]
    text = PLAIN + "".join(f"a,{60010 + i},ztf_g,{row}\n" for i, row in enumerate(rows))
    content = read(text)
    assert len(content.curves[0]) == 2
    assert "3 points dropped: no flux" in said(content)
    assert "2 points dropped: flux error zero or negative" in said(content)


def test_duplicates_and_disorder_are_put_right_and_said():
    content = read(PLAIN.replace("60000.0", "60005.0") + "a,60005.0,ztf_g,100.0,1.0\n")
    assert content.curves[0].mjd.tolist() == [60001.0, 60005.0]
    assert "sorted by time" in said(content) and "1 duplicate row merged" in said(content)


def test_plasticc_numbers_and_flags():
    text = "object_id,mjd,passband,flux,flux_err,detected_bool\n615,59750.4,0,10,1,1\n615,59751.4,5,20,1,0\n"
    curve = only(text)
    assert [BANDS[b].name for b in curve.band] == ["lsst_u", "lsst_y"]
    assert curve.forced.tolist() == [False, True]


def test_sncosmo_zero_points():
    curve = only("name,time,band,flux,fluxerr,zp,zpsys\na,60000,ztfg,10,1,25,ab\n")
    assert curve.flux == pytest.approx([100.0])
    with pytest.raises(BadInput, match="'vega'; expected 'ab'"):
        read("name,time,band,flux,fluxerr,zp,zpsys\na,60000,ztfg,10,1,25,vega\n")


def test_skyportals_export():
    header = "obj_id,ra,dec,filter,mjd,instrument_id,limiting_mag,mag,magerr,magsys\n"
    rows = "ZTF20aaaaaaa,1,2,ztfg,60000,1,20.5,20.0,0.1,ab\nZTF20aaaaaaa,1,2,ztfr,60001,1,20.5,,,ab\n"
    curve = only(header + rows)
    assert curve.flux == pytest.approx([1000.0]) and len(curve.limits) == 1
    with pytest.raises(BadInput, match="'vega'"):
        read(header + rows.replace(",ab", ",vega"))


def test_what_rides_along():
    text = "oid,mjd,band,mag,magerr,redshift,redshift_err,ra,dec,ndethist,magnr\na,60000,ztf_g,18,0.1,,0.01,10.5,-3,7,\na,60001,ztf_g,18,0.1,0.05,,,,,-999\n"
    curve = only(text)
    assert (curve.redshift, curve.redshift_err, curve.ra, curve.dec) == (0.05, 0.01, 10.5, -3.0)
    assert dict(curve.context) == {"ndethist": 7.0}


def test_a_coordinate_in_hours_costs_nothing_but_itself():
    content = read("oid,mjd,band,mag,magerr,ra,dec\na,60000,ztf_g,18,0.1,12:30:01.2,-03:00:00\n")
    assert content.curves[0].ra is None and "'12:30:01.2'" in said(content)


def test_ids_are_text():
    text = PLAIN.replace("a,", "9007199254740993,").replace("b,", "00123,")
    assert [c.object_id for c in read(text).curves] == ["9007199254740993", "00123"]


def test_without_ids_the_table_is_one_object_named_after_the_file():
    content = read("mjd,band,mag,magerr\n60000,ztf_g,18,0.1\n60001,ztf_r,18,0.1\n", "SN2020abc.csv")
    assert [(c.object_id, len(c)) for c in content.curves] == [("SN2020abc", 2)]


def test_ten_thousand_points():
    t = 58000 + np.arange(10_000) * 0.01
    frame = pd.DataFrame({"object_id": "long", "mjd": t, "band": "ztf_g", "flux": 10.0, "flux_err": 1.0})
    assert len(only(frame.to_csv(index=False))) == 10_000


def test_too_many_points_in_one_light_curve_are_refused_and_the_others_live():
    frame = pd.DataFrame(
        {"object_id": "long", "mjd": 58000 + np.arange(60_000) * 0.01, "band": "ztf_g", "flux": 10.0, "flux_err": 1.0}
    )
    content = read(frame.to_csv(index=False) + "b,60000,ztf_g,1,1\n")
    assert [c.object_id for c in content.curves] == ["b"]
    assert content.unreadable[0].error.reason == "too_long"


def parquet(table):
    out = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.Table.from_pandas(table), out)
    return out.getvalue()


def test_parquet_tables_read_like_text_ones():
    frame = pd.read_csv(io.StringIO(PLAIN))
    assert [c.photometry_sha256() for c in read(parquet(frame)).curves] == [
        c.photometry_sha256() for c in read(PLAIN).curves
    ]


def test_parquet_ids_of_every_type():
    base = {"mjd": [60000.0, 60001.0], "band": ["ztf_g", "ztf_g"], "flux": [1.0, 2.0], "flux_err": [1.0, 1.0]}
    big = [2**53 + 1, 2**53 + 3]
    assert [c.object_id for c in read(parquet(pa.table({**base, "oid": big}))).curves] == [str(v) for v in big]
    with_null = read(parquet(pa.table({**base, "oid": pa.array([2**53 + 1, None])})))
    assert [c.object_id for c in with_null.curves] == [str(2**53 + 1)]
    small_floats = read(parquet(pa.table({**base, "oid": [8.0, 7.0]})))
    assert [c.object_id for c in small_floats.curves] == ["8", "7"]


def test_parquet_with_one_row_per_object():
    table = pa.table({"oid": ["a", "b"], "mjd": [[1.0, 60000.0], [60001.0]], "band": [["ztf_g", "ztf_r"], ["ztf_g"]],
                      "flux": [[1.0, 2.0], [3.0]], "flux_err": [[1.0, 1.0], [1.0]], "redshift": [0.1, None]})  # fmt: skip
    curves = read(parquet(table)).curves
    assert [(c.object_id, c.flux.tolist(), c.redshift) for c in curves] == [("a", [2.0], 0.1), ("b", [3.0], None)]


def test_alerces_json():
    text = '{"detections": [{"mjd": 60000.0, "fid": 1, "magpsf": 20.0, "sigmapsf": 0.1, "isdiffpos": -1}], "non_detections": [{"mjd": 59999.0, "fid": 2, "diffmaglim": 20.5}]}'
    curve = only(text, name="ZTF18abcgqmz.json")
    assert (curve.object_id, curve.flux.tolist(), len(curve.limits)) == ("ZTF18abcgqmz", pytest.approx([-1000.0]), 1)


def test_finks_web_service_in_json_and_csv():
    rows = [{"i:objectId": "ZTF20aaaaaaa", "i:jd": 2460000.5, "i:fid": 1, "i:magpsf": 20.0, "i:sigmapsf": 0.1, "i:isdiffpos": "f", "i:diffmaglim": 21.0, "d:tag": "valid"},
            {"i:objectId": "ZTF20aaaaaaa", "i:jd": 2459999.5, "i:fid": 1, "i:magpsf": None, "i:sigmapsf": None, "i:isdiffpos": None, "i:diffmaglim": 20.5, "d:tag": "upperlim"},
            {"i:objectId": "ZTF20aaaaaaa", "i:jd": 2459998.5, "i:fid": 1, "i:magpsf": 18.0, "i:sigmapsf": 0.1, "i:isdiffpos": "t", "i:diffmaglim": 20.5, "d:tag": "badquality"}]  # fmt: skip
    frame = pd.DataFrame(rows)
    for text in (frame.to_csv(index=False), frame.to_json(orient="records")):
        curve = only(text)
        assert curve.flux == pytest.approx([-1000.0]) and len(curve.limits) == 1
        assert any("bad quality" in note.message for note in curve.notes)


def test_streaming_a_table_too_large_to_hold(tmp_path, monkeypatch):
    from core.brokers.files import text

    monkeypatch.setattr(text, "_ROWS_PER_CHUNK", 30)
    names = [f"o{i:03d}" for i in range(60)]
    lines = [f"{name},{60000 + k},ztf_g,{k + 1}.0,1.0" for name in names for k in range(10)]
    path = tmp_path / "big.csv"
    path.write_text("object_id,mjd,band,flux,flux_err\n" + "\n".join([*lines, "o000,60100,ztf_g,1.0,1.0"]))
    items = list(iter_file(path, caps=Caps(rows_in_memory=100)))
    assert [item.object_id for item in items] == [*names, "o000"]
    assert all(len(item) == 10 for item in items[:-1])
    assert items[-1].error.reason == "scattered"
