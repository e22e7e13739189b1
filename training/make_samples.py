"""Write the embedded samples (`python -m training.make_samples --data DATA --out samples`)."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from core.bands import BANDS
from core.brokers.files import LOCAL, read_file
from core.lightcurve import LightCurve
from core.photometry import limiting_magnitude_to_sigma
from training.alertlike import ztf_band
from training.curves import CurveSet, concatenate
from training.datasets import RealSet, load_real
from training.sample_list import CHOICES, RUBIN, RUBIN_GROUP, SIMULATED, SIMULATED_GROUP, Choice
from training.simulate import simulate
from training.simulate.supernovae import Templates
from training.simulate.survey import Sky

#: Differs from the seed of the training set, so that no sample has been trained on.
SAMPLE_SEED = 20_260
#: licence, citation by the start of the source's repository.
TERMS = {
    "HSE-LAMBDA/": (
        "MIT (HSE-LAMBDA/light_curve_approx)",
        "ZTF alerts through ANTARES; ZTF Bright Transient Survey (Fremling et al. 2020; Perley et al. 2020)",
    ),
    "b-biswas/kndetect": (
        "BSD-3-Clause (b-biswas/kndetect)",
        "ZTF alerts through Fink (Möller et al. 2021; Biswas et al. 2023)",
    ),
    "astrolabsoftware/": ("Apache-2.0 (AstroLab Software, Fink)", "ZTF alerts through Fink (Möller et al. 2021)"),
    "FusRoman/": ("Apache-2.0 (FusRoman/Fink_MM)", "ZTF alerts through Fink (Möller et al. 2021)"),
}
RUBIN_TERMS = (
    "Apache-2.0 (AstroLab Software, Fink)",
    "NSF-DOE Vera C. Rubin Observatory alerts through Fink (Möller et al. 2021)",
)
OWN_TERMS = ("Apache-2.0 (this project)", "training/simulate, which names the papers of each class")
#: What brokers send along with a ZTF alert; -999 stands for unknown.
CONTEXT = ("ndethist", "sgscore1", "distpsnr1", "magnr", "distnr", "fink_Plx", "fink_e_Plx")
_PHOTOMETRY = ["object_id", "mjd", "band", "flux", "flux_err", "forced", "limit"]


def real_samples(data: Path, real: RealSet) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The chosen ZTF objects: one row each, and their points with the limits that their source kept.

    Raises ValueError for a choice that is not there, or whose licence does not allow shipping it.
    """
    trained = real.objects[real.objects["use_for_training"]].groupby("physical_id")["fold"].first()
    everything = concatenate([CurveSet(*_plain(real)), real.held_out] if real.held_out is not None else [real])
    row_of = {(o, s): i for i, (o, s) in enumerate(everything.objects[["object_id", "source"]].to_numpy())}
    rows, points = [], []
    for choice in CHOICES:
        i = row_of.get((choice.object_id, choice.source))
        if i is None:
            raise ValueError(f"{choice.object_id} is not in {choice.source}")
        of = everything.objects.iloc[i]
        if not of["licence_ok_for_shipping_curves"]:
            raise ValueError(f"{choice.object_id}: {of['source_repo']} does not allow shipping its curves")
        where = everything.points(i)
        points.append(
            pd.DataFrame(
                {
                    "object_id": choice.object_id,
                    "mjd": everything.mjd[where],
                    "band": [BANDS[b].name for b in everything.band[where]],
                    "flux": everything.flux[where],
                    "flux_err": everything.flux_err[where],
                    "forced": False,
                    "limit": False,
                }
            )
        )
        rows.append(_object_row(choice, of, trained.get(of["physical_id"])))
    fink = [c.object_id for c in CHOICES if c.source == "ztf_crossmatched"]
    objects = pd.DataFrame(rows).merge(_context(data, fink), on="object_id", how="left")
    return objects, pd.concat([*points, _limits(data, fink)], ignore_index=True)


def _plain(real: RealSet) -> tuple:
    return real.objects, real.offsets, real.mjd, real.flux, real.flux_err, real.band


