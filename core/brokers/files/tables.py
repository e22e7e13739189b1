"""Tables of photometry, one row per point, to light curves: values read, units converted, limits told from detections.

What can't be read costs its row, and the row says why; the object and the rest of the table live.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import SURVEYS
from core.brokers.files.bare_bands import UNKNOWN, band_code
from core.brokers.files.columns import CONTEXT, Columns, find_columns, unit_of
from core.brokers.files.content import Reading, Unreadable
from core.brokers.files.values import flags, id_texts, numbers, texts
from core.brokers.rows import MAGNITUDES, SENTINELS
from core.photometry import (
    JD_MINUS_MJD,
    ZERO_POINT,
    ZERO_POINTS,
    difference_sign,
    flux_to_magnitude,
    jd_to_mjd,
    magnitude_error_to_flux_error,
    magnitude_to_flux,
    to_fluxcal,
)
from core.refusal import BadInput

Floats = NDArray[np.float64]

# What became of a row. The words end up in the notes of its light curve.
DETECTION, LIMIT, LOST = 0, 1, 2
DROPPED = {
    3: "the magnitude is a stand-in for no value (0, 99, 100, -999)",
    4: "no magnitude and no limit",
    5: "marked as bad quality",
}
_EXTRA = ("redshift", "redshift_err", "ra", "dec", *CONTEXT)
#: PLAsTiCC numbers its passbands.
_PLASTICC = dict(zip("012345", "ugrizy", strict=True))


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table.

    columns : name -> values. numbers : (n,) of the rows, as a person counts them.
    broken : position -> what is wrong with a row as a whole (too few cells).
    """

    columns: Mapping[str, Any]
    numbers: NDArray[np.int64]
    broken: Mapping[int, str] = field(default_factory=dict)


@dataclass
class Rows:
    """Rows after reading: typed, in FLUXCAL and MJD. state : DETECTION, LIMIT, LOST or a key of DROPPED.

    band : index, or a code of `core.brokers.files.bare_bands` where the survey is to be settled for the object as a whole.
    """

    object_id: NDArray[np.object_]
    mjd: Floats
    flux: Floats
    flux_err: Floats
    band: NDArray[np.int8]
    forced: NDArray[np.bool_]
    state: NDArray[np.int8]
    number: NDArray[np.int64]
    extra: dict[str, Floats]
    lost: list[Unreadable] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.mjd)


#: Half of the errors below this [FLUXCAL] would be a depth of magnitude 27 at 5 sigma, which no single visit reaches.
DEEPEST_ERROR = 0.3


