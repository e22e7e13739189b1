"""SPCC as published (SIMGEN_PUBLIC_DES): one SNANA text file per supernova, ``DES_SN000017.DAT``. Kessler et al. 2010.

DES has filters of its own: LSST's g r i z stand in for them, without a correction. ``detected`` is not in the source and is
S/N > 5 here. The release with the answers writes them as ``SIM_COMMENT: SN Type = II , MODEL = …``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from training.curves import CurveSet, from_table
from training.readers.csv_blocks import START, Place
from training.readers.labels import class_of_spcc
from training.readers.tables import lsst_bands
from training.readers.write import Chunk

OBJECTS = 1000
_TYPE = re.compile(r"SN Type\s*=\s*(\w[\w-]*)")
_NUMBER = r"\s*([-+0-9.eE]+)"


def files(folder: Path) -> list[Path]:
    """The set's files in order. Raises FileNotFoundError when there is none."""
    found = sorted(folder.glob("DES_SN*.DAT"))
    if not found:
        raise FileNotFoundError(f"no DES_SN*.DAT in {folder}; expected the unpacked folder SIMGEN_PUBLIC_DES")
    return found


def chunks(folder: Path, *, start: Place = START, objects: int = OBJECTS) -> Iterator[Chunk]:
    """The supernovae, ``objects`` at a time; start : that many files were read before. Raises ValueError for a broken file."""
    found = files(folder)
    for first in range(start.rows, len(found), objects):
        last = min(first + objects, len(found))
        yield Chunk(_curves(found[first:last]), Place(last, last), last / len(found), last == len(found))


def _curves(paths: list[Path]) -> CurveSet:
    heads, tables = [], []
    for path in paths:
        head, table = read_file(path)
        heads.append(head)
        tables.append(table.assign(key=head["key"]))
    points = pd.concat(tables, ignore_index=True)
    usable = np.isfinite(points["flux"]) & (points["flux_err"] > 0)
    return from_table(pd.DataFrame(heads), points[usable])


def read_file(path: Path) -> tuple[dict[str, object], pd.DataFrame]:
    """One supernova: what is known of it, and its points (mjd, flux, flux_err, band, detected)."""
    lines = path.read_text("latin-1").splitlines()
    head = dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("OBS:"))
    names = head.get("VARLIST", "").split()
    rows = [(number, line.split()[1:]) for number, line in enumerate(lines, 1) if line.startswith("OBS:")]
    for number, cells in rows:
        if len(cells) != len(names):
            raise ValueError(
                f"{path.name}, line {number}: {len(cells)} values; expected {len(names)} ({' '.join(names)})"
            )
    if missing := {"MJD", "FLT", "FLUXCAL", "FLUXCALERR"} - set(names):
        raise ValueError(f"{path.name}: no {min(missing)} in VARLIST; expected MJD FLT … FLUXCAL FLUXCALERR")
    table = pd.DataFrame([cells for _, cells in rows], columns=names)
    flux, flux_err = table["FLUXCAL"].astype(float), table["FLUXCALERR"].astype(float)
    points = pd.DataFrame(
        {
            "mjd": table["MJD"].astype(float),
            "flux": flux,
            "flux_err": flux_err,
            "band": lsst_bands(table["FLT"]),
            "detected": flux > 5 * flux_err,
        }
    )
    return _facts(path, head), points


def _facts(path: Path, head: dict[str, str]) -> dict[str, object]:
    name = head.get("SNID", path.stem).split()[0]
    found = _TYPE.search(head.get("SIM_COMMENT", ""))
    kind = found.group(1) if found else ""
    redshift, error = _with_error(head.get("HOST_GALAXY_PHOTO-Z", ""))
    return {
        "key": f"spcc:{int(name)}", "object_id": str(int(name)), "source": "spcc", "class": class_of_spcc(kind), "type": kind,
        "label_source": "simulation", "simulated": True, "origin": "simulation", "filters": "DES",
        "redshift": redshift, "redshift_err": error, "redshift_true": _with_error(head.get("SIM_REDSHIFT", ""))[0],
        "ra": _with_error(head.get("RA", ""))[0], "dec": _with_error(head.get("DECL", ""))[0],
        "mwebv": _with_error(head.get("MWEBV", ""))[0],
    }  # fmt: skip


def _with_error(text: str) -> tuple[float, float]:
    """A number and its error from ``0.3502 +- 0.0468``; -9 is SNANA's unknown."""
    found = re.match(rf"{_NUMBER}(?:\s*\+-{_NUMBER})?", text)
    if found is None or float(found.group(1)) <= -9:
        return np.nan, np.nan
    return float(found.group(1)), float(found.group(2) or np.nan)
