"""What sizes are worth their time: loss on objects not seen against microseconds per light curve, shape by shape.

    python -m training.shapes --data DATA

Each shape of the table below is trained for a few hundred steps without two of the folds in turn and judged on the objects
left out (flat log-loss over the five main classes at all ages). In the end all are timed in turn on one core, which needs no
training. Writes ``bench/shapes.json``; what is trained already stays. `python -m bench.report` draws it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.compiled import compiled_network
from core.evaluate import scores
from core.model import _Session
from core.recipe import Recipe
from core.refusal import Refusal
from core.taxonomy import CLASS_NAMES
from training import fit, network
from training.calibrate import FIVE_INDEX
from training.corpus import Corpus
from training.datasets import RealSet, load_real
from training.designs import DESIGNS
from training.export import TENSORS, export
from training.network import Shape, parameter_count
from training.out_of_fold import AGES, labels_of_table
from training.recipe_ztf import RECIPE_ZTF
from training.scored import first_days, scored_set, sources_folder
from training.train import corpus_of, objects_per_class, simulated_curves

OUT = Path(__file__).resolve().parent.parent / "bench/shapes.json"
FOLDS = (0, 1)
STEPS = 700
#: name -> (changes of the shape, changes of the recipe). The first is the one that is shipped.
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "shipped": ({}, {}),
    "2 heads": ({"heads": 2}, {}),
    "8 heads": ({"heads": 8}, {}),
    "16 heads, as published": ({"heads": 16}, {}),
    "d 16": ({"d": 16, "d_ff": 48}, {}),
    "d 64": ({"d": 64, "d_ff": 192}, {}),
    "d_ff 32": ({"d_ff": 32}, {}),
    "kernel 1, as published": ({"kernel": 1}, {}),
    "2 blocks": ({"blocks": 2}, {}),
    "32 steps": ({}, {"length": 32, "step": 4.7}),
    "100 steps": ({}, {"length": 100, "step": 1.5}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--work", type=Path, default=Path("build/shapes"))
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    fit.one_thread()
    args.work.mkdir(parents=True, exist_ok=True)
    real, simulated = load_real(args.data), simulated_curves(args.data, args.work)
    done: dict[str, Any] = json.loads(OUT.read_text()) if OUT.exists() else {"shapes": {}}
    done |= {"command": "python -m training.shapes --data DATA", "steps": args.steps, "folds_left_out": list(FOLDS)}
    for name in SHAPES:
        if done["shapes"].get(name, {}).get("steps") == args.steps:
            continue
        recipe, shape = sizes(name)
        pool = corpus_of(args.work, real, simulated, recipe, seed=1)
        done["shapes"][name] = {"steps": args.steps, **judged(shape, recipe, pool, real, args.steps)}
        print(name, done["shapes"][name], flush=True)
        OUT.write_text(json.dumps(done, indent=1) + "\n")
    done["date"], done["load_before_timing"] = time.strftime("%Y-%m-%d"), round(os.getloadavg()[0], 1)
    for name, times in timed(list(done["shapes"]), real).items():
        done["shapes"][name] |= times
    OUT.write_text(json.dumps(done, indent=1) + "\n")


def sizes(name: str) -> tuple[Recipe, Shape]:
    """Recipe and shape of a row of the table."""
    of_shape, of_recipe = SHAPES[name]
    recipe = Recipe.from_card({**RECIPE_ZTF, **of_recipe})
    return recipe, replace(DESIGNS["t2-ztf"].shape, length=recipe.length, **of_shape)


def judged(shape: Shape, recipe: Recipe, pool: Corpus, real: RealSet, steps: int) -> dict[str, Any]:
    """Loss over all ages and scores on all points of the objects left out, parameters and bytes."""
    objects = tensors_by_age(recipe, real)
    losses: list[float] = []
    answers: list[tuple[NDArray, NDArray]] = []
    for k in FOLDS:
        use = pool.fold != k
        has = np.bincount(pool.label[use], minlength=len(CLASS_NAMES)) > 0
        counts = objects_per_class(real.take((real.objects["fold"] != k).to_numpy()), has)
        sample = fit.Sample(pool.values[use], pool.label[use], pool.weight[use], counts)
        model = fit.train(sample, shape, fit.Schedule(steps=steps), seed=k + 1, progress=lambda _: None)
        for age, (values, truth, fold, _) in objects.items():
            p = scores.renormalised(_softmax(fit.predict(model, values[fold == k])), FIVE_INDEX)
            losses.append(scores.flat_log_loss(truth[fold == k], p))
            if np.isinf(age):
                answers.append((truth[fold == k], p))
    truth, p = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    mix = np.bincount(truth, minlength=len(FIVE_INDEX)) / len(truth)
    return {
        "parameters": parameter_count(model),
        "bytes": len(export(model, shape)),
        "log_loss_flat": round(float(np.mean(losses)), 4),
        "macro_f1_sample": round(scores.macro_f1(truth, p * mix), 4),
        "auc_snia": round(scores.auc(truth == 0, p[:, 0]), 4),
        "objects": len(truth),
    }


def tensors_by_age(recipe: Recipe, real: RealSet) -> dict[float, tuple[NDArray, NDArray, NDArray, NDArray]]:
    """age -> tensors, positions among the five classes, folds and row numbers of the real objects that are scored."""
    scored = scored_set(real, recipe, real.objects["use_for_scores"].to_numpy(bool))
    label, fold = labels_of_table(scored.objects), scored.objects["fold"].to_numpy(int)
    out = {}
    for age in AGES:
        curves = scored.curves if np.isinf(age) else [first_days(curve, recipe, age) for curve in scored.curves]
        chosen = [recipe.select(curve) for curve in curves]
        rows = [i for i, c in enumerate(chosen) if not isinstance(c, Refusal) and label[i] in FIVE_INDEX]
        values = recipe.apply([chosen[i].curve for i in rows]).values
        out[age] = values, np.array([FIVE_INDEX.index(label[i]) for i in rows]), fold[rows], np.array(rows)
    return out


def timed(names: Sequence[str], real: RealSet, *, count: int = 512, rounds: int = 15) -> dict[str, dict[str, float]]:
    """Microseconds per light curve of each shape, the best of several rounds that take turns: the interpreter, and ours where
    it can run the shape. Weights don't matter, so none are trained. The light curves are real ones at all ages."""
    runs: dict[tuple[str, str], Callable[[], Any]] = {}
    rng = np.random.default_rng(0)
    for name in names:
        recipe, shape = sizes(name)
        ages = tensors_by_age(recipe, real)
        values = np.concatenate([of_age[0] for of_age in ages.values()])
        values = values[rng.choice(len(values), count, replace=False)]
        untrained = network.build(shape)
        untrained.set_weights([w + 0.01 * rng.standard_normal(w.shape) for w in untrained.get_weights()])
        session = _Session(export(untrained, shape), TENSORS, count)
        runs[name, "interpreter_us"] = partial(session.run, values)
        constants = session.named_constants()
        if "attention_scores" in constants and shape.coverage is not None:
            ours = compiled_network(constants, shape.heads, shape.coverage, shape.features)
            if ours is not None:
                runs[name, "compiled_us"] = partial(ours.logits, values)
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for key, run in runs.items():
            clock = time.process_time()
            run()
            best[key] = min(best[key], time.process_time() - clock)
    out: dict[str, dict[str, float]] = {name: {} for name in names}
    for (name, way), seconds in best.items():
        out[name][way] = round(seconds / count * 1e6, 2)
    return out


def _softmax(x: NDArray) -> NDArray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    main()
