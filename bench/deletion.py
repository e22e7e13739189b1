"""Does the map point at what matters? The deletion check over all embedded real light curves, in one table.

    python -m bench.deletion [--model t2-ztf]

Each light curve is scored by the fold model that has not seen it. For its likeliest class, a fifth of the used points is
removed: those that the map ranks highest, and twenty random draws of as many. A map that says nothing would cost the
probability as much as a random draw: half of the light curves would pass.
"""

from __future__ import annotations

import argparse

import numpy as np

from core.brokers.samples import SampleSource
from core.model import load_model
from core.pipeline import Classification, check_by_deletion, classify


def checks(model_name: str) -> list[tuple[float, float, float, bool]]:
    """(before, without the top, mean without random, passed) of every real sample that can be checked."""
    source, model = SampleSource(), load_model(model_name)
    rows = []
    for entry in source.catalogue().itertuples():
        if entry.simulated:
            continue
        result = classify(source.fetch(entry.object_id), model)
        if not isinstance(result, Classification):
            continue
        check = check_by_deletion(result, result.top_class)
        if check is not None and check.removed >= 2:
            rows.append((check.before, check.without_top, check.random_mean, check.passed))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="t2-ztf")
    args = parser.parse_args()
    rows = np.array(checks(args.model), dtype=float)
    before, top, random, passed = rows.T
    print(f"{args.model}: {len(rows)} real light curves, top class, a fifth of the points removed")
    print(f"  probability with all points      {before.mean():.3f}")
    print(f"  without the map's top points     {top.mean():.3f}")
    print(f"  without as many random points    {random.mean():.3f}")
    print(f"  top costs more than the median random draw: {int(passed.sum())} of {len(rows)} ({passed.mean():.0%})")


if __name__ == "__main__":
    main()
