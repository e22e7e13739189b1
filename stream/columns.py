"""The columnar door: Parquet files with one row per object and a list per column, straight into flat arrays.

Columns: object_id, mjd, flux and flux_err [FLUXCAL] or magpsf and sigmapsf, band (names such as ``ztf_g``, or fid with
ZTF's 1, 2, 3), all of them lists of one length but the id; optional isdiffpos, forced, redshift, redshift_err. Row
groups are read one after the other, so memory does not grow with the file. A light curve that is not in order (unsorted,
duplicate, a missing value, an error that is not positive) takes the way of every other light curve,
`core.lightcurve.light_curve`, and comes back in order: the answers are the same, only slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.bands import BANDS, band_index
from core.flat import FlatCurves, in_order
from core.lightcurve import MAX_REDSHIFT, light_curve
from core.photometry import difference_sign, magnitude_error_to_flux_error, magnitude_to_flux
from core.refusal import BadInput

ROWS = 16_384
_LISTS = ("mjd", "flux", "flux_err", "band", "fid", "magpsf", "sigmapsf", "isdiffpos", "forced")


@dataclass(frozen=True)
class Batch:
    """Some rows of a columnar file. object_id : (B,) text. curves : in order. mended : (B,) bool, put in order first."""

    object_id: pa.Array
    curves: FlatCurves
    mended: NDArray[np.bool_]


def is_columnar(path: Path) -> bool:
    """Whether a Parquet file has one row per object, with lists of times, bands and fluxes or magnitudes."""
    schema = pq.read_schema(path)
    lists = {n for n in _LISTS if n in schema.names and _is_list(schema.field(n).type)}
    bands = "band" in lists or "fid" in lists
    return "object_id" in schema.names and "mjd" in lists and bands and bool(
        {"flux", "flux_err"} <= lists or {"magpsf", "sigmapsf"} <= lists
    )  # fmt: skip


def read_columns(path: Path, *, rows: int = ROWS) -> Iterator[Batch]:
    """Batches of a columnar file, in order. Raises BadInput when columns are missing, differ in length, or hold no bands."""
    if not is_columnar(path):
        raise BadInput("columns", f"{path.name}: expected object_id, and lists mjd, band or fid, flux and flux_err (or magpsf and sigmapsf)")  # fmt: skip
    with pq.ParquetFile(path) as file:
        names = [n for n in ("object_id", *_LISTS, "redshift", "redshift_err") if n in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=rows, columns=names):
            yield _batch(batch, path.name)


def _batch(batch: pa.RecordBatch, name: str) -> Batch:
    columns = {n: batch.column(i) for i, n in enumerate(batch.schema.names)}
    offsets, values = _flattened(columns, name)
    flux, flux_err = _fluxes(values)
    band = _bands(values)
    forced = np.zeros(len(band), bool) if "forced" not in values else _numpy(values["forced"], False).astype(bool)
    mjd = _numpy(values["mjd"], np.nan).astype(np.float64)
    numbers = {n: _numpy(columns[n], np.nan).astype(np.float64) for n in ("redshift", "redshift_err") if n in columns}
    curves = FlatCurves(offsets, mjd, flux, flux_err, band, forced, _known(numbers))
    ids = columns["object_id"].cast(pa.string())
    mended = ~in_order(offsets, mjd, flux, flux_err, band)
    if mended.any():
        curves = _mend(curves, mended)
    return Batch(ids, curves, mended)


def _flattened(columns: dict[str, pa.Array], name: str) -> tuple[NDArray[np.int64], dict[str, pa.Array]]:
    lists = {n: c for n, c in columns.items() if _is_list(c.type)}
    lengths = {n: _numpy(c.value_lengths(), 0).astype(np.int64) for n, c in lists.items()}
    for other, length in lengths.items():
        if not np.array_equal(length, lengths["mjd"]):
            row = int(np.flatnonzero(length != lengths["mjd"])[0])
            raise BadInput(
                "shape",
                f"{name}, row {row + 1}: {length[row]} values in {other} and {lengths['mjd'][row]} in mjd; expected as many",
            )
    offsets = np.concatenate([[0], np.cumsum(lengths["mjd"])]).astype(np.int64)
    return offsets, {n: pc.list_flatten(c) for n, c in lists.items()}


def _fluxes(values: dict[str, pa.Array]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if "flux" in values and "flux_err" in values:
        return tuple(_numpy(values[n], np.nan).astype(np.float64) for n in ("flux", "flux_err"))  # type: ignore[return-value]
    magnitude, error = (_numpy(values[n], np.nan).astype(np.float64) for n in ("magpsf", "sigmapsf"))
    sign = 1.0
    if "isdiffpos" in values:
        words = pc.dictionary_encode(values["isdiffpos"].cast(pa.string()))
        signs = np.array([difference_sign(word) for word in words.dictionary.to_pylist()] or [1.0], dtype=float)
        sign = signs[_numpy(words.indices, 0).astype(np.int64)]
    flux = magnitude_to_flux(magnitude)
    return sign * flux, magnitude_error_to_flux_error(magnitude, error)


def _bands(values: dict[str, pa.Array]) -> NDArray[np.int8]:
    """Band indices, -1 where a band is not known: such a row spoils its light curve's order and is dropped there."""
    words = pc.dictionary_encode((values["band"] if "band" in values else values["fid"]).cast(pa.string()))
    survey = None if "band" in values else "ztf"
    index = np.array([_band(word, survey) for word in words.dictionary.to_pylist()] or [-1], dtype=np.int8)
    return index[_numpy(words.indices, 0).astype(np.int64)]


