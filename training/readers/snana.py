"""SNANA's FITS: ``*_HEAD.FITS`` with one row per object, ``*_PHOT.FITS`` with all their points (ELAsTiCC2, PLAsTiCC's models …).

A HEAD row points at its points (``PTROBS_MIN`` … ``PTROBS_MAX``, counted from 1); a row with MJD -777 stands between two
objects. Fluxes are FLUXCAL. ELAsTiCC2 tells the class by the folder that a file lies in, not inside it. Written to this
layout and tried on files made in it: the full set was not at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import BANDS
from core.refusal import BadInput
from training.curves import CurveSet
from training.readers.csv_blocks import START, Place
from training.readers.labels import class_of_elasticc, elasticc_model
from training.readers.write import Chunk

#: Objects per chunk; a file of ELAsTiCC2 holds about a thousand.
OBJECTS = 5000
#: Bit of ``PHOTFLAG`` that marks a detection.
DETECTION = 4096
_LETTERS = {band.letter.upper(): i for i, band in enumerate(BANDS) if band.survey == "lsst"}
_HEAD = {
    "ra": ("RA",),
    "dec": ("DEC", "DECL"),
    "mwebv": ("MWEBV",),
    "redshift": ("HOSTGAL_PHOTOZ", "HOSTGAL_ZPHOT"),
    "redshift_err": ("HOSTGAL_PHOTOZ_ERR", "HOSTGAL_ZPHOT_ERR"),
    "redshift_spec": ("HOSTGAL_SPECZ", "HOSTGAL_ZSPEC"),
    "redshift_true": ("SIM_REDSHIFT_CMB",),
    "peak_mjd": ("SIM_PEAKMJD", "PEAKMJD"),
}


def pairs(folder: Path) -> list[tuple[Path, Path]]:
    """HEAD and PHOT files below a folder, in order. Raises FileNotFoundError for a HEAD without its PHOT, or no HEAD at all."""
    heads = sorted(p for p in folder.rglob("*HEAD.FITS*") if p.suffix in (".FITS", ".gz"))
    if not heads:
        raise FileNotFoundError(
            f"no *HEAD.FITS or *HEAD.FITS.gz below {folder}; expected SNANA's pairs of HEAD and PHOT"
        )
    found = [(head, head.with_name(head.name.replace("HEAD.FITS", "PHOT.FITS"))) for head in heads]
    if missing := [phot for _, phot in found if not phot.exists()]:
        raise FileNotFoundError(
            f"{missing[0].name} is missing in {missing[0].parent}; expected it beside its HEAD file"
        )
    return found


def chunks(head: Path, phot: Path, *, model: str = "", start: Place = START, objects: int = OBJECTS) -> Iterator[Chunk]:
    """The light curves of one pair of files, ``objects`` at a time.

    model : name of the simulated model, the folder's name when empty. start : ``rows`` objects were read before.
    Plain files are mapped, compressed ones unpacked whole (some tens of MB each). Raises ValueError for pointers that
    leave the PHOT table, and for a letter that is no LSST band.
    """
    from astropy.io import fits

    model = elasticc_model(model or head.parent.name)
    with fits.open(head, memmap=True) as heads, fits.open(phot, memmap=True) as photometry:
        rows, points = heads[1].data, photometry[1].data
        for first in range(start.rows, len(rows), objects):
            last = min(first + objects, len(rows))
            curves = _curves(rows[first:last], points, model, head.name, first)
            yield Chunk(curves, Place(last, last), last / len(rows), last == len(rows))


def _curves(rows: Any, points: Any, model: str, name: str, first: int) -> CurveSet:
    begin, end = rows["PTROBS_MIN"].astype(np.int64) - 1, rows["PTROBS_MAX"].astype(np.int64)
    if np.any(wrong := (begin < 0) | (end > len(points)) | (end < begin)):
        at = int(np.argmax(wrong))
        raise ValueError(
            f"{name}, row {first + at + 1}: points {begin[at] + 1} … {end[at]}; expected them within 1 … {len(points)}"
        )
    lengths = end - begin
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    index = np.repeat(begin - offsets[:-1], lengths) + np.arange(offsets[-1])
    if len(index) and index[-1] - index[0] < 2 * len(index):  # nearly all rows of the stretch: read it in one piece
        points, index = points[index.min() : index.max() + 1], index - index.min()
    mjd, flux, flux_err = (np.asarray(points[c])[index].astype(np.float64) for c in ("MJD", "FLUXCAL", "FLUXCALERR"))
    names = points.names
    letters = np.asarray(points["BAND" if "BAND" in names else "FLT"])[index]
    band = lsst_letters(letters)
    if "PHOTFLAG" in names:
        detected = (np.asarray(points["PHOTFLAG"])[index].astype(np.int64) & DETECTION) > 0
    else:
        detected = flux > 5 * flux_err
    usable = np.isfinite(mjd) & np.isfinite(flux) & (flux_err > 0) & (mjd > 0)
    everything = CurveSet(
        _objects(rows, model), offsets, mjd, flux.astype(np.float32), flux_err.astype(np.float32), band, detected
    )
    return everything.only(usable)


def _objects(rows: Any, model: str) -> pd.DataFrame:
    names = [_text(name) for name in rows["SNID"]]
    table = pd.DataFrame({"key": [f"snana:{model}:{name}" for name in names], "object_id": names})
    table["source"], table["class"], table["type"] = "snana", class_of_elasticc(model), model
    table["label_source"], table["simulated"], table["origin"] = "simulation", True, "simulation"
    for name, columns in _HEAD.items():
        column = next((c for c in columns if c in rows.names), None)
        values = np.full(len(rows), np.nan) if column is None else np.asarray(rows[column], np.float64)
        # SNANA writes -9 or -99 where it knows nothing.
        table[name] = np.where(values <= -9, np.nan, values) if name not in ("ra", "dec") else values
    table.loc[~(table["redshift"] > 0), ["redshift", "redshift_err"]] = np.nan
    return table


def lsst_letters(bands: NDArray) -> NDArray[np.int8]:
    """(N,) band indices of SNANA's band names: the last letter counts (``r``, ``LSST-r``, ``Y``). Raises BadInput for others."""
    padded = np.char.rstrip(np.asarray(bands).astype("S"))
    width = padded.dtype.itemsize
    characters = padded.view(np.uint8).reshape(len(padded), width) if len(padded) else np.empty((0, 1), np.uint8)
    filled = np.maximum((characters != 0).sum(axis=1) - 1, 0)
    last = characters[np.arange(len(characters)), filled]
    table = np.full(256, -1, np.int8)
    for letter, index in _LETTERS.items():
        table[ord(letter)] = table[ord(letter.lower())] = index
    found = table[last]
    if np.any(found < 0):
        wrong = padded[found < 0][0].decode("latin-1")
        raise BadInput("band", f"band {wrong!r} is none of LSST's; expected a name that ends in u, g, r, i, z or y")
    return found


def _text(value: object) -> str:
    return value.decode().strip() if isinstance(value, bytes) else str(value).strip()
