"""Everything real that the models learn from and are judged by: read, de-duplicated, put into folds, licence known."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.taxonomy import CLASSES
from training import sources
from training.curves import CurveSet, from_table
from training.identity import folds, physical_ids

FOLDS_CSV = Path(__file__).with_name("folds.csv")
#: Which version of one physical object is judged by: the one a broker would have served.
_PREFERENCE = {"alert": 0, "survey-forced": 1, "data-release": 2, "other-telescope": 3}
#: Classes that only brighten.
EXPLOSIONS = (*(c.name for c in CLASSES if c.group in ("SN", "fast")), "TDE")
COLUMNS = (
    "key", "object_id", "source", "physical_id", "fold", "class", "type", "label_source", "origin", "primary",
    "use_for_training", "use_for_scores", "licence", "source_repo", "licence_ok_for_shipping_curves", "sign_known", "class_conflict",
    "candidate_label", "thinned", "merged", "negative", "redshift", "ra", "dec", "iau_name", "ztf_id", "n_g", "n_r",
)  # fmt: skip


@dataclass(frozen=True)
class RealSet(CurveSet):
    """Real light curves with a class, in g and r, as alerts show them.

    objects, besides what `CurveSet` asks for:
    physical_id, fold : the physical object and its fold (0 … 4); every version of an object shares them.
    origin : alert, survey-forced (ZTF, difference flux), data-release (ZTF, total flux) or other-telescope.
    primary : the version to score; the others are twins for the origin test. use_for_training : licence and reference image allow it.
    use_for_scores : a primary ZTF version with an allowed licence. licence : open, cited, nc or gpl (`sources.LICENCES`).
    sign_known : False where the source kept no sign of the difference (all its fluxes are positive).
    negative : share of points below the reference; explosions with more than 0.3 are not used (the reference image
    holds them). class_conflict : label lists disagree. merged : photometry of two lists (SN Ia only), cut at the common freeze.

    held_out : what belongs to no class (SLSN-II, Ia-CSM, LBV, LRN, ILRT …): tests of "unlike anything I know".
    """

    held_out: CurveSet | None = None


def load_real(data: str | Path, *, seed: int = 0, folds_csv: Path | None = FOLDS_CSV) -> RealSet:
    """All real light curves under a folder ``data`` (ztf_bts, tde, slsn, real_variables, ztf_crossmatched).

    seed : of the noise that makes SDSS stars look like ZTF alerts. folds_csv : folds decided before; None decides anew.
    """
    data = Path(data)
    rng = np.random.default_rng(seed)
    readers = {
        "ztf_bts": sources.read_bts,
        "tde": sources.read_tde,
        "slsn": sources.read_slsn,
        "real_variables": lambda folder: sources.read_variables(folder, rng),
        "ztf_crossmatched": sources.read_crossmatched,
    }
    tables = [read(data) for folder, read in readers.items() if (data / folder).is_dir()]
    if not tables:
        raise FileNotFoundError(f"no data in {data}: expected at least one of the folders {', '.join(readers)}")
    objects = _tidy(pd.concat([objects for objects, _ in tables], ignore_index=True))
    photometry = pd.concat([points for _, points in tables], ignore_index=True)

    objects["physical_id"] = physical_ids(objects)
    committed = pd.read_csv(folds_csv) if folds_csv is not None and folds_csv.exists() else None
    objects["fold"] = folds(objects, committed)
    everything = from_table(objects, photometry)
    everything = CurveSet(
        _with_counts(everything),
        everything.offsets,
        everything.mjd,
        everything.flux,
        everything.flux_err,
        everything.band,
    )
    labelled = (everything.objects["class"] != "").to_numpy()
    known = everything.take(labelled)
    return RealSet(
        known.objects,
        known.offsets,
        known.mjd,
        known.flux,
        known.flux_err,
        known.band,
        held_out=everything.take(~labelled),
    )


def _tidy(objects: pd.DataFrame) -> pd.DataFrame:
    """One type per column, whatever the folders had."""
    for name in ("sign_known", "class_conflict", "candidate_label", "thinned", "merged"):
        objects[name] = objects[name].astype("boolean").fillna(False).astype(bool)
    for name in ("iau_name", "ztf_id", "also_in", "type", "class"):
        objects[name] = objects[name].astype(object).where(objects[name].notna(), "").astype(str)
    for name in ("redshift", "ra", "dec"):
        objects[name] = objects[name].astype(float)
    objects["licence_ok_for_shipping_curves"] = objects["licence"] == "open"
    return objects


def _with_counts(curves: CurveSet) -> pd.DataFrame:
    """Counts per band, the version to score, and what each version may be used for."""
    objects = curves.objects.copy()
    objects["n_g"], objects["n_r"] = (
        np.bincount(curves.owner, curves.band == band, minlength=len(objects)).astype(int) for band in (0, 1)
    )
    objects["negative"] = np.bincount(curves.owner, curves.flux < 0, minlength=len(objects)) / curves.lengths
    # A supernova that is darker than its reference was bright when the reference was made, or is none.
    contaminated = objects["class"].isin(EXPLOSIONS) & (objects["negative"] > 0.3)
    objects["use_for_training"] = objects["licence"].isin(["open", "cited"]) & ~contaminated
    rank = objects["origin"].map(_PREFERENCE) + np.where(objects["use_for_training"], 0, 10)
    order = objects.assign(rank=rank, n=-(objects["n_g"] + objects["n_r"])).sort_values(["rank", "n", "key"])
    first = order.drop_duplicates("physical_id").index
    objects["primary"] = objects.index.isin(first)
    objects["use_for_scores"] = (
        objects["primary"] & objects["use_for_training"] & objects["origin"].isin(["alert", "survey-forced"])
    )
    several = objects[objects["class"] != ""].groupby("physical_id")["class"].nunique()
    objects["class_conflict"] |= objects["physical_id"].isin(several.index[several > 1])
    return objects[list(COLUMNS)]


def fold_table(real: RealSet) -> pd.DataFrame:
    """The committed table: which physical object, which fold, which class; no photometry."""
    parts = [real.objects] + ([real.held_out.objects] if real.held_out is not None else [])
    table = pd.concat(parts, ignore_index=True)[["object_id", "source", "physical_id", "fold", "class"]]
    return table.sort_values(["physical_id", "source", "object_id"]).reset_index(drop=True)


def main() -> None:
    """Write the table of folds (`python -m training.datasets --data DATA`): done once, and again when data is added."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", required=True, type=Path, help="folder with the real light curves")
    parser.add_argument("--out", default=FOLDS_CSV, type=Path)
    args = parser.parse_args()
    real = load_real(args.data, folds_csv=args.out if args.out.exists() else None)
    fold_table(real).to_csv(args.out, index=False)
    counts = real.objects[real.objects["primary"]].groupby(["class", "fold"]).size().unstack(fill_value=0)
    print(counts.to_string())


if __name__ == "__main__":
    main()
