"""Tables of photometry straight into flat arrays, where nothing in them is out of the ordinary.

The rules are those of `core.brokers.files`, to the last bit. What they have more to say of than "read it" (a value that
is missing, rows out of order, a limit, a band whose survey the object decides) is handed back, to be read there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.brokers.files.bare_bands import UNKNOWN, band_code, settled
from core.brokers.files.columns import CONTEXT
from core.brokers.files.content import Reading
from core.brokers.files.tables import RawTable
from core.brokers.files.values import id_texts, texts
from core.brokers.rows import MAGNITUDES, SENTINELS
from core.flat import FlatCurves, in_order
from core.lightcurve import MAX_POINTS, MAX_REDSHIFT, LightCurve
from core.photometry import (
    ZERO_POINTS,
    difference_sign,
    jd_to_mjd,
    magnitude_error_to_flux_error,
    magnitude_to_flux,
    to_fluxcal,
)
from core.refusal import BadInput

_POINTS = ("mjd", "jd", "band", "flux", "flux_err", "mag", "mag_err", "sign", "forced")
_EXTRA = ("redshift", "redshift_err", "ra", "dec", *CONTEXT)
#: Roles of columns that leave nothing open. What the others may say (limits, quality, zero points) is not read here.
_PLAIN = frozenset((*_POINTS, *_EXTRA, "object_id", "limit_mag"))
_UNSURE = -1
#: Names of bands in a table that are looked at together; none has more.
_MOST_WORDS = 20


@dataclass(frozen=True)
class FlatTable:
    """Light curves of a table, in the order in which their objects first occur.

    object_id : (B,). curves : all that are ``plain``, with every number that the table has. plain : (B,) bool, False where
    the object is to be read otherwise. rows : (B+1,) rows of the table of each. notes : what is said of each of them.
    """

    object_id: list[str]
    curves: FlatCurves
    plain: NDArray[np.bool_]
    rows: NDArray[np.int64]
    notes: str | None

    def light_curves(self) -> Iterator[LightCurve]:
        """Those that are plain one by one, with the numbers that the table has, for whom they have to be asked."""
        for k, name in enumerate(np.array(self.object_id, object)[self.plain]):
            known = {n: float(v[k]) for n, v in self.curves.numbers.items() if n in CONTEXT and np.isfinite(v[k])}
            yield replace(self.curves.light_curve(k, name), context=known)


def flat_table(table: pa.Table, reading: Reading) -> FlatTable | None:
    """The light curves of a table whose rows of one object follow each other; None for one that is not plain at all.

    table : one row per point, or one row per object with lists. Raises BadInput when columns are missing.
    """
    raw = RawTable(table.column_names, reading)
    if not set(raw.roles) <= _PLAIN or "object_id" not in raw.roles or not table.num_rows:
        return None
    if raw.columns.uses_flux and raw.unit not in ZERO_POINTS:
        return None
    columns = {role: table.column(name).combine_chunks() for role, name in raw.roles.items()}
    layout = _laid_out(columns)
    if layout is None:
        return None
    values, ids, offsets, rows = layout
    try:
        curves = _curves(raw, values, ids, offsets)
        numbers = _numbers(values, offsets)
    except _NotPlain:
        return None
    plain = in_order(offsets, curves.mjd, curves.flux, curves.flux_err, curves.band)
    plain &= np.diff(offsets) <= MAX_POINTS
    z = numbers.setdefault("redshift", np.full(len(ids), np.nan))
    plain &= np.isnan(z) | ((z > 0) & (z < MAX_REDSHIFT))  # of one that is not used there is something to say
    error = numbers.get("redshift_err", np.full(len(ids), np.nan))
    numbers["redshift_err"] = np.where((error > 0) & (error < MAX_REDSHIFT) & (z > 0), error, np.nan)
    curves.numbers.update(numbers)
    if not plain.all():
        curves = curves.take(np.flatnonzero(plain))
    return FlatTable(ids, curves, plain, rows, "; ".join(note.message for note in reading.notes) or None)


class _NotPlain(Exception):
    """A column is not of the type that its role asks for."""


# --- objects ---------------------------------------------------------------------------------------------------------


def _laid_out(
    columns: dict[str, pa.Array],
) -> tuple[dict[str, pa.Array], list[str], NDArray[np.int64], NDArray[np.int64]] | None:
    """(values by role, ids, points of each object, rows of each object); None where ids or lists are out of the ordinary.

    Values are one per point, or, of a column without lists in a table with them, one per object.
    """
    id_column = columns.pop("object_id")
    lists = [role for role, column in columns.items() if _is_list(column.type)]
    if lists:
        if not set(columns) & set(_POINTS) <= set(lists):
            return None
        lengths = [np.asarray(columns[role].value_lengths().fill_null(0)) for role in lists]
        if any(not np.array_equal(length, lengths[0]) for length in lengths[1:]) or not lengths[0].all():
            return None
        offsets = np.concatenate([[0], np.cumsum(lengths[0])]).astype(np.int64)
        rows = np.arange(len(id_column) + 1)
        values = {role: pc.list_flatten(column) if role in lists else column for role, column in columns.items()}
    else:
        code = _codes(id_column)
        if code is None:
            return None
        begins = np.flatnonzero(np.diff(code, prepend=code[0] - 1))
        offsets = rows = np.append(begins, len(id_column)).astype(np.int64)
        id_column, values = id_column.take(pa.array(begins)), columns
    ids = _ids(id_column)
    return None if ids is None else (values, ids, offsets, rows)


def _codes(ids: pa.Array) -> NDArray[np.int64] | None:
    if ids.null_count:
        return None
    encoded = ids if pa.types.is_dictionary(ids.type) else pc.dictionary_encode(ids)
    return np.asarray(encoded.indices).astype(np.int64)


def _ids(column: pa.Array) -> list[str] | None:
    """Ids as text, one each; None when a reader would change one, or join two."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_integer(column.type) or _is_text(column.type)) or column.null_count:
        return None
    written = column.to_pylist()
    found, _ = id_texts(np.asarray(column) if pa.types.is_integer(column.type) else written)
    ids: list[str] = found.tolist()
    return ids if ids == [str(name) for name in written] and len(set(ids)) == len(ids) and all(ids) else None


