"""The objects that a model is not judged by, since it refuses their light curves: which, and why.

    python -m training.refused --data DATA --model t2-ztf

Writes ``models/<name>/refused.parquet``, which the Evaluation page shows. Rows hold ids and sentences, never photometry.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from core.card import find_cards, load_card
from core.model import MODELS, Model, load_model
from core.pipeline import classify_many
from training.datasets import RealSet, load_real
from training.scored import as_served, sources_folder


def write_refused(name: str, real: RealSet) -> None:
    """``refused.parquet`` beside the evaluation files of a model that is judged on real objects."""
    card = load_card(MODELS / name)
    tables = [refused(load_model(f"{name}@{recipe}"), real) for recipe in card.recipe_names]
    table = pd.concat(tables, ignore_index=True)
    table.to_parquet(card.folder / "refused.parquet", compression="zstd", compression_level=19, index=False)


def refused(model: Model, real: RealSet) -> pd.DataFrame:
    """The objects to score that the model would not answer for: object_id, class, recipe, reason, message."""
    which = real.objects["use_for_scores"].to_numpy(bool)
    curves = as_served(real, model.recipe, which)
    there = [r for r, c in enumerate(curves) if c is not None]
    answers = classify_many([curve for r in there if (curve := curves[r])], model)
    rows = pd.DataFrame(
        {"reason": "too_few_points", "message": "Its photometry, made alert-like, leaves too few points."},
        index=np.flatnonzero(which),
    )
    for column, said in (("reason", "refusal"), ("message", "refusal_message")):
        rows.loc[there, column] = answers[said].to_numpy()
    rows = rows[rows["reason"].notna()]
    objects = real.objects.loc[rows.index, ["object_id", "class"]].astype(str)
    return pd.concat([objects, rows], axis=1).assign(recipe=model.recipe_name).reset_index(drop=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--model", choices=find_cards(MODELS), required=True)
    args = parser.parse_args()
    write_refused(args.model, load_real(args.data))


if __name__ == "__main__":
    main()
