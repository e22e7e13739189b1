"""Recorded answers become light curves: signed fluxes, limits apart, ids exact, everything left out counted."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from core.bands import BANDS
from core.brokers.base import LightCurveSource, NotFound
from core.brokers.registry import KEYS
from tests.broker_server import LSST_OWN, LSST_RECORDED, ZTF_RECORDED, Play, recorded, recorded_routes
from tests.core.brokers.conftest import source_at

ZTF_KEYS = [key for key in KEYS if key.endswith("ztf")]
LSST_KEYS = [key for key in KEYS if key.endswith("lsst")]


@pytest.mark.parametrize("key", ZTF_KEYS)
def test_three_brokers_give_one_ztf_light_curve(healthy, key):
    curve = source_at(healthy, key).fetch(ZTF_RECORDED)
    reference = source_at(healthy, "fink-ztf").fetch(ZTF_RECORDED)
    assert curve.object_id == ZTF_RECORDED and len(curve) == 53 and len(curve.limits) == 2
    np.testing.assert_allclose(curve.mjd, reference.mjd, atol=1e-6)
    np.testing.assert_allclose(curve.flux, reference.flux, rtol=1e-6)
    assert curve.band.tolist() == reference.band.tolist()
    assert np.all(np.diff(curve.mjd) >= 0) and np.all(curve.flux_err > 0)
    assert curve.time_scale == "utc" and curve.surveys == ("ztf",)


@pytest.mark.parametrize("key", LSST_KEYS)
def test_three_brokers_give_one_lsst_light_curve(healthy, key):
    curve = source_at(healthy, key).fetch(LSST_OWN)
    assert [BANDS[i].name for i in curve.band] == [
        "lsst_r", "lsst_g", "lsst_u", "lsst_r", "lsst_i", "lsst_z", "lsst_y",
    ]  # fmt: skip
    # The exposure at 61101.25 was detected and measured again: the detection stands.
    assert curve.forced.tolist() == [True, False, False, False, False, True, True]
    np.testing.assert_allclose(curve.flux[3], 5200.0 * 10 ** (0.4 * (27.5 - 31.4)))
    assert curve.flux[4] < 0
    assert curve.time_scale == "tai"
    assert abs((curve.ra + 180) % 360 - 180) < 1e-3 and curve.dec == -12.5


@pytest.mark.parametrize("key", LSST_KEYS)
def test_an_lsst_id_above_2_to_the_53_stays_exact_end_to_end(healthy, key):
    assert int(float(LSST_OWN)) != int(LSST_OWN)
    curve = source_at(healthy, key).fetch(f"  {LSST_OWN}\n")
    assert curve.object_id == LSST_OWN and LSST_OWN in curve.provenance.url
    assert {LSST_OWN} == {
        v for asked in healthy.asked if asked.path.startswith(f"/{key}") for k, v in asked.values.items()
        if k in ("oid", "diaObjectId", "objectId") and v != LSST_RECORDED
    }  # fmt: skip


@pytest.mark.parametrize("key", LSST_KEYS)
def test_forced_photometry_can_be_left_out(healthy, key):
    curve = source_at(healthy, key, forced=False).fetch(LSST_OWN)
    assert len(curve) == 4 and not curve.forced.any()


def test_recorded_alerce_detections_of_lsst(healthy):
    curve = source_at(healthy, "alerce-lsst").fetch(LSST_RECORDED)
    assert len(curve) == 3 and curve.ra == pytest.approx(9.310540510)
    assert np.all(curve.flux < 0)


def test_recorded_alerce_detections_of_ztf_are_negative(serve):
    body = {"detections": recorded("alerce/ztf_v1_detections.json"), "non_detections": []}
    record = Play(recorded("alerce/ztf_v1_object.json"))
    path = "/alerce-ztf/ztf/v1/objects/ZTF18abcgqmz"
    curve = source_at(serve({path: record, path + "/lightcurve": Play(body)}), "alerce-ztf").fetch("ZTF18abcgqmz")
    assert len(curve) == 2 and np.all(curve.flux < 0)
    assert curve.context["ndethist"] == 2 and curve.ra == pytest.approx(279.904766)
    # magpsf, not the corrected magnitude whose error is the sentinel 100
    np.testing.assert_allclose(curve.flux[0], -(10 ** (0.4 * (27.5 - 18.770634))))


def test_recorded_fink_rows_bring_context(serve):
    rows = recorded("fink/ztf_objects.json")
    curve = source_at(serve({"/": Play(rows)}), "fink-ztf").fetch("ZTF19aaosfcb")
    assert len(curve) == 3
    assert curve.context["ndethist"] == max(row["i:ndethist"] for row in rows)
    assert curve.context["parallax"] == pytest.approx(2.2351) and curve.context["parallax_err"] == pytest.approx(0.0118)
    assert {"sgscore1", "distpsnr1", "magnr", "distnr"} <= set(curve.context)
    assert curve.provenance.true_class == ""


def test_fink_and_lasair_bring_redshift_and_type_of_lsst_objects(healthy):
    for key in ("fink-lsst", "lasair-lsst"):
        curve = source_at(healthy, key).fetch(LSST_OWN)
        assert curve.redshift == pytest.approx(0.0731)
        assert curve.provenance.true_class == "SNIa" and "TNS" in curve.provenance.true_class_source


def test_fink_is_asked_for_limits_and_for_no_more_columns_than_are_read(healthy):
    source_at(healthy, "fink-ztf").fetch(ZTF_RECORDED)
    asked = healthy.asked[-1]
    assert asked.values["withupperlim"] == "True" and "i:magpsf" in asked.values["columns"].split(",")


def test_finks_bad_quality_rows_are_left_out_and_counted(serve):
    good = {"i:jd": 2461100.5, "i:fid": 1, "i:magpsf": 19.0, "i:sigmapsf": 0.1, "i:isdiffpos": "t", "i:diffmaglim": 20}
    rows = [
        {**good, "d:tag": "valid"},
        {**good, "i:jd": 2461101.5, "d:tag": "badquality"},
        # limits come from another table, as text, with a candid of -1
        {"i:jd": "2461102.5", "i:fid": "2", "i:diffmaglim": "20.5", "i:candid": -1, "d:tag": "upperlim"},
    ]
    curve = source_at(serve({"/": Play(rows)}), "fink-ztf").fetch(ZTF_RECORDED)
    assert len(curve) == 1 and len(curve.limits) == 1
    assert BANDS[curve.limits.band[0]].name == "ztf_r"
    np.testing.assert_allclose(curve.limits.flux_limit, 10 ** (0.4 * (27.5 - 20.5)))
    assert any("bad quality" in note.message and note.count == 1 for note in curve.notes)


@pytest.mark.parametrize("positive", ["t", "1", 1, True, "true"])
@pytest.mark.parametrize("negative", ["f", "0", -1, False, "-1", 0])
def test_every_encoding_of_isdiffpos_gives_its_sign(serve, positive, negative):
    rows = [_row(61100.5, isdiffpos=positive), _row(61101.5, isdiffpos=negative)]
    curve = source_at(serve(_alerce(rows)), "alerce-ztf").fetch(ZTF_RECORDED)
    assert np.sign(curve.flux).tolist() == [1, -1]


def test_sentinels_are_dropped_and_counted(serve):
    rows = [
        _row(61100.5),
        _row(61101.5, magpsf=100.0),
        _row(61102.5, magpsf=-999),
        _row(61103.5, magpsf=None),
        _row(61104.5, sigmapsf=100.0),
        _row(61105.5, sigmapsf=1.0),
        _row(61106.5, sigmapsf=0.0),
        _row(61107.5, isdiffpos="maybe"),
        _row(61108.5, fid=9),
        _row(None),
    ]
    curve = source_at(serve(_alerce(rows, [{"mjd": 61099.5, "fid": 1, "diffmaglim": -999}])), "alerce-ztf").fetch(
        ZTF_RECORDED
    )
    assert curve.mjd.tolist() == [61100.5] and len(curve.limits) == 0
    assert [note.count for note in curve.notes if note.kind == "dropped"] == [4, 3, 1, 1, 1]


def test_shuffled_and_repeated_rows_give_the_same_light_curve(serve):
    body = recorded(f"alerce/ztf_v1_lightcurve_{ZTF_RECORDED}.json")
    straight = source_at(serve(_alerce(**_parts(body))), "alerce-ztf").fetch(ZTF_RECORDED)
    random.Random(4).shuffle(body["detections"])
    shuffled = source_at(serve(_alerce(**_parts(body))), "alerce-ztf").fetch(ZTF_RECORDED)
    assert shuffled.photometry_sha256() == straight.photometry_sha256()
    body["detections"] += body["detections"][:7]
    repeated = source_at(serve(_alerce(**_parts(body))), "alerce-ztf").fetch(ZTF_RECORDED)
    np.testing.assert_allclose(repeated.flux, straight.flux, rtol=1e-12)
    assert repeated.flux_err.tolist() == straight.flux_err.tolist()
    assert any(note.kind == "merged" and note.count == 7 for note in repeated.notes)


def test_flagged_lsst_rows_and_unknown_bands_are_dropped_and_counted(serve):
    rows = recorded("fink/lsst_sources_own.json")
    rows[0]["r:psfFlux_flag"], rows[1]["r:band"] = True, "w"
    curve = source_at(serve({"/fink-lsst/api/v1/sources": Play(rows)}), "fink-lsst", forced=False).fetch(LSST_OWN)
    assert len(curve) == 2
    assert sum("psfFlux_flag" in note.message or "unknown band" in note.message for note in curve.notes) == 2


def test_forced_photometry_that_fails_leaves_a_note_and_the_detections(serve):
    routes = recorded_routes()
    del routes[f"/fink-lsst/api/v1/fp?diaObjectId={LSST_OWN}"]
    routes["/fink-lsst/api/v1/fp"] = Play("oops", 500)
    curve = source_at(serve(routes), "fink-lsst").fetch(LSST_OWN)
    assert len(curve) == 4
    assert any(n.kind == "warning" and "Forced photometry left out: Fink failed" in n.message for n in curve.notes)


def test_an_object_record_that_fails_leaves_the_median_position(serve):
    routes = _alerce([_row(61100.5, ra=10.0, dec=1.0), _row(61101.5, ra=10.2, dec=1.2)])
    routes[f"/alerce-ztf/ztf/v1/objects/{ZTF_RECORDED}"] = Play("<html>", 503)
    curve = source_at(serve(routes), "alerce-ztf").fetch(ZTF_RECORDED)
    assert (curve.ra, curve.dec) == pytest.approx((10.1, 1.1))
    assert any("Object record left out" in note.message for note in curve.notes)


def test_only_limits_is_a_light_curve_without_points(serve):
    limits = [{"mjd": 61099.5, "fid": 1, "diffmaglim": 20.1}]
    curve = source_at(serve(_alerce([], limits)), "alerce-ztf").fetch(ZTF_RECORDED)
    assert len(curve) == 0 and len(curve.limits) == 1
    with pytest.raises(NotFound):
        source_at(serve(_alerce([], [])), "alerce-ztf").fetch(ZTF_RECORDED)


@pytest.mark.parametrize("key", KEYS)
def test_provenance_says_who_when_and_how_to_ask_again(healthy, key):
    source: LightCurveSource = source_at(healthy, key)
    curve = source.fetch(LSST_OWN if source.survey == "lsst" else ZTF_RECORDED)
    assert curve.provenance.source in ("ALeRCE", "Fink", "Lasair") and curve.provenance.citation
    assert curve.provenance.url.startswith(healthy.url) and not curve.provenance.cached
    assert curve.provenance.retrieved.endswith("Z") and len(curve.provenance.retrieved) == 20


def _row(mjd: float | None, **changes: object) -> dict:
    return {"mjd": mjd, "fid": 1, "magpsf": 19.0, "sigmapsf": 0.1, "isdiffpos": 1, "ra": 10.0, "dec": 1.0} | changes


def _alerce(detections: list, limits: list | None = None) -> dict[str, Play]:
    path = f"/alerce-ztf/ztf/v1/objects/{ZTF_RECORDED}"
    body = json.dumps({"detections": detections, "non_detections": limits or []})
    return {path + "/lightcurve": Play(body), path: Play({"oid": ZTF_RECORDED})}


def _parts(body: dict) -> dict:
    return {"detections": body["detections"], "limits": body["non_detections"]}
