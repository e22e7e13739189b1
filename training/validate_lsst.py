"""Judge an LSST model: on simulated folds that it has not seen, and on sets that others simulated or observed.

    python -m training.validate_lsst --data DATA --model t2-lsst

Prints the figures, writes them into the model's card with reliability and rules, and writes ``evaluation.parquet``: a
sample of simulated objects, each scored by the fold model that did not train on it. The sets of others (MALLORN, and
samples of ELAsTiCC2, PLAsTiCC and Foundation) never join training or calibration.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.bands import band_index
from core.evaluate import scores
from core.evaluate.calibration import reliability
from core.model import MODELS, Model, load_model
from core.taxonomy import CLASS_NAMES, FIVE, VARIABLE
from training import card_file
from training.calibrate import FIVE_INDEX, survey_weights, thresholds
from training.card_lsst import limits
from training.evaluation import of_lsst as describe_and_add
from training.identity import N_FOLDS
from training.lsst import simulated_curves
from training.other_sets_lsst import other_sets
from training.scored import sources_folder
from training.trial_lsst import AGES, Judged, Trial, judge, trial_of

#: Simulated objects of each class that are judged, and of those the ones that the evaluation table keeps.
JUDGED, KEPT = 1000, 333
#: The share of transients that the rule for variables may cost.
TRANSIENT_LOSS = 0.02
FOURTEEN = [k for k, name in enumerate(CLASS_NAMES) if name != "other"]
VARIABLE_INDEX = [CLASS_NAMES.index(name) for name in VARIABLE]
#: Log-loss over fourteen classes alike as published on PLAsTiCC's test set (Allam & McEwen 2021; Allam et al. 2023).
PUBLISHED = {
    "t2_ugrizy_with_redshift": 0.507,
    "t2_ugrizy_without_redshift": 0.873,
    "t2_gr_without_redshift": 0.968,
    "compressed_ugrizy_with_redshift": 0.450,
    "compressed_gr_without_redshift": 0.836,
}
PUBLISHED_NOTE = (
    "The published figures are on PLAsTiCC's test set, these on this project's simulation: other templates, cadence, cuts "
    "and classes' shares, so the two can't be subtracted. PLAsTiCC gave Galactic objects the redshift 0, which tells "
    "stars from the rest at once; here most stars have none."
)


def simulated_scores(result: Judged) -> dict[str, Any]:
    """Scores of simulated objects, as many of each class: the answers under equal priors, and the calibration under the survey's."""
    truth, p = result.label, result.equal
    fourteen = truth != CLASS_NAMES.index("other")
    p14 = scores.renormalised(p[fourteen], FOURTEEN)
    truth14 = np.array([FOURTEEN.index(t) for t in truth[fourteen]])
    matrix = scores.confusion(truth, p.argmax(axis=1), len(CLASS_NAMES))
    recall, precision, f1 = scores.recall_precision_f1(matrix)
    of_class = np.eye(len(FOURTEEN), dtype=bool)[truth14]
    weight = survey_weights(truth, result.prior)
    return {
        "objects": len(truth),
        "log_loss_flat_14": _round(scores.flat_log_loss(truth14, p14)),
        "log_loss_flat": _round(scores.flat_log_loss(truth, p)),
        "auc_micro": _round(scores.auc(of_class.ravel(), p14.ravel())),
        "auc_macro": _round(np.mean([scores.auc(of_class[:, k], p14[:, k]) for k in range(len(FOURTEEN))])),
        "macro_f1_equal": _round(f1.mean()),
        "accuracy_equal": _round(np.trace(matrix) / matrix.sum()),
        "accuracy_survey": _round(np.average(result.survey.argmax(axis=1) == truth, weights=weight)),
        "ece_survey": _round(scores.calibration_error(truth, result.survey, weight)),
        "ece_equal": _round(scores.calibration_error(truth, p, np.ones(len(truth)))),
        "recall_equal": {c: _round(v) for c, v in zip(CLASS_NAMES, recall, strict=True)},
        "precision_equal": {c: _round(v) for c, v in zip(CLASS_NAMES, precision, strict=True)},
        "worst_pairs": worst_pairs(matrix),
    }


def worst_pairs(matrix: np.ndarray, most: int = 8) -> list[dict[str, Any]]:
    """What is called what most often, as shares of the true class."""
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(share, 0.0)
    order = np.argsort(-share, axis=None)[:most]
    return [
        {"class": CLASS_NAMES[i], "called": CLASS_NAMES[k], "share": _round(share[i, k])}
        for i, k in zip(*np.unravel_index(order, share.shape), strict=True)
    ]


def five_class(result: Judged) -> dict[str, Any]:
    """The five main classes among themselves, simulated, as many of each, under equal priors."""
    here = np.isin(result.label, FIVE_INDEX)
    truth = np.array([FIVE_INDEX.index(t) for t in result.label[here]])
    p = scores.renormalised(result.equal[here], FIVE_INDEX)
    matrix = scores.confusion(truth, p.argmax(axis=1), len(FIVE))
    recall, precision, f1 = scores.recall_precision_f1(matrix)
    rng = np.random.default_rng(0)
    return {
        "objects": {c: int(n) for c, n in zip(FIVE, np.bincount(truth, minlength=5), strict=True)},
        "macro_f1": _round(f1.mean()),
        "macro_f1_interval": scores.interval(lambda i: scores.macro_f1(truth[i], p[i]), len(truth), rng, draws=200),
        "accuracy": _round(np.trace(matrix) / matrix.sum()),
        "auc_snia": _round(scores.auc(truth == 0, p[:, 0])),
        "recall": {c: _round(v) for c, v in zip(FIVE, recall, strict=True)},
        "precision": {c: _round(v) for c, v in zip(FIVE, precision, strict=True)},
        "confusion": matrix.tolist(),
    }


