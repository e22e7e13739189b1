"""Answers of brokers to searches, built in the layout of their servers' sources, with light curves for what they list."""

from __future__ import annotations

import string
from itertools import product
from typing import Any

import numpy as np

from core.bands import BANDS
from core.brokers.samples import SampleSource
from core.photometry import flux_error_to_magnitude_error, flux_to_magnitude
from tests.broker_server import Play

#: Samples that stand behind the invented ids, shifted a little each.
BEHIND = ("ZTF20aatqesi", "ZTF18aannern", "ZTF20aaynrrh", "ZTF20acphdcg", "ZTF17aaapphc")
LABELS = ("SNIa", "SNII", "SNIbc", "SLSN", "AGN")


def invented_ids(count: int) -> list[str]:
    """Ids in the form of ZTF's, of a year in which it saw nothing."""
    letters = map("".join, product(string.ascii_lowercase, repeat=2))
    return [f"ZTF99aaaaa{pair}" for _, pair in zip(range(count), letters, strict=False)]


def alerce_item(oid: str, number: int, label: str | None = None) -> dict[str, Any]:
    """An object as ALeRCE's list has it."""
    return {
        "oid": oid, "ndethist": "20", "ndet": 20, "firstmjd": 60000.0 + number, "lastmjd": 60040.0 + number,
        "meanra": 10.0 + 0.1 * number, "meandec": -5.0, "class": label or LABELS[number % 5],
        "classifier": "lc_classifier", "probability": round(0.99 - 0.002 * number, 3),
    }  # fmt: skip


def alerce_pages(ids: list[str], size: int = 100) -> dict[str, Play]:
    """Routes for ALeRCE's list of these ids, by page."""
    routes = {}
    for page, start in enumerate(range(0, max(len(ids), 1), size), start=1):
        items = [alerce_item(oid, start + i) for i, oid in enumerate(ids[start : start + size])]
        more = start + size < len(ids)
        body = {"total": None, "page": None, "next": page + 1 if more else None, "has_next": more, "items": items}
        routes[f"/alerce-ztf/ztf/v1/objects?page={page}"] = Play(body)
    return routes


def alerce_light_curve(oid: str, number: int) -> dict[str, Any]:
    """Detections as ALeRCE gives them, of a sample whose brightness is shifted by hundredths of a magnitude."""
    curve = SampleSource().fetch(BEHIND[number % len(BEHIND)])
    seen = np.flatnonzero((curve.signal_to_noise > 3) & ~curve.forced & (curve.band < 2))[:60]
    magnitude = flux_to_magnitude(curve.flux) + 0.01 * number
    error = flux_error_to_magnitude_error(curve.flux, curve.flux_err)
    rows = [
        {"mjd": float(curve.mjd[i]), "fid": 1 if BANDS[curve.band[i]].letter == "g" else 2, "magpsf": float(magnitude[i]),
         "sigmapsf": float(error[i]), "isdiffpos": 1, "diffmaglim": 20.5, "ra": 10.0 + 0.1 * number, "dec": -5.0,
         "candid": str(10**15 + i), "distnr": 5.0, "has_stamp": False, "corrected": False, "dubious": False}
        for i in seen
    ]  # fmt: skip
    return {"detections": rows, "non_detections": []}


def searched_broker(count: int) -> dict[str, Play]:
    """Routes of an ALeRCE that lists ``count`` invented objects and has the light curve of each."""
    ids = invented_ids(count)
    routes = alerce_pages(ids)
    for number, oid in enumerate(ids):
        routes[f"/alerce-ztf/ztf/v1/objects/{oid}/lightcurve"] = Play(alerce_light_curve(oid, number))
        routes[f"/alerce-ztf/ztf/v1/objects/{oid}"] = Play(alerce_item(oid, number))
    return routes


def fink_rows(oids: list[str], label: str = "SN candidate") -> list[dict[str, Any]]:
    """Alerts as Fink's list of ZTF has them."""
    return [
        {"i:objectId": oid, "i:jd": 2460324.5 + i, "i:ra": 92.0, "i:dec": 19.0, "i:ndethist": 7, "i:jdstarthist": 2460300.5,
         "v:classification": label, "d:tns": "", "d:cdsxmatch": "Unknown"}
        for i, oid in enumerate(oids)
    ]  # fmt: skip
