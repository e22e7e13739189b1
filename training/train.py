"""Train a ZTF model: five fold models and one on everything, calibrated, exported and described by a card.

    python -m training.train --data DATA --model t2-ztf

Every finished network is kept in the work folder, so an interrupted run goes on where it stopped. The figures in the
card come from `python -m training.validate`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.card import load_card
from core.model import MODELS, Model
from core.recipe import Recipe
from core.taxonomy import CLASS_NAMES, FIVE
from training import corpus, fit, losses
from training.calibrate import fit as fit_calibration
from training.calibrate import survey_prior
from training.card_ztf import write_card
from training.corpus import Corpus
from training.curves import CurveSet, read_parquet
from training.datasets import load_real
from training.designs import DESIGNS, Design
from training.export import export
from training.identity import N_FOLDS
from training.out_of_fold import as_answers, raw_answers, with_simulated
from training.redshift import preparer
from training.scored import scored_set, sources_folder

#: Classes with few or no real light curves, which simulation fills up. The five main classes are real alone.
SIMULATED = ("SNIa-91bg", "SNIax", "AGN", "KN", "M-dwarf", "RRL", "EB", "Mira", "uLens", "other")
PER_CLASS = 1000
#: The fewest objects that a class counts as in the sampling law n^0.4.
FEWEST = 40
#: The other ten classes are drawn as if they had a tenth of their objects, or they take half of the training from the
#: five that are quoted; the loss corrects for it.
OTHERS = 0.1


#: The networks of one run.
PARTS = (*(f"fold-{k}" for k in range(N_FOLDS)), "final")


@dataclass(frozen=True)
class Plan:
    """What one run trains: its schedule, the seed of data and weights, and how many networks teach the one that is kept."""

    schedule: fit.Schedule
    seed: int
    teachers: int


def simulated_curves(data: Path, work: Path) -> CurveSet:
    """Simulated light curves, made once per work folder."""
    path = work / "simulated.parquet"
    if not path.exists():
        command = [
            sys.executable,
            "-m",
            "training.simulate",
            "--data",
            str(data),
            "--out",
            str(path.with_suffix(".part")),
        ]
        subprocess.run([*command, "--per-class", str(PER_CLASS), "--classes", *SIMULATED], check=True)
        path.with_suffix(".part").rename(path)
    return read_parquet(path)


def objects_per_class(real: CurveSet, has: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(C,) the n of the sampling law: real objects, and at least `FEWEST` where a class can be trained at all."""
    counts = real.objects["class"].value_counts().reindex(CLASS_NAMES).fillna(0).to_numpy(float)
    scale = np.array([1.0 if name in FIVE else OTHERS for name in CLASS_NAMES])
    return np.where(has, np.maximum(counts, FEWEST) * scale, 0.0)


def train_network(
    design: Design, plan: Plan, data: Corpus, objects: NDArray, use: NDArray, seed: int, kept: Path
) -> bytes:
    """One network on the versions where ``use`` says so, as a TFLite file.

    kept : its teachers' weights go beside this path, so that an interrupted run does not train them again.
    """
    sample = fit.Sample(data.values[use], data.label[use], data.weight[use], objects)
    shape, recipe = design.shape, design.recipe
    prepare = preparer(data.redshift[use], data.peak_flux[use], recipe.feature_scaling) if recipe.features else None
    train = partial(fit.train, sample, shape, plan.schedule, prepare=prepare, network=design.build)
    teachers = []
    for k in range(plan.teachers):
        path = kept.with_suffix(f".teacher-{k}.weights.h5")
        print(f" teacher {k + 1} of {plan.teachers}", flush=True)
        if path.exists():
            teachers.append(design.build(shape, 0))
            teachers[-1].load_weights(path)
        else:
            teachers.append(train(seed=seed + 1000 * (k + 1), keep_losses=losses.keeper(path.with_suffix(""))))
            teachers[-1].save_weights(path)
    return export(train(seed=seed, teachers=teachers, keep_losses=losses.keeper(kept)), shape)


