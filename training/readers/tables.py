"""Prepared folders read whole: MALLORN, and samples of PLAsTiCC, ELAsTiCC2, SPCC and Foundation.

``read("mallorn", DATA)`` gives one CurveSet. Each folder has ``objects*.parquet`` and ``lightcurves*.parquet`` (long form:
object_id, mjd, band, flux, flux_err, detected). The originals have readers of their own in this package.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import band_index
from core.photometry import to_fluxcal
from training.curves import CurveSet, concatenate, from_table
from training.readers.labels import class_of_elasticc, class_of_mallorn, class_of_plasticc, class_of_spcc

#: First night of PLAsTiCC's simulated survey [MJD]: a stand-in where a sample gives times since the first visit alone.
SURVEY_START = 59580.0


def read(name: str, data: str | Path) -> CurveSet:
    """A set by its name (a key of `SETS`) from the folder of that set under ``data``.

    objects : key, object_id, source, type (as the source says), class, label_source, simulated, origin, redshift, redshift_err
    (NaN where a broker would know none), redshift_true, ra, dec, mwebv, part.
    Raises FileNotFoundError naming the folder that is missing, ValueError for an unknown name.
    """
    if name not in SETS:
        raise ValueError(f"no reader is called {name!r}; there are {', '.join(SETS)}")
    return SETS[name](Path(data))


def read_mallorn(data: Path) -> CurveSet:
    """MALLORN (Magill et al. 2025): LSST-like light curves made from real, classified ones. Microjansky in the source.

    Labelled objects carry a spectroscopic redshift without an error. They were made from ZTF light curves: an object
    of the Bright Transient Survey may be behind them, so a model trained on that survey may have seen its like.
    """
    objects, points = _tables(data / "mallorn", "")
    points = points.assign(**{name: to_fluxcal(points[name], "ujy") for name in ("flux", "flux_err")})
    return _curves(
        points,
        objects,
        source="mallorn",
        type=objects["class"],
        classes=objects["class"].map(class_of_mallorn),
        label_source="spectroscopic, of the object that the simulation began from",
        redshift=objects["redshift"],
        redshift_err=objects["redshift_err"],
    )


def read_plasticc(data: Path) -> CurveSet:
    """PLAsTiCC's sample: 10 training objects, 90 of the test set, 115 SN Ia with another cadence (``part`` says which).

    The redshift is the host's photometric one. It is 0 for Galactic objects, which a broker would not know: NaN here.
    Times of the part ``test`` count from each object's first visit, put at `SURVEY_START`.
    """
    sets = []
    for suffix, part in (("", "training"), ("_test_sample", "test"), ("_altsched_snia", "alt_sched")):
        objects, points = _tables(data / "plasticc", suffix)
        if part == "test":
            points = points.assign(mjd=points["mjd"] + SURVEY_START)
        numbers = objects.get("true_target", pd.Series(90, objects.index)).astype(int)
        photo_z = objects["hostgal_photoz"].where(objects["hostgal_photoz"] > 0)
        sets.append(
            _curves(
                points,
                objects,
                source="plasticc",
                part=part,
                type=numbers.astype(str),
                classes=numbers.map(class_of_plasticc),
                label_source="simulation",
                redshift=photo_z,
                redshift_err=objects["hostgal_photoz_err"].where(photo_z.notna()),
                redshift_true=_first(objects, "true_z", "sim_redshift_cmb"),
            )
        )
    return concatenate(sets)


def read_elasticc2(data: Path) -> CurveSet:
    """ELAsTiCC2's sample: 281 objects of its FITS files (SN Ib, kilonovae, M-dwarf flares), 258 SN Ia from alerts."""
    sets = []
    for suffix, part in (("", "fits"), ("_snia_alerts", "alerts")):
        objects, points = _tables(data / "elasticc2_sample", suffix)
        sets.append(
            _curves(
                points,
                objects,
                source="elasticc2",
                part=part,
                type=objects["class"],
                classes=objects["class"].map(class_of_elasticc),
                label_source="simulation",
                redshift=objects["hostgal_photoz"],
                redshift_err=objects["hostgal_photoz_err"],
                redshift_true=_first(objects, "sim_redshift_cmb", "redshift_cmb"),
            )
        )
    return concatenate(sets)


