"""PLAsTiCC in the layout of its publication, made up: what the tests read in place of the originals."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd


def survey(n_objects: int, seed: int = 0, points: tuple[int, int] = (1, 12)) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Metadata and light curves of made-up objects, with the columns of the Zenodo release."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(10_000_000, n_objects, replace=False))
    target = rng.choice([90, 42, 62, 95, 15, 88, 64, 65, 92, 16, 53, 6, 67, 52, 991, 994], n_objects)
    galactic = np.isin(target, [65, 92, 16, 53, 6])
    photo_z = np.where(galactic, 0.0, np.round(rng.uniform(0.01, 2, n_objects), 4))
    metadata = pd.DataFrame(
        {
            "object_id": ids, "ra": np.round(rng.uniform(0, 360, n_objects), 6), "decl": np.round(rng.uniform(-60, 5, n_objects), 6),
            "ddf_bool": 0, "hostgal_specz": -9.0, "hostgal_photoz": photo_z, "hostgal_photoz_err": np.where(galactic, 0.0, 0.05),
            "distmod": np.where(galactic, np.nan, 40.0), "mwebv": 0.02, "target": target, "true_target": target,
            "true_submodel": 1, "true_z": photo_z, "true_peakmjd": 59700.0,
        }
    )  # fmt: skip
    lengths = rng.integers(*points, n_objects, endpoint=True)
    n = int(lengths.sum())
    owner = np.repeat(np.arange(n_objects), lengths)
    mjd = np.round(rng.uniform(59580, 60675, n), 4)
    order = np.lexsort((mjd, owner))
    flux_err = np.round(rng.uniform(0.5, 40, n), 6)
    flux = np.round(rng.normal(0, 60, n), 6)
    light_curves = pd.DataFrame(
        {
            "object_id": ids[owner], "mjd": mjd[order], "passband": rng.integers(0, 6, n), "flux": flux,
            "flux_err": flux_err, "detected_bool": (flux / flux_err > 5).astype(int),
        }
    )  # fmt: skip
    return metadata, light_curves


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """A CSV file, compressed when its name says so."""
    text = table.to_csv(index=False).encode()
    path.write_bytes(gzip.compress(text, 1) if path.suffix == ".gz" else text)
    return path
