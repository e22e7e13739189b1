"""Answers of brokers: light curves of every source, lists of every search, names at CDS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from core.brokers.base import BrokerError
from core.brokers.browse.base import MOST, Browser, Search
from core.brokers.browse.position import resolve
from core.brokers.http import Answer, Fetcher
from core.brokers.registry import BROKERS, BROWSERS
from core.refusal import BadInput
from tests.broker_server import DATA, LSST_OWN, ZTF_RECORDED
from tests.core.brokers.listings import alerce_pages, fink_rows, invented_ids
from tests.fuzz.laws import Broken, sentence, whole, writable
from tests.fuzz.mutate import of_bytes, of_json
from tests.fuzz.targets import Target

#: What each source is asked for, and the recorded answers that are its seeds.
_RECORDED: dict[str, tuple[str, tuple[str, ...]]] = {
    "alerce-ztf": (ZTF_RECORDED, (f"alerce/ztf_v1_lightcurve_{ZTF_RECORDED}", "alerce/ztf_v1_object")),
    "alerce-lsst": (LSST_OWN, ("alerce/lsst_detections_own", "alerce/lsst_forced_own", "alerce/lsst_object_own")),
    "fink-ztf": (ZTF_RECORDED, (f"fink/ztf_objects_withupperlim_{ZTF_RECORDED}",)),
    "fink-lsst": (LSST_OWN, ("fink/lsst_sources_own", "fink/lsst_fp_own")),
    "lasair-ztf": (ZTF_RECORDED, (f"lasair/ztf_object_{ZTF_RECORDED}",)),
    "lasair-lsst": (LSST_OWN, ("lasair/lsst_object_own",)),
}
#: Rows of a recorded answer that are kept: the shape is in the first ones.
_ROWS = 6


@contextmanager
def answering(body: bytes) -> Iterator[None]:
    """Whatever is asked, the answer is this; no socket and no thread is used."""

    def request(self: Fetcher, method: str, url: str, **_asked: Any) -> Answer:
        return Answer(200, url, body, self._parse)

    kept = Fetcher.request
    Fetcher.request = request  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        Fetcher.request = kept  # type: ignore[method-assign]


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(item) for item in value[:_ROWS]]
    return {key: _short(item) for key, item in value.items()} if isinstance(value, dict) else value


def _answers(key: str) -> list[bytes]:
    return [json.dumps(_short(json.loads((DATA / f"{name}.json").read_text()))).encode() for name in _RECORDED[key][1]]


@cache
def _source(key: str) -> Any:
    return next(broker for broker in BROKERS if broker.key == key)(token="x")


def _light_curve(data: bytes, *, key: str) -> None:
    with answering(data):
        try:
            curve = _source(key).fetch(_RECORDED[key][0])
        except BrokerError as error:
            sentence(error.message)
        except BadInput as error:
            sentence(error.message)
        else:
            whole(curve)


# --- searches -----------------------------------------------------------------------------------------------------------


def _lists() -> list[bytes]:
    pages = alerce_pages(invented_ids(4))
    rows = fink_rows(invented_ids(3))
    sources = [{"r:diaObjectId": 170032921165955139, "r:ra": 1.0, "r:dec": 2.0, "r:nDiaSources": 5, "f:xm_tns_type": "SN Ia",
                "r:midpointMjdTai": 61000.5, "r:firstDiaSourceMjdTai": 60990.5}]  # fmt: skip
    known: list[Any] = [*(play.body for play in pages.values()), rows, sources]
    known.append([{"classifier_name": "lc_classifier", "classifier_version": "1", "classes": ["SNIa", "AGN"]}])
    known += [{"Fink classifiers": ["SN candidate"], "TNS classified data": ["(TNS) SN Ia"]}, {"in_tns": "x"}]
    return [json.dumps(body).encode() for body in known]


@cache
def _browser(kind: type[Browser]) -> Browser:
    return kind()


def _searched(data: bytes) -> None:
    with answering(data):
        for kind in BROWSERS:
            browser = _browser(kind)
            _one_search(browser)
            _told(browser.current_labels, _labels_are_texts)


def _one_search(browser: Browser) -> None:
    def law(listing: Any) -> None:
        if len({item.object_id for item in listing.items}) != len(listing.items) or len(listing.items) > MOST:
            raise Broken("an object stands in a list twice, or the list is too long")
        for item in listing.items:
            writable(item.object_id, item.label, item.label_by)
        writable(listing.url, *listing.notes)

    _told(partial(browser.search, Search(label="SN candidate", most=3)), law)


def _labels_are_texts(labels: Any) -> None:
    if not all(isinstance(name, str) for group in labels.values() for name in (*labels, *group)):
        raise Broken("a label is no text")
    writable(*labels, *(name for group in labels.values() for name in group))


def _told(ask: Callable[[], Any], law: Callable[[Any], None]) -> None:
    try:
        found = ask()
    except BrokerError as error:
        sentence(error.message)
    else:
        law(found)


def _names() -> list[bytes]:
    return [
        b"# M 87\t#Q1\n#=S=Simbad:    1\n%@ 1\n%J 187.70593075 +12.39112325 = 12:30:49.42 +12:23:28.0\n#====Done\n",
        b"%J 10 -5\n",
    ]


def _named(data: bytes) -> None:
    def law(place: tuple[float, float]) -> None:
        if not (0 <= place[0] < 360 and -90 <= place[1] <= 90):
            raise Broken(f"{place} is no position")

    with answering(data):
        _told(lambda: resolve("M 87"), law)


TARGETS = (
    *(Target(f"answer of {key}", partial(_answers, key), of_json, partial(_light_curve, key=key)) for key in _RECORDED),
    Target("answers to searches", _lists, of_json, _searched),
    Target("answers of CDS", _names, of_bytes, _named, weight=0.3),
)
