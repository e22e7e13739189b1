"""How good is a variant, and how does it differ from the float network on the very same light curves?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluate import scores
from core.model import Model
from core.taxonomy import CLASS_NAMES, FIVE
from training.calibrate import FIVE_INDEX, survey_weights
from training.compress.trial import Trial
from training.judged import by_class, rounded

#: Resamples of a paired bootstrap.
DRAWS = 400


@dataclass(frozen=True)
class Answers:
    """Calibrated probabilities (V, C) of a trial under the survey's prior and under equal ones; both sum to one."""

    survey: NDArray[np.float64]
    equal: NDArray[np.float64]


def answers(model: Model, logits: NDArray[np.float32], trial: Trial) -> Answers:
    """Logits as the card calibrates them: the same calibration for all variants, which is the one that serves."""
    return Answers(
        model.calibrate(logits, trial.n_points), model.calibrate(logits, trial.n_points, model.equal_prior())
    )


def scores_of(trial: Trial, found: Answers, model: Model) -> dict[str, Any]:
    """Figures of one variant: five main classes on whole light curves (`Trial.whole`), all ages, calibration, simulated classes."""
    truth, p = _five(trial, found, trial.whole)
    losses = []
    for age in np.unique(trial.age[trial.judged]):
        label, q = _five(trial, found, trial.judged & (trial.age == age))
        losses.append(scores.flat_log_loss(label, q["equal"]))
    recall = scores.recall_precision_f1(scores.confusion(truth, p["survey"].argmax(axis=1), len(FIVE)))[0]
    whole = trial.whole
    prior = model.card.data["prior"]["weights"]
    out: dict[str, Any] = {
        "objects": len(truth),
        "log_loss_flat": rounded(scores.flat_log_loss(truth, p["equal"])),
        "log_loss_flat_all_ages": rounded(np.mean(losses)),
        **{f"macro_f1_{name}": rounded(scores.macro_f1(truth, q)) for name, q in p.items()},
        "accuracy_survey": rounded(np.mean(p["survey"].argmax(axis=1) == truth)),
        "auc_snia": rounded(scores.auc(truth == 0, p["equal"][:, 0])),
        "recall_survey": by_class(recall),
        "classes": _classes(trial, found),
        "ece_survey": rounded(
            scores.calibration_error(trial.label[whole], found.survey[whole], survey_weights(trial.label[whole], prior))
        ),
    }
    if trial.simulated.any() and not trial.simulated.all():
        label, q = trial.label[trial.simulated], found.equal[trial.simulated]
        out["simulated"] = {
            "objects": len(label),
            "log_loss_flat": rounded(scores.flat_log_loss(label, q)),
            "accuracy_equal": rounded(np.mean(q.argmax(axis=1) == label)),
        }
    return out


def change(trial: Trial, base: Answers, found: Answers) -> dict[str, Any]:
    """What a variant changes, object by object: paired bootstrap intervals (95 %), classes, and how many flip."""
    whole = trial.whole
    truth, before = _five(trial, base, whole)
    _, after = _five(trial, found, whole)
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(truth), len(truth)) for _ in range(DRAWS)]

    def paired(statistic: Any) -> dict[str, Any]:
        values = [statistic(i) for i in drawn]
        return {
            "value": rounded(statistic(np.arange(len(truth)))),
            "interval": [rounded(v) for v in np.percentile(values, [2.5, 97.5])],
        }

    def f1(name: str) -> Any:
        return lambda i: scores.macro_f1(truth[i], after[name][i]) - scores.macro_f1(truth[i], before[name][i])

    def loss(i: NDArray) -> float:
        return scores.flat_log_loss(truth[i], after["equal"][i]) - scores.flat_log_loss(truth[i], before["equal"][i])

    one, two = base.survey[whole].argmax(axis=1), found.survey[whole].argmax(axis=1)
    return {
        **{f"macro_f1_{name}": paired(f1(name)) for name in before},
        "log_loss_flat": paired(loss),
        "recall_survey": {
            name: rounded(np.mean(two[here] == k) - np.mean(one[here] == k))
            for name in CLASS_NAMES
            if (here := trial.label[whole] == (k := CLASS_NAMES.index(name))).any()
        },
        "flips": int(np.sum(one != two)),
        "of": int(whole.sum()),
        "probability_p95": rounded(np.percentile(np.max(np.abs(found.survey - base.survey)[whole], axis=1), 95)),
    }


def flips(trial: Trial, base: Answers, found: Answers, key: str) -> pd.DataFrame:
    """Whole light curves whose likeliest class is another one, the largest change of its probability first.

    Columns: variant, object_id, fold, known, was, becomes, p_was, p_becomes: the probability of each likeliest class.
    """
    whole = np.flatnonzero(trial.whole)
    one, two = base.survey[whole], found.survey[whole]
    was, becomes = one.argmax(axis=1), two.argmax(axis=1)
    moved = np.flatnonzero(was != becomes)
    order = moved[np.argsort(-np.max(np.abs(two - one)[moved], axis=1), kind="stable")]
    names = np.array(CLASS_NAMES)
    return pd.DataFrame(
        {
            "variant": key,
            "object_id": trial.object_id[whole[order]],
            "fold": trial.fold[whole[order]].astype(np.int8),
            "known": names[trial.label[whole[order]]],
            "was": names[was[order]],
            "becomes": names[becomes[order]],
            "p_was": one[order, was[order]].astype(np.float32),
            "p_becomes": two[order, becomes[order]].astype(np.float32),
        }
    )


def _classes(trial: Trial, found: Answers) -> dict[str, dict[str, Any]]:
    """For every class that is there: objects, and the share of them that is called so among all fifteen, survey prior."""
    label, called = trial.label[trial.whole], found.survey[trial.whole].argmax(axis=1)
    return {
        CLASS_NAMES[k]: {"objects": int(np.sum(label == k)), "recall": rounded(np.mean(called[label == k] == k))}
        for k in np.unique(label)
    }


def _five(trial: Trial, found: Answers, where: NDArray[np.bool_]) -> tuple[NDArray, dict[str, NDArray[np.float64]]]:
    """Truth as positions among the five main classes, and probabilities among these under three priors."""
    here = where & np.isin(trial.label, FIVE_INDEX)
    truth = np.array([FIVE_INDEX.index(t) for t in trial.label[here]], dtype=np.int64)
    mix = np.bincount(truth, minlength=len(FIVE)) / max(len(truth), 1)
    equal = scores.renormalised(found.equal[here], FIVE_INDEX)
    return truth, {
        "survey": scores.renormalised(found.survey[here], FIVE_INDEX),
        "equal": equal,
        "sample": scores.renormalised(equal * mix, list(range(len(FIVE)))),
    }
