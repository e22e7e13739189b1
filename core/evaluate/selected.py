"""What a threshold on one class's probability selects: purity, completeness, contamination, and from where it is contaminated."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.evaluate.judgement import Judgement


def selection(of: Judgement, name: str, at: float) -> dict[str, float]:
    """Counts and shares of the objects with p(name) of at least ``at``.

    Completeness, purity and contamination (1 − purity) are of this set; purity_prior is that in the prior's mix.
    """
    k = of.level.names.index(name)
    chosen, true = of.p[:, k] >= at, of.truth == k
    hits, n = int(np.sum(chosen & true)), int(chosen.sum())
    weight = of.weight[chosen].sum()
    return {
        "selected": n,
        "true": hits,
        "false": n - hits,
        "missed": int(true.sum()) - hits,
        "purity": hits / n if n else float("nan"),
        "completeness": hits / true.sum() if true.any() else float("nan"),
        "contamination": 1 - hits / n if n else float("nan"),
        "purity_prior": float(of.weight[chosen & true].sum() / weight) if n else float("nan"),
    }


def contaminants(of: Judgement, name: str, at: float) -> pd.DataFrame:
    """True classes of the selected objects, the commonest first: class, selected, share of its objects."""
    k = of.level.names.index(name)
    counts = np.bincount(of.truth[of.p[:, k] >= at], minlength=len(of.level.names))
    whole = of.matrix.sum(axis=1)
    order = [i for i in np.argsort(-counts, kind="stable") if counts[i]]
    return pd.DataFrame(
        {
            "class": [of.level.names[i] for i in order],
            "selected": counts[order],
            "share_of_class": counts[order] / whole[order],
        }
    )
