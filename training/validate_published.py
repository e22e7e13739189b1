"""Judge the published t2 file on real ZTF light curves with spectroscopic classes, as trained and as served.

    python -m training.validate_published --data DATA

Alert detections of ztf_bts, all points, no cuts but both bands; five-class scores are restricted to SNIa, SNII, SNIbc,
SLSN-I and TDE and renormalised. Writes the figures into the card of ``t2-published-gr``.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
import pandas as pd

from core.evaluate import scores
from core.model import MODELS, load_model
from core.pipeline import classify_many
from core.taxonomy import FIVE
from training import card_file
from training.datasets import RealSet, load_real
from training.scored import sources_folder

NAME = "t2-published-gr"
CONVENTIONS = ("as-served", "as-trained")


def five_of_bts(real: RealSet) -> RealSet:
    """The alert light curves of the five main classes in ztf_bts that have g and r."""
    table = real.objects
    keep = (table["source"] == "ztf_bts") & (table["origin"] == "alert") & table["class"].isin(FIVE)
    keep &= (table["n_g"] > 0) & (table["n_r"] > 0)
    return real.take(keep.to_numpy())


def judge(curves: RealSet, convention: str) -> dict[str, Any]:
    """Scores of one convention: restricted to five classes, and as the file answers, over all its fourteen."""
    model = load_model(f"{NAME}@{convention}")
    table = classify_many((curves.light_curve(i) for i in range(len(curves))), model)
    scored = table["refusal"].isna().to_numpy()
    p = table.loc[scored, [f"p_{c}" for c in model.classes]].to_numpy(float)
    names = curves.objects["class"].to_numpy()[scored]
    columns = [model.classes.index(name) for name in FIVE]
    truth = np.array([FIVE.index(name) for name in names])
    p5 = scores.renormalised(p, columns)
    matrix = scores.confusion(truth, p5.argmax(axis=1), len(FIVE))
    recall, precision, _ = scores.recall_precision_f1(matrix)
    whole = scores.confusion(np.array(columns)[truth], p.argmax(axis=1), len(model.classes))
    top = pd.Series(np.array(model.classes)[p.argmax(axis=1)]).value_counts(normalize=True)
    rng = np.random.default_rng(0)
    return {
        "objects": {c: int(n) for c, n in zip(FIVE, np.bincount(truth, minlength=5), strict=True)},
        "macro_f1": _round(scores.macro_f1(truth, p5)),
        "macro_f1_interval": scores.interval(lambda i: scores.macro_f1(truth[i], p5[i]), len(truth), rng),
        "macro_f1_fourteen": _round(scores.recall_precision_f1(whole)[2][columns].mean()),
        "accuracy": _round(np.trace(matrix) / matrix.sum()),
        "auc_snia": _round(scores.auc(truth == 0, p5[:, 0])),
        "auc_snia_raw": _round(scores.auc(truth == 0, p[:, columns[0]])),
        "recall": {c: _round(v) for c, v in zip(FIVE, recall, strict=True)},
        "precision": {c: _round(v) for c, v in zip(FIVE, precision, strict=True)},
        "confusion": matrix.tolist(),
        "top_class_share": {str(c): _round(v) for c, v in top.items() if v >= 0.01},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    args = parser.parse_args()
    curves = five_of_bts(load_real(args.data))
    figures: dict[str, Any] = {
        "command": "python -m training.validate_published --data DATA",
        "sample": {
            "what": "Alert detections of the Bright Transient Survey set, all points, at least one in g and in r; "
            "none of these objects was used to train this file.",
            "objects": len(curves),
        },
        "conventions": {name: judge(curves, name) for name in CONVENTIONS},
    }
    folder = MODELS / NAME
    card_file.write(folder, card_file.read(folder) | {"figures": figures})
    print(json.dumps(figures, indent=1))


def _round(value: float) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    main()
