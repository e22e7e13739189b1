"""Lists of ALeRCE: its `objects` (ZTF) and `list_objects` (LSST), by class, probability, detections, dates and cone."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from core.brokers.browse.base import Browser, Listed, Listing, Search, mjd_of, once, whole
from core.brokers.http import Fetcher
from core.brokers.rows import Row, known_number, known_text, require, rows_in

PAGE = 100
_KNOWS = frozenset({"classifier", "label", "min_probability", "min_points", "first_after", "last_after", "cone"})


class _Alerce(Browser):
    broker = "ALeRCE"
    alternative = "Fink"
    knows = _KNOWS
    path: str
    names: ClassVar[dict[str, str]]

    def _search(self, fetcher: Fetcher, search: Search) -> Listing:
        asked = self._parameters(search)
        items: list[Listed] = []
        more, page = True, 1
        while more and len(once(items)) < search.most:
            answer = fetcher.get(self.path, {**asked, "page": str(page)})
            rows = rows_in(answer, "items", broker=self.broker)
            require(rows, ("oid",), broker=self.broker)
            known = len(once(items))
            items += [self._listed(row) for row in rows if row.get("oid") is not None]
            # A page that brings nothing new ends it: a broker that says "next" for ever would be asked for ever.
            more, page = len(once(items)) > known and bool(answer.get("has_next")), page + 1
        found = once(items)
        notes = (
            [f"{len(items):,} rows of {len(found):,} objects: several classifiers name one."]
            if len(items) > len(found)
            else []
        )
        url = f"{self.base_url}{self.path}?{urlencode(asked)}"
        return Listing(found[: search.most], url, more or len(found) > search.most, tuple(notes))

    def _parameters(self, search: Search) -> dict[str, str]:
        # ALeRCE refuses parameters that are there and say nothing.
        asked: dict[str, Any] = {
            "classifier": search.classifier,
            self.names["label"]: search.label,
            "probability": search.min_probability,
            self.names["points"]: search.min_points,
            "firstmjd": None if search.first_after is None else mjd_of(search.first_after),
            "lastmjd": None if search.last_after is None else mjd_of(search.last_after),
            "ra": search.ra,
            "dec": search.dec,
            "radius": search.radius,
            "ranking": 1 if search.label or search.classifier else None,
            "order_by": "probability" if search.label else "lastmjd",
            "order_mode": "DESC",
            "page_size": min(PAGE, search.most),
        }
        return {name: str(value) for name, value in asked.items() if value not in (None, "")}

    def _listed(self, row: Row) -> Listed:
        return Listed(
            str(row["oid"]),
            label=known_text(row.get(self.names["label"])),
            label_by=known_text(row.get(self.names["classifier"])),
            label_probability=known_number(row.get("probability")),
            ra=known_number(row.get("meanra")),
            dec=known_number(row.get("meandec")),
            n_points=whole(row.get(self.names["points"])),
            first_mjd=known_number(row.get("firstmjd")),
            last_mjd=known_number(row.get("lastmjd")),
        )

    def _classifiers(self, answer: Any) -> dict[str, tuple[str, ...]]:
        rows = rows_in(answer, broker=self.broker)
        require(rows, ("classifier_name", "classes"), broker=self.broker)
        return {str(row.get("classifier_name")): _texts(row.get("classes")) for row in rows}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


class AlerceZtfLists(_Alerce):
    """Objects of ZTF, by the classifiers of light curves and of stamps."""

    key = "alerce-ztf"
    title = "ALeRCE (ZTF)"
    survey = "ztf"
    host = "https://api.alerce.online"
    path = "/ztf/v1/objects"
    names: ClassVar = {"label": "class", "points": "ndet", "classifier": "classifier"}
    labels: ClassVar = {
        "lc_classifier": (
            "SNIa", "SNIbc", "SNII", "SLSN", "QSO", "AGN", "Blazar", "CV/Nova", "YSO", "LPV", "E", "DSCT", "RRL", "CEP",
            "Periodic-Other",
        ),
        "stamp_classifier": ("SN", "AGN", "VS", "asteroid", "bogus"),
        "lc_classifier_transient": ("SNIa", "SNIbc", "SNII", "SLSN"),
    }  # fmt: skip

    def _labels(self, fetcher: Fetcher) -> dict[str, tuple[str, ...]]:
        return self._classifiers(fetcher.get("/ztf/v1/classifiers"))


class AlerceLsstLists(_Alerce):
    """Objects of LSST, by the classifier of stamps."""

    key = "alerce-lsst"
    title = "ALeRCE (LSST)"
    survey = "lsst"
    host = "https://api-lsst.alerce.online"
    path = "/object_api/list_objects"
    names: ClassVar = {"label": "class_name", "points": "n_det", "classifier": "classifier_name"}
    labels: ClassVar = {
        "stamp_classifier_rubin_beta_20260421": ("SN", "AGN", "VS", "asteroid", "bogus"),
        "stamp_classifier_rubin_beta": ("SN", "AGN", "VS", "asteroid", "bogus"),
    }

    def _parameters(self, search: Search) -> dict[str, str]:
        return {"survey": "lsst", **super()._parameters(search)}

    def _labels(self, fetcher: Fetcher) -> dict[str, tuple[str, ...]]:
        return self._classifiers(fetcher.get("/classifier_api/classifiers"))
