"""One reader per folder of real photometry: each gives the same two tables, whatever the folder looks like.

Objects: key, object_id, source, class, type, label_source, origin, redshift, ra, dec, iau_name, ztf_id, also_in,
licence, source_repo, sign_known, class_conflict, candidate_label, thinned, merged. Points: key, mjd, flux, flux_err, band.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from core.taxonomy import class_of
from training.alertlike import (
    as_ztf_difference,
    connected_flare,
    magnitudes_to_flux,
    signed_detections,
    ztf_band,
)

#: What may be done with a source, by its licence. open (MIT, Apache-2.0, BSD): curves may be shipped. cited (public survey
#: data without a licence file): train on it, cite it, ship no curve. nc (CC BY-NC) and gpl: neither; a test at most.
LICENCES = {
    "HSE-LAMBDA/": "open",
    "astrolabsoftware/": "open",
    "FusRoman/": "open",
    "b-biswas/kndetect": "open",
    "skyportal/": "open",
    "gmzsebastian/SLSNe": "open",
    "simeonreusch/ztfparsnip": "open",
    "cupidthatbtc/": "open",
    "felipeelorrieta/": "open",
    "rpoleski/": "open",
    "light-curve/test-data": "cited",
    "ZwickyTransientFacility/": "cited",
    "sjoertvv/manyTDE": "cited",
    "dlangis/TDECat": "nc",
    "boom-astro/": "gpl",
    "nuclear-multimessenger-astronomy/nmma": "gpl",
}
#: The last alert in the files that all classes share; what came later was added for SN Ia alone and would tell them.
BTS_FREEZE_MJD = 59306.0
_STRICTNESS = ("open", "cited", "nc", "gpl")
_FOLDER_CLASSES = {"Mira/LPV": "Mira", "CV": "other", "YSO": "other", "KN": "KN"}
_SIMBAD_EXTRA = {
    **dict.fromkeys(("eclbin",), "EB"),
    **dict.fromkeys(("agb*", "agb*_candidate", "candidate_agb*", "oh/ir"), "Mira"),
    **dict.fromkeys(
        ("ttau*", "candidate_ttau*", "ttauri*_candidate", "orionv*", "ae*", "rscvnv*", "cv*_candidate", "pulsv*bcep"),
        "other",
    ),
}
#: Too broad to be a label: SIMBAD's "eruptive" covers flare stars and young stars, TNS' "other" anything.
_TOO_BROAD = {"eruptive*", "other", "star", "variable*"}


def licence_of(source_repo: str) -> str:
    """The strictest licence of the repositories that a source string names; gpl when one is unknown."""
    parts = [part.strip() for part in source_repo.replace(" + ", ";").split(";") if part.strip()]
    found = [next((v for k, v in LICENCES.items() if part.startswith(k)), "gpl") for part in parts]
    return max(found, key=_STRICTNESS.index, default="gpl")


def read_bts(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bright Transient Survey: alert photometry; forced photometry only for the rare classes that have nothing else."""
    objects = pd.read_parquet(data / "ztf_bts/objects.parquet").astype({"source_repo": str, "flux_kind": str})
    forced_only = objects["flux_kind"] == "forced only"
    objects = objects[~forced_only | (objects["class"] != "SNIa")]
    forced_only = objects["flux_kind"] == "forced only"
    merged = objects["source_repo"].str.contains(" + ", regex=False)
    table = pd.DataFrame(
        {
            "object_id": objects["object_id"].astype(str),
            "source": "ztf_bts",
            "type": objects["type"].astype(str),
            "class": objects["type"].map(_spectroscopic_class),
            "label_source": "BTS spectroscopic",
            "origin": np.where(forced_only, "survey-forced", "alert"),
            "redshift": objects["redshift"],
            "ra": objects["ra"],
            "dec": objects["dec"],
            "iau_name": objects["iau_name"],
            "ztf_id": objects["object_id"],
            "also_in": objects["also_in"],
            "licence": objects["source_repo"].map(licence_of),
            "source_repo": objects["source_repo"],
            "sign_known": objects["flux_kind"].isin(["forced only", "signed difference flux"]),
            "class_conflict": objects["class_conflict"],
            "candidate_label": False,
            "thinned": objects["thinned"],
            "merged": merged,
        }
    )
    alerts = pd.read_parquet(data / "ztf_bts/photometry.parquet")
    alerts = _points(alerts, "ztf_bts")
    late = alerts["key"].isin(_key(table[merged])) & (alerts["mjd"] > BTS_FREEZE_MJD)
    forced = pd.read_parquet(data / "ztf_bts/photometry_forced.parquet")
    forced = connected_flare(_points(forced[forced["object_id"].isin(objects["object_id"][forced_only])], "ztf_bts"))
    return _with_key(table), pd.concat([alerts[~late], forced], ignore_index=True)


