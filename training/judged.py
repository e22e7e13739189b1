"""Real objects as the fold models judge them, and the scores of the five main classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluate import scores
from core.model import Model
from core.pipeline import classify_many
from core.taxonomy import CLASS_NAMES, FIVE
from training.calibrate import FIVE_INDEX
from training.out_of_fold import labels_of_table
from training.scored import ScoredSet, first_days


@dataclass(frozen=True)
class Scored:
    """Probabilities (V, C) under the survey's and under equal priors, truth (V,), points (V,), and the objects' table."""

    survey: NDArray[np.float64]
    equal: NDArray[np.float64]
    truth: NDArray[np.int64]
    n_points: NDArray[np.int64]
    objects: pd.DataFrame

    def take(self, keep: NDArray) -> Scored:
        """The objects where ``keep`` (bool) says so."""
        return Scored(self.survey[keep], self.equal[keep], self.truth[keep], self.n_points[keep], self.objects[keep])

    def five(self) -> Scored:
        """The objects of the five main classes."""
        return self.take(np.isin(self.truth, FIVE_INDEX))


def score(models: Sequence[Model], scored: ScoredSet, age: float = float("inf")) -> Scored:
    """Every object through `core.pipeline` with the model of its fold, as it stood ``age`` days after discovery."""
    curves = scored.curves if np.isinf(age) else [first_days(c, models[0].recipe, age) for c in scored.curves]
    fold = scored.objects["fold"].to_numpy(int)
    survey = np.full((len(curves), len(CLASS_NAMES)), np.nan)
    n_points = np.zeros(len(curves), np.int64)
    for k, model in enumerate(models):
        rows = np.flatnonzero(fold == k)
        table = classify_many([curves[r] for r in rows], model)
        survey[rows] = table[[f"p_{c}" for c in model.classes]].to_numpy(float)
        n_points[rows] = table["n_points"]
    kept = np.isfinite(survey[:, 0])
    weights = models[0].prior.weights
    equal = survey[kept] if weights is None else survey[kept] / weights
    equal = equal / equal.sum(axis=1, keepdims=True)
    truth = labels_of_table(scored.objects)
    return Scored(survey[kept], equal, truth[kept], n_points[kept], scored.objects[kept])


def priors_of(result: Scored, columns: list[int], truth: NDArray) -> dict[str, NDArray[np.float64]]:
    """Probabilities over some classes under the survey's prior, equal ones, and the mix of the scored sample.

    columns : indices of the classes. truth : (V,) positions in ``columns``.
    """
    mix = np.bincount(truth, minlength=len(columns)) / len(truth)
    equal = scores.renormalised(result.equal, columns)
    return {
        "survey": scores.renormalised(result.survey, columns),
        "equal": equal,
        "sample": scores.renormalised(equal * mix, list(range(len(columns)))),
    }


def intervals(
    truth: NDArray, answer: NDArray, rng: np.random.Generator, draws: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """95 % bootstrap intervals of recall and precision of the five classes."""
    drawn = []
    for _ in range(draws):
        i = rng.integers(0, len(truth), len(truth))
        drawn.append(scores.recall_precision_f1(scores.confusion(truth[i], answer[i], len(FIVE)))[:2])
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    recall, precision = (
        {c: [rounded(a), rounded(b)] for c, a, b in zip(FIVE, low[k], high[k], strict=True)} for k in (0, 1)
    )
    return recall, precision


def five_class(result: Scored, *, draws: int = 300) -> dict[str, Any]:
    """Scores over the five main classes: probabilities restricted to them, renormalised, the largest answers.

    Under three priors: the survey's, equal ones, and the mix of the sample itself, which holds more superluminous
    supernovae and tidal disruptions than any night does.
    """
    of = result.five()
    truth = np.array([FIVE_INDEX.index(t) for t in of.truth], dtype=np.int64)
    out: dict[str, Any] = {"objects": {c: int(n) for c, n in zip(FIVE, np.bincount(truth, minlength=5), strict=True)}}
    rng = np.random.default_rng(0)
    for name, p5 in priors_of(of, FIVE_INDEX, truth).items():
        matrix = scores.confusion(truth, p5.argmax(axis=1), 5)
        recall, precision, f1 = scores.recall_precision_f1(matrix)
        out[name] = {
            "macro_f1": rounded(f1.mean()),
            "accuracy": rounded(np.trace(matrix) / matrix.sum()),
            "recall": by_class(recall),
            "precision": by_class(precision),
            "f1": by_class(f1),
            "confusion": matrix.tolist(),
            "log_loss_flat": rounded(scores.flat_log_loss(truth, p5)),
            "auc_snia": rounded(scores.auc(truth == 0, p5[:, 0])),
            "snia_purity_at_85_percent": rounded(scores.purity_at(truth == 0, p5[:, 0], 0.85)),
        }
        if draws:
            out[name]["recall_interval"], out[name]["precision_interval"] = intervals(
                truth, p5.argmax(axis=1), rng, draws
            )
            out[name]["macro_f1_interval"] = scores.interval(
                lambda i, p5=p5: scores.macro_f1(truth[i], p5[i]), len(truth), rng, draws=draws
            )
            out[name]["auc_snia_interval"] = scores.interval(
                lambda i, p5=p5: scores.auc(truth[i] == 0, p5[i, 0]), len(truth), rng, draws=draws
            )
    return out


def by_class(values: NDArray) -> dict[str, float]:
    """The five classes' values by name."""
    return {name: rounded(v) for name, v in zip(FIVE, values, strict=True)}


def rounded(value: float) -> float:
    """Four places, as a number that JSON knows."""
    return round(float(value), 4)
