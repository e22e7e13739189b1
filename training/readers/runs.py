"""Rows that stand object by object, as files have them, made into a CurveSet without sorting what is sorted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.curves import CurveSet


def curves_of_runs(
    ids: NDArray,
    mjd: NDArray,
    flux: NDArray,
    flux_err: NDArray,
    band: NDArray[np.int8],
    detected: NDArray[np.bool_],
    describe: Callable[[NDArray], pd.DataFrame],
) -> CurveSet:
    """Curves of consecutive rows with the same id.

    ids, mjd [d], flux, flux_err [FLUXCAL], band (index into BANDS), detected : (N,). describe : the ids of the objects ->
    one row of ``objects`` each. Rows without a finite flux and time or with an error that is not positive are dropped.
    Raises ValueError when an object's rows do not stand together.
    """
    usable = np.isfinite(flux) & np.isfinite(mjd) & np.isfinite(flux_err) & (flux_err > 0)
    if not usable.all():
        ids, mjd, flux, flux_err, band, detected = (a[usable] for a in (ids, mjd, flux, flux_err, band, detected))
    starts = np.flatnonzero(np.concatenate([[len(ids) > 0], ids[1:] != ids[:-1]]))
    offsets = np.append(starts, len(ids)).astype(np.int64)
    names = ids[starts]
    if len(again := _repeated(names)):
        raise ValueError(f"object {again[0]} stands in two places; expected all rows of an object together")
    later = np.diff(mjd) >= 0
    later[starts[1:] - 1] = True
    if not later.all():
        order = np.lexsort((mjd, np.repeat(np.arange(len(names)), np.diff(offsets))))
        mjd, flux, flux_err, band, detected = (a[order] for a in (mjd, flux, flux_err, band, detected))
    return CurveSet(
        objects=describe(names),
        offsets=offsets,
        mjd=mjd.astype(np.float64),
        flux=flux.astype(np.float32),
        flux_err=flux_err.astype(np.float32),
        band=band.astype(np.int8),
        detected=detected.astype(bool),
    )


def _repeated(names: NDArray) -> NDArray:
    ordered = np.sort(names)
    return ordered[1:][ordered[1:] == ordered[:-1]]
