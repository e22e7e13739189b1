"""Files of light curves and packets of streams: every format that `core.brokers.files` reads."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.brokers.files import UPLOAD, Unreadable, avro, iter_file, read_file
from core.lightcurve import LightCurve
from core.model import Model, load_model
from core.pipeline import classify
from core.refusal import BadInput, Refusal
from stream.messages import Message, read_message
from tests.core.files.alerts import (
    ZTF_SCHEMA,
    candidate,
    container,
    forced,
    lsst_packet,
    lsst_schema,
    source,
    wire,
    ztf_packet,
)
from tests.fuzz.laws import Broken, all_whole, sentence, whole, writable
from tests.fuzz.mutate import of_bytes, of_container, of_json, of_schema, of_table
from tests.fuzz.targets import Target

#: As an upload, but read in this process, which is the one that may die; and within seconds.
CAPS = replace(UPLOAD, seconds=10.0, stranger=False)


def _file(data: bytes, **options: Any) -> None:
    try:
        content = read_file(data, "x", caps=CAPS, **options)
    except BadInput as error:
        sentence(error.message)
        return
    all_whole(content.curves)
    for lost in (*content.unreadable, *content.lost_rows):
        sentence(lost.error.message)
        writable(lost.where, lost.object_id, lost.alert_id)
    for note in content.notes:
        sentence(note.message)


# --- tables -------------------------------------------------------------------------------------------------------------


def _csv() -> list[bytes]:
    flux = "object_id,mjd,band,flux,flux_err,redshift,ra,dec\n"
    flux += "".join(f"a{i % 2},{59000 + i},ztf_{'gr'[i % 2]},{100 * i},10,0.05,10.5,-3\n" for i in range(8))
    magnitudes = "oid;jd;fid;magpsf;sigmapsf;isdiffpos;diffmaglim\n"
    magnitudes += "".join(f"ZTF20aatqesi;{2459000 + i},5;{1 + i % 2};18,{i};0,1;t;20,5\n" for i in range(6))
    blanks = "# mjd band mag magerr\n59000 g 18.2 0.1\n59001.5 r <19.5 nan\n59002 r 18.1 0.05\n"
    lsst = "diaObjectId\tmidpointMjdTai\tband\tpsfFlux\tpsfFluxErr\n170032921165955139\t61000.5\tg\t1200\t80\n" * 1
    return [text.encode() for text in (flux, magnitudes, blanks, lsst)]


def _tables() -> list[bytes]:
    n = 8
    flat = pa.table({
        "object_id": ["a", "b"] * 4, "mjd": 59000.0 + np.arange(n), "band": pa.array(["ztf_g", "ztf_r"] * 4).dictionary_encode(),
        "flux": np.arange(n) * 100.0, "flux_err": np.ones(n),
    })  # fmt: skip
    lists = pa.table({
        "object_id": [2**60 + 1], "mjd": [[59000.0, 59001.0]], "band": [["lsst_g", "lsst_r"]], "flux": [[1.0, 2.0]], "flux_err": [[1.0, 1.0]],
    })  # fmt: skip
    row = {"jd": 2460000.5, "fid": 1, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "t", "diffmaglim": 20.0}
    alerts = pa.table({"objectId": ["ZTF20aatqesi"], "candid": [1], "candidate": [row], "prv_candidates": [[row, row]]})
    found = []
    for table in (flat, lists, alerts):
        for options in ({}, {"compression": "none", "use_dictionary": False}):
            out = io.BytesIO()
            pq.write_table(table, out, **options)
            found.append(out.getvalue())
    return found


# --- alerts -------------------------------------------------------------------------------------------------------------


def _ztf_packets() -> list[dict[str, Any]]:
    history = (candidate(), candidate(-1, 2), candidate(-2, 1, None), candidate(-3, 2, 19.5, isdiffpos="f"))
    return [ztf_packet(*history, fp_hists=[forced(-4, 100.0), forced(-5, -20.0, fid=2)]), ztf_packet(candid=3)]


def _ztf() -> list[bytes]:
    plain = container(ZTF_SCHEMA, _ztf_packets() * 2)
    small = container(
        ZTF_SCHEMA, [{**packet, "cutoutScience": None, "cutoutTemplate": None} for packet in _ztf_packets()]
    )
    return [plain, small, container(ZTF_SCHEMA, _ztf_packets(), codec="deflate")]


def _lsst_packets() -> list[dict[str, Any]]:
    return [
        lsst_packet(source(), source(-1, "r"), source(-2, "i", -300.0)),
        lsst_packet(source(diaObjectId=None, ssObjectId=7)),
    ]


def _lsst() -> list[bytes]:
    return [container(lsst_schema(), _lsst_packets()), container(lsst_schema(old=True), [lsst_packet(old=True)])]


def _by_both(data: bytes) -> None:
    """The compiled decoder and fastavro read the same, or refuse alike."""
    read = _outcome(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(avro, "_program", lambda text: None)
        again = _outcome(data)
    if read != again:
        raise Broken(f"the compiled decoder says {str(read)[:300]}, fastavro {str(again)[:300]}")


def _outcome(data: bytes) -> list[Any]:
    out: list[Any] = []
    try:
        for item in iter_file(data, "x", caps=CAPS):
            if isinstance(item, LightCurve):
                whole(item)
                out.append(
                    (
                        item.object_id,
                        item.alert_id,
                        item.photometry_sha256(),
                        tuple(note.message for note in item.notes),
                    )
                )
            else:
                sentence(item.error.message)
                out.append((item.where, item.error.reason, item.object_id))
    except BadInput as error:
        sentence(error.message)
        out.append(error.reason)
    return out


@cache
def _schemas() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (folder / "lsst_v7_1.json").write_text(json.dumps(lsst_schema()))
    return folder


def _frames() -> list[bytes]:
    return [wire(lsst_schema(), packet) for packet in _lsst_packets()]


def _framed(data: bytes) -> None:
    # Ids of other schemas are refused at once: keep to the one that is there, mostly.
    data = data if data[4:5] == b"\xbd" else b"\x00" + (701).to_bytes(4, "big") + data[5:]
    _file(data, schemas=_schemas())


def _json() -> list[bytes]:
    ztf = [{**packet, "cutoutScience": None, "cutoutTemplate": None} for packet in _ztf_packets()]
    lsst = [{**packet, "cutoutDifference": None} for packet in _lsst_packets()]
    rows = [
        {"object_id": "a", "mjd": 59000 + i, "band": "ztf_" + "gr"[i % 2], "flux": 10.0 * i, "flux_err": 1.0}
        for i in range(5)
    ]
    fink = [{"i:objectId": "ZTF20aatqesi", "i:jd": 2459000.5 + i, "i:fid": 1 + i % 2, "i:magpsf": 18.0, "i:sigmapsf": 0.1,
             "i:isdiffpos": "t"} for i in range(4)]  # fmt: skip
    alerce = {
        "detections": [{"oid": "x", "mjd": 59000.5, "fid": 1, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": 1}],
        "non_detections": [],
    }
    return [json.dumps(item).encode() for item in (ztf[0], ztf, lsst[0], lsst, rows, fink, alerce)]


def _message(data: bytes) -> None:
    """A message of a stream is read or becomes a dead letter with its reason; nothing is unforeseen."""
    contents = read_message(Message(data, topic="t", offset=1), default_survey="ztf", schemas=_schemas())
    all_whole(contents.curves)
    if contents.dead is not None:
        sentence(contents.dead.text)
        contents.dead.headers()
        if contents.dead.reason == "error":
            raise Broken(f"unforeseen: {contents.dead.text}")


# --- from a file to an answer -------------------------------------------------------------------------------------------


@cache
def _model(name: str) -> Model:
    return load_model(name)


def _scored(data: bytes) -> None:
    """Whatever a table holds is scored or refused: probabilities sum to one, the map's mean and bias is the logit."""
    try:
        items = [
            item for item in iter_file(data, "x", caps=CAPS, default_survey="ztf") if not isinstance(item, Unreadable)
        ]
    except BadInput:
        return
    for curve in items[:2]:
        model = _model("t2-lsst" if "lsst" in curve.surveys else "t2-ztf")
        answer = classify(curve, model)
        if isinstance(answer, Refusal):
            sentence(answer.message)
            continue
        if not np.isfinite(answer.probabilities).all() or abs(answer.probabilities.sum() - 1.0) > 1e-6:
            raise Broken(f"probabilities {answer.probabilities}")
        logits = answer.explanation.cam.mean(axis=1) + answer.explanation.bias
        if not np.allclose(logits, answer.inference.logits[0], atol=1e-3):
            raise Broken("the map does not add up")


TARGETS = (
    Target("table (CSV)", _csv, of_table, partial(_file, default_survey="ztf")),
    Target(
        "table and alerts (Parquet)", _tables, of_bytes, partial(_file, default_survey="ztf"), may_die=True, weight=0.7
    ),
    Target("ZTF alerts (Avro)", _ztf, of_container, _file),
    Target("ZTF alerts, compiled against fastavro", _ztf, of_container, _by_both),
    Target("LSST alerts (Avro)", _lsst, of_container, _file),
    Target("Avro schemas", lambda: [*_ztf()[1:2], *_lsst()], of_schema, _file, weight=0.5),
    Target("framed packets", _frames, of_bytes, _framed),
    Target("alerts and rows (JSON)", _json, of_json, partial(_file, default_survey="ztf")),
    Target("messages of streams", lambda: [*_json(), *_ztf(), *_frames()], of_json, _message, weight=0.5),
    Target("from a table to an answer", _csv, of_table, _scored, weight=0.5),
)
