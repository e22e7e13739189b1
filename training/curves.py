"""CurveSet: many light curves in flat arrays, the form in which training reads, simulates and stores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.flat import FlatCurves
from core.lightcurve import LightCurve, Provenance, light_curve

_POINTS = ("mjd", "flux", "flux_err", "band")


@dataclass(frozen=True)
class CurveSet:
    """Light curves of many objects; object i owns the points ``offsets[i]:offsets[i + 1]``, in order of time.

    objects : one row per curve (index 0 … n-1), at least ``object_id`` and ``class``.
    offsets : (n + 1,) int64. mjd : (N,) float64 [d]. flux, flux_err : (N,) float32 [FLUXCAL, zp 27.5 AB], signed
    difference flux. band : (N,) int8, index into `core.bands.BANDS`. detected : (N,) bool, False for forced photometry of
    epochs without a detection; None where a source does not say.
    """

    objects: pd.DataFrame
    offsets: NDArray[np.int64]
    mjd: NDArray[np.float64]
    flux: NDArray[np.float32]
    flux_err: NDArray[np.float32]
    band: NDArray[np.int8]
    detected: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n,) points per curve."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> NDArray[np.int64]:
        """(N,) row of ``objects`` that each point belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def points(self, row: int) -> slice:
        """Where the points of one curve lie in the flat arrays."""
        return slice(int(self.offsets[row]), int(self.offsets[row + 1]))

    def take(self, rows: NDArray | Sequence[int]) -> Self:
        """The same set with only these rows (bool mask or indices), in this order."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        index = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return replace(
            self,
            objects=self.objects.iloc[rows].reset_index(drop=True),
            offsets=offsets,
            mjd=self.mjd[index],
            flux=self.flux[index],
            flux_err=self.flux_err[index],
            band=self.band[index],
            detected=None if self.detected is None else self.detected[index],
        )

    def only(self, points: NDArray[np.bool_]) -> Self:
        """The same objects with these points alone; objects that keep none are left out."""
        lengths = np.bincount(self.owner[points], minlength=len(self))
        kept = lengths > 0
        return replace(
            self,
            objects=self.objects[kept].reset_index(drop=True),
            offsets=np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64),
            mjd=self.mjd[points],
            flux=self.flux[points],
            flux_err=self.flux_err[points],
            band=self.band[points],
            detected=None if self.detected is None else self.detected[points],
        )

    def flat(self) -> FlatCurves:
        """What core's recipes read; points that were not detected count as forced photometry."""
        known = [name for name in ("redshift", "redshift_err") if name in self.objects]
        return FlatCurves(
            self.offsets,
            self.mjd,
            self.flux.astype(np.float64),
            self.flux_err.astype(np.float64),
            self.band,
            np.zeros(len(self.mjd), bool) if self.detected is None else ~self.detected,
            {name: self.objects[name].to_numpy(float) for name in known},
        )

    def light_curve(self, row: int) -> LightCurve:
        """One curve as the value that the rest of the house works with."""
        of = self.objects.iloc[row]
        where = self.points(row)
        return light_curve(
            of["object_id"],
            self.mjd[where],
            self.flux[where],
            self.flux_err[where],
            self.band[where],
            forced=None if self.detected is None else ~self.detected[where],
            redshift_err=_optional(of.get("redshift_err")),
            redshift=_optional(of.get("redshift")),
            ra=_optional(of.get("ra")),
            dec=_optional(of.get("dec")),
            provenance=Provenance(
                source=str(of.get("source", "")),
                simulated=bool(of.get("simulated", False)),
                true_class=str(of.get("class") or ""),
                true_class_source=str(of.get("label_source", "")),
            ),
        )


def from_table(objects: pd.DataFrame, photometry: pd.DataFrame) -> CurveSet:
    """Flat arrays of a long table; objects without a point are left out.

    objects : has ``key`` (unique). photometry : key, mjd, flux, flux_err, band (int index), optionally detected (bool).
    """
    row_of = pd.Series(np.arange(len(objects)), index=objects["key"].to_numpy())
    owner = row_of.reindex(photometry["key"].to_numpy()).to_numpy()
    keep = ~np.isnan(owner.astype(float))
    table, owner = photometry[keep], owner[keep].astype(np.int64)
    order = np.lexsort((table["band"].to_numpy(), table["mjd"].to_numpy(), owner))
    table, owner = table.iloc[order], owner[order]
    lengths = np.bincount(owner, minlength=len(objects))
    return CurveSet(
        objects=objects[lengths > 0].reset_index(drop=True),
        offsets=np.concatenate([[0], np.cumsum(lengths[lengths > 0])]).astype(np.int64),
        mjd=table["mjd"].to_numpy(np.float64),
        flux=table["flux"].to_numpy(np.float32),
        flux_err=table["flux_err"].to_numpy(np.float32),
        band=table["band"].to_numpy(np.int8),
        detected=table["detected"].to_numpy(bool) if "detected" in table else None,
    )


def concatenate(sets: Sequence[CurveSet]) -> CurveSet:
    """One set after the other; columns that a set lacks become missing, ``detected`` for all when one lacks it."""
    sets = [s for s in sets if len(s)]
    lengths = np.concatenate([s.lengths for s in sets])
    return CurveSet(
        objects=pd.concat([s.objects for s in sets], ignore_index=True),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        mjd=np.concatenate([s.mjd for s in sets]),
        flux=np.concatenate([s.flux for s in sets]),
        flux_err=np.concatenate([s.flux_err for s in sets]),
        band=np.concatenate([s.band for s in sets]),
        detected=None if any(s.detected is None for s in sets) else np.concatenate([s.detected for s in sets]),
    )


def as_table(curves: CurveSet) -> pa.Table:
    """One row per object, its points as lists; `read_parquet` reads it back."""
    table = pa.Table.from_pandas(curves.objects, preserve_index=False)
    offsets = pa.array(curves.offsets.astype(np.int32))
    for name in (*_POINTS, *(["detected"] if curves.detected is not None else [])):
        table = table.append_column(name, pa.ListArray.from_arrays(offsets, pa.array(getattr(curves, name))))
    return table


def read_parquet(path: str | Path) -> CurveSet:
    """A set from a file of `as_table`: one row per object, its points as lists."""
    table = pq.read_table(path).combine_chunks()
    points = {name: table.column(name) for name in (*_POINTS, "detected") if name in table.column_names}
    lengths = pc.list_value_length(points["mjd"]).to_numpy()
    flat = {name: pc.list_flatten(column).to_numpy() for name, column in points.items()}
    return CurveSet(
        objects=table.drop_columns(list(points)).to_pandas(),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        mjd=flat["mjd"].astype(np.float64),
        flux=flat["flux"].astype(np.float32),
        flux_err=flat["flux_err"].astype(np.float32),
        band=flat["band"].astype(np.int8),
        detected=flat["detected"].astype(bool) if "detected" in flat else None,
    )


def _optional(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