def by_age(models: Sequence[Model], told: Trial) -> list[dict[str, Any]]:
    """Scores as the light curves stood a number of days after their first used point, without redshift and with."""
    rows = []
    for age in AGES[:-1]:
        row: dict[str, Any] = {"days": age}
        for name, trial in (("", told.with_redshift_where(False)), ("_with_redshift", told)):
            found = simulated_scores(judge(models, trial, age))
            row |= {
                f"{key}{name}": found[key] for key in ("objects", "log_loss_flat_14", "macro_f1_equal", "ece_survey")
            }
        rows.append(row)
    return rows


def rules(result: Judged) -> dict[str, Any]:
    """Thresholds, each with its reason: when to abstain, and when to call an object variable; from simulations."""
    transient, variable = np.isin(result.label, FIVE_INDEX), np.isin(result.label, VARIABLE_INDEX)
    group = result.survey[:, VARIABLE_INDEX].sum(axis=1)
    weight = survey_weights(result.label, result.prior)
    abstain, threshold = thresholds(result.survey, result.label, weight, group, loss=TRANSIENT_LOSS)
    return {
        "abstain_below": abstain,
        "variable_above": threshold,
        "abstain_reason": f"up to {abstain:g} the top class of simulated objects is wrong more often than right, bin by bin",
        "variable_reason": f"at {threshold:g}, {np.mean(group[transient] >= threshold):.1%} of simulated transients are lost "
        f"and {np.mean(group[variable] >= threshold):.0%} of simulated variable stars and AGN caught",
    }


def figures(models: Sequence[Model], final: Model, told: Trial, data: Path) -> tuple[dict[str, Any], Judged]:
    """All figures of a card, and the simulated objects that they were made from, without redshift."""
    gr = [band_index(letter, "lsst") for letter in "gr"]
    blind = told.with_redshift_where(False)
    trials = {
        "with_redshift": told,
        "without_redshift": blind,
        "gr_with_redshift": told.in_bands(gr),
        "gr_without_redshift": blind.in_bands(gr),
    }
    judged = {name: judge(models, trial) for name, trial in trials.items()}
    out = {
        "command": f"python -m training.validate_lsst --data DATA --model {final.name}",
        "sample": {
            "what": "Simulated light curves, every figure: each scored by the fold model that did not train on it. No "
            "Rubin light curve with a known class was there to judge by. The other sets are simulated by others (MALLORN, "
            "ELAsTiCC2, PLAsTiCC) or observed by another telescope (Foundation).",
            "objects": len(judged["without_redshift"].label),
            "share_scored": _round(len(judged["without_redshift"].label) / len(told.label)),
            "share_with_redshift": _round(np.isfinite(told.flat.numbers["redshift"]).mean()),
        },
        "simulated": {name: simulated_scores(one) for name, one in judged.items()},
        "simulated_five_class": {name: five_class(judged[name]) for name in ("without_redshift", "with_redshift")},
        "published_log_loss": {**PUBLISHED, "note": PUBLISHED_NOTE},
        "ages": by_age(models, told),
        "other_sets": other_sets(final, data),
    }
    return out, judged["without_redshift"]


def evaluation_table(result: Judged, names: np.ndarray, told: Trial) -> pd.DataFrame:
    """One row per kept simulated object: identity, truth, and out-of-fold probabilities under the survey prior, no redshift."""
    order = np.random.default_rng(3).permutation(len(result.label))
    rank = pd.Series(result.label[order]).groupby(result.label[order]).cumcount().to_numpy()
    kept = np.sort(order[rank < KEPT])
    row = result.row[kept]
    table = pd.DataFrame(
        {
            "object_id": names[row],
            "fold": told.fold[row].astype(np.int8),
            "class": [CLASS_NAMES[k] for k in result.label[kept]],
            "origin": "simulation",
            "n_points": result.n_points[kept].astype(np.int16),
        }
    )
    for k, name in enumerate(CLASS_NAMES):
        table[f"p_{name}"] = result.survey[kept, k].astype(np.float32)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--model", default="t2-lsst", help="name of a model folder with fold models")
    parser.add_argument(
        "--shared", type=Path, default=Path("build/lsst"), help="where the training kept its simulation"
    )
    args = parser.parse_args()
    folder = MODELS / args.model
    models = [load_model(args.model, fold=k) for k in range(N_FOLDS)]
    told, names = trial_of(simulated_curves(args.data, args.shared), per_class=JUDGED, seed=9)
    made, result = figures(models, load_model(args.model), told, args.data)
    card = card_file.read(folder) | {"figures": made, "rules": rules(result)}
    card["reliability"] = reliability(result.survey, result.label, survey_weights(result.label, result.prior))
    card["limits"] = limits(card)
    card_file.write(folder, card)
    evaluation_table(result, names, told).to_parquet(folder / "evaluation.parquet", compression="zstd", index=False)
    describe_and_add(args.model, args.data, args.shared / "simulated.parquet")
    print(json.dumps({**made, "rules": card["rules"]}, indent=1, ensure_ascii=False))


def _round(value: float) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    main()
