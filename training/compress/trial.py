"""The light curves by which every variant is judged, as tensors made once: the network is all that differs.

Real objects, whole and as they stood some days after discovery, and simulated ones; each is put to the network of the fold
that has not seen it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.model import CHUNK, Model, _Session, with_features
from core.refusal import Refusal
from training.corpus_lsst import folds_of
from training.curves import CurveSet
from training.datasets import RealSet
from training.export import TENSORS
from training.identity import N_FOLDS
from training.out_of_fold import AGES, labels_of_table
from training.scored import ScoredSet, first_days, scored_set

#: Simulated objects of each class.
PER_CLASS = 150


@dataclass(frozen=True)
class Trial:
    """values : (V, L+R, M) float32. label, fold, n_points : (V,). age : (V,) days since the first detection, inf for all
    points. simulated : (V,) bool. object_id : (V,)."""

    values: NDArray[np.float32]
    label: NDArray[np.int64]
    fold: NDArray[np.int64]
    n_points: NDArray[np.int64]
    age: NDArray[np.float64]
    simulated: NDArray[np.bool_]
    object_id: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.label)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """(V,) what figures are made of: the real objects, or the simulated ones of a model that knows no others."""
        return np.ones(len(self), bool) if self.simulated.all() else ~self.simulated

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(V,) those with all their points: what headline figures are made of."""
        return self.judged & np.isinf(self.age)


def trial_of(model: Model, real: RealSet, simulated: CurveSet | None) -> Trial:
    """Tensors of all objects that the model's cards quote scores of, at every age, and of some simulated ones."""
    scored = scored_set(real, model.recipe, real.objects["use_for_scores"].to_numpy(bool))
    parts = [_part(model, scored, age, simulated=False) for age in AGES]
    if simulated is not None:
        parts.append(_part(model, _some(simulated), np.inf, simulated=True))
    return _joined(parts)


def simulated_trial(model: Model, curves: CurveSet, *, seed: int = 5) -> Trial:
    """Tensors of simulated objects alone, at every age; every other one is told its redshift."""
    rng = np.random.default_rng(seed)
    label = labels_of_table(curves.objects)
    drawn = [rng.permutation(np.flatnonzero(label == k))[:PER_CLASS] for k in np.unique(label)]
    rows = np.sort(np.concatenate(drawn))
    objects = curves.objects.iloc[rows].reset_index(drop=True)
    told = ScoredSet(
        [curves.light_curve(int(r)) for r in rows], objects.assign(fold=folds_of(objects["object_id"].to_numpy()))
    )
    blind = told.without_redshift()
    both = ScoredSet([(told, blind)[i % 2].curves[i] for i in range(len(rows))], told.objects)
    return _joined([_part(model, both, age, simulated=True) for age in AGES])


def kept(path: Path, make: object) -> Trial:
    """The trial that stands in ``path``, or a new one put there. make : called without arguments."""
    if not path.exists():
        trial = make()  # type: ignore[operator]
        np.savez(path, **{f.name: getattr(trial, f.name) for f in fields(Trial)})
    with np.load(path) as arrays:
        return Trial(**{name: arrays[name] for name in arrays.files})


def logits(files: Sequence[bytes], trial: Trial) -> NDArray[np.float32]:
    """(V, C) by the TFLite runtime, each row by the file of its fold. files : of the five folds."""
    out: NDArray[np.float32] | None = None
    for fold, content in enumerate(files):
        here = np.flatnonzero(trial.fold == fold)
        session = _Session(content, TENSORS, CHUNK)
        for start in range(0, len(here), CHUNK):
            rows = here[start : start + CHUNK]
            values = np.zeros((CHUNK, *trial.values.shape[1:]), np.float32)
            values[: len(rows)] = trial.values[rows]
            answer = session.run(values)[0][: len(rows)]
            out = np.empty((len(trial), answer.shape[1]), np.float32) if out is None else out
            out[rows] = answer
    if out is None:
        raise ValueError("no fold has a file")
    return out


def _some(simulated: CurveSet) -> ScoredSet:
    """Some simulated objects of every class, each with the fold whose network was trained without it."""
    chosen = []
    for name in sorted(set(simulated.objects["class"])):
        chosen += np.flatnonzero((simulated.objects["class"] == name).to_numpy())[:PER_CLASS].tolist()
    objects = simulated.objects.iloc[chosen].assign(fold=[r % N_FOLDS for r in chosen])
    return ScoredSet([simulated.light_curve(r) for r in chosen], objects.reset_index(drop=True))


def _part(model: Model, scored: ScoredSet, age: float, *, simulated: bool) -> Trial:
    recipe = model.recipe
    curves = scored.curves if np.isinf(age) else [first_days(curve, recipe, age) for curve in scored.curves]
    chosen = [recipe.select(curve) for curve in curves]
    rows = [i for i, found in enumerate(chosen) if not isinstance(found, Refusal)]
    values = []
    for start in range(0, len(rows), 512):
        tensor = recipe.apply([chosen[i].curve for i in rows[start : start + 512]])  # type: ignore[union-attr]
        values.append(with_features(tensor.values, tensor.features))
    objects: pd.DataFrame = scored.objects.iloc[rows]
    return Trial(
        np.concatenate(values),
        labels_of_table(objects),
        objects["fold"].to_numpy(np.int64),
        np.array([len(chosen[i].curve) for i in rows]),  # type: ignore[union-attr]
        np.full(len(rows), age),
        np.full(len(rows), simulated),
        objects["object_id"].to_numpy(str),
    )


def _joined(parts: Sequence[Trial]) -> Trial:
    arrays: Mapping[str, list[NDArray]] = {f.name: [getattr(p, f.name) for p in parts] for f in fields(Trial)}
    return Trial(**{name: np.concatenate(several) for name, several in arrays.items()})