def _band(word: str, survey: str | None) -> int:
    try:
        return band_index(word, survey)
    except BadInput:
        return -1


def _known(numbers: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Redshifts by the rule of `core.lightcurve.light_curve`: more than 0, less than 10, or unknown."""
    out = {n: np.where((v > 0) & (v < MAX_REDSHIFT), v, np.nan) for n, v in numbers.items()}
    if "redshift" in out and "redshift_err" in out:
        out["redshift_err"] = np.where(np.isfinite(out["redshift"]), out["redshift_err"], np.nan)
    return out


def _mend(curves: FlatCurves, mended: NDArray[np.bool_]) -> FlatCurves:
    parts = []
    for b, (lo, hi) in enumerate(zip(curves.offsets[:-1], curves.offsets[1:], strict=True)):
        arrays = (
            curves.mjd[lo:hi],
            curves.flux[lo:hi],
            curves.flux_err[lo:hi],
            curves.band[lo:hi],
            curves.forced[lo:hi],
        )
        if mended[b]:
            mjd, flux, flux_err, band, forced = (a[arrays[3] >= 0] for a in arrays)
            one = light_curve("", mjd, flux, flux_err, band, forced=forced)
            arrays = (one.mjd, one.flux, one.flux_err, one.band, one.forced)
        parts.append(arrays)
    mjd, flux, flux_err, band, forced = (np.concatenate(column) for column in zip(*parts, strict=True))
    offsets = np.concatenate([[0], np.cumsum([len(part[0]) for part in parts])]).astype(np.int64)
    return FlatCurves(offsets, mjd, flux, flux_err, band, forced, curves.numbers)


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _numpy(column: pa.Array, missing: object) -> NDArray:
    return (column.fill_null(missing) if column.null_count else column).to_numpy(zero_copy_only=False)


def write_columns(path: Path, object_id: list[str], curves: FlatCurves) -> None:
    """A columnar file of light curves, as `read_columns` takes it."""
    offsets = pa.array(curves.offsets, pa.int32())
    names = pa.array([band.name for band in BANDS])
    band = pa.DictionaryArray.from_arrays(pa.array(curves.band, pa.int8()), names).cast(pa.string())
    lists = {"mjd": curves.mjd, "flux": curves.flux, "flux_err": curves.flux_err, "forced": curves.forced}
    table = {n: pa.ListArray.from_arrays(offsets, pa.array(v)) for n, v in lists.items()}
    table["band"] = pa.ListArray.from_arrays(offsets, band)
    numbers = {n: pa.array(v, from_pandas=True) for n, v in curves.numbers.items()}
    pq.write_table(
        pa.table({"object_id": pa.array(object_id, pa.string()), **table, **numbers}), path, compression="zstd"
    )