def _object_row(choice: Choice, of: pd.Series, fold: float | None) -> dict:
    licence, citation = next(terms for start, terms in TERMS.items() if of["source_repo"].startswith(start))
    kind = of["type"]
    return {
        "object_id": choice.object_id,
        "title": choice.title,
        "group": choice.group,
        "survey": "ztf",
        "simulated": False,
        "true_class": of["class"] or kind,
        "true_type": kind,
        "true_class_source": f"{of['label_source']} ({kind})",
        "ra": of["ra"],
        "dec": of["dec"],
        "redshift": of["redshift"],
        "fold": fold,
        "time_scale": "utc",
        "licence": licence,
        "citation": citation,
        "source_repo": of["source_repo"].split(":")[0].split(" data/")[0],
    }


def _limits(data: Path, wanted: list[str]) -> pd.DataFrame:
    """Five-sigma limits of the visits without detection, as flux [FLUXCAL] in the column of the flux."""
    rows = pd.read_parquet(
        data / "ztf_crossmatched/detections.parquet",
        columns=["object_id", "mjd", "band", "diffmaglim", "is_detection"],
    )
    band = ztf_band(rows["band"])
    keep = rows["object_id"].isin(wanted) & ~rows["is_detection"] & rows["diffmaglim"].notna() & (band >= 0)
    rows, band = rows[keep.to_numpy()], band[keep.to_numpy()]
    sigma = limiting_magnitude_to_sigma(rows["diffmaglim"].to_numpy(float))
    table = pd.DataFrame(
        {
            "object_id": rows["object_id"].astype(str).to_numpy(object),
            "mjd": rows["mjd"].to_numpy(float),
            "band": [BANDS[b].name for b in band],
            "flux": 5 * sigma,
            "flux_err": sigma,
            "forced": False,
            "limit": True,
        }
    )
    return table.drop_duplicates(["object_id", "band", "mjd"])


def _context(data: Path, wanted: list[str]) -> pd.DataFrame:
    rows = pd.read_parquet(data / "ztf_crossmatched/objects.parquet", columns=["object_id", *CONTEXT])
    rows = rows[rows["object_id"].isin(wanted)].astype({"object_id": object})
    rows[list(CONTEXT)] = rows[list(CONTEXT)].astype(float).mask(lambda v: v <= -999)
    return rows.rename(columns={"fink_Plx": "parallax", "fink_e_Plx": "parallax_err"})


