"""How well can trees tell real light curves from simulated ones? The closer to 0.5, the better the simulation.

    python -m training.simulate.control --data DATA --simulated build/sim-ztf.parquet

Both sets get the very same augmentation and cuts, so that what is left is the simulation's fault. Per class: the area
under the ROC curve of real against simulated over five folds by object, from all numbers of a curve and from cadence
and noise alone, with the numbers that gave it away.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from core.evaluate.scores import auc
from core.taxonomy import FIVE
from training.augment import Ranges, Versions, redraw, same_band_gaps
from training.curves import CurveSet, read_parquet
from training.datasets import RealSet, load_real
from training.recipe_ztf import recipe_ztf
from training.scored import sources_folder
from training.simulate.numbers import NOISE, NUMBERS, numbers_of

#: Versions of each real object, and folds by object.
VERSIONS, FOLDS = 3, 5
#: Nothing that blurs the difference: no truncation, no dimming, only the degradation that origin asks for.
GENTLE = Ranges(dim_share=0.0, keep_low=0.85, stretch_low=1.0, stretch_high=1.0, truncate_share=0.0, noise=0.0)
#: Real photometry that is not made of alerts is degraded to it, as in training; only ZTF's own counts as real here.
ORIGINS = ("alert", "survey-forced")
FORCED = ("SLSN-I", "TDE")
PARAMETERS: dict[str, Any] = {
    "objective": "binary", "num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 20, "feature_fraction": 0.5,
    "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 3.0, "num_threads": 1, "verbose": -1, "seed": 1,
    "deterministic": True,
}  # fmt: skip
ROUNDS = 120


@dataclass(frozen=True)
class Side:
    """Numbers of many curves. values : (V, len(NUMBERS)). owner : (V,) the object that each version was made from."""

    values: NDArray[np.float64]
    owner: NDArray[np.int64]


def versions_of(
    curves: CurveSet, gaps: NDArray[np.float64], rng: np.random.Generator, *, degraded: bool, ranges: Ranges = GENTLE
) -> Versions:
    """Versions of every curve, with the degradation that forced photometry gets or without."""
    forced = np.full(len(curves), degraded)
    rows = np.repeat(np.arange(len(curves)), VERSIONS)
    plain = np.zeros(len(curves), bool)
    return redraw(
        curves, rows, rng, cuts=recipe_ztf().cuts, gaps=gaps, from_survey=forced, signed_star=plain, ranges=ranges
    )


def side_of(curves: CurveSet, gaps: NDArray[np.float64], rng: np.random.Generator, *, degraded: bool) -> Side:
    """The numbers of versions of every curve."""
    versions = versions_of(curves, gaps, rng, degraded=degraded)
    return Side(numbers_of(versions), versions.rows)


def told_apart(real: Side, simulated: Side, columns: list[int], rng: np.random.Generator) -> tuple[float, list[str]]:
    """(AUC, the numbers that told most): trees trained on four fifths of the objects, asked about the rest."""
    simulated = _as_many(simulated, len(np.unique(real.owner)), rng)
    values = np.concatenate([real.values, simulated.values])[:, columns]
    truth = np.concatenate([np.ones(len(real.values)), np.zeros(len(simulated.values))])
    objects = np.concatenate([real.owner, simulated.owner + real.owner.max() + 1])
    fold = rng.integers(FOLDS, size=objects.max() + 1)[objects]
    score, gain = np.empty(len(truth)), np.zeros(len(columns))
    for k in range(FOLDS):
        use = fold != k
        trees = lightgbm.train(PARAMETERS, lightgbm.Dataset(values[use], truth[use]), ROUNDS)
        score[~use] = trees.predict(values[~use])
        gain += trees.feature_importance("gain")
    best = np.argsort(-gain)[:6]
    return auc(truth == 1, score), [f"{NUMBERS[columns[i]]} {gain[i] / gain.sum():.2f}" for i in best]


def _as_many(side: Side, objects: int, rng: np.random.Generator) -> Side:
    """At most twice as many objects as the other side has, so that neither floods the trees."""
    known = np.unique(side.owner)
    chosen = rng.permutation(known)[: 2 * objects]
    keep = np.isin(side.owner, chosen)
    return Side(side.values[keep], side.owner[keep])


def real_of(real: RealSet, name: str) -> CurveSet:
    """The real light curves of a class that the simulation has to look like."""
    objects = real.objects
    usable = objects["use_for_training"].to_numpy(bool) & objects["primary"].to_numpy(bool)
    source = (objects["source"] == "ztf_bts") if name in ("SNIa", "SNII", "SNIbc") else objects["origin"].isin(ORIGINS)
    return real.take(usable & ((objects["class"] == name) & source).to_numpy())


def control(real: RealSet, simulated: CurveSet, *, seed: int = 1) -> dict[str, dict[str, Any]]:
    """Per class of the five: how well real and simulated are told apart, and by what."""
    bts = (real.objects["source"] == "ztf_bts").to_numpy() & (real.objects["origin"] == "alert").to_numpy()
    gaps = same_band_gaps(real, bts)
    figures = {}
    noise = [NUMBERS.index(name) for name in NOISE]
    for name in FIVE:
        rng = np.random.default_rng(seed)
        one = real_of(real, name)
        other = simulated.take((simulated.objects["class"] == name).to_numpy())
        # Where real curves are mostly forced photometry made alert-like, both sides go through that door.
        a, b = (side_of(c, gaps, rng, degraded=name in FORCED) for c in (one, other))
        everything, by = told_apart(a, b, list(range(len(NUMBERS))), rng)
        cadence, noise_by = told_apart(a, b, noise, rng)
        figures[name] = {
            "real": len(np.unique(a.owner)), "simulated": len(np.unique(b.owner)),
            "auc": round(everything, 3), "told by": by, "auc_cadence_noise": round(cadence, 3), "noise by": noise_by,
        }  # fmt: skip
    return figures


def main() -> None:
    """Print the table; ``--out`` keeps it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--simulated", required=True, type=Path, help="what `training.simulate --selection bts` wrote")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    figures = control(load_real(args.data), read_parquet(args.simulated), seed=args.seed)
    for name, row in figures.items():
        print(f"{name:7s} {row['real']:5d} real {row['simulated']:5d} simulated: AUC {row['auc']:.3f}, cadence and noise "
              f"alone {row['auc_cadence_noise']:.3f}; by {', '.join(row['told by'])} | {', '.join(row['noise by'])}")  # fmt: skip
    if args.out:
        args.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
