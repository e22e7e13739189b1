"""Does the map point at what matters? The deletion check over all embedded real light curves, in one table.

    python -m bench.deletion [--model t2-ztf] [--out bench/deletion.json]

Each light curve is scored by the fold model that has not seen it. For its likeliest class, a fifth of the used points is
removed: those that the map ranks highest, and twenty random draws of as many. A map that says nothing would cost the
probability as much as a random draw: half of the light curves would pass.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

from core.brokers.samples import SampleSource
from core.explain import DeletionCheck
from core.model import load_model
from core.pipeline import Classification, check_by_deletion, classify


def checks(model_name: str) -> list[DeletionCheck]:
    """The check of every real sample where at least two points can be removed."""
    source, model = SampleSource(), load_model(model_name)
    out = []
    for entry in source.catalogue().itertuples():
        result = None if entry.simulated else classify(source.fetch(entry.object_id), model)
        if isinstance(result, Classification):
            check = check_by_deletion(result, result.top_class)
            if check is not None and check.removed >= 2:
                out.append(check)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--out", type=Path, default=Path("bench/deletion.json"))
    args = parser.parse_args()
    found = checks(args.model)
    result = {
        "command": "python -m bench.deletion",
        "model": args.model,
        "light_curves": len(found),
        "probability": round(float(np.mean([c.before for c in found])), 3),
        "without_top": round(float(np.mean([c.without_top for c in found])), 3),
        "without_random": round(float(np.mean([c.random_mean for c in found])), 3),
        "above_median_draw": sum(c.passed for c in found),
        "verdicts": dict(Counter(c.verdict for c in found).most_common()),
    }
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
