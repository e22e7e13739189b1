"""Train t2-lsst or atx-lsst on simulated light curves alone: five fold models and one on everything, calibrated, with a card.

    python -m training.lsst --data DATA --out models/t2-lsst
    python -m training.lsst --data DATA --out models/atx-lsst --network atx

The simulation, the corpus and every finished network are kept in the work folder, so an interrupted run goes on where it
stopped. The figures in the card come from `python -m training.validate_lsst`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core.card import load_card
from core.model import Model
from core.recipe import Recipe
from core.taxonomy import CLASS_NAMES
from training import atx, fit, losses
from training import network as t2
from training.calibrate import Answers
from training.calibrate import fit as fit_calibration
from training.card_lsst import STEPS, survey_prior, write_card
from training.corpus_lsst import VERSIONS, LsstCorpus, Telling, Variety, corpus_of, preparer
from training.curves import CurveSet, read_parquet
from training.export import export
from training.identity import N_FOLDS
from training.network import Shape
from training.recipe_lsst import recipe_lsst
from training.scored import sources_folder
from training.trial_lsst import AGES, answers, trial_of

#: The simulation that a model learns from: size and seed make it the same on every machine, by the same revision of the code.
PER_CLASS, SIMULATION_SEED = 6700, 12
#: The networks of one run.
PARTS = (*(f"fold-{k}" for k in range(N_FOLDS)), "final")
NETWORKS = {"t2": t2.build, "atx": atx.build}
#: Objects of each class in the calibration.
CALIBRATED = 1000


@dataclass(frozen=True)
class Plan:
    """What one run trains: the network, its schedule, and the seed of data and weights."""

    schedule: fit.Schedule
    network: str = "t2"
    seed: int = 1


def simulated_curves(data: Path, work: Path) -> CurveSet:
    """The simulated light curves, made once per work folder (half an hour on one core)."""
    path = work / "simulated.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        command = [sys.executable, "-m", "training.simulate", "--data", str(data), "--survey", "lsst"]
        command += ["--per-class", str(PER_CLASS), "--seed", str(SIMULATION_SEED), "--out", str(part)]
        subprocess.run(command, check=True)
        part.rename(path)
    return read_parquet(path)


def shape_of(recipe: Recipe, network: str) -> Shape:
    """The sizes of a network for this recipe: below twenty thousand parameters, either kind."""
    shape = Shape(recipe.length, len(recipe.features), recipe.width, len(CLASS_NAMES), coverage=recipe.coverage_channel)
    return shape if network == "t2" else replace(shape, d=28, d_ff=64, kernel=3)


def sample_of(corpus: LsstCorpus, fold: int | None) -> fit.Sample:
    """What a network draws from: all folds but one, or all; every class is drawn as often."""
    weight = corpus.weight if fold is None else corpus.weight * (corpus.fold != fold)
    has = np.bincount(corpus.label, weight, len(CLASS_NAMES)) > 0
    return fit.Sample(corpus.values, corpus.label, weight, has.astype(float))


def train_network(corpus: LsstCorpus, shape: Shape, plan: Plan, recipe: Recipe, fold: int | None, kept: Path) -> bytes:
    """One network on all folds but one, or on all, as a TFLite file; every class is drawn as often.

    kept : its losses go beside this path.
    """
    model = fit.train(
        sample_of(corpus, fold),
        shape,
        plan.schedule,
        seed=plan.seed * 10 + (0 if fold is None else fold + 1),
        prepare=preparer(corpus, recipe.feature_scaling),
        network=NETWORKS[plan.network],
        keep_losses=losses.keeper(kept),
    )
    return export(model, shape)


def train_all(
    curves: CurveSet, shared: Path, work: Path, plan: Plan, recipe: Recipe, parts: Sequence[str] = PARTS
) -> Shape:
    """Fold models and the final one, as files in ``work``; what is already there, by the same plan, stays."""
    work.mkdir(parents=True, exist_ok=True)
    shape = shape_of(recipe, plan.network)
    learned = {"versions": VERSIONS, "variety": Variety(), "telling": Telling(), "points": len(curves.mjd)}
    stamp = json.dumps(
        {"plan": asdict(plan), "shape": asdict(shape), "recipe": str(recipe), "corpus": learned}, sort_keys=True
    )
    pending = [name for name in parts if not _is_done(work, name, stamp)]
    corpus = corpus_of(shared, curves, recipe, plan.seed) if pending else None
    for name in pending:
        assert corpus is not None
        print(name, flush=True)
        content = train_network(
            corpus, shape, plan, recipe, None if name == "final" else PARTS.index(name), work / name
        )
        (work / f"{name}.tflite").write_bytes(content)
        (work / f"{name}.json").write_text(stamp)
        losses.draw(work, work / "losses.svg")
    return shape


def ship(out: Path, work: Path, shape: Shape, plan: Plan, curves: CurveSet) -> None:
    """Copy the files, fit the calibration on out-of-fold answers with and without redshift, and write the card."""
    (out / "folds").mkdir(parents=True, exist_ok=True)
    (out / "model.tflite").write_bytes((work / "final.tflite").read_bytes())
    for k in range(N_FOLDS):
        (out / f"folds/{k}.tflite").write_bytes((work / f"fold-{k}.tflite").read_bytes())
    described = {"shape": asdict(shape), "plan": asdict(plan)}
    write_card(out, curves, calibration=None, **described)
    models = [Model(load_card(out), fold=k) for k in range(N_FOLDS)]
    calibration = fit_calibration(calibration_answers(models, curves), survey_prior())
    write_card(out, curves, calibration=calibration, **described)
    print(f"{out}: temperature {calibration['temperature']} at {calibration['n_points']} points")


def calibration_answers(models: Sequence[Model], curves: CurveSet) -> Answers:
    """Out-of-fold answers at every age, half with the redshift of the catalogue; each object counts once over all of them."""
    whole, _ = trial_of(curves, per_class=CALIBRATED, seed=5)
    blind = np.random.default_rng(5).random(len(whole.label)) < 0.5
    half = whole.with_redshift_where(~blind)
    found = [answers(models, half, age) for age in AGES]
    per_object = np.zeros(len(whole.label))
    for one in found:
        per_object[one.row] += 1
    return Answers(
        np.concatenate([one.logits for one in found]).astype(float),
        np.concatenate([whole.label[one.row] for one in found]),
        np.concatenate([one.n_points for one in found]).astype(float),
        np.concatenate([1.0 / per_object[one.row] for one in found]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", required=True, type=sources_folder, help="folder with templates/ (training/README.md)"
    )
    parser.add_argument("--out", required=True, type=Path, help="model folder to write")
    parser.add_argument("--network", choices=tuple(NETWORKS), default="t2")
    parser.add_argument(
        "--shared", type=Path, default=Path("build/lsst"), help="folder of the simulation and the corpus"
    )
    parser.add_argument("--work", type=Path, help="folder of finished parts (default: build/ and the model's name)")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="train only these and write no model")
    args = parser.parse_args()
    fit.one_thread()
    work = args.work or Path("build") / args.out.name
    args.shared.mkdir(parents=True, exist_ok=True)
    curves = simulated_curves(args.data, args.shared)
    plan = Plan(fit.Schedule(steps=args.steps), network=args.network, seed=args.seed)
    shape = train_all(curves, args.shared, work, plan, recipe_lsst(), args.parts or PARTS)
    if not args.parts:
        ship(args.out, work, shape, plan, curves)


def _is_done(work: Path, name: str, stamp: str) -> bool:
    written = work / f"{name}.json"
    return (work / f"{name}.tflite").exists() and written.exists() and written.read_text() == stamp


if __name__ == "__main__":
    main()
