"""Lists of Fink: the latest alerts of a class or tag, and cones. Fink lists alerts: several may be of one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar
from urllib.parse import urlencode

from core.brokers.base import BadResponse
from core.brokers.browse.base import Browser, Listed, Listing, Search, mjd_of, once, whole
from core.brokers.http import Fetcher
from core.brokers.rows import Row, known_number, known_text, require, rows_in
from core.photometry import jd_to_mjd

_FORM = {"output-format": "json"}


class _Fink(Browser):
    broker = "Fink"
    alternative = "ALeRCE"
    knows = frozenset({"label", "last_after", "cone"})
    id_field: str
    columns: tuple[str, ...]
    latest: tuple[str, str]

    def _check(self, search: Search) -> None:
        super()._check(search)
        if lacking := self.lacks(label=bool(search.label), cone=search.has_cone):
            raise self._bad(lacking)

    def lacks(self, *, label: bool, cone: bool) -> str:
        both = "Fink is searched either by a class or by a cone"
        return "" if label != cone else f"{both}; {'both are' if label else 'neither is'} given"

    def _search(self, fetcher: Fetcher, search: Search) -> Listing:
        path, name = self.latest
        asked = {**_FORM, "n": str(search.most), "columns": ",".join(self.columns)}
        if search.has_cone:
            path = "/api/v1/conesearch"
            asked |= {"ra": str(search.ra), "dec": str(search.dec), "radius": str(search.radius)}
        else:
            asked[name] = search.label
        if search.last_after is not None:
            asked["startdate"] = search.last_after.isoformat()
        rows = rows_in(fetcher.get(path, asked), broker=self.broker)
        require(rows, (self.id_field,), broker=self.broker)
        found = tuple(
            self._since(
                once(self._listed(row, search.label) for row in rows if row.get(self.id_field) is not None), search
            )
        )
        notes = []
        if len(rows) > len(found):
            notes.append(f"{len(rows):,} alerts of {len(found):,} objects.")
        return Listing(found, f"{self.base_url}{path}?{urlencode(asked)}", len(rows) >= search.most, tuple(notes))

    def _since(self, items: Iterable[Listed], search: Search) -> Iterable[Listed]:
        # In a cone Fink's dates are those of the first detection; ours is asked of the latest.
        after = None if search.last_after is None or not search.has_cone else mjd_of(search.last_after)
        return [item for item in items if after is None or item.last_mjd is None or item.last_mjd >= after]

    def _listed(self, row: Row, label: str) -> Listed:
        raise NotImplementedError


class FinkZtfLists(_Fink):
    """ZTF: the latest alerts of one of Fink's classes, or of a cross-match's."""

    key = "fink-ztf"
    title = "Fink (ZTF)"
    survey = "ztf"
    host = "https://api.ztf.fink-portal.org"
    id_field = "i:objectId"
    columns = (
        "i:objectId",
        "i:jd",
        "i:ra",
        "i:dec",
        "i:ndethist",
        "i:jdstarthist",
        "v:classification",
        "d:tns",
        "d:cdsxmatch",
    )
    latest = ("/api/v1/latests", "class")
    labels: ClassVar = {
        "": (
            "Early SN Ia candidate", "SN candidate", "SLSN candidate", "Kilonova candidate", "Microlensing candidate",
            "(TNS) SN Ia", "(TNS) SN II", "(TNS) TDE", "Ambiguous", "Unknown",
        )
    }  # fmt: skip

    def _listed(self, row: Row, label: str) -> Listed:
        jd, start = known_number(row.get("i:jd")), known_number(row.get("i:jdstarthist"))
        return Listed(
            str(row[self.id_field]),
            label=known_text(row.get("v:classification")) or label,
            label_by=self.broker,
            ra=known_number(row.get("i:ra")),
            dec=known_number(row.get("i:dec")),
            n_points=whole(row.get("i:ndethist")),
            first_mjd=None if start is None else float(jd_to_mjd(start)),
            last_mjd=None if jd is None else float(jd_to_mjd(jd)),
        )

    def _labels(self, fetcher: Fetcher) -> dict[str, tuple[str, ...]]:
        answer = fetcher.get("/api/v1/classes")
        if not isinstance(answer, Mapping):
            raise BadResponse(self.broker, "Fink's answer holds no lists of classes.", "Type the class.")
        return {"": tuple(str(name) for part in answer.values() if isinstance(part, list) for name in part)}


class FinkLsstLists(_Fink):
    """LSST: the latest alerts with one of Fink's tags."""

    key = "fink-lsst"
    title = "Fink (LSST)"
    survey = "lsst"
    host = "https://api.lsst.fink-portal.org"
    id_field = "r:diaObjectId"
    columns = (
        "r:diaObjectId",
        "r:midpointMjdTai",
        "r:ra",
        "r:dec",
        "r:nDiaSources",
        "r:firstDiaSourceMjdTai",
        "f:xm_tns_type",
    )
    latest = ("/api/v1/tags", "tag")
    labels: ClassVar = {
        "": (
            "most_likely_sn", "sn_near_galaxy_candidate", "extragalactic_new_candidate", "extragalactic_lt20mag_candidate",
            "hostless_candidate", "in_tns", "mdwarf_flare",
        )
    }  # fmt: skip

    def _listed(self, row: Row, label: str) -> Listed:
        oid = row[self.id_field]
        return Listed(
            str(oid),
            label=known_text(row.get("f:xm_tns_type")) or label,
            label_by="TNS" if known_text(row.get("f:xm_tns_type")) else self.broker,
            ra=known_number(row.get("r:ra")),
            dec=known_number(row.get("r:dec")),
            n_points=whole(row.get("r:nDiaSources")),
            first_mjd=known_number(row.get("r:firstDiaSourceMjdTai")),
            last_mjd=known_number(row.get("r:midpointMjdTai")),
        )

    def _labels(self, fetcher: Fetcher) -> dict[str, tuple[str, ...]]:
        answer = fetcher.get("/api/v1/tags")
        names = list(answer) if isinstance(answer, Mapping | list) else []
        if not names or not all(isinstance(name, str) for name in names):
            raise BadResponse(self.broker, "Fink's answer holds no list of tags.", "Type the tag.")
        return {"": tuple(names)}
