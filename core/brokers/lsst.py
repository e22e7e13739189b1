"""LSST photometry as brokers publish it, signed difference fluxes in nJy and times in TAI, put into a LightCurve.

Rows carry the names of the Rubin alert packet: ``midpointMjdTai``, ``band``, ``psfFlux``, ``psfFluxErr``,
``psfFlux_flag``, ``ra``, ``dec``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.bands import band_index
from core.brokers.rows import Row, median_position, numbers
from core.lightcurve import LightCurve, Note, Provenance, light_curve
from core.photometry import to_fluxcal
from core.refusal import BadInput

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
    """The light curve of LSST rows: detections (``diaSource``) and forced photometry of the same object.

    A detection wins over forced photometry of the same exposure. Rows that the Rubin pipeline flagged
    (``psfFlux_flag``) or whose band is unknown are dropped and counted.
    """
    log = list(notes)
    rows = [*sources, *forced]
    is_forced = np.arange(len(rows)) >= len(sources)
    band = np.array([_band(row.get("band")) for row in rows], dtype=np.int64)
    flagged = np.array([str(row.get("psfFlux_flag")).lower() in _FLAGGED for row in rows], dtype=bool)
    keep = np.ones(len(rows), bool)
    for bad, why in ((band < 0, "unknown band"), (flagged, "flagged by the Rubin pipeline (psfFlux_flag)")):
        count = int(np.sum(bad & keep))
        if count:
            log.append(Note("dropped", f"{count} {'row' if count == 1 else 'rows'} dropped: {why}", count))
        keep &= ~bad
    median_ra, median_dec = median_position(sources)
    return light_curve(
        object_id,
        numbers(rows, "midpointMjdTai")[keep],
        _fluxcal(rows, "psfFlux")[keep],
        _fluxcal(rows, "psfFluxErr")[keep],
        band[keep],
        forced=is_forced[keep],
        ra=median_ra if ra is None else ra,
        dec=median_dec if dec is None else dec,
        redshift=redshift,
        context=context,
        time_scale="tai",
        provenance=provenance,
        notes=log,
    )


def _fluxcal(rows: Sequence[Row], field: str) -> NDArray[np.float64]:
    return to_fluxcal(numbers(rows, field), "njy")


def _band(name: object) -> int:
    try:
        return band_index(name, "lsst")
    except BadInput:
        return -1
