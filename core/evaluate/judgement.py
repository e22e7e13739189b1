"""An evaluation at one level of classes: answers, matrix, scores, and which objects stand behind any part of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluate import scores
from core.evaluate.calibration import mix_weights, wilson
from core.evaluate.levels import Level
from core.evaluate.table import Evaluation

#: Answers that a pick may ask for besides the name of a class.
RIGHT, WRONG = "right", "wrong"
#: Before the name of a true class in a pick: any class but that one.
NOT = "not "
#: The quantity of a pick that is the largest probability; ``p:<class>`` is that of a class.
TOP = "top"


@dataclass(frozen=True)
class Judgement:
    """Objects whose class is told apart at a level.

    rows : (V,) places in the evaluation. truth, answer : (V,) positions in ``level.names``. p : (V, K).
    weight : (V,) that give the objects the mix of the prior in force; they sum to one.
    """

    evaluation: Evaluation
    level: Level
    rows: NDArray[np.int64]
    truth: NDArray[np.int64]
    p: NDArray[np.float64]
    answer: NDArray[np.int64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def top(self) -> NDArray[np.float64]:
        """(V,) the largest probability."""
        return self.p[np.arange(len(self)), self.answer]

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        return self.answer == self.truth

    @cached_property
    def matrix(self) -> NDArray[np.int64]:
        """(K, K) counts, true class in rows, answer in columns."""
        return scores.confusion(self.truth, self.answer, len(self.level.names))

    @property
    def met(self) -> NDArray[np.bool_]:
        """(K,) classes with at least one object."""
        return self.matrix.sum(axis=1) > 0

    @property
    def shown(self) -> list[int]:
        """Classes that occur, as truth or as an answer, in the order of the level."""
        return [int(k) for k in np.flatnonzero(self.met | (self.matrix.sum(axis=0) > 0))]

    def quantity(self, name: str) -> NDArray[np.float64]:
        """(V,) a number of each object: `TOP`, ``p:<class>``, or a column of the table; NaN where it is not known."""
        if name == TOP:
            return self.top
        if name.startswith("p:"):
            return self.p[:, self.level.names.index(name[2:])]
        if name not in self.evaluation.facts:
            return np.full(len(self), np.nan)
        return self.evaluation.facts[name].to_numpy(float)[self.rows]


def judge(evaluation: Evaluation, level: Level) -> Judgement:
    """The answers at a level: the largest probability decides, ties go to the class that comes first."""
    truth = level.truth(evaluation.truth)
    rows = np.flatnonzero(truth >= 0)
    p = level.probabilities(evaluation.p[rows])
    weight = np.ones(len(rows)) / max(len(rows), 1)
    if evaluation.prior is not None and len(rows):
        weight = mix_weights(evaluation.truth[rows], evaluation.prior)
    return Judgement(evaluation, level, rows, truth[rows], p, p.argmax(axis=1), weight)


@dataclass(frozen=True)
class Summary:
    """The few numbers on top. majority : accuracy of always naming the commonest class; all in counts of the set, but
    ``ece``, which is under the mix of the prior."""

    objects: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    majority: float
    majority_class: str
    macro_f1: float
    log_loss_flat: float
    ece: float


def summary(of: Judgement) -> Summary:
    """Scores of a judgement; macro-F1 is the mean over the classes that occur."""
    counts = of.matrix.sum(axis=1)
    right = int(of.right.sum())
    low, high = wilson(np.array(right), np.array(len(of)))
    return Summary(
        objects=len(of),
        accuracy=right / len(of),
        accuracy_interval=(float(low), float(high)),
        majority=float(counts.max() / len(of)),
        majority_class=of.level.names[int(counts.argmax())],
        macro_f1=float(scores.recall_precision_f1(of.matrix)[2][of.met].mean()),
        log_loss_flat=scores.flat_log_loss(of.truth, of.p),
        ece=scores.calibration_error(of.truth, of.p, of.weight),
    )


def class_scores(of: Judgement) -> pd.DataFrame:
    """One row per class that occurs: objects, completeness and purity with 95 % intervals, F1, log-loss.

    purity : share of the objects of this set that are called so and are so. purity_prior : the same in the prior's mix.
    """
    recall, precision, f1 = scores.recall_precision_f1(of.matrix)
    loss = scores.log_loss_by_class(of.truth, of.p)
    hit, true, called = np.diag(of.matrix), of.matrix.sum(axis=1), of.matrix.sum(axis=0)
    recall_low, recall_high = wilson(hit, true)
    pure_low, pure_high = wilson(hit, called)
    k = len(of.level.names)
    mixed_hit = np.bincount(of.answer, of.weight * of.right, k)
    mixed = np.bincount(of.answer, of.weight, k)
    with np.errstate(divide="ignore", invalid="ignore"):
        frame = pd.DataFrame(
            {
                "class": of.level.names,
                "objects": true,
                "called": called,
                "right": hit,
                "completeness": np.where(true > 0, recall, np.nan),
                "completeness_low": recall_low,
                "completeness_high": recall_high,
                "purity": np.where(called > 0, precision, np.nan),
                "purity_low": pure_low,
                "purity_high": pure_high,
                "purity_prior": mixed_hit / mixed,
                "f1": np.where(true > 0, f1, np.nan),
                "log_loss": loss,
            }
        )
    return frame.iloc[of.shown].reset_index(drop=True)


@dataclass(frozen=True)
class Pick:
    """Which objects: of a true class, with an answer (a class, `RIGHT` or `WRONG`), within a range of a quantity.

    truth : a class, or `NOT` and a class. Empty fields ask for nothing. low is within the range; high is not, unless it is
    the largest value there is and no threshold on a class's probability.
    """

    truth: str = ""
    answer: str = ""
    by: str = ""
    low: float | None = None
    high: float | None = None

    def __bool__(self) -> bool:
        return bool(self.truth or self.answer or self.by)

    @property
    def threshold_on(self) -> str:
        """The class whose probability alone, from one threshold on or below it, picks the objects; or nothing."""
        name = self.by.removeprefix("p:")
        one_side = (self.low is None) != (self.high is None)
        if not self.by.startswith("p:") or self.answer or not one_side:
            return ""
        return name if self.truth == name or (self.high is None and self.truth in ("", NOT + name)) else ""

    def parted(self) -> dict[str, Pick]:
        """What a threshold on a class's probability does, by name; empty where this pick is no such threshold.

        selected : from it on, of any class. false alarms : those of them that are of another class. found : those that are
        of the class. missed : objects of the class below it.
        """
        if not (name := self.threshold_on):
            return {}
        at = self.high if self.low is None else self.low
        return {
            "selected": Pick(by=self.by, low=at),
            "false alarms": Pick(NOT + name, by=self.by, low=at),
            "found": Pick(name, by=self.by, low=at),
            "missed": Pick(name, by=self.by, high=at),
        }


def picked(of: Judgement, pick: Pick) -> NDArray[np.int64]:
    """Places in the judgement, the most confident mistakes first, then what is right, the surest first.

    What a threshold on a class's probability parts comes in the order of that probability, what it got most wrong first:
    false alarms before what it found, both from the highest; what it missed from the lowest. A class that the level does
    not have picks nothing.
    """
    names = of.level.names
    if pick.by.startswith("p:") and pick.by[2:] not in names:
        return np.empty(0, np.int64)
    keep = np.ones(len(of), bool)
    if pick.truth:
        keep &= _is_of(of, pick.truth)
    if pick.answer in (RIGHT, WRONG):
        keep &= of.right == (pick.answer == RIGHT)
    elif pick.answer:
        keep &= of.answer == (names.index(pick.answer) if pick.answer in names else -1)
    if pick.by:
        values = of.quantity(pick.by)
        largest = np.nanmax(values) if np.isfinite(values).any() else np.nan
        if pick.low is not None:
            keep &= values >= pick.low
        if pick.high is not None:
            closed = (values == largest) & (values <= pick.high) & (pick.threshold_on == "")
            keep &= (values < pick.high) | closed
    index = np.flatnonzero(keep)
    if name := pick.threshold_on:
        p, true = of.quantity(pick.by)[index], _is_of(of, name)[index]
        return index[np.lexsort((index, p if pick.high is not None else -p, true))]
    return index[np.lexsort((index, -of.top[index], of.right[index]))]


def _is_of(of: Judgement, truth: str) -> NDArray[np.bool_]:
    """(V,) whether objects are of a class of the level, or of any but it."""
    name, names = truth.removeprefix(NOT), of.level.names
    if name not in names:
        return np.zeros(len(of), bool)
    return (of.truth == names.index(name)) != truth.startswith(NOT)


def bins_of(values: NDArray, most: int = 8) -> list[float]:
    """Edges of bins with about as many objects each, rounded to three digits; few enough that each holds some."""
    known = values[np.isfinite(values)]
    if len(known) < 2 or known.min() == known.max():
        return []
    cells = int(np.clip(len(known) // 25, 1, most))
    edges = np.quantile(known, np.linspace(0, 1, cells + 1))
    digits = 2 - int(np.floor(np.log10(max(np.ptp(known), 1e-9))))
    inner = np.unique(np.round(edges[1:-1], digits))
    low, high = known.min(), known.max()
    return [float(low), *(float(e) for e in inner if low < e < high), float(high)]


def scores_in_bins(of: Judgement, by: str, edges: Sequence[float], class_name: str = "") -> pd.DataFrame:
    """Objects, right ones, accuracy with interval and log-loss in bins of a quantity, of all or of one true class.

    majority : accuracy of always naming the commonest class of the bin. The last bin holds its upper edge.
    """
    values = of.quantity(by)
    keep = np.isfinite(values)
    if class_name:
        keep &= of.truth == of.level.names.index(class_name)
    which = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    loss = -np.log(np.clip(of.p[np.arange(len(of)), of.truth], 1e-15, 1.0))
    rows = []
    for k in range(len(edges) - 1):
        inside = keep & (which == k)
        n, right = int(inside.sum()), int(of.right[inside].sum())
        low, high = wilson(np.array(right), np.array(n))
        commonest = np.bincount(of.truth[inside]).max() / n if n else np.nan
        rows.append(
            {
                "low": edges[k],
                "high": edges[k + 1],
                "objects": n,
                "right": right,
                "accuracy": right / n if n else np.nan,
                "accuracy_low": float(low),
                "accuracy_high": float(high),
                "log_loss": float(loss[inside].mean()) if n else np.nan,
                "majority": commonest,
            }
        )
    return pd.DataFrame(rows)