def read_spcc(data: Path) -> CurveSet:
    """SPCC (Kessler et al. 2010): DES-like supernovae in griz, of which LSST's g r i z stand in here, without a correction."""
    objects, points = _tables(data / "spcc", "")
    return _curves(
        points,
        objects,
        source="spcc",
        type=objects["sim_type"],
        classes=objects["sim_type"].map(class_of_spcc),
        label_source="simulation",
        filters="DES",
        redshift=objects["hostgal_photoz"],
        redshift_err=objects["hostgal_photoz_err"],
        redshift_true=objects["true_z"],
        part=pd.Series(np.where(objects["sntype_spec"] == -9, "photometric", "spectroscopic"), objects.index),
    )


def read_foundation(data: Path) -> CurveSet:
    """Foundation: real low-redshift SN Ia in Pan-STARRS griz, of which LSST's g r i z stand in here, without a correction."""
    objects, points = _tables(data / "foundation_snia", "")
    return _curves(
        points,
        objects,
        source="foundation",
        type=objects["class"],
        classes=pd.Series("SNIa", objects.index),
        label_source="spectroscopic",
        simulated=False,
        filters="Pan-STARRS1",
        redshift=objects["redshift_final"],
        redshift_err=objects["redshift_final_err"],
    )


SETS: dict[str, Callable[[Path], CurveSet]] = {
    "mallorn": read_mallorn,
    "plasticc": read_plasticc,
    "elasticc2": read_elasticc2,
    "spcc": read_spcc,
    "foundation": read_foundation,
}


def lsst_bands(names: pd.Series) -> NDArray[np.int8]:
    """(N,) band indices of bare letters, any case; of another survey's filters, the LSST band of the same letter.

    The stand-in carries no colour term: DES and Pan-STARRS filters are not LSST's. Raises BadInput for a band that is none of u … y.
    """
    codes, kinds = pd.factorize(names)
    return np.array([band_index(kind, "lsst") for kind in kinds], np.int8)[codes]


def _tables(folder: Path, suffix: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}: expected objects.parquet and lightcurves.parquet in it")
    objects = pd.read_parquet(folder / f"objects{suffix}.parquet")
    return objects, pd.read_parquet(folder / f"lightcurves{suffix}.parquet")


def _first(objects: pd.DataFrame, *names: str) -> pd.Series:
    return next(objects[name] for name in names if name in objects)


def _curves(
    points: pd.DataFrame, objects: pd.DataFrame, *, source: str, classes: pd.Series, **facts: object
) -> CurveSet:
    """The set of one folder; rows without a flux or with an error that is not positive are dropped."""
    facts = {"simulated": True, "filters": "LSST", "part": "", "redshift_true": np.nan} | facts
    ids = objects["object_id"].astype(str)
    table = pd.DataFrame(
        {
            "key": source + ":" + ids,
            "object_id": ids,
            "source": source,
            "class": classes,
            **facts,
            "origin": "simulation" if facts["simulated"] else "survey",
            "ra": objects.get("ra", np.nan),
            "dec": objects.get("dec", objects.get("decl", np.nan)),
            "mwebv": objects.get("mwebv", np.nan),
        }
    )
    for name in ("redshift", "redshift_err", "redshift_true", "ra", "dec", "mwebv"):
        table[name] = table[name].astype(float)
    usable = np.isfinite(points["flux"]) & (points["flux_err"] > 0)
    points = points[usable]
    return from_table(
        table,
        pd.DataFrame(
            {
                "key": source + ":" + points["object_id"].astype(str),
                "mjd": points["mjd"],
                "flux": points["flux"].astype(np.float32),
                "flux_err": points["flux_err"].astype(np.float32),
                "band": lsst_bands(points["band"]),
                "detected": points["detected"],
            }
        ),
    )