def rubin_samples(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Real Rubin alerts: the packet with the longest history of each chosen object."""
    longest: dict[str, LightCurve] = {}
    for path in sorted((data / "lsst_alerts/real_prompt").glob("lsst_v10_0_fink_*.avro")):
        for curve in read_file(path, caps=LOCAL).curves:
            known = longest.get(curve.object_id)
            if known is None or len(curve) > len(known):
                longest[curve.object_id] = curve
    rows, points = [], []
    for object_id, title in RUBIN:
        curve = longest[object_id]
        rows.append(
            {
                "object_id": object_id,
                "title": title,
                "group": RUBIN_GROUP,
                "survey": "lsst",
                "simulated": False,
                "true_class": "",
                "true_type": "",
                "true_class_source": "not classified by anyone yet",
                "ra": curve.ra,
                "dec": curve.dec,
                "redshift": np.nan,
                "fold": None,
                "time_scale": curve.time_scale,
                "licence": RUBIN_TERMS[0],
                "citation": RUBIN_TERMS[1],
                "source_repo": "astrolabsoftware/fink-tutorials, fink-filters",
            }
        )
        points.append(_table(curve))
    return pd.DataFrame(rows), pd.concat(points, ignore_index=True)


def simulated_samples(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The clearest of fifty simulated light curves of classes with few real ones, or none."""
    templates, sky = Templates(data / "templates"), Sky(data / "templates/cadence")
    rows, points = [], []
    for name, count, title in SIMULATED:
        curves = concatenate(list(simulate(name, 50, seed=SAMPLE_SEED, sky=sky, templates=templates)))
        clearest = np.argsort([-_clarity(curves, i) for i in range(len(curves))], kind="stable")[:count]
        for number, i in enumerate(clearest, 1):
            of, object_id = curves.objects.iloc[i], f"sim-{name}-{number}"
            z = of["redshift"]
            rows.append(
                {
                    "object_id": object_id,
                    "title": f"{title} at z = {z:.3f}" if np.isfinite(z) else f"{title} ({of['type']})",
                    "group": SIMULATED_GROUP,
                    "survey": "ztf",
                    "simulated": True,
                    "true_class": name,
                    "true_type": of["type"],
                    "true_class_source": "simulation",
                    "ra": of["ra"],
                    "dec": of["dec"],
                    "redshift": z,
                    "fold": None,
                    "time_scale": "utc",
                    "licence": OWN_TERMS[0],
                    "citation": OWN_TERMS[1],
                    "source_repo": "training/simulate",
                    "parameters": of["parameters"],
                }
            )
            points.append(_table(curves.light_curve(i)).assign(object_id=object_id))
    return pd.DataFrame(rows), pd.concat(points, ignore_index=True)


def _clarity(curves: CurveSet, row: int) -> float:
    """How much a curve shows: significant points, spread over nights, the brightest neither first nor last."""
    where = curves.points(row)
    flux = np.abs(curves.flux[where])
    significant = min(float(np.sum(flux / curves.flux_err[where] > 6)), 80.0)
    nights = len(np.unique(np.round(curves.mjd[where])))
    inside = 0 < int(np.argmax(flux)) < len(flux) - 1
    balanced = np.bincount(curves.band[where], minlength=2).min()
    return significant * np.sqrt(nights) * (1.0 if inside else 0.4) * (1.0 if balanced > 2 else 0.3)


def _table(curve: LightCurve) -> pd.DataFrame:
    points = pd.DataFrame(
        {
            "object_id": curve.object_id,
            "mjd": curve.mjd,
            "band": [BANDS[b].name for b in curve.band],
            "flux": curve.flux,
            "flux_err": curve.flux_err,
            "forced": curve.forced,
            "limit": False,
        }
    )
    limits = pd.DataFrame(
        {
            "object_id": curve.object_id,
            "mjd": curve.limits.mjd,
            "band": [BANDS[b].name for b in curve.limits.band],
            "flux": curve.limits.flux_limit,
            "flux_err": curve.limits.flux_limit / curve.limits.n_sigma,
            "forced": False,
            "limit": True,
        }
    )
    return pd.concat([points, limits], ignore_index=True) if len(limits) else points


def write(out: Path, objects: pd.DataFrame, photometry: pd.DataFrame) -> None:
    """The two tables, in an order and with types that do not depend on how they were made."""
    order = {object_id: i for i, object_id in enumerate(objects["object_id"])}
    detections = photometry[~photometry["limit"]].groupby("object_id").size()
    objects = objects.assign(
        n_points=objects["object_id"].map(detections).astype(int), fold=objects["fold"].astype("Int8")
    )
    photometry = photometry.assign(place=photometry["object_id"].map(order)).sort_values(
        ["place", "mjd", "band", "limit"], kind="stable"
    )
    photometry = photometry.astype({"flux": np.float32, "flux_err": np.float32, "forced": bool, "limit": bool})
    photometry["band"] = photometry["band"].astype("category")
    out.mkdir(parents=True, exist_ok=True)
    objects.to_parquet(out / "objects.parquet", index=False, compression="zstd")
    photometry[_PHOTOMETRY].to_parquet(out / "photometry.parquet", index=False, compression="zstd")


def main() -> None:
    """Read, choose, simulate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("samples"))
    args = parser.parse_args()
    parts = [real_samples(args.data, load_real(args.data)), rubin_samples(args.data), simulated_samples(args.data)]
    objects = pd.concat([o for o, _ in parts], ignore_index=True)
    write(args.out, objects, pd.concat([p for _, p in parts], ignore_index=True))
    size = sum(path.stat().st_size for path in args.out.glob("*.parquet"))
    print(f"{len(objects)} light curves, {size / 1e3:.0f} kB in {args.out}")


if __name__ == "__main__":
    main()
