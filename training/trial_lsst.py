"""Simulated light curves as tests: by the fold model that has not seen them, at every age, with and without redshift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.flat import FlatCurves
from core.flat_selection import select_flat
from core.model import Model
from core.pipeline import score_flat
from training.corpus import labels_of
from training.corpus_lsst import first_used, folds_of
from training.curves import CurveSet

#: Days since the first point that the cuts keep, at which every object is looked at; infinite is all there is.
AGES = (5.0, 10.0, 20.0, 40.0, float("inf"))


@dataclass(frozen=True)
class Trial:
    """Light curves to be scored. label, fold : (n,); fold -1 asks the model that is trained on everything."""

    flat: FlatCurves
    label: NDArray[np.int64]
    fold: NDArray[np.int64]

    def with_redshift_where(self, told: NDArray[np.bool_] | bool) -> Trial:
        """The same objects, the others as if nobody knew their redshifts."""
        numbers = {name: np.where(told, values, np.nan) for name, values in self.flat.numbers.items()}
        return replace(self, flat=replace(self.flat, numbers=numbers))

    def in_bands(self, bands: Sequence[int]) -> Trial:
        """The same objects as if nothing else had been observed."""
        return replace(self, flat=_points(self.flat, np.isin(self.flat.band, bands)))

    def at(self, age: float, model: Model) -> Trial:
        """The same objects as they stood ``age`` days after their first used point."""
        if np.isinf(age):
            return self
        end = np.repeat(first_used(self.flat, model.recipe) + age, np.diff(self.flat.offsets))
        return replace(self, flat=_points(self.flat, self.flat.mjd <= end))


@dataclass(frozen=True)
class Found:
    """Answers to a trial. row : (V,) which objects were scored. logits : (V, C). n_points : (V,) that entered the fit."""

    row: NDArray[np.int64]
    logits: NDArray[np.float32]
    n_points: NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """Probabilities of scored objects. row : (V,) of the trial. survey, equal : (V, C) under the card's prior and equal ones.

    label : (V,). n_points : (V,) measurements used. prior : class -> weight, the card's.
    """

    row: NDArray[np.int64]
    survey: NDArray[np.float64]
    equal: NDArray[np.float64]
    label: NDArray[np.int64]
    n_points: NDArray[np.int64]
    prior: dict[str, float]


def trial_of(curves: CurveSet, *, per_class: int, seed: int) -> tuple[Trial, NDArray]:
    """Some objects of every class of a simulation, each with the fold that left it out, and their names."""
    rng = np.random.default_rng(seed)
    label = labels_of(curves)
    chosen = [rng.permutation(np.flatnonzero(label == k))[:per_class] for k in np.unique(label)]
    rows = np.sort(np.concatenate(chosen))
    some = curves.take(rows)
    names = some.objects["object_id"].to_numpy()
    return Trial(some.flat(), label[rows], folds_of(names)), names


def answers(models: Sequence[Model], trial: Trial, age: float = float("inf")) -> Found:
    """What the fold models (and ``models[-1]`` for fold -1) say of a trial, as it stood ``age`` days after discovery."""
    at_age = trial.at(age, models[0])
    rows, logits, n_points = [], [], []
    for fold in np.unique(trial.fold):
        here = np.flatnonzero(trial.fold == fold)
        model = models[int(fold)]
        chosen = select_flat(at_age.flat.take(here), model.recipe.band_indices, model.recipe.cuts)
        for start in range(0, len(chosen.kept), 512):
            logits.append(model.logits(model.recipe.apply_flat(chosen.kept.slice(start, start + 512))))
        rows.append(here[chosen.verdict == 0])
        n_points.append(chosen.n_fitted[chosen.verdict == 0])
    return Found(np.concatenate(rows), np.concatenate(logits), np.concatenate(n_points))


def judge(models: Sequence[Model], trial: Trial, age: float = float("inf")) -> Judged:
    """As `answers`, through `core.pipeline`: calibrated probabilities of all objects that are not refused."""
    at_age = trial.at(age, models[0])
    survey = np.full((len(trial.label), len(models[0].classes)), np.nan)
    n_points = np.zeros(len(trial.label), np.int64)
    for fold in np.unique(trial.fold):
        here = np.flatnonzero(trial.fold == fold)
        found = score_flat(at_age.flat.take(here), models[int(fold)])
        survey[here], n_points[here] = found.probabilities, found.chosen.n_used
    row = np.flatnonzero(np.isfinite(survey[:, 0]))
    weights = np.array([models[0].card.data["prior"]["weights"][name] for name in models[0].classes])
    equal = survey[row] / weights
    equal /= equal.sum(axis=1, keepdims=True)
    return Judged(row, survey[row], equal, trial.label[row], n_points[row], models[0].card.data["prior"]["weights"])


def _points(flat: FlatCurves, keep: NDArray[np.bool_]) -> FlatCurves:
    owner = np.repeat(np.arange(len(flat)), np.diff(flat.offsets))
    counts = np.bincount(owner[keep], minlength=len(flat))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    points = (flat.mjd[keep], flat.flux[keep], flat.flux_err[keep], flat.band[keep], flat.forced[keep])
    return FlatCurves(offsets, *points, flat.numbers)
