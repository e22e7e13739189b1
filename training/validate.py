"""Judge a model on real objects that its fold models have not seen, along the path that serves.

    python -m training.validate --data DATA --model t2-ztf

Prints the figures, writes them into the model's card with the calibration curve and the rules they justify, and writes
evaluation files (`training.evaluation`): one row per real object, scored by the fold model that did not train on it.
`training.embedding` adds novelty and similar objects.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluate import scores
from core.evaluate.calibration import reliability
from core.model import MODELS, Model, load_model
from core.photometry import flux_to_magnitude
from core.pipeline import classify, classify_many
from core.refusal import Refusal
from core.taxonomy import CLASS_NAMES
from training import card_file
from training.breakdowns import VARIABLE_INDEX, by_age, by_number, by_origin, of_supernovae, twins, variables
from training.calibrate import FIVE_INDEX, fit, survey_weights, thresholds, with_calibration
from training.curves import CurveSet
from training.datasets import RealSet, load_real
from training.embedding import add_embedding, sets_of
from training.evaluation import of_ztf as write_files
from training.identity import N_FOLDS
from training.judged import Scored, five_class, rounded, score
from training.limits import limits
from training.out_of_fold import as_answers, raw_answers, with_simulated
from training.scored import ScoredSet, has_both, scored_set, sources_folder
from training.train import simulated_curves

#: The share of real transients that the variable rule may cost.
TRANSIENT_LOSS = 0.02


def rules(result: Scored, prior: dict[str, float]) -> dict[str, Any]:
    """Thresholds, each with its reason: when to abstain, and when to call an object variable."""
    transient = np.isin(result.truth, FIVE_INDEX)
    group = result.survey[:, VARIABLE_INDEX].sum(axis=1)
    weight = survey_weights(result.truth, prior)
    abstain, threshold = thresholds(result.survey, result.truth, weight, group, loss=TRANSIENT_LOSS)
    return {
        "abstain_below": abstain,
        "variable_above": threshold,
        "abstain_reason": f"up to {abstain:g} the top class is wrong more often than right, bin by bin",
        "variable_reason": f"at {threshold:g}, {np.mean(group[transient] >= threshold):.1%} of real transients are lost and "
        f"{np.mean(group[np.isin(result.truth, VARIABLE_INDEX)] >= threshold):.0%} of real variable stars and AGN caught",
    }


def cross_fitted(models: Sequence[Model], scored: ScoredSet, prior: dict[str, float]) -> list[dict[str, Any]]:
    """Calibration error and macro-F1 by age when the calibration too is fitted on the other folds alone."""
    table = raw_answers(models, scored)
    weights = np.array([prior[name] for name in CLASS_NAMES])
    p = np.empty((len(table), len(CLASS_NAMES)))
    for fold in range(N_FOLDS):
        here = (table["fold"] == fold).to_numpy()
        answers = as_answers(table)
        model = with_calibration(models[fold], fit(answers.take(~here), prior))
        p[here] = model.calibrate(answers.logits[here], answers.n_points[here])
    rows = []
    for age, index in table.groupby("age").indices.items():
        label = table["label"].to_numpy()[index]
        error = scores.calibration_error(label, p[index], survey_weights(label, prior))
        main = np.isin(label, FIVE_INDEX)
        truth = np.array([FIVE_INDEX.index(t) for t in label[main]], dtype=np.int64)
        five = {
            f"macro_f1_{name}": rounded(scores.macro_f1(truth, scores.renormalised(q[main], FIVE_INDEX)))
            for name, q in (("survey", p[index]), ("equal", p[index] / weights))
        }
        rows.append({"days": None if np.isinf(age) else age, "ece_survey": rounded(error), **five})
    return rows


def figures(
    models: Sequence[Model], real: RealSet, simulated: CurveSet | None, command: str
) -> tuple[dict, Scored, dict]:
    """All figures of a card, the scored objects they were made from, and the rules."""
    recipe, prior = models[0].recipe, models[0].card.data["prior"]["weights"]
    scored = scored_set(real, recipe, real.objects["use_for_scores"].to_numpy(bool))
    result = score(models, scored)
    both = np.array([has_both(recipe.select(c).curve) for c in scored.curves])
    everything = with_simulated(scored, simulated)
    full = score(models, everything)
    alerts = (result.objects["origin"] == "alert").to_numpy()
    classical = alerts & result.objects["class"].isin(["SNIa", "SNII", "SNIbc"]).to_numpy()
    clean = ~result.objects["class_conflict"].to_numpy(bool)
    chosen = rules(result, prior)
    weight = survey_weights(full.truth, prior)
    matrix = scores.confusion(full.truth, full.survey.argmax(axis=1), len(CLASS_NAMES))
    out = {
        "command": command,
        "sample": {
            "what": "Real objects, alert photometry or ZTF forced photometry made alert-like once; each scored by the fold "
            "model that did not train on it, through core.pipeline. "
            + ("With the spectroscopic redshift where one is known." if recipe.features else "No redshift."),
            "objects": len(result.truth),
            "by_origin": {str(k): int(v) for k, v in result.objects["origin"].value_counts().items()},
        },
        "five_class": five_class(result),
        "ages": by_age(models, scored, prior),
        "two_points_per_band": five_class(result.take(both), draws=0),
        "alerts_only": five_class(result.take(alerts)),
        "alerts_snia_snii_snibc": of_supernovae(result.take(classical)),
        "macro_f1_without_conflicting_labels": five_class(result.take(clean), draws=0)["equal"]["macro_f1"],
        "by_origin": by_origin(result),
        "by_points": by_number(result, result.n_points, (3, 6, 10, 20, 40, np.inf), "points"),
        "by_peak_magnitude": by_number(result, peak_magnitudes(scored), (14, 17, 18, 18.5, 19, 19.5, 22), "magnitude"),
        "fifteen_class": {
            "note": "KN, M-dwarf and uLens are simulated here; all other classes are real.",
            "confusion_survey": matrix.tolist(),
            "recall_survey": {
                c: rounded(v) for c, v in zip(CLASS_NAMES, scores.recall_precision_f1(matrix)[0], strict=True)
            },
            "recall_equal": {
                c: rounded(v)
                for c, v in zip(
                    CLASS_NAMES,
                    scores.recall_precision_f1(scores.confusion(full.truth, full.equal.argmax(1), len(CLASS_NAMES)))[0],
                    strict=True,
                )
            },
        },
        "ece_survey": rounded(scores.calibration_error(full.truth, full.survey, weight)),
        "calibration_cross_fitted": cross_fitted(models, everything, prior),
        "variables": variables(result, chosen["variable_above"], chosen["abstain_below"]),
        "twins": twins(models, real),
        "held_out_called": held_out(models[0], real),
    }
    if recipe.features:
        blind = scored.without_redshift()
        out["without_redshift"] = five_class(score(models, blind))
        out["ages_without_redshift"] = by_age(models, blind, prior)
        out["feature_weights"] = feature_weights(models, scored)
    return out, full, chosen


def peak_magnitudes(scored: ScoredSet) -> NDArray[np.float64]:
    """(V,) AB magnitude of the brightest point."""
    return flux_to_magnitude(np.array([curve.flux.max() for curve in scored.curves]))


def feature_weights(models: Sequence[Model], scored: ScoredSet, *, most: int = 150) -> dict[str, Any]:
    """What the appended features weigh: mean share of the map [%] against a flat map's, and mean |logit units|."""
    known = np.flatnonzero([c.redshift is not None for c in scored.curves])
    rows = []
    for k, model in enumerate(models):
        here = known[scored.objects["fold"].to_numpy()[known] == k][:most]
        for row in here:
            answer = classify(scored.curves[row], model)
            if isinstance(answer, Refusal):
                continue
            top = int(answer.order[0])
            share, units = answer.explanation.feature_share(top), answer.explanation.feature_contribution(top)
            rows.append({f"share:{n}": v for n, v in share.items()} | {f"units:{n}": abs(v) for n, v in units.items()})
            flat = answer.explanation.flat_share
    mean = pd.DataFrame(rows).mean()
    names = models[0].recipe.features
    return {
        "objects": len(rows),
        "flat_share_percent": rounded(flat),
        "mean_share_percent": {n: rounded(mean[f"share:{n}"]) for n in names},
        "mean_absolute_logit": {n: rounded(mean[f"units:{n}"]) for n in names},
    }


