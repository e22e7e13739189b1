"""The same rows are the same light curve, whether a broker's web service gives them or an alert packet holds them."""

from __future__ import annotations

import json

import pytest

from core.brokers.files import read_file
from core.lightcurve import LightCurve
from tests.broker_server import LSST_OWN, ZTF_RECORDED, Play, recorded
from tests.core.brokers.conftest import source_at
from tests.core.files.alerts import MJD, candidate, lsst_packet, source, ztf_packet

GOOD = candidate(mag=18.0)
#: Rows beside a good one, with all that a broker or a packet gets wrong.
ZTF_ROWS = {
    "negative": candidate(-1, 2, 19.0, isdiffpos="f"),
    "numbers as text": {**candidate(-2, 2, 19.0), "fid": "2", "magpsf": "19.0", "jd": str(candidate(-2)["jd"])},
    "error is a sentinel": candidate(-3, sigmapsf=100.0),
    "error of one magnitude": candidate(-3, sigmapsf=1.0),
    "magnitude is a sentinel": candidate(-4, 1, -999.0, diffmaglim=None),
    "magnitude of zero": candidate(-4, 1, 0.0, diffmaglim=None),
    "unknown sign": candidate(-5, isdiffpos="x"),
    "unknown filter": candidate(-6, fid=9),
    "filter is a list": {**candidate(-6), "fid": [1]},
    "no time": {**candidate(-7), "jd": None},
}
LSST_ROWS = {
    "negative": source(-1, "Y", -500.0),
    "a flux that looks like a sentinel": source(-1, "r", -999.0),
    "flagged": source(-2, psfFlux_flag=True),
    "flagged in words": source(-2, psfFlux_flag="true"),
    "unknown band": source(-3, "w"),
    "band is a list": {**source(-3), "band": ["g"]},
    "placeholder time": source(-4, midpointMjdTai=1480360995.0),
    "no time": source(-4, midpointMjdTai=None),
    "error is a sentinel": source(-5, psfFluxErr=-999.0),
}


def said(curve: LightCurve) -> list[tuple[str, int, str]]:
    return [(note.kind, note.count, note.message) for note in curve.notes]


@pytest.mark.parametrize("row", ZTF_ROWS.values(), ids=ZTF_ROWS)
def test_ztf_rows(serve, row):
    packet = ztf_packet(GOOD, row, cutoutScience=None, cutoutTemplate=None)
    (from_packet,) = read_file(json.dumps(packet).encode()).curves
    answer = [{f"i:{name}": value for name, value in r.items()} for r in (GOOD, row)]
    from_broker = source_at(serve({"/": Play(answer)}), "fink-ztf").fetch(ZTF_RECORDED)
    assert from_broker.photometry_sha256() == from_packet.photometry_sha256()
    assert said(from_broker) == said(from_packet)


@pytest.mark.parametrize("row", LSST_ROWS.values(), ids=LSST_ROWS)
def test_lsst_rows(serve, row):
    packet = lsst_packet(source(), row, cutoutDifference=None)
    (from_packet,) = read_file(json.dumps(packet).encode()).curves
    answer = [{f"r:{name}": value for name, value in r.items()} for r in (source(), row)]
    from_broker = source_at(serve({"/": Play(answer)}), "fink-lsst", forced=False).fetch(LSST_OWN)
    assert from_broker.photometry_sha256() == from_packet.photometry_sha256()
    assert said(from_broker) == said(from_packet)


def test_a_flux_of_minus_999_is_a_flux():
    (curve,) = read_file(json.dumps(lsst_packet(source(0, "g", -999.0), cutoutDifference=None)).encode()).curves
    assert len(curve) == 1 and curve.flux[0] < 0


REDSHIFTS = [(0.0731, 0.0731), (-1.0, None), (-9, None), (0, None), (99.0, None), (-999.0, None), (None, None)]


@pytest.mark.parametrize(("given", "used"), REDSHIFTS)
@pytest.mark.parametrize("door", ["fink-lsst", "lasair-lsst", "lasair-ztf", "packet", "simulated packet", "table"])
def test_a_redshift_is_judged_in_one_place_and_by_one_rule(serve, door, given, used):
    curve = with_redshift(serve, door, given)
    assert curve.redshift == used
    noted = [note.message for note in curve.notes if "redshift" in note.message]
    # A sentinel is a missing value to every reader; anything else that is not used is said.
    assert noted == ([] if used is not None or given in (None, -999.0) else [noted_as(given)])


def noted_as(value: float) -> str:
    return f"redshift {value:g} not used: expected more than 0 and less than 10"


def with_redshift(serve, door: str, value: float | None) -> LightCurve:
    if door == "fink-lsst":
        rows = [{**row, "f:xm_tns_redshift": value} for row in recorded("fink/lsst_sources_own.json")]
        return source_at(serve({"/": Play(rows)}), door, forced=False).fetch(LSST_OWN)
    if door.startswith("lasair"):
        name = "lsst_object_own" if door.endswith("lsst") else f"ztf_object_{ZTF_RECORDED}"
        answer = recorded(f"lasair/{name}.json")
        (answer["lasairData"] if door.endswith("lsst") else answer)["TNS"] = {"z": value, "type": "SN Ia"}
        return source_at(serve({"/": Play(answer)}), door).fetch(LSST_OWN if door.endswith("lsst") else ZTF_RECORDED)
    if door == "table":
        text = f"oid,mjd,band,mag,magerr,z\na,{MJD},ztf_g,18,0.1,{'' if value is None else value}\n"
        return read_file(text.encode()).curves[0]
    packet = lsst_packet(source(), cutoutDifference=None)
    if door == "packet":
        packet["xm"] = {"tns_redshift": value}
    else:
        packet["diaObject"] = {**packet["diaObject"], "z_final": value, "z_final_err": 0.01}
    return read_file(json.dumps(packet).encode()).curves[0]