# --- points ----------------------------------------------------------------------------------------------------------


def _curves(raw: RawTable, values: dict[str, pa.Array], ids: Sequence[str], offsets: NDArray[np.int64]) -> FlatCurves:
    """All light curves as they stand in the table, in FLUXCAL and MJD: not a number, or no band, where one is not plain."""
    mjd = _floats(values["mjd"]) if "mjd" in values else jd_to_mjd(_floats(values["jd"]))
    if raw.columns.uses_flux:
        flux, flux_err = _floats(values["flux"]), _floats(values["flux_err"])
        flux_err = np.where(flux_err > 0, flux_err, np.nan)
        flux, flux_err = to_fluxcal(flux, raw.unit), to_fluxcal(flux_err, raw.unit)
    else:
        mag, mag_err = _floats(values["mag"]), _floats(values["mag_err"])
        mag = np.where((mag > MAGNITUDES[0]) & (mag < MAGNITUDES[1]), mag, np.nan)
        mag_err = np.where((mag_err > 0) & (mag_err <= MAGNITUDES[1]), mag_err, np.nan)
        flux, flux_err = magnitude_to_flux(mag), magnitude_error_to_flux_error(mag, mag_err)
        if "sign" in values:
            flux = _by_word(values["sign"], lambda words: [_sign(word) for word in words]) * flux
    if "limit_mag" in values:
        _floats(values["limit_mag"])  # a word in it would be told of
    forced = np.zeros(len(mjd), bool)
    if "forced" in values:
        if not pa.types.is_boolean(values["forced"].type):
            raise _NotPlain
        forced = np.asarray(values["forced"].fill_null(False))
    return FlatCurves(offsets, mjd, flux, flux_err, _bands(raw, values["band"], ids, offsets), forced, {})


def _bands(raw: RawTable, column: pa.Array, ids: Sequence[str], offsets: NDArray[np.int64]) -> NDArray[np.int8]:
    """Band indices; `_UNSURE` where there is none, or the survey is for the object as a whole to decide."""
    if raw.roles["band"].lower() == "passband":  # PLAsTiCC's numbers, if all of the column are
        raise _NotPlain
    said, columns = raw.reading.survey, raw.columns.survey
    survey = said or columns
    if survey is None:
        digits = any(name.isdigit() for name in ids)  # an LSST id says whose the object's bands are
        by_table = _by_word(column, lambda words: _settled(words, None if digits else raw.reading.default_survey))
    else:
        by_table = _by_word(column, lambda words: [max(band_code(word, survey), _UNSURE) for word in words])
    of_ztf = np.array([name.startswith("ZTF") for name in ids])
    if said is not None or columns == "ztf" or not of_ztf.any():
        return by_table.astype(np.int8)
    by_id = _by_word(column, lambda words: [max(band_code(word, "ztf"), _UNSURE) for word in words])
    return np.where(np.repeat(of_ztf, np.diff(offsets)), by_id, by_table).astype(np.int8)


def _settled(words: Sequence[str], default: str | None) -> list[int]:
    """The band of each word where no survey is said, if it is the same whatever other words its object has."""
    codes = [band_code(word, None) for word in words]
    known = sorted({code for code in codes if code != UNKNOWN})
    if len(known) > _MOST_WORDS:
        return [_UNSURE] * len(words)
    meanings = {}
    for code in known:
        try:
            beside = {int(settled(np.array([code, other], np.int8), "", default)[0]) for other in known}
        except BadInput:
            beside = set()
        meanings[code] = beside.pop() if len(beside) == 1 else _UNSURE
    return [meanings.get(code, _UNSURE) for code in codes]


def _sign(word: str) -> float:
    try:
        return difference_sign(word)
    except ValueError:
        return np.nan


def _by_word(column: pa.Array, meaning: Callable[[Sequence[str]], Sequence[float]]) -> NDArray[np.float64]:
    """(N,) what each cell stands for, looked up once for each word that occurs; "" where there is none."""
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    kind = encoded.dictionary.type
    if not (_is_text(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        raise _NotPlain
    meanings = np.array(meaning([*texts(encoded.dictionary.to_pylist()), ""]), float)
    return meanings[np.asarray(encoded.indices.fill_null(len(meanings) - 1)).astype(np.int64)]


def _floats(column: pa.Array) -> NDArray[np.float64]:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise _NotPlain
    return np.asarray(column.cast(pa.float64(), safe=False).fill_null(np.nan))


def _numbers(values: dict[str, pa.Array], offsets: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """(B,) the first known value of each object in each column of further numbers."""
    out = {}
    for role in _EXTRA:
        if role not in values:
            continue
        cells = _floats(values[role])
        cells = np.where(np.isfinite(cells) & ~np.isin(cells, SENTINELS), cells, np.nan)
        if len(cells) == offsets[-1]:
            place = np.where(np.isnan(cells), len(cells), np.arange(len(cells)))
            first = np.minimum.reduceat(place, offsets[:-1])
            cells = np.append(cells, np.nan)[first]
        out[role] = cells
    return out


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
