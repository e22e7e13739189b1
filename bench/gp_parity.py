"""The compiled Gaussian process against george on real light curves, one by one.

    python -m bench.gp_parity --data DATA [--out bench/gp_parity.json]

DATA as in training/README.md; the light curves are those of the Bright Transient Survey, as t2-ztf selects them. Both
engines get identical inputs. Compared are the log marginal likelihood and, where the optimum is the same, the mean.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.gp.fit import fit_gp
from core.gp.george import fit_gp_george
from core.lightcurve import LightCurve
from core.model import load_model
from core.refusal import Refusal
from training.datasets import load_real
from training.scored import sources_folder

#: Hyper-parameters closer than this (relative) are the same optimum.
SAME = 2e-4


def curves_of(data: Path) -> list[LightCurve]:
    """Real light curves as they enter the Gaussian process."""
    real, recipe = load_real(data), load_model("t2-ztf").recipe
    index = np.flatnonzero((real.objects["source"] == "ztf_bts").to_numpy())
    chosen = (recipe.select(real.light_curve(i)) for i in index)
    return [selection.curve for selection in chosen if not isinstance(selection, Refusal)]


def compare(curves: list[LightCurve]) -> dict[str, Any]:
    """Likelihoods, means and times of both engines."""
    gain, distance, ours_s, george_s = [], [], [], []
    fit_gp(curves[0])
    for curve in curves:
        clock = time.perf_counter()
        ours = fit_gp(curve)
        ours_s.append(time.perf_counter() - clock)
        clock = time.perf_counter()
        oracle = fit_gp_george(curve)
        george_s.append(time.perf_counter() - clock)
        gain.append((ours.log_likelihood - oracle.log_likelihood) / max(1.0, abs(oracle.log_likelihood)))
        if abs(ours.time_scale / oracle.time_scale - 1) < SAME and abs(ours.amplitude / oracle.amplitude - 1) < SAME:
            t = np.linspace(curve.mjd[0], curve.mjd[-1], 50)
            apart = max(float(np.max(np.abs(ours.mean(t, b) - oracle.mean(t, b)))) for b in set(curve.band.tolist()))
            distance.append(apart / float(np.max(np.abs(curve.flux))))
    relative = np.array(gain)
    return {
        "light_curves": len(curves),
        "points_mean": round(float(np.mean([len(c) for c in curves])), 1),
        "worse_by_1e-6": int(np.sum(relative < -1e-6)),
        "better_by_1e-6": int(np.sum(relative > 1e-6)),
        "worst": float(f"{relative.min():.2e}"),
        "best": float(f"{relative.max():.2e}"),
        "same_optimum": len(distance),
        "mean_apart_max": float(f"{max(distance):.2e}"),
        "median_ms": {
            "compiled": round(1e3 * float(np.median(ours_s)), 3),
            "george": round(1e3 * float(np.median(george_s)), 3),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--out", type=Path, default=Path("bench/gp_parity.json"))
    args = parser.parse_args()
    result = {"command": "python -m bench.gp_parity --data DATA", **compare(curves_of(args.data))}
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
