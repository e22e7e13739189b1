"""Search the schedule and the sizes of t2-ztf with optuna: TPE, five folds by object, unpromising trials stopped early.

    python -m training.tune --data DATA --minutes 30

A trial trains one network per fold by `training.compiled_fit` and is worth the mean flat log-loss over all ages of the objects
left out; after each fold, a trial that is worse than the median of the others at that fold is stopped. The study is kept
in ``build/tune.log`` and goes on when it is started again; ``bench/tune.json`` has every trial. The folds are those that figures are
quoted on, so a gain of less than the spread of seeds is no gain, and what is shipped is not changed by this command.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from core.evaluate import scores
from training import compiled_fit, fit
from training.ablations import counted
from training.calibrate import FIVE_INDEX
from training.corpus import Corpus
from training.datasets import RealSet, load_real
from training.designs import DESIGNS
from training.identity import N_FOLDS
from training.scored import sources_folder
from training.shapes import tensors_by_age
from training.train import corpus_of, simulated_curves

OUT = Path(__file__).resolve().parent.parent / "bench/tune.json"
DESIGN = DESIGNS["t2-ztf"]
#: What is shipped, as the first trial.
SHIPPED = {"learning_rate": 0.015, "weight_decay": 0.01, "exponent": 0.4, "batch": 256, "d": 32, "heads": 4, "d_ff": 96}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--work", type=Path, default=Path("build/t2-ztf"), help="folder of simulation and corpora")
    parser.add_argument("--study", type=Path, default=Path("build/tune.log"))
    parser.add_argument("--steps", type=int, default=600, help="of each training; the shipped networks take 1800")
    parser.add_argument("--minutes", type=float, default=30.0, help="no new trial starts after so many")
    args = parser.parse_args()
    for folder in (args.work, args.study.parent):
        folder.mkdir(parents=True, exist_ok=True)
    real = load_real(args.data)
    pool = corpus_of(args.work, real, simulated_curves(args.data, args.work), DESIGN.recipe, seed=1)
    objects = tensors_by_age(DESIGN.recipe, real)
    study = optuna.create_study(
        study_name="t2-ztf",
        storage=JournalStorage(JournalFileBackend(str(args.study))),
        sampler=optuna.samplers.TPESampler(seed=1, n_startup_trials=8),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial(SHIPPED)
    study.optimize(lambda trial: loss_of(trial, pool, real, objects, args.steps), timeout=60 * args.minutes)
    OUT.write_text(json.dumps(table(study, args.steps), indent=1) + "\n")


def loss_of(trial: optuna.Trial, pool: Corpus, real: RealSet, objects: dict, steps: int) -> float:
    """Mean loss over the folds of what a trial suggests; raises TrialPruned when it won't be among the best."""
    schedule = fit.Schedule(
        steps=steps,
        batch=trial.suggest_categorical("batch", [128, 256, 512]),
        learning_rate=trial.suggest_float("learning_rate", 0.002, 0.04, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-3, 0.1, log=True),
        exponent=trial.suggest_float("exponent", 0.0, 1.0),
    )
    shape = replace(
        DESIGN.shape,
        d=trial.suggest_categorical("d", [16, 32, 48]),
        heads=trial.suggest_categorical("heads", [2, 4, 8]),
        d_ff=trial.suggest_categorical("d_ff", [32, 96, 192]),
    )
    coverage = DESIGN.recipe.coverage_channel
    covered = pool.values[:, :, coverage] > 0
    losses: list[float] = []
    for k in range(N_FOLDS):
        use = pool.fold != k
        sample = fit.Sample(pool.values[use], pool.label[use], pool.weight[use], counted(pool, use, real, k))
        model = compiled_fit.train(sample, covered[use], shape, schedule, seed=k + 1)
        truths, answers = [], []
        for values, truth, fold, _ in objects.values():
            mine = values[fold == k]
            logits = compiled_fit.logits_of(model, mine, mine[:, :, coverage] > 0, shape)
            answers.append(scores.renormalised(compiled_fit.softmax(logits), FIVE_INDEX))
            truths.append(truth[fold == k])
        losses.append(scores.flat_log_loss(np.concatenate(truths), np.concatenate(answers)))
        trial.report(float(np.mean(losses)), k)
        if trial.should_prune():
            raise optuna.TrialPruned
    return float(np.mean(losses))


def table(study: optuna.Study, steps: int) -> dict[str, Any]:
    """Every trial with what it tried, how far it came and its loss, the best one named."""
    done = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    return {
        "command": "python -m training.tune --data DATA",
        "date": time.strftime("%Y-%m-%d"),
        "steps": steps,
        "sampler": "TPE",
        "pruner": "median",
        "folds": N_FOLDS,
        "best": min(done, key=lambda t: t.value).number if done else None,
        "trials": [
            {
                "number": t.number,
                "state": t.state.name.lower(),
                "folds": len(t.intermediate_values),
                "log_loss_flat": round(list(t.intermediate_values.values())[-1], 4) if t.intermediate_values else None,
                **{k: round(v, 5) if isinstance(v, float) else v for k, v in t.params.items()},
            }
            for t in study.trials
        ],
    }


if __name__ == "__main__":
    main()
