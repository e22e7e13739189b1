"""Answers of fold models to objects they have not seen, at several ages: what calibration and figures are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.lightcurve import LightCurve
from core.model import Model
from core.refusal import Refusal
from core.taxonomy import CLASS_NAMES
from training.calibrate import Answers
from training.curves import CurveSet
from training.scored import ScoredSet, first_days

#: Days since the first detection at which every object is looked at; infinite is all there is.
AGES = (5.0, 10.0, 20.0, 40.0, float("inf"))
#: Classes for which no real light curve exists here: simulated ones stand in, and every figure says so.
SIMULATED_ONLY = ("KN", "M-dwarf", "uLens")


def raw_answers(models: Sequence[Model], scored: ScoredSet, ages: Sequence[float] = AGES) -> pd.DataFrame:
    """One row per object and age that can be scored: row (of ``scored``), age, fold, label, n_points, logit_0 …"""
    label = labels_of_table(scored.objects)
    fold = scored.objects["fold"].to_numpy(int)
    frames = []
    for age in ages:
        recipe = models[0].recipe
        curves = scored.curves if np.isinf(age) else [first_days(c, recipe, age) for c in scored.curves]
        for k, model in enumerate(models):
            rows = np.flatnonzero(fold == k)
            logits, n_points, kept = logits_of(model, [curves[r] for r in rows])
            rows = rows[kept]
            frame = pd.DataFrame({"row": rows, "age": age, "fold": k, "label": label[rows], "n_points": n_points})
            columns = pd.DataFrame(logits, columns=[f"logit_{c}" for c in range(logits.shape[1])])
            frames.append(pd.concat([frame, columns], axis=1))
    return pd.concat(frames, ignore_index=True)


def logits_of(model: Model, curves: Sequence[LightCurve]) -> tuple[NDArray, NDArray, NDArray]:
    """Logits (K, C), points (K,) and indices (K,) of the curves that the model does not refuse."""
    chosen = [model.recipe.select(curve) for curve in curves]
    kept = [i for i, s in enumerate(chosen) if not isinstance(s, Refusal)]
    if not kept:
        return np.empty((0, len(model.classes)), np.float32), np.empty(0), np.empty(0, int)
    logits, n_points = [], []
    for start in range(0, len(kept), 512):
        part = [chosen[i].curve for i in kept[start : start + 512]]
        logits.append(model.infer(model.recipe.apply(part)).logits)
        n_points += [len(curve) for curve in part]
    return np.concatenate(logits), np.array(n_points, float), np.array(kept)


def as_answers(table: pd.DataFrame) -> Answers:
    """The table as calibration takes it: each object counts once, shared among its ages."""
    logits = table[[c for c in table if str(c).startswith("logit_")]].to_numpy(float)
    per_object = table.groupby("row")["age"].transform("size").to_numpy(float)
    return Answers(logits, table["label"].to_numpy(), table["n_points"].to_numpy(float), 1.0 / per_object)


def with_simulated(scored: ScoredSet, simulated: CurveSet | None, *, per_class: int = 150) -> ScoredSet:
    """The scored objects and, of classes that have no real one, some simulated, each with the fold that left it out."""
    if simulated is None:
        return scored
    rows = []
    for name in SIMULATED_ONLY:
        rows += np.flatnonzero((simulated.objects["class"] == name).to_numpy())[:per_class].tolist()
    objects = simulated.objects.iloc[rows].assign(fold=[r % 5 for r in rows], origin="simulation")
    curves = scored.curves + [simulated.light_curve(r) for r in rows]
    return ScoredSet(curves, pd.concat([scored.objects, objects], ignore_index=True))


def labels_of_table(objects: pd.DataFrame) -> NDArray[np.int64]:
    """(n,) class indices of a table of objects."""
    return objects["class"].map(CLASS_NAMES.index).to_numpy(np.int64)
