"""What each part of training and input is worth: networks trained without it, judged on real objects they have not seen.

    python -m training.ablations --data DATA

Every row is five networks, one per fold, without teachers, trained by `training.compiled_fit`; `whole` is the recipe that
t2-ztf learns by. Judged are the real objects of the five main classes: flat log-loss over all ages (equal priors), and
macro-F1 and AUC(SN Ia) on whole light curves under the mix of the sample. Differences are paired, object by object, with
95 % bootstrap intervals. Writes ``bench/ablations.json`` row by row; what stands there already by the same plan stays.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluate import scores
from core.recipe import Recipe, channel_count
from core.taxonomy import CLASS_NAMES, FIVE
from training import compiled_fit, corpus, fit
from training.augment import DEGRADE_ONLY
from training.calibrate import FIVE_INDEX
from training.corpus import Corpus
from training.curves import CurveSet, read_parquet
from training.datasets import RealSet, load_real
from training.designs import DESIGNS
from training.identity import N_FOLDS
from training.recipe_ztf import RECIPE_ZTF
from training.scored import sources_folder
from training.shapes import tensors_by_age
from training.train import corpus_of, objects_per_class, simulated_curves

OUT = Path(__file__).resolve().parent.parent / "bench/ablations.json"
STEPS = 700
SEEDS = (1, 2, 3, 4, 5)
#: Simulated light curves of each of the five main classes, for the row that sees no real one.
FIVE_SIMULATED = 500
_CHANNELS: tuple[str, ...] = tuple(RECIPE_ZTF["channels"])
_RECIPE = Recipe.from_card(RECIPE_ZTF)


class Row(NamedTuple):
    """One row of the table. pool : the corpus it learns from. without : a channel group that it is not shown."""

    title: str
    pool: str = "whole"
    without: str = ""
    seed: int = 1


ROWS: dict[str, Row] = {
    "whole": Row("the recipe of t2-ztf, without teachers"),
    **{f"seed-{k}": Row(f"the same, seed {k}", seed=k) for k in SEEDS[1:]},
    "no-simulation": Row("no simulated light curves", pool="real"),
    "no-real": Row("no real light curves: simulated ones of all classes", pool="simulated"),
    "no-augmentation": Row("no augmentation: each object as alerts would show it, not redrawn", pool="plain"),
    # Coverage is what the network pools over: without it there is no such network.
    **{f"no-{name}": Row(f"without the channel {name}", without=name) for name in _CHANNELS if name != "coverage"},
}


class Judged(NamedTuple):
    """Out-of-fold answers at all ages: which object (N,), whether it is whole (N,), truth (N,) among the five, p (N, 5)
    under equal priors."""

    row: NDArray[np.int64]
    whole: NDArray[np.bool_]
    truth: NDArray[np.int64]
    p: NDArray[np.float64]

    def figures(self, counts: NDArray | None = None) -> dict[str, float]:
        """The three figures. counts : (objects,) how often each counts, as a bootstrap draws them; once by default."""
        index = np.arange(len(self.row)) if counts is None else np.repeat(np.arange(len(self.row)), counts[self.row])
        truth, p = self.truth[index], self.p[index]
        whole = self.whole[index]
        mixed = p[whole] * np.bincount(truth[whole], minlength=len(FIVE_INDEX))
        mixed /= mixed.sum(axis=1, keepdims=True)
        return {
            "macro_f1_sample": scores.macro_f1(truth[whole], mixed),
            "log_loss_flat": scores.flat_log_loss(truth, p),
            "auc_snia": scores.auc(truth[whole] == 0, mixed[:, 0]),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--work", type=Path, default=Path("build/t2-ztf"), help="folder of simulation and corpora")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    real = load_real(args.data)
    table: dict[str, Any] = json.loads(OUT.read_text()) if OUT.exists() else {"rows": {}}
    table |= {"command": "python -m training.ablations --data DATA", "date": time.strftime("%Y-%m-%d")}
    objects = tensors_by_age(_RECIPE, real)
    baseline: Judged | None = None
    for name in args.rows:
        answers = args.work / f"ablation-{name}-{args.steps}.npz"
        if not answers.exists():
            clock = time.perf_counter()
            judged = out_of_fold(ROWS[name], pool_of(ROWS[name].pool, args.data, args.work, real), real, objects, args)
            np.savez(answers, **judged._asdict())
            print(f"{name}: {time.perf_counter() - clock:.0f} s", flush=True)
        judged = Judged(**np.load(answers))
        baseline = baseline or judged
        row = {
            "title": ROWS[name].title,
            "steps": args.steps,
            "objects": int(judged.whole.sum()),
            **rounded(judged),
            **against(judged, baseline),
        }
        print(name, row, flush=True)
        table["rows"][name] = row
        OUT.write_text(json.dumps(table, indent=1) + "\n")
    if seeds := [table["rows"][n] for n in ("whole", *(f"seed-{k}" for k in SEEDS[1:])) if n in table["rows"]]:
        table["seeds"] = {
            key: {"mean": round(float(np.mean(v)), 4), "deviation": round(float(np.std(v, ddof=1)), 4), "n": len(v)}
            for key in ("macro_f1_sample", "log_loss_flat", "auc_snia")
            if len(v := [row[key] for row in seeds]) > 1
        }
        OUT.write_text(json.dumps(table, indent=1) + "\n")


def pool_of(name: str, data: Path, work: Path, real: RealSet) -> Corpus:
    """What a row learns from: whole, real alone, simulated alone (all classes), or plain (not redrawn)."""
    simulated = simulated_curves(data, work)
    if name == "whole":
        return corpus_of(work, real, simulated, _RECIPE, seed=1)
    path = work / f"ablation-corpus-{name}.npz"
    if not path.exists():
        if name == "real":
            pool = corpus.build(real, None, _RECIPE, np.random.default_rng(1))
        elif name == "plain":
            pool = corpus.build(real, simulated, _RECIPE, np.random.default_rng(1), ranges=DEGRADE_ONLY)
        else:
            everything = joined(simulated, five_simulated(data, work))
            pool = corpus.build(real, everything, _RECIPE, np.random.default_rng(1))
            pool = of_rows(pool, pool.simulated)
        corpus.save(pool, path)
    return corpus.load(path)


def five_simulated(data: Path, work: Path) -> CurveSet:
    """Simulated light curves of the five main classes, selected as the Bright Transient Survey does."""
    path = work / "five.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        command = [
            sys.executable,
            "-m",
            "training.simulate",
            "--data",
            str(data),
            "--selection",
            "bts",
            "--out",
            str(part),
        ]
        subprocess.run([*command, "--per-class", str(FIVE_SIMULATED), "--seed", "5", "--classes", *FIVE], check=True)
        part.rename(path)
    return read_parquet(path)


def joined(one: CurveSet, other: CurveSet) -> CurveSet:
    """Two sets as one; which points were detected is known only where both say."""
    flat = {
        name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in ("mjd", "flux", "flux_err", "band")
    }
    if one.detected is not None and other.detected is not None:
        flat["detected"] = np.concatenate([one.detected, other.detected])
    offsets = np.concatenate([one.offsets, one.offsets[-1] + other.offsets[1:]])
    return CurveSet(objects=pd.concat([one.objects, other.objects], ignore_index=True), offsets=offsets, **flat)


def of_rows(pool: Corpus, keep: NDArray[np.bool_]) -> Corpus:
    """The versions where ``keep`` says so."""
    return Corpus(**{name: getattr(pool, name)[keep] for name in pool.__dataclass_fields__})


def shown(values: NDArray, without: str) -> NDArray:
    """(V, L, M') tensors without the columns of a channel group."""
    if not without:
        return values
    start = channel_count(_CHANNELS[: _CHANNELS.index(without)], len(_RECIPE.bands))
    width = channel_count((without,), len(_RECIPE.bands))
    return np.delete(values, np.s_[start : start + width], axis=2)


def out_of_fold(row: Row, pool: Corpus, real: RealSet, objects: dict, args: argparse.Namespace) -> Judged:
    """Train one network per fold and ask it for the objects it has not seen, at every age."""
    coverage = _RECIPE.coverage_channel
    # Which rows are observed is told apart from the values, whose columns move when one is left out.
    channels = shown(pool.values[:1], row.without).shape[2]
    shape = replace(DESIGNS["t2-ztf"].shape, channels=channels, coverage=None)
    values, covered = shown(pool.values, row.without), pool.values[:, :, coverage] > 0
    answers: list[Judged] = []
    for k in range(N_FOLDS):
        use = pool.fold != k
        sample = fit.Sample(values[use], pool.label[use], pool.weight[use], counted(pool, use, real, k))
        schedule = fit.Schedule(steps=args.steps)
        model = compiled_fit.train(sample, covered[use], shape, schedule, seed=row.seed * 10 + k + 1)
        for age, (tensors, truth, fold, rows) in objects.items():
            mine = tensors[fold == k]
            logits = compiled_fit.logits_of(model, shown(mine, row.without), mine[:, :, coverage] > 0, shape)
            p = scores.renormalised(compiled_fit.softmax(logits), FIVE_INDEX)
            answers.append(Judged(rows[fold == k], np.full(len(mine), np.isinf(age)), truth[fold == k], p))
    return Judged(*(np.concatenate(parts) for parts in zip(*answers, strict=True)))


def counted(pool: Corpus, use: NDArray[np.bool_], real: RealSet, fold: int) -> NDArray[np.float64]:
    """(C,) objects per class for the sampling law; a class of which nothing is left is not drawn."""
    has = np.bincount(pool.label[use], minlength=len(CLASS_NAMES)) > 0
    return objects_per_class(real.take((real.objects["fold"] != fold).to_numpy()), has)


def rounded(judged: Judged) -> dict[str, float]:
    """The three figures to four places."""
    return {name: round(value, 4) for name, value in judged.figures().items()}


def against(judged: Judged, baseline: Judged, *, draws: int = 300) -> dict[str, list[float]]:
    """95 % intervals of the paired differences to the baseline, objects drawn with replacement."""
    if judged is baseline:
        return {}
    rng = np.random.default_rng(0)
    objects = np.unique(baseline.row)
    drawn: dict[str, list[float]] = {}
    for _ in range(draws):
        counts = np.bincount(rng.choice(objects, len(objects)), minlength=objects.max() + 1)
        theirs = baseline.figures(counts)
        for name, value in judged.figures(counts).items():
            drawn.setdefault(f"{name}_difference", []).append(value - theirs[name])
    return {name: [round(float(x), 4) for x in np.percentile(v, [2.5, 97.5])] for name, v in drawn.items()}


if __name__ == "__main__":
    main()
