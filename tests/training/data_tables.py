"""Tiny tables in the layout of the real data folders, for tests of the readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

HSE = "HSE-LAMBDA/light_curve_approx data/ANTARES (git history)"
TEST_DATA = "light-curve/test-data SNIa/light-curves"
ALERT = "alert difference flux, sign not recorded (all positive)"


def bump(
    object_id: str, *, peak: float, start: float = 59000.0, bands: str = "gr", n: int = 12, **extra
) -> pd.DataFrame:
    """A rise and a fall within a month, 5 % errors."""
    t = np.concatenate([start + np.linspace(0, 30, n) + 0.1 * i for i in range(len(bands))])
    flux = peak * np.exp(-0.5 * ((t - start - 12) / 8) ** 2) + 200
    table = {"object_id": object_id, "mjd": t, "band": np.repeat(list(bands), n), "flux": flux, "flux_err": 0.05 * flux}
    return pd.DataFrame(table | {"limit": False, "instrument": "ZTF alert"} | extra)


def write_bts(folder: Path) -> None:
    """Seven objects: three classes, one merged from two lists, one held out, one of a GPL source, one in two folders."""
    rows = [
        ("ZTF18aaaaaaa", "SN Ia", "2020aaa", 10.0, 20.0, HSE + " + " + TEST_DATA),
        ("ZTF18aaaaaab", "SN IIb", "2020aab", 11.0, 20.0, HSE),
        ("ZTF18aaaaaac", "SLSN-II", "2020aac", 12.0, 20.0, HSE),
        ("ZTF18aaaaaad", "SLSN-I", "2020aad", 13.0, 20.0, HSE),
        ("ZTF18aaaaaae", "SN II", "2020aae", 14.0, 20.0, "boom-astro/lightcurve-fitting tests/x.json"),
        ("ZTF18aaaaaaf", "other", "2020aaf", 15.0, 20.0, HSE),
        ("ZTF18aaaaaag", "TDE", "2020aag", 16.0, 20.0, HSE),
    ]
    objects = pd.DataFrame(rows, columns=["object_id", "type", "iau_name", "ra", "dec", "source_repo"]).assign(
        thinned=False, time_relative=False, flux_kind=ALERT, redshift=0.05, class_conflict=False, all_types="",
        n_g=12, n_r=12, n_forced=0, also_in="",
    )  # fmt: skip
    objects["class"] = "unused"
    photometry = pd.concat([bump(object_id, peak=3000.0) for object_id in objects["object_id"]])
    late = bump("ZTF18aaaaaaa", peak=3000.0, start=59400.0)
    limit = bump("ZTF18aaaaaab", peak=3000.0, n=1).assign(limit=True, mjd=58990.0)
    _write(folder / "ztf_bts", objects, pd.concat([photometry, late, limit]))
    forced = bump("ZTF18aaaaaah", peak=3000.0).assign(flag=0)
    forced.to_parquet(folder / "ztf_bts/photometry_forced.parquet")


def write_tde(folder: Path) -> None:
    """Two events: one also in the BTS folder by position, with forced photometry; one of a non-commercial source."""
    objects = pd.DataFrame(
        {
            "object_id": ["AT2020aag", "AT2020zzz"],
            "iau_name": ["2020aag", "2020zzz"],
            "type": ["TDE-H", "TDE"],
            "redshift": 0.1,
            "ra": [16.0 + 0.3 / 3600, 200.0],
            "dec": 20.0,
            "class": "TDE",
            "flux_kind": "difference",
            "source_repo": ["sjoertvv/manyTDE data/x.json", "dlangis/TDECat Section 2"],
            "ztf_id": None,
            "also_in": "",
        }
    )
    rng = np.random.default_rng(0)
    t = np.arange(58000.0, 59500.0, 3.0)
    flare = np.where(t > 59000, 4000 * np.exp(-(t - 59000) / 60), 0.0)
    noisy = pd.DataFrame(
        {
            "object_id": "AT2020aag", "mjd": np.tile(t, 2), "band": np.repeat(["g", "r"], len(t)),
            "flux": np.tile(flare, 2) + rng.normal(0, 100, 2 * len(t)), "flux_err": 100.0, "limit": False,
            "instrument": "ztf",
        }
    )  # fmt: skip
    noisy.loc[50, "flux"] = 9000.0  # one wild point in the long baseline
    total = bump("AT2020zzz", peak=4000.0, instrument="ZTF DR total PSF, median baseline subtracted")
    _write(folder / "tde", objects, pd.concat([noisy, total]))


def write_variables(folder: Path) -> None:
    """An RR Lyrae star of SDSS as total flux, and an alert of a young star with both signs."""
    objects = pd.DataFrame(
        {
            "object_id": ["S82RRL-1", "ZTF19aaaaaaa"],
            "type": ["RRab", "YSO_Candidate"],
            "class": ["RRL", "YSO"],
            "redshift": np.nan,
            "ra": [np.nan, 30.0],
            "dec": [np.nan, 40.0],
            "survey": ["SDSS Stripe 82", "ZTF alerts"],
            "flux_kind": ["total minus median", "signed difference flux"],
            "candidate_label": [False, True],
            "time_relative": False,
            "source_repo": [TEST_DATA, "astrolabsoftware/fink-filters datatest/regular"],
            "also_in": "",
        }
    )
    t = np.sort(np.random.default_rng(1).uniform(52000, 54000, 60))
    star = pd.DataFrame({"object_id": "S82RRL-1", "mjd": np.tile(t, 2), "band": np.repeat(["g", "r"], 60)})
    star["flux_total"] = 10000 * (1 + 0.4 * np.sin(2 * np.pi * star["mjd"] / 0.57))
    star = star.assign(flux=star["flux_total"] - 10000, flux_err=80.0, limit=False, instrument="SDSS Stripe 82")
    young = bump("ZTF19aaaaaaa", peak=5000.0, instrument="ZTF alerts")
    young["flux"] -= 2000.0
    young["flux_total"] = np.nan
    _write(folder / "real_variables", objects, pd.concat([star, young]))


def _write(folder: Path, objects: pd.DataFrame, photometry: pd.DataFrame) -> None:
    folder.mkdir(parents=True)
    objects.to_parquet(folder / "objects.parquet")
    photometry.reset_index(drop=True).to_parquet(folder / "photometry.parquet")