def read_tde(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tidal disruption events: forced difference flux (manyTDE), alerts, and non-commercial TDECat for tests only."""
    objects = pd.read_parquet(data / "tde/objects.parquet").astype({"source_repo": str})
    points = pd.read_parquet(data / "tde/photometry.parquet")
    points["telescope"] = points["instrument"].astype(str)
    flares = []
    origin = pd.Series("other-telescope", index=objects["object_id"])
    for name, instrument in (
        ("alert", "ZTF alert (signed)"),
        ("survey-forced", "ztf"),
        ("data-release", "ZTF DR total PSF, median baseline subtracted"),
    ):
        chosen = points[points["telescope"] == instrument]
        flare = _points(chosen, "tde") if name == "alert" else connected_flare(_points(chosen, "tde"))
        enough = flare.groupby("key").size()
        enough = enough.index[enough >= 5].str.removeprefix("tde:")
        origin[origin.index.isin(enough)] = name
        flares.append(flare[flare["key"].str.removeprefix("tde:").isin(enough)])
    rest = points[points["object_id"].isin(origin.index[origin == "other-telescope"])]
    flares.append(connected_flare(_points(rest, "tde")))
    table = pd.DataFrame(
        {
            "object_id": objects["object_id"].astype(str),
            "source": "tde",
            "type": objects["type"].astype(str),
            "class": "TDE",
            "label_source": "literature spectroscopic",
            "origin": origin.to_numpy(),
            **_sky(objects),
            "licence": objects["source_repo"].map(licence_of),
            "source_repo": objects["source_repo"],
            "sign_known": True,
        }
    )
    return _with_key(table), pd.concat(flares, ignore_index=True)


def read_slsn(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hydrogen-poor superluminous supernovae (Gomez et al. 2024): ZTF photometry where there is any, else the rest."""
    objects = pd.read_parquet(data / "slsn/objects.parquet").astype({"source_repo": str})
    points = pd.read_parquet(data / "slsn/photometry.parquet")
    instrument = points["instrument"].astype(str)
    is_alert, is_ztf = instrument == "ZTF alert (signed)", instrument == "P48 ZTF"
    detected = is_ztf & ~points["limit"] & points["band"].astype(str).isin(["g", "r"])
    count = points[detected].groupby("object_id").size()
    by_ztf = set(count.index[count >= 5])
    by_alert = set(points["object_id"][is_alert]) - by_ztf
    keep = (is_ztf & points["object_id"].isin(by_ztf)) | (is_alert & points["object_id"].isin(by_alert))
    keep |= ~points["object_id"].isin(by_ztf | by_alert)
    table = pd.DataFrame(
        {
            "object_id": objects["object_id"].astype(str),
            "source": "slsn",
            "type": objects["type"].astype(str),
            "class": "SLSN-I",
            "label_source": "literature spectroscopic",
            "origin": [
                "survey-forced" if i in by_ztf else "alert" if i in by_alert else "other-telescope"
                for i in objects["object_id"]
            ],
            **_sky(objects),
            "licence": objects["source_repo"].map(licence_of),
            "source_repo": objects["source_repo"],
            "sign_known": True,
        }
    )
    photometry = _points(points[keep], "slsn")
    return _with_key(table), photometry[photometry["flux"].abs() > 3 * photometry["flux_err"]]


def read_variables(data: Path, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Variable stars and AGN: ZTF alerts as they are; SDSS and data-release photometry made alert-like."""
    objects = pd.read_parquet(data / "real_variables/objects.parquet").astype({"source_repo": str, "survey": str})
    points = pd.read_parquet(data / "real_variables/photometry.parquet")
    survey = objects.set_index("object_id")["survey"].reindex(points["object_id"]).to_numpy()
    alerts = _points(points[survey == "ZTF alerts"], "real_variables")
    stars = _points(points[survey == "SDSS Stripe 82"], "real_variables", extra=["flux_total"])
    release = signed_detections(_points(points[survey == "ZTF DR PSF photometry"], "real_variables"))
    origin = {"ZTF alerts": "alert", "ZTF DR PSF photometry": "data-release"}
    table = pd.DataFrame(
        {
            "object_id": objects["object_id"].astype(str),
            "source": "real_variables",
            "type": objects["type"].astype(str),
            "class": objects["class"].map(_folder_class),
            "label_source": np.where(objects["survey"] == "ZTF alerts", "SIMBAD match", "catalogue"),
            "origin": objects["survey"].map(origin).fillna("other-telescope"),
            **_sky(objects),
            "licence": objects["source_repo"].map(licence_of),
            "source_repo": objects["source_repo"],
            "sign_known": objects["flux_kind"] != "unsigned alert flux",
            "candidate_label": objects["candidate_label"],
        }
    )
    parts = [alerts, as_ztf_difference(stars, rng) if len(stars) else stars, release]
    return _with_key(table), pd.concat(parts, ignore_index=True)


def read_crossmatched(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """ZTF alerts with a SIMBAD type, or a spectroscopic class from BTS or TNS; unlabelled objects are left out."""
    objects = pd.read_parquet(data / "ztf_crossmatched/objects.parquet").astype(object)
    labels = _open_labels(data)
    spectroscopic = objects["bts_type"].combine_first(objects["cider_type"]).combine_first(objects["tns_type"])
    spectroscopic = spectroscopic.combine_first(objects["object_id"].map(labels))
    simbad = objects["cdsxmatch"].where(~objects["cdsxmatch"].astype(str).str.startswith("("))
    table = pd.DataFrame(
        {
            "object_id": objects["object_id"].astype(str),
            "source": "ztf_crossmatched",
            "type": spectroscopic.combine_first(simbad).astype(str),
            "class": spectroscopic.map(_spectroscopic_class).where(spectroscopic.notna(), simbad.map(_simbad_class)),
            "label_source": np.where(spectroscopic.notna(), "BTS or TNS spectroscopic", "SIMBAD match"),
            "origin": "alert",
            "redshift": objects["bts_redshift"].astype(float),
            "ra": objects["ra"].astype(float),
            "dec": objects["dec"].astype(float),
            "iau_name": objects["tns_name"],
            "ztf_id": objects["object_id"],
            "licence": objects["source"].map(licence_of),
            "source_repo": objects["source"],
            "sign_known": ~objects["source"].str.startswith("b-biswas"),
            "class_conflict": objects["cdsxmatch_all"].map(_disagree) & spectroscopic.isna(),
            "candidate_label": objects["cdsxmatch"].astype(str).str.contains("andidate|\\?") & spectroscopic.isna(),
        }
    )
    # Some alerts of the one-night set were moved on purpose into a gravitational-wave map: their place means nothing.
    table.loc[objects["coord_mismatch"].astype(bool).to_numpy(), ["ra", "dec"]] = np.nan
    table = table[spectroscopic.notna().to_numpy() | (table["class"] != "").to_numpy()]
    return _with_key(table), _crossmatched_points(data, table["object_id"])


def _crossmatched_points(data: Path, wanted: pd.Series) -> pd.DataFrame:
    rows = pd.read_parquet(
        data / "ztf_crossmatched/detections.parquet",
        columns=["object_id", "mjd", "band", "magpsf", "sigmapsf", "isdiffpos", "is_detection", "kind"],
    )
    rows = rows[rows["is_detection"] & rows["object_id"].isin(wanted)]
    sign = np.where(rows["isdiffpos"].astype(str).isin(["f", "0"]), -1.0, 1.0)
    flux, error = magnitudes_to_flux(rows["magpsf"].to_numpy(float), rows["sigmapsf"].to_numpy(float), sign)
    rows = rows.assign(flux=flux, flux_err=error).sort_values("kind")  # "alert" before its own copy in a history
    rows["stamp"] = (rows["mjd"] * 1e4).round()
    return _points(rows.drop_duplicates(["object_id", "band", "stamp"]), "ztf_crossmatched")


def _open_labels(data: Path) -> pd.Series:
    """Spectroscopic types of ZTF objects from the open lists (BTS exports, superphot-plus); others are not used."""
    path = data / "ztf_labels/labels.parquet"
    if not path.exists():
        return pd.Series(dtype=object)
    rows = pd.read_parquet(path).astype(object)
    from_open = rows["source"].str.contains("HSE-LAMBDA|superphot-plus|TNS class in Fink", regex=True)
    certain = ~rows["uncertain"].astype(bool) & ~rows["class_conflict"].astype(bool)
    rows = rows[from_open & certain].drop_duplicates("object_id")
    return rows.set_index("object_id")["type"]


def _points(rows: pd.DataFrame, source: str, *, extra: list[str] | None = None) -> pd.DataFrame:
    """Finite g and r measurements (limits left out) with key and band index."""
    band = ztf_band(rows["band"])
    keep = (band >= 0) & np.isfinite(rows["flux"]) & (rows["flux_err"] > 0)
    if "limit" in rows:
        keep &= ~rows["limit"].astype(bool)
    out = rows.loc[keep, ["mjd", "flux", "flux_err", *(extra or [])]].reset_index(drop=True)
    out["key"] = source + ":" + rows.loc[keep, "object_id"].astype(str).to_numpy(object)
    out["band"] = band[keep.to_numpy()]
    return out


def _sky(objects: pd.DataFrame) -> dict[str, pd.Series]:
    empty = pd.Series(None, index=objects.index, dtype=object)
    return {name: objects.get(name, empty) for name in ("redshift", "ra", "dec", "iau_name", "ztf_id", "also_in")}


def _key(table: pd.DataFrame) -> pd.Series:
    return table["source"] + ":" + table["object_id"]


def _with_key(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(key=_key(table)).reset_index(drop=True)


def _spectroscopic_class(type_name: object) -> str:
    text = "" if pd.isna(type_name) else str(type_name)
    return "" if text.lower() in _TOO_BROAD else class_of(text) or ""


def _simbad_class(type_name: object) -> str:
    text = "" if pd.isna(type_name) else str(type_name).strip()
    if text.lower() in _TOO_BROAD:
        return ""
    return class_of(text) or _SIMBAD_EXTRA.get(text.lower(), "")


def _folder_class(name: object) -> str:
    text = str(name)
    return _FOLDER_CLASSES.get(text, text)


def _disagree(all_types: object) -> bool:
    found = {_simbad_class(t) for t in str(all_types).split(";")} - {""}
    return len(found) > 1
