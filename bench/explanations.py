"""Which explanation tells the truth? Deletion and insertion curves of every map over real objects, in one table.

    python -m bench.explanations --data DATA [--objects 300] [--model t2-ztf]

Real light curves of the Bright Transient Survey (DATA/ztf_bts, alert photometry), each scored by the fold model that has
not seen it and explained for its likeliest class. Writes bench/explanations.json and the figures of docs/explanations.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.lightcurve import LightCurve
from core.model import load_model
from core.pipeline import Classification, classify
from core.removal import MEANINGS, METHODS, Comparison, compare_maps

PAGE = Path("docs/explanations.md")
#: Objects of one class at most, so that the table is not one of SN Ia alone.
PER_CLASS = 120
CHANCE = "chance"


def real_objects(data: Path, count: int, *, seed: int = 0) -> list[tuple[LightCurve, str]]:
    """Light curves with their known class, drawn once for all: ``count`` at most, `PER_CLASS` of one class."""
    from training.datasets import load_real

    real = load_real(data)
    objects = real.objects
    allowed = (objects["use_for_scores"] & (objects["origin"] == "alert") & (objects["source"] == "ztf_bts")).to_numpy()
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(allowed))
    chosen: list[int] = []
    counted: Counter[str] = Counter()
    for row in rows.tolist():
        name = str(objects["class"].iloc[row])
        if counted[name] < PER_CLASS and len(chosen) < count:
            counted[name] += 1
            chosen.append(row)
    return [(real.light_curve(row), str(objects["class"].iloc[row])) for row in chosen]


def compared(curves: Sequence[tuple[LightCurve, str]], model_name: str) -> list[dict[str, Any]]:
    """One entry an object: areas of every method, and how many points it has."""
    model, out = load_model(model_name), []
    for number, (curve, known) in enumerate(curves):
        result = classify(curve, model)
        if not isinstance(result, Classification):
            continue
        if result.model.fold is None:
            raise SystemExit(f"{curve.object_id} is in no fold: which model has not seen it is not known")
        clock = time.perf_counter()
        comparison = compare_maps(result, result.top_class)
        out.append(
            {
                "object_id": curve.object_id, "class": known, "told": result.top_class, "points": len(result.selection.curve),
                "seconds": time.perf_counter() - clock, "areas": areas(comparison),
            }
        )  # fmt: skip
        if number % 50 == 49:
            print(f"{number + 1} of {len(curves)}", flush=True)
    return out


def areas(comparison: Comparison) -> dict[str, tuple[float, float]]:
    """Method -> (deletion area, insertion area), random orders among them."""
    found = {each.method: each.curves for each in comparison.maps} | {CHANCE: comparison.chance}
    return {name: (curves.deletion_area, curves.insertion_area) for name, curves in found.items()}


def summary(rows: list[dict[str, Any]], *, draws: int = 2000) -> dict[str, dict[str, Any]]:
    """Method -> mean areas, mean gain over random orders with its bootstrap interval, and how often it is ahead."""
    methods = [*METHODS, CHANCE]
    table = np.array([[row["areas"][name] for name in methods] for row in rows])
    gain = table[:, :, 1] - table[:, :, 0]
    over = gain - gain[:, -1:]
    best = np.argmax(gain[:, :-1], axis=1)
    generator = np.random.default_rng(0)
    index = generator.integers(0, len(rows), (draws, len(rows)))
    out = {}
    for k, name in enumerate(methods):
        out[name] = {
            "deletion_area": _rounded(table[:, k, 0].mean()),
            "insertion_area": _rounded(table[:, k, 1].mean()),
            "gain_over_chance": _rounded(over[:, k].mean()),
            "interval": [_rounded(v) for v in np.percentile(over[:, k][index].mean(axis=1), [2.5, 97.5])],
            "better_than_chance": _rounded(np.mean(over[:, k] > 0)),
            "best_of_all": _rounded(np.mean(best == k)) if name != CHANCE else 0.0,
        }
    return out


def figures(result: dict[str, Any]) -> str:
    """The table as Markdown."""
    titles = {name: f"{title}: {MEANINGS[name]}" for name, title in METHODS.items()} | {CHANCE: "Random order"}
    lines = [
        f"`{result['command']}`: {result['objects']} real objects ({_counts(result['classes'])}), model {result['model']}, each scored by "
        f"the fold model that has not seen it; median {result['median_points']} points; {result['median_seconds']:.2f} s an object for all "
        "methods and their curves.",
        "",
        "| method | deletion area (low is true) | insertion area (high is true) | gain over random orders | better than random | best of all |",
        "|---|---|---|---|---|---|",
    ]
    ranked = sorted(result["methods"].items(), key=lambda item: -item[1]["gain_over_chance"])
    for name, entry in ranked:
        low, high = entry["interval"]
        ahead = "" if name == CHANCE else f"{_signed(entry['gain_over_chance'])} [{_signed(low)}, {_signed(high)}]"
        shares = (
            ("", "")
            if name == CHANCE
            else (f"{100 * entry['better_than_chance']:.0f} %", f"{100 * entry['best_of_all']:.0f} %")
        )
        lines.append(
            f"| {titles[name]} | {entry['deletion_area']:.3f} | {entry['insertion_area']:.3f} | {ahead} | {shares[0]} | {shares[1]} |"
        )
    return "\n".join([*lines, ""])


def _counts(classes: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in classes.items())


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _rounded(value: float | NDArray) -> float:
    return round(float(value), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--objects", type=int, default=300)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--out", type=Path, default=Path("bench/explanations.json"))
    args = parser.parse_args()
    rows = compared(real_objects(args.data, args.objects), args.model)
    result = {
        "command": f"python -m bench.explanations --data DATA --objects {args.objects}",
        "model": args.model,
        "objects": len(rows),
        "classes": dict(Counter(row["class"] for row in rows).most_common()),
        "median_points": int(np.median([row["points"] for row in rows])),
        "median_seconds": _rounded(np.median([row["seconds"] for row in rows])),
        "methods": summary(rows),
    }
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    from bench.report import with_figures

    PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), figures(result)), encoding="utf-8")
    print(figures(result))


if __name__ == "__main__":
    main()
