"""PLAsTiCC as published: CSV of Kaggle (training_set.csv, test_set.csv) and of Zenodo 2539456 (plasticc_*.csv.gz).

The unblinded Zenodo release has the true classes of all 3.5 million objects, in eleven files of test light curves. Written
to that layout (Kessler et al. 2019; arXiv:1810.00001) and tried on files made in it: the originals were not at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from core.bands import band_index
from training.readers.csv_blocks import BLOCK, START, Place, blocks, column_names, read_columns
from training.readers.labels import class_of_plasticc
from training.readers.runs import curves_of_runs
from training.readers.write import Chunk

#: ``passband`` 0 … 5.
PASSBANDS = np.array([band_index(f"lsst_{letter}") for letter in "ugrizy"], np.int8)
_POINTS = {
    "object_id": ("object_id", pa.int64()),
    "mjd": ("mjd", pa.float64()),
    "passband": ("passband", pa.int8()),
    "flux": ("flux", pa.float32()),
    "flux_err": ("flux_err", pa.float32()),
}
_OBJECTS = {
    "object_id": ("object_id", pa.int64()),
    "ra": ("ra", pa.float64()),
    "dec": ("decl", pa.float64()),
    "mwebv": ("mwebv", pa.float32()),
    "redshift": ("hostgal_photoz", pa.float32()),
    "redshift_err": ("hostgal_photoz_err", pa.float32()),
    "redshift_spec": ("hostgal_specz", pa.float32()),
    "redshift_true": ("true_z", pa.float32()),
    "peak_mjd": ("true_peakmjd", pa.float32()),
    "target": ("target", pa.int32()),
    "true_target": ("true_target", pa.int32()),
}


class Metadata:
    """One row per object of PLAsTiCC, looked up by number; about 60 bytes an object (200 MB for all).

    files : metadata CSVs, Kaggle's or Zenodo's. Raises ValueError when an object is described twice.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        parts = [read_columns(path, _OBJECTS) for path in files]
        names = [name for name in _OBJECTS if any(name in part for part in parts)]
        columns = {
            name: np.concatenate([part.get(name, _missing(name, len(part["object_id"]))) for part in parts])
            for name in names
        }
        order = np.argsort(columns["object_id"], kind="stable")
        self.columns = {name: values[order] for name, values in columns.items()}
        self.ids = self.columns["object_id"]
        if np.any(twice := self.ids[1:] == self.ids[:-1]):
            raise ValueError(f"object {self.ids[1:][twice][0]} has two rows of metadata; expected one")

    def __len__(self) -> int:
        return len(self.ids)

    def describe(self, ids: NDArray[np.int64]) -> pd.DataFrame:
        """(n, …) the objects' rows, with columns as in `training.readers.tables.read`.

        The host's photometric redshift is 0 for Galactic objects and -9 without a host: unknown (NaN) here.
        """
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        if np.any(lost := self.ids[at] != ids):
            raise ValueError(f"object {ids[lost][0]} has light curves and no metadata; give its metadata file too")
        here = {name: values[at] for name, values in self.columns.items()}
        target, truth = (here.get(name, np.zeros(len(ids), np.int32)) for name in ("target", "true_target"))
        target = np.where(truth > 0, truth, target)
        classes, numbers = np.unique(target, return_inverse=True)
        texts = ids.astype(str).astype(object)
        table = pd.DataFrame(
            {
                "key": "plasticc:" + texts,
                "object_id": texts,
                "source": "plasticc",
                "class": np.array([class_of_plasticc(c) for c in classes], object)[numbers],
                "type": classes.astype(str).astype(object)[numbers],
                "label_source": "simulation",
                "simulated": True,
                "origin": "simulation",
            }
        )
        known = here["redshift"] > 0
        for name in ("redshift", "redshift_err", "redshift_spec", "redshift_true", "ra", "dec", "mwebv", "peak_mjd"):
            values = here.get(name, np.full(len(ids), np.nan)).astype(np.float64)
            table[name] = np.where(known, values, np.nan) if name in ("redshift", "redshift_err") else values
        table["redshift_spec"] = table["redshift_spec"].where(table["redshift_spec"] > 0)
        return table


def chunks(path: Path, metadata: Metadata, *, start: Place = START, size: int = BLOCK) -> Iterator[Chunk]:
    """The light curves of one file, some thousand whole objects at a time, from ``start`` on.

    Raises ValueError for rows that can't be read, a passband that is none of 0 … 5, and objects without metadata.
    """
    flag = _flag_column(path)
    for block in blocks(path, _POINTS | {"detected": (flag, pa.int8())}, start=start, size=size):
        passband = block.columns["passband"]
        if np.any(wrong := (passband < 0) | (passband > 5)):
            row = block.end.rows - len(passband) + int(np.argmax(wrong)) + 2
            raise ValueError(
                f"{path.name}, row {row:,}: passband is {passband[wrong][0]}; expected 0 … 5 (u g r i z y)"
            )
        curves = curves_of_runs(
            block.columns["object_id"],
            block.columns["mjd"],
            block.columns["flux"],
            block.columns["flux_err"],
            PASSBANDS[passband],
            block.columns["detected"] > 0,
            metadata.describe,
        )
        yield Chunk(curves, block.end, block.share, block.last)


def _flag_column(path: Path) -> str:
    """``detected`` at Kaggle, ``detected_bool`` at Zenodo."""
    return "detected_bool" if "detected_bool" in column_names(path) else "detected"


def _missing(name: str, n: int) -> NDArray:
    return np.zeros(n, np.int32) if "target" in name else np.full(n, np.nan, np.float32)
