"""Networks that were never shown some of the classes: what novelty is measured on besides a handful of real oddities.

    python -m training.left_out --data DATA --model t2-ztf

Each network is trained like a fold model, but for its teachers, without one fold and without the classes of one of `GROUPS`. Finished ones are
kept in the work folder beside the model's own; `python -m training.embedding` reads them there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from core.card import load_card
from core.model import MODELS
from core.taxonomy import CLASS_NAMES
from training import fit
from training.datasets import load_real
from training.designs import DESIGNS
from training.novelty_figures import GROUPS, LEFT_OUT_FOLD, is_of, left_out_file, stamp
from training.scored import sources_folder
from training.train import Plan, corpus_of, objects_per_class, simulated_curves, train_network


def train_left_out(data: Path, work: Path, name: str) -> None:
    """One network per group of classes, as files in ``work``; what is already there, by the same plan, stays."""
    card = load_card(MODELS / name)
    design = DESIGNS[name]
    plan = Plan(fit.Schedule(steps=design.steps), seed=1, teachers=0)
    pending = [group for group in GROUPS if not is_of(work, group, card)]
    if not pending:
        return
    work.mkdir(parents=True, exist_ok=True)
    real = load_real(data)
    pool = corpus_of(work, real, simulated_curves(data, work), design.recipe, plan.seed)
    seen = real.take((real.objects["fold"] != LEFT_OUT_FOLD).to_numpy())
    for group in pending:
        unseen = np.isin(pool.label, [CLASS_NAMES.index(c) for c in group])
        use = (pool.fold != LEFT_OUT_FOLD) & ~unseen
        has = np.bincount(pool.label[use], minlength=len(CLASS_NAMES)) > 0
        print(f"without {', '.join(group)}: {use.sum():,} versions", flush=True)
        objects = objects_per_class(seen, has)
        content = train_network(design, plan, pool, objects, use, plan.seed, left_out_file(work, group))
        left_out_file(work, group).write_bytes(content)
        left_out_file(work, group).with_suffix(".json").write_text(stamp(card))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--model", default="t2-ztf", help="name of a model folder")
    parser.add_argument("--work", type=Path, help="folder of finished parts (default: build/ and the model's name)")
    args = parser.parse_args()
    fit.one_thread()
    train_left_out(args.data, args.work or Path("build") / args.model, args.model)


if __name__ == "__main__":
    main()
