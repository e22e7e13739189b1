"""The yardstick: gradient-boosted trees on the same corpus, the same folds and the same objects as the network.

    python -m training.peer --data DATA --model t2-ztf

Eighty numbers read off the network's own input. Writes ``figures.peer`` into the model's card; ships no file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from core.evaluate import scores
from core.model import MODELS
from core.refusal import Refusal
from core.taxonomy import FIVE
from training import card_file, corpus
from training.calibrate import FIVE_INDEX
from training.datasets import load_real
from training.identity import N_FOLDS
from training.out_of_fold import labels_of_table
from training.recipe_ztf import recipe_ztf
from training.scored import scored_set, sources_folder
from training.train import corpus_of, simulated_curves

ROUNDS = 150
PARAMETERS: dict[str, Any] = {
    "objective": "multiclass", "num_class": len(FIVE) + 1, "num_leaves": 31, "learning_rate": 0.08,
    "min_data_in_leaf": 60, "feature_fraction": 0.4, "bagging_fraction": 0.6, "bagging_freq": 1, "lambda_l2": 3.0,
    "num_threads": 1, "max_bin": 127, "verbose": -1, "seed": 1, "deterministic": True,
}  # fmt: skip


def numbers(values: NDArray) -> NDArray[np.float32]:
    """(V, 80) of a (V, L, M) tensor: log-fluxes, colour and σ at every third row, coverage, widths, the constants."""
    values = values.astype(np.float32)
    thinned = values[:, 1::3][:, :, [2, 4, 5, 6]].reshape(len(values), -1)
    flux, coverage = values[:, :, :2], values[:, :, 10]
    whole = [values[:, 0, 11:13], coverage.sum(1, keepdims=True), coverage[:, :14].sum(1, keepdims=True)]
    return np.concatenate([thinned, *whole, flux.mean(1), (flux > 0.5).sum(1), flux.min(1)], axis=1)


def grouped(label: NDArray) -> NDArray[np.int64]:
    """Class indices as the trees learn them: the five main classes, and everything else."""
    index = np.full(max(int(label.max()) + 1, 15), len(FIVE))
    index[FIVE_INDEX] = np.arange(len(FIVE))
    return index[label]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    work = args.work or Path("build") / args.model
    recipe, real = recipe_ztf(), load_real(args.data)
    pool = corpus_of(work, real, simulated_curves(args.data, work), recipe, seed=1)
    scored = scored_set(real, recipe, real.objects["use_for_scores"].to_numpy(bool))
    chosen = [recipe.select(curve) for curve in scored.curves]
    values = numbers(recipe.apply([s.curve for s in chosen if not isinstance(s, Refusal)]).values)
    truth, fold = grouped(labels_of_table(scored.objects)), scored.objects["fold"].to_numpy()
    p = out_of_fold(numbers(pool.values), pool, values, fold)
    main_five = truth < len(FIVE)
    p5, truth = scores.renormalised(p[main_five], list(range(len(FIVE)))), truth[main_five]
    figures = {
        "what": "LightGBM on 80 numbers of the same tensors, same versions, folds and objects",
        "command": f"python -m training.peer --data DATA --model {args.model}",
        "macro_f1_equal": round(scores.macro_f1(truth, p5), 4),
        "macro_f1_sample": round(scores.macro_f1(truth, p5 * (np.bincount(truth) / len(truth))), 4),
        "auc_snia": round(scores.auc(truth == 0, p5[:, 0]), 4),
        "log_loss_flat": round(scores.flat_log_loss(truth, p5), 4),
    }
    card = card_file.read(MODELS / args.model)
    card["figures"]["peer"] = figures
    card_file.write(MODELS / args.model, card)
    print(json.dumps(figures, indent=1))


def out_of_fold(features: NDArray, pool: corpus.Corpus, values: NDArray, fold: NDArray) -> NDArray[np.float64]:
    """(n, 6) probabilities under equal priors, each object by the trees that did not see its fold."""
    label = grouped(pool.label)
    p = np.empty((len(values), len(FIVE) + 1))
    for k in range(N_FOLDS):
        use = pool.fold != k
        weight = pool.weight[use] / np.bincount(label[use], pool.weight[use])[label[use]]
        data = lightgbm.Dataset(features[use], label[use], weight=weight * use.sum() / PARAMETERS["num_class"])
        trees = lightgbm.train(PARAMETERS, data, ROUNDS)
        p[fold == k] = trees.predict(values[fold == k])
    return p


if __name__ == "__main__":
    main()
