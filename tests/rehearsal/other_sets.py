"""Small folders of the sets of others, in the layouts that `training.readers.tables` reads, from simulated LSST light curves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.rehearsal.data_folder import SIMULATED, judged

_MALLORN = {"SNIa": "Ia", "SNII": "IIP", "SNIbc": "IIb", "SLSN-I": "SLSN-I", "TDE": "TDE", "AGN": "AGN"}
_PLASTICC = {"SNIa": 90, "SNII": 42, "SNIbc": 62}
_ELASTICC = {"SNIa": "SNIa", "SNIbc": "SNIb+HostXT_V19", "KN": "KN_K17", "M-dwarf": "Mdwarf-flare"}


def write(folder: Path) -> None:
    """MALLORN, samples of PLAsTiCC and ELAsTiCC2, and Foundation: none of it is in `data_folder.simulated`."""
    objects, points = judged()
    objects = objects[objects["simulated"] & (objects["survey"] == "lsst")]
    objects = objects[objects.groupby("true_class").cumcount() >= SIMULATED]
    points = points.assign(band=points["band"].str.removeprefix("lsst_"), detected=True)
    photo = {"hostgal_photoz": objects["redshift"], "hostgal_photoz_err": objects["redshift_err"]}
    base = objects[["object_id"]].assign(ra=10.0, dec=-30.0, mwebv=0.05, true=objects["true_class"])

    def put(name: str, suffix: str, classes: list[str], **facts: object) -> None:
        table = base.assign(**facts)[base["true"].isin(classes)]
        rows = points[points["object_id"].isin(table["object_id"])]
        (folder / name).mkdir(exist_ok=True)
        table.drop(columns="true").to_parquet(folder / name / f"objects{suffix}.parquet")
        rows[["object_id", "mjd", "band", "flux", "flux_err", "detected"]].to_parquet(
            folder / name / f"lightcurves{suffix}.parquet"
        )

    redshift = {"redshift": objects["redshift"], "redshift_err": objects["redshift_err"]}
    put("mallorn", "", list(_MALLORN), **{"class": base["true"].map(_MALLORN)}, **redshift)
    plasticc = {"true_target": base["true"].map(_PLASTICC), "true_z": objects["redshift"], **photo}
    put("plasticc", "", ["SNIa"], **plasticc, **{"class": "SNIa"})
    put("plasticc", "_test_sample", list(_PLASTICC), **plasticc)
    put("plasticc", "_altsched_snia", ["SNIa"], **plasticc)
    elasticc = {"class": base["true"].map(_ELASTICC), "sim_redshift_cmb": objects["redshift"], **photo}
    put("elasticc2_sample", "", ["SNIbc", "KN", "M-dwarf"], **elasticc)
    put("elasticc2_sample", "_snia_alerts", ["SNIa"], **elasticc)
    found = pd.Series(0.01, objects.index)
    put(
        "foundation_snia",
        "",
        ["SNIa"],
        **{"class": "SN Ia"},
        redshift_final=objects["redshift"],
        redshift_final_err=found,
    )
