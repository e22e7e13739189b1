"""A small DATA folder in the layout of training/README.md, made of the light curves that come with the repository."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.bands import band_index
from tests.training.data_tables import ALERT, write_variables
from training.curves import CurveSet, as_table, from_table

ROOT = Path(__file__).resolve().parents[2]
#: Real objects of each fold and class.
PER_FOLD = {"SNIa": 6, "SNII": 5, "SNIbc": 4, "SLSN-I": 4, "TDE": 2, "AGN": 3, "EB": 2, "Mira": 2, "RRL": 2, "other": 4}
#: Simulated objects of each class: the first so many of each become the corpus, all those after them stand in for real ones.
SIMULATED = 24
_SPECTROSCOPIC = {"SNIa": "SN Ia", "SNII": "SN II", "SNIbc": "SN Ib", "SLSN-I": "SLSN-I", "TDE": "TDE", "other": "CV"}
_SIMBAD = {"AGN": "QSO", "EB": "EB*", "Mira": "Mira", "RRL": "RRLyr", "other": "CataclyV*"}


def judged() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The light curves that come with the evaluation files: objects with source and fold, and their points."""
    objects = pd.read_parquet(ROOT / "samples/judged/objects.parquet")
    folds = pd.read_csv(ROOT / "training/folds.csv").drop_duplicates("object_id")
    points = pd.read_parquet(ROOT / "samples/judged/photometry.parquet").astype({"object_id": str, "band": str})
    return objects.merge(folds[["object_id", "source", "fold"]], on="object_id", how="left"), points


def write(folder: Path) -> None:
    """All folders that ZTF models are trained and judged by; no templates."""
    objects, points = judged()
    real = objects[~objects["simulated"]].copy()
    rank = real.groupby(["true_class", "fold"]).cumcount()
    real = real[rank < real["true_class"].map(PER_FOLD).fillna(0)]
    of_bts = (real["source"] == "ztf_bts") & real["true_class"].isin(_SPECTROSCOPIC)
    strange, its_points = oddities()
    write_bts(folder / "ztf_bts", pd.concat([real[of_bts], strange]), pd.concat([points, its_points]))
    write_crossmatched(folder / "ztf_crossmatched", real[~of_bts], points)
    made = objects[objects["simulated"] & (objects["survey"] == "ztf")]
    made = made[made.groupby("true_class").cumcount() >= SIMULATED]
    write_flares(folder / "tde", made[made["true_class"] == "TDE"], points, "ztf", "sjoertvv/manyTDE")
    write_flares(folder / "slsn", made[made["true_class"] == "SLSN-I"], points, "P48 ZTF", "gmzsebastian/SLSNe")
    write_variables(folder)


