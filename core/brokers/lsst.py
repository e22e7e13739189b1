"""LSST photometry from a broker's rows or an alert's, signed difference fluxes in nJy and times in TAI, for a LightCurve.

Rows carry the names of the Rubin alert packet, those before version 7 (``midPointTai``) or since (``midpointMjdTai``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from core.bands import band_index
from core.brokers.rows import Points, Row, dropped, median_position, number, real
from core.lightcurve import MJD_RANGE, LightCurve, Note, Provenance, light_curve
from core.photometry import to_fluxcal
from core.refusal import BadInput

# Names changed with version 7; the data preview calls the difference flux of forced sources psfDiffFlux.
_TIME = ("midpointMjdTai", "midPointTai")
_BAND = ("band", "filterName")
_FLUX = ("psfDiffFlux", "psfFlux", "psFlux")
_FLUX_ERR = ("psfDiffFluxErr", "psfFluxErr", "psFluxErr")
_FLAGGED = {"true", "1", "1.0", "t"}


def lsst_light_curve(
    object_id: str,
    sources: Sequence[Row],
    forced: Sequence[Row] = (),
    *,
    provenance: Provenance,
    notes: Sequence[Note] = (),
    ra: float | None = None,
    dec: float | None = None,
    redshift: float | None = None,
    context: Mapping[str, float] | None = None,
) -> LightCurve:
    """The light curve of a broker's LSST rows (see `source_photometry`).

    ra, dec [deg] : of the object; the median of the sources when None.
    """
    points = source_photometry(sources, forced)
    median_ra, median_dec = median_position(sources)
    return light_curve(
        object_id,
        points.mjd,
        points.flux,
        points.flux_err,
        points.band,
        forced=points.forced,
        ra=median_ra if ra is None else ra,
        dec=median_dec if dec is None else dec,
        redshift=redshift,
        context=context,
        time_scale="tai",
        provenance=provenance,
        notes=[*notes, *points.notes],
    )


def source_photometry(sources: Sequence[Row], forced: Sequence[Row] = ()) -> Points:
    """Detections (``diaSource``) and forced photometry of one object, psfFlux [nJy] as FLUXCAL.

    Rows that the Rubin pipeline flagged (``psfFlux_flag``), whose band is unknown or whose time is no MJD are dropped and
    counted.
    """
    rows = [*sources, *forced]
    band = np.array([band_of(row) for row in rows], dtype=np.int64)
    values = np.array(
        [(mjd_of(row), real(first(row, _FLUX)), number(first(row, _FLUX_ERR))) for row in rows], dtype=float
    ).reshape(-1, 3)
    flagged = np.array([_is_flagged(row.get("psfFlux_flag")) for row in rows], dtype=bool)
    known_band = band >= 0
    # The field is MJD by definition, so that a number outside the range is a placeholder, not a Julian date.
    in_time = (values[:, 0] >= MJD_RANGE[0]) & (values[:, 0] <= MJD_RANGE[1])
    wrong_time = values[known_band & ~in_time, 0]
    notes = (
        *dropped(int(np.sum(~known_band)), "unknown band (LSST's are u, g, r, i, z, y)"),
        *dropped(len(wrong_time), f"time {wrong_time[0]:.1f} is no MJD" if len(wrong_time) else ""),
        *dropped(int(np.sum(known_band & in_time & flagged)), "flagged by the Rubin pipeline (psfFlux_flag)"),
    )
    kept = known_band & in_time & ~flagged
    # Alerts list the newest first; that is their habit and not worth a note to the reader.
    order = np.flatnonzero(kept)[np.argsort(values[kept, 0], kind="stable")]
    return Points(
        values[order, 0],
        to_fluxcal(values[order, 1], "njy"),
        to_fluxcal(values[order, 2], "njy"),
        band[order],
        order >= len(sources),
        notes,
    )


def first(row: Row, names: Sequence[str]) -> Any:
    """The first of several fields that a row has a value for."""
    for name in names:
        if row.get(name) is not None:
            return row[name]
    return None


def mjd_of(row: Row) -> float:
    """The time of a row [MJD, TAI]; NaN without one."""
    return number(first(row, _TIME))


def band_of(row: Row) -> int:
    """The band index of a row; -1 when there is none, or one that is not LSST's."""
    name = first(row, _BAND)
    return _band(name) if isinstance(name, str) else -1


@lru_cache(maxsize=1024)
def _band(name: str) -> int:
    try:
        return band_index(name, "lsst")
    except BadInput:
        return -1


def _is_flagged(value: object) -> bool:
    return value is True or (value is not None and value is not False and str(value).lower() in _FLAGGED)