class RawTable:
    """How the rows of one table are read: its columns found, its survey and flux unit settled.

    names : columns as written. word : what a row is called in messages, "row" or "line". decimal_comma : as in "1,5".
    Raises BadInput when columns are missing.
    """

    def __init__(
        self, names: Sequence[str], reading: Reading, *, word: str = "row", decimal_comma: bool = False
    ) -> None:
        self.columns: Columns = find_columns(names)
        self.roles = self.columns.roles
        self.word = word
        self.decimal_comma = decimal_comma
        self.reading = reading
        self.unit, assumed = unit_of(self.columns, reading.flux_unit) if self.columns.uses_flux else ("", False)
        self.assumed = assumed
        if assumed:
            reading.note(
                "warning", f"the unit of {self.roles['flux']} is not stated; it was read as FLUXCAL (zero point 27.5)"
            )
        if "object_id" not in self.roles:
            reading.note(
                "warning", "no column of object ids: the whole table was read as one object, named after the file"
            )
        self.time_scale = "tai" if self.roles.get("mjd", "").lower().endswith("tai") else "utc"

    @property
    def needed(self) -> set[str]:
        """Columns that are read; the others are passed over."""
        return set(self.roles.values())

    # --- one chunk -------------------------------------------------------------------------------------------------

    def read(self, chunk: Chunk) -> Rows:
        """Typed rows of a chunk. Raises BadInput only for what spoils the whole table (magnitudes that are not AB)."""
        n = len(chunk.numbers)
        state = np.zeros(n, np.int8)
        ids, lossy = self._ids(chunk)
        rows = Rows(
            object_id=ids, mjd=np.full(n, np.nan), flux=np.full(n, np.nan), flux_err=np.full(n, np.nan),
            band=np.zeros(n, np.int8), forced=np.zeros(n, bool), state=state, number=chunk.numbers, extra={},
        )  # fmt: skip
        for i, message in chunk.broken.items():
            where = f"{self.word} {chunk.numbers[i]}"
            rows.lost.append(
                Unreadable(where, BadInput("row", f"{where}: {message}"), str(rows.object_id[i]), row_only=True)
            )
            rows.state[i] = LOST
        self._lose(rows, np.array([not i for i in rows.object_id], bool), chunk, "object_id", "the id of an object")
        self._lose(
            rows,
            lossy,
            chunk,
            "object_id",
            "an id stored as text or int64: as a floating-point number it has lost its last digits",
            reason="lossy_id",
        )
        rows.mjd = self._times(rows, chunk)
        rows.band = self._bands(rows, chunk)
        self._check_system(chunk)
        if self.columns.uses_flux:
            self._fluxes(rows, chunk)
        else:
            self._magnitudes(rows, chunk)
        if "tag" in self.roles:
            tags = texts(chunk.columns[self.roles["tag"]])
            rows.state[np.array([t == "badquality" for t in tags], bool) & (rows.state != LOST)] = 5
        rows.extra = self._extra(chunk)
        return rows

    def _values(self, rows: Rows, chunk: Chunk, role: str, expected: str) -> Floats:
        """A column as numbers; rows with something else are lost, blanks are NaN, and so are sentinels.

        A flux may well be -999; where that stands for "no value", its error is negative too, and drops the point.
        """
        values, bad = numbers(chunk.columns[self.roles[role]], decimal_comma=self.decimal_comma)
        self._lose(rows, bad, chunk, role, expected)
        if role != "flux":
            values[np.isin(values, SENTINELS)] = np.nan
        return values

    def _lose(
        self, rows: Rows, bad: NDArray[np.bool_], chunk: Chunk, role: str, expected: str, *, reason: str = "value"
    ) -> None:
        column = self.roles.get(role, role)
        for i in np.flatnonzero(bad & (rows.state != LOST)):
            value = chunk.columns[column][i]
            shown = "nothing" if value is None or str(value).strip() == "" else repr(str(value)[:40])
            where = f"{self.word} {rows.number[i]}"
            error = BadInput(reason, f"{where}, column {column}: {shown}; expected {expected}")
            rows.lost.append(Unreadable(where, error, str(rows.object_id[i]), row_only=True))
            rows.state[i] = LOST

    def _ids(self, chunk: Chunk) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
        """(ids as text, which of them have lost digits)"""
        n = len(chunk.numbers)
        if "object_id" not in self.roles:
            stem = PurePath(self.reading.name).stem or self.reading.name or "table"
            return np.full(n, stem, dtype=object), np.zeros(n, bool)
        return id_texts(chunk.columns[self.roles["object_id"]])

    def _times(self, rows: Rows, chunk: Chunk) -> Floats:
        if "mjd" in self.roles:
            return self._values(rows, chunk, "mjd", "a modified Julian date")
        jd = self._values(rows, chunk, "jd", "a Julian date")
        self._lose(rows, jd < JD_MINUS_MJD, chunk, "jd", "a Julian date (about 2,460,000)")
        return jd_to_mjd(jd)

    def _bands(self, rows: Rows, chunk: Chunk) -> NDArray[np.int8]:
        names = texts(chunk.columns[self.roles["band"]])
        surveys = self._surveys(rows, chunk)
        if self.roles["band"].lower() == "passband" and set(names) <= set(_PLASTICC):
            names, surveys = [_PLASTICC[name] for name in names], ["lsst"] * len(names)
        pairs = list(zip(names, surveys, strict=True))
        codes = {pair: band_code(*pair) for pair in set(pairs)}
        out = np.array([codes[pair] for pair in pairs], dtype=np.int8)
        self._lose(rows, out == UNKNOWN, chunk, "band", "a band such as ztf_g, lsst_u, or g with the survey said")
        out[out == UNKNOWN] = 0
        return out

    def _surveys(self, rows: Rows, chunk: Chunk) -> Sequence[str | None]:
        """Whose bands bare letters are: said by the row, by the caller, by a ZTF id, by the columns; None is open."""
        found: list[str | None] = [self.reading.survey] * len(rows)
        if self.reading.survey is None:
            found = ["ztf" if name.startswith("ZTF") else self.columns.survey for name in rows.object_id]
        if "survey" in self.roles:
            said = [word.lower() for word in texts(chunk.columns[self.roles["survey"]])]
            found = [word if word in SURVEYS else survey for word, survey in zip(said, found, strict=True)]
        return found

    # --- brightness --------------------------------------------------------------------------------------------------

    def _fluxes(self, rows: Rows, chunk: Chunk) -> None:
        flux = self._values(rows, chunk, "flux", "a flux")
        err = self._values(rows, chunk, "flux_err", "the error of a flux")
        if self.unit in ("dn", "zp"):
            zero_point = self._values(rows, chunk, "zero_point", "a zero point [AB mag]")
            scale = np.power(10.0, 0.4 * (ZERO_POINT - zero_point))
            rows.flux, rows.flux_err = flux * scale, err * scale
        else:
            rows.flux, rows.flux_err = to_fluxcal(flux, self.unit), to_fluxcal(err, self.unit)
            if self.assumed:
                self._check_scale(rows)
        if "forced" in self.roles:
            rows.forced = flags(chunk.columns[self.roles["forced"]]) == 1
        if "detected" in self.roles:
            # PLAsTiCC's flag: below the detection threshold there is still a measured flux, forced photometry.
            rows.forced |= flags(chunk.columns[self.roles["detected"]]) == 0
        limit = self._limit_flags(chunk)
        if limit.any():
            known = np.isfinite(rows.flux) & (rows.flux > 0)
            rows.flux = np.where(limit & ~known, 5.0 * rows.flux_err, rows.flux)
            rows.state[limit & (rows.state != LOST)] = LIMIT

    def _check_scale(self, rows: Rows) -> None:
        """A table in janskys without a unit is no light curve in FLUXCAL: its first rows would all lie deeper than anybody sees."""
        flux, err = (x[np.isfinite(x)] for x in (rows.flux, rows.flux_err))
        if not len(flux) or not len(err):
            return
        self.assumed = False  # one look: what follows is of the same unit
        if flux.max() >= 1.0 or np.median(err) >= DEEPEST_ERROR:
            return
        seen = f", magnitude {flux_to_magnitude(flux.max()):.1f}" if flux.max() > 0 else ""
        raise BadInput(
            "unit",
            f"the unit of {self.roles['flux']} is not stated; read as FLUXCAL (zero point 27.5) its largest value is {flux.max():.3g}{seen}, "
            f"fainter than any survey sees in one visit: say the unit in the column's name or under How to read it; known are {', '.join(ZERO_POINTS)}",
        )

    def _check_system(self, chunk: Chunk) -> None:
        if "zero_point_system" in self.roles:
            other = {t for t in texts(chunk.columns[self.roles["zero_point_system"]]) if t.lower() not in ("ab", "")}
            if other:
                raise BadInput("unit", f"column {self.roles['zero_point_system']}: {sorted(other)[0]!r}; expected 'ab'")

    def _magnitudes(self, rows: Rows, chunk: Chunk) -> None:
        column = chunk.columns[self.roles["mag"]]
        mag, bad = numbers(column, decimal_comma=self.decimal_comma)
        fainter = np.zeros(len(rows), bool)
        if bad.any():  # ">20.1" is how many tables write a limit
            stripped = [str(v).strip().lstrip("<>≥≤").strip() if b else "nan" for v, b in zip(column, bad, strict=True)]
            limits, still_bad = numbers(stripped, decimal_comma=self.decimal_comma)
            fainter = bad & np.array([str(v).strip()[:1] in ("<", ">", "≥", "≤") for v in column], bool) & ~still_bad
            mag = np.where(fainter, limits, mag)
            bad &= ~fainter
            if fainter.any():
                self.reading.note("converted", "magnitudes such as <20.5 were read as 5σ upper limits")
        self._lose(rows, bad, chunk, "mag", "a magnitude")
        err = self._values(rows, chunk, "mag_err", "the error of a magnitude")
        limit_mag = self._limit_magnitudes(rows, chunk)
        blank = np.isnan(mag)
        mag = np.where((mag > MAGNITUDES[0]) & (mag < MAGNITUDES[1]), mag, np.nan)
        missing = np.isnan(mag)
        flagged = self._limit_flags(chunk) | fainter
        if "detected" in self.roles:
            flagged |= flags(chunk.columns[self.roles["detected"]]) == 0
        depth = np.where(np.isfinite(limit_mag), limit_mag, np.where(flagged, mag, np.nan))
        is_limit = (flagged | missing) & np.isfinite(depth)
        sign = self._signs(rows, chunk)
        err = np.where((err > MAGNITUDES[1]), np.nan, err)  # 99 and 100 stand for "no error"
        rows.flux = sign * magnitude_to_flux(mag)
        rows.flux_err = magnitude_error_to_flux_error(mag, err)
        rows.flux[is_limit] = magnitude_to_flux(depth[is_limit])
        alive = rows.state != LOST
        rows.state[alive & is_limit] = LIMIT
        rows.state[alive & missing & ~is_limit] = np.where(blank, 4, 3)[alive & missing & ~is_limit]

    def _limit_magnitudes(self, rows: Rows, chunk: Chunk) -> Floats:
        if "limit_mag" in self.roles:
            values = self._values(rows, chunk, "limit_mag", "a limiting magnitude")
        elif "limit_flag" in self.roles:  # some name the limiting magnitude as others name the flag
            values, _ = numbers(chunk.columns[self.roles["limit_flag"]], decimal_comma=self.decimal_comma)
            values = np.where(values > 5.0, values, np.nan)
        else:
            return np.full(len(rows), np.nan)
        return np.where((values > MAGNITUDES[0]) & (values < MAGNITUDES[1]), values, np.nan)

    def _limit_flags(self, chunk: Chunk) -> NDArray[np.bool_]:
        out = np.zeros(len(chunk.numbers), bool)
        if "limit_flag" in self.roles:
            out |= flags(chunk.columns[self.roles["limit_flag"]]) == 1
        if "tag" in self.roles:
            out |= np.array([t == "upperlim" for t in texts(chunk.columns[self.roles["tag"]])], bool)
        return out

    def _signs(self, rows: Rows, chunk: Chunk) -> Floats:
        if "sign" not in self.roles:
            return np.ones(len(rows))
        values = texts(chunk.columns[self.roles["sign"]])
        table = {value: _sign_or_zero(value) for value in set(values)}
        sign = np.array([table[value] for value in values], dtype=float)
        self._lose(rows, sign == 0, chunk, "sign", "t/f, 1/0, 1/-1 or true/false")
        return sign

    def _extra(self, chunk: Chunk) -> dict[str, Floats]:
        out = {}
        for role in _EXTRA:
            if role in self.roles:
                values, bad = numbers(chunk.columns[self.roles[role]], decimal_comma=self.decimal_comma)
                values[np.isin(values, SENTINELS)] = np.nan
                if bad.any():
                    value = str(chunk.columns[self.roles[role]][int(np.flatnonzero(bad)[0])])[:40]
                    self.reading.note(
                        "warning", f"column {self.roles[role]} was not used where it is no number (first: {value!r})"
                    )
                out[role] = values
        return out


def _sign_or_zero(value: str) -> int:
    try:
        return difference_sign(value)
    except ValueError:
        return 0