def train_all(
    design: Design, plan: Plan, data: Path, work: Path, parts: Sequence[str] = PARTS
) -> tuple[CurveSet, CurveSet]:
    """Fold models and the final one, as files in ``work``; what is already there, by the same plan, stays."""
    work.mkdir(parents=True, exist_ok=True)
    real, simulated = load_real(data), simulated_curves(data, work)
    what = {
        "plan": asdict(plan),
        "network": design.network,
        "shape": asdict(design.shape),
        "recipe": str(design.recipe),
    }
    stamp = json.dumps(what, sort_keys=True)
    pending = [name for name in parts if not _is_done(work, name, stamp)]
    if not pending:
        return real, simulated
    pool = corpus_of(work, real, simulated, design.recipe, plan.seed)
    key = hashlib.sha256(stamp.encode()).hexdigest()[:8]
    for name in pending:
        fold = PARTS.index(name) if name != "final" else -1
        use = pool.fold != fold
        has = np.bincount(pool.label[use], minlength=len(CLASS_NAMES)) > 0
        objects = objects_per_class(real.take((real.objects["fold"] != fold).to_numpy()), has)
        print(f"{name}: {use.sum():,} versions", flush=True)
        content = train_network(design, plan, pool, objects, use, plan.seed * 10 + fold + 1, work / f"{name}-{key}")
        (work / f"{name}.tflite").write_bytes(content)
        (work / f"{name}.json").write_text(stamp)
        losses.draw(work, work / "losses.svg")
    return real, simulated


def corpus_of(work: Path, real: CurveSet, simulated: CurveSet, recipe: Recipe, seed: int) -> Corpus:
    """The corpus, from the work folder when one of the same recipe and seed stands there."""
    key = hashlib.sha256(f"{recipe} {seed} {len(real.mjd)} {len(simulated.mjd)}".encode()).hexdigest()[:12]
    path = work / f"corpus-{key}.npz"
    if not path.exists():
        clock = time.perf_counter()
        corpus.save(corpus.build(real, simulated, recipe, np.random.default_rng(seed)), path)
        print(f"augmented in {time.perf_counter() - clock:.0f} s", flush=True)
    return corpus.load(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", required=True, type=sources_folder, help="folder with the sources of training/README.md"
    )
    parser.add_argument("--model", choices=DESIGNS, default="t2-ztf")
    parser.add_argument("--out", type=Path, help="model folder to write (default: models/ and its name)")
    parser.add_argument("--work", type=Path, help="folder of finished parts (default: build/ and its name)")
    parser.add_argument("--steps", type=int, help="default: the design's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teachers", type=int, help="default: the design's; 0: the network learns from labels alone")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, help="train only these and write no model (run in parallel)"
    )
    args = parser.parse_args()
    fit.one_thread()
    design, work = DESIGNS[args.model], args.work or Path("build") / args.model
    teachers = design.teachers if args.teachers is None else args.teachers
    plan = Plan(fit.Schedule(steps=args.steps or design.steps), args.seed, teachers)
    real, simulated = train_all(design, plan, args.data, work, args.parts or PARTS)
    if not args.parts:
        ship(design, plan, args.out or MODELS / args.model, work, real, simulated)


def ship(design: Design, plan: Plan, out: Path, work: Path, real: CurveSet, simulated: CurveSet) -> None:
    """Copy the files, fit the calibration on out-of-fold answers, and write the card."""
    (out / "folds").mkdir(parents=True, exist_ok=True)
    seen(real.objects).to_parquet(out / "seen.parquet", index=False)
    (out / "model.tflite").write_bytes((work / "final.tflite").read_bytes())
    for k in range(N_FOLDS):
        (out / f"folds/{k}.tflite").write_bytes((work / f"fold-{k}.tflite").read_bytes())
    write_card(out, design, asdict(plan), real, simulated, calibration=None)
    models = [Model(load_card(out), fold=k) for k in range(N_FOLDS)]
    scores = real.objects["use_for_scores"].to_numpy(bool)
    scored = with_simulated(scored_set(real, models[0].recipe, scores), simulated)
    if design.shape.features:  # calibrated to both: what is known of the redshift, and nothing
        scored = scored.and_without_redshift()
    table = raw_answers(models, scored)
    calibration = fit_calibration(as_answers(table), survey_prior())
    write_card(out, design, asdict(plan), real, simulated, calibration=calibration)
    print(f"{out}: temperature {calibration['temperature']} at {calibration['n_points']} points")


def seen(objects: pd.DataFrame) -> pd.DataFrame:
    """Every name that an object of training goes by, and its fold: who asks for one gets the model that has not seen it.

    objects : as `training.datasets.load_real` gives them, with object_id, ztf_id, iau_name and fold.
    """
    trained = objects[objects["use_for_training"].astype(bool)]
    names = trained.melt(id_vars="fold", value_vars=["object_id", "ztf_id", "iau_name"], value_name="name")
    names = names[names["name"].fillna("").astype(str) != ""]
    return names[["name", "fold"]].drop_duplicates().sort_values("name", ignore_index=True)


def _is_done(work: Path, name: str, stamp: str) -> bool:
    written = work / f"{name}.json"
    return (work / f"{name}.tflite").exists() and written.exists() and written.read_text() == stamp


if __name__ == "__main__":
    main()