def held_out(model: Model, real: RealSet) -> dict[str, dict[str, int]] | None:
    """What types of no class (SLSN-II, Ia-CSM, LBV …) are called, by a fold model: none of them was trained on."""
    if real.held_out is None or not len(real.held_out):
        return None
    curves = [real.held_out.light_curve(i) for i in range(len(real.held_out))]
    table = classify_many(curves, model).assign(type=real.held_out.objects["type"].to_numpy())
    table = table[table["refusal"].isna()]
    return {
        str(t): {str(k): int(v) for k, v in rows["top_class"].value_counts().items()}
        for t, rows in table.groupby("type")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--model", default="t2-ztf", help="name of a model folder with fold models")
    parser.add_argument("--work", type=Path, help="where the training kept its simulated light curves")
    args = parser.parse_args()
    folder = MODELS / args.model
    models = [load_model(args.model, fold=k) for k in range(N_FOLDS)]
    real = load_real(args.data)
    work = args.work or Path("build") / args.model
    work.mkdir(parents=True, exist_ok=True)
    command = f"python -m training.validate --data DATA --model {args.model}"
    made, result, chosen = figures(models, real, simulated_curves(args.data, work), command)
    card = card_file.read(folder)
    prior = card["prior"]["weights"]
    card["figures"] = {**made, **{k: v for k, v in card["figures"].items() if k == "peer"}}
    card["rules"] = chosen
    card["reliability"] = reliability(result.survey, result.truth, survey_weights(result.truth, prior))
    card["limits"] = limits(card)
    card_file.write(folder, card)
    trained, counted, oddities = sets_of(real, models[0].recipe)
    add_embedding(
        folder, trained, counted, oddities, work, f"python -m training.embedding --data DATA --model {args.model}"
    )
    write_files(args.model, args.data, real)
    print(json.dumps({**made, "reliability": card["reliability"], "rules": chosen}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