def oddities() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The samples that are of no class."""
    objects = pd.read_parquet(ROOT / "samples/objects.parquet")
    objects = objects[objects["true_class"].isin(["SLSN-II", "ILRT", "LBV", "LRN"])]
    points = pd.read_parquet(ROOT / "samples/photometry.parquet").astype({"object_id": str, "band": str})
    return objects, points[points["object_id"].isin(objects["object_id"]) & ~points["limit"]]


def write_bts(folder: Path, objects: pd.DataFrame, points: pd.DataFrame) -> None:
    """Alert photometry, and an empty table of forced photometry."""
    table = objects[["object_id", "ra", "dec", "redshift", "source_repo"]].assign(
        type=objects["true_class"].map(_SPECTROSCOPIC).fillna(objects["true_class"]),
        iau_name="", thinned=False, time_relative=False, flux_kind=ALERT, class_conflict=False, all_types="", also_in="",
        **{"class": "unused"},
    )  # fmt: skip
    alerts = long_form(points, table["object_id"])
    put(folder, table, alerts)
    alerts.iloc[:0].assign(flag=0).to_parquet(folder / "photometry_forced.parquet")


def write_crossmatched(folder: Path, objects: pd.DataFrame, points: pd.DataFrame) -> None:
    """Alerts in magnitudes: supernovae with a spectroscopic type, the rest with one of SIMBAD."""
    names = objects["true_class"]
    simbad = names.map(_SIMBAD)
    table = objects[["object_id", "ra", "dec"]].assign(
        bts_type=names.map(_SPECTROSCOPIC).where(simbad.isna()), cider_type=None, tns_type=None,
        cdsxmatch=simbad.fillna("Unknown"), cdsxmatch_all=simbad.fillna(""), bts_redshift=objects["redshift"],
        tns_name="", source=objects["source_repo"], coord_mismatch=False,
        ndethist=5.0, sgscore1=0.1, distpsnr1=3.0, magnr=20.0, distnr=1.0, fink_Plx=-999.0, fink_e_Plx=-999.0,
    )  # fmt: skip
    rows = long_form(points, table["object_id"])
    size = rows["flux"].abs()
    rows = rows.assign(
        magpsf=27.5 - 2.5 * np.log10(size), sigmapsf=1.0857 * rows["flux_err"] / size, diffmaglim=20.5,
        isdiffpos=np.where(rows["flux"] > 0, "t", "f"), is_detection=True, kind="alert",
    )  # fmt: skip
    folder.mkdir(parents=True)
    table.to_parquet(folder / "objects.parquet")
    rows.drop(columns=["flux", "flux_err"]).to_parquet(folder / "detections.parquet")


def write_flares(folder: Path, objects: pd.DataFrame, points: pd.DataFrame, instrument: str, repo: str) -> None:
    """Simulated light curves in the place of tidal disruptions or superluminous supernovae, of one instrument."""
    numbers = range(len(objects))
    table = pd.DataFrame(
        {
            "object_id": [f"2031{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in numbers],
            "type": objects["true_class"].to_numpy(),
            "redshift": objects["redshift"].to_numpy(),
            "ra": [100.0 + i for i in numbers],
            "dec": 5.0 if repo.startswith("gmz") else -5.0,
            "iau_name": "",
            "ztf_id": None,
            "also_in": "",
            "source_repo": repo,
        }
    )
    if repo.startswith("gmz"):  # no name twice: equal names are one object
        table["object_id"] = table["object_id"].str.replace("2031", "2032")
    names = dict(zip(objects["object_id"], table["object_id"], strict=True))
    rows = long_form(points, objects["object_id"]).assign(instrument=instrument)
    put(folder, table, rows.assign(object_id=rows["object_id"].map(names)))


def long_form(points: pd.DataFrame, wanted: pd.Series) -> pd.DataFrame:
    """The points of some objects, their bands as bare letters."""
    rows = points[points["object_id"].isin(wanted)]
    return rows[["object_id", "mjd", "flux", "flux_err", "limit"]].assign(
        band=rows["band"].str.removeprefix("ztf_"), instrument="ZTF alert"
    )


def put(folder: Path, objects: pd.DataFrame, photometry: pd.DataFrame) -> None:
    """The two tables of a source."""
    folder.mkdir(parents=True)
    objects.to_parquet(folder / "objects.parquet")
    photometry.reset_index(drop=True).to_parquet(folder / "photometry.parquet")


def simulated(survey: str) -> CurveSet:
    """The first simulated light curves of every class of a survey, as the simulation itself gives them."""
    objects, points = judged()
    objects = objects[objects["simulated"] & (objects["survey"] == survey)]
    objects = objects[objects.groupby("true_class").cumcount() < SIMULATED]
    table = objects[["object_id", "redshift", "redshift_err"]].assign(
        key=objects["object_id"], source="simulation", type=objects["true_class"], label_source="simulation",
        origin="simulation", simulated=True, sign_known=True, redshift_true=objects["redshift"], mwebv=0.05, field=1,
        ra=np.nan, dec=np.nan, peak_mjd=np.nan, peak_magnitude=19.0, parameters="{}",
        **{"class": objects["true_class"]},
    )  # fmt: skip
    rows = points[points["object_id"].isin(objects["object_id"])]
    rows = rows.assign(key=rows["object_id"], band=rows["band"].map(band_index), detected=True)
    made = from_table(table, rows)
    return replace(made, objects=made.objects.drop(columns="key"))


def write_simulated(path: Path, survey: str) -> None:
    """What ``python -m training.simulate`` would have written there."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(as_table(simulated(survey)), path)
