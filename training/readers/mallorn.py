"""MALLORN as published at Kaggle: train_log.csv or test_log.csv, and split_01 … split_20/*_full_lightcurves.csv.

Fluxes are microjansky; ``detected`` is not in the source and is S/N > 5 here. Magill et al. 2025.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from core.photometry import to_fluxcal
from training.readers.csv_blocks import BLOCK, START, Place, blocks
from training.readers.labels import class_of_mallorn
from training.readers.runs import curves_of_runs
from training.readers.tables import lsst_bands
from training.readers.write import Chunk

_POINTS = {
    "object_id": ("object_id", pa.string()),
    "mjd": ("Time (MJD)", pa.float64()),
    "flux": ("Flux", pa.float64()),
    "flux_err": ("Flux_err", pa.float64()),
    "band": ("Filter", pa.string()),
}
DETECTED_ABOVE = 5.0


def read_log(path: Path) -> pd.DataFrame:
    """The log of one half of the challenge as the columns of `training.readers.tables.read`, indexed by object."""
    log = pd.read_csv(path)
    if missing := {"object_id", "Z", "Z_err", "EBV", "SpecType", "split"} - set(log.columns):
        raise ValueError(f"{path.name} has no column {min(missing)!r}; its columns are {', '.join(log.columns)}")
    names = log["object_id"].astype(str)
    types = log["SpecType"].fillna("").astype(str)
    return pd.DataFrame(
        {
            "key": "mallorn:" + names,
            "object_id": names,
            "source": "mallorn",
            "class": types.map(class_of_mallorn),
            "type": types,
            "label_source": "spectroscopic, of the object that the simulation began from",
            "simulated": True,
            "origin": "simulation",
            "redshift": log["Z"].astype(float),
            "redshift_err": log["Z_err"].astype(float),
            "mwebv": log["EBV"].astype(float),
            "part": log["split"].astype(str),
        }
    ).set_index("object_id", drop=False)


def chunks(path: Path, log: pd.DataFrame, *, start: Place = START, size: int = BLOCK) -> Iterator[Chunk]:
    """The light curves of one split, some thousand whole objects at a time; log : of `read_log`."""

    def describe(ids: NDArray) -> pd.DataFrame:
        if lost := [name for name in ids if name not in log.index]:
            raise ValueError(f"{path.name}: object {lost[0]} has light curves and no row in the log; expected one")
        return log.loc[list(ids)].reset_index(drop=True)

    for block in blocks(path, _POINTS, start=start, size=size):
        flux, flux_err = (to_fluxcal(block.columns[name], "ujy") for name in ("flux", "flux_err"))
        with np.errstate(divide="ignore", invalid="ignore"):
            detected = flux / flux_err > DETECTED_ABOVE
        bands = lsst_bands(pd.Series(block.columns["band"]))
        mjd = block.columns["mjd"]
        curves = curves_of_runs(block.columns["object_id"], mjd, flux, flux_err, bands, detected, describe)
        yield Chunk(curves, block.end, block.share, block.last)
