"""Where a model is good and where not: scores by origin, age, number of points and brightness, twins, variable stars."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluate import scores
from core.model import Model
from core.taxonomy import CLASS_NAMES, VARIABLE
from training.calibrate import FIVE_INDEX, survey_weights
from training.datasets import RealSet
from training.judged import Scored, five_class, priors_of, rounded, score
from training.out_of_fold import AGES
from training.scored import ScoredSet, scored_set

#: Twins whose brightest points are further apart than this don't show the same light [d].
SAME_PEAK = 45.0
VARIABLE_INDEX = [CLASS_NAMES.index(name) for name in VARIABLE]


def by_origin(result: Scored) -> list[dict[str, Any]]:
    """Recall of each main class by where its photometry comes from: does the origin decide?"""
    of = result.five()
    rows = []
    for (name, origin), index in of.objects.reset_index(drop=True).groupby(["class", "origin"]).indices.items():
        right = {
            key: np.mean(np.array(FIVE_INDEX)[p[index][:, FIVE_INDEX].argmax(axis=1)] == of.truth[index])
            for key, p in (("survey", of.survey), ("equal", of.equal))
        }
        rows.append(
            {"class": name, "origin": origin, "objects": len(index)}
            | {f"recall_{k}": rounded(v) for k, v in right.items()}
        )
    return rows


def by_age(models: Sequence[Model], scored: ScoredSet, prior: dict[str, float]) -> list[dict[str, Any]]:
    """Scores as the light curves stood a number of days after their first detection."""
    rows = []
    for age in AGES[:-1]:
        result = score(models, scored, age)
        five = five_class(result, draws=0)
        weight = survey_weights(result.truth, prior)
        rows.append(
            {
                "days": age,
                "scored": int(sum(five["objects"].values())),
                "macro_f1_survey": five["survey"]["macro_f1"],
                "macro_f1_equal": five["equal"]["macro_f1"],
                "macro_f1_sample": five["sample"]["macro_f1"],
                "auc_snia": five["survey"]["auc_snia"],
                "log_loss_flat": five["equal"]["log_loss_flat"],
                "ece_survey": rounded(scores.calibration_error(result.truth, result.survey, weight)),
            }
        )
    return rows


def of_supernovae(result: Scored) -> dict[str, Any]:
    """SN Ia, II and Ib/c among themselves, on alerts."""
    columns = FIVE_INDEX[:3]
    truth = np.array([columns.index(t) for t in result.truth])
    out = {}
    for name, p3 in priors_of(result, columns, truth).items():
        out[name] = {
            "macro_f1": rounded(scores.macro_f1(truth, p3)),
            "accuracy": rounded(np.mean(p3.argmax(1) == truth)),
        }
    return out


def variables(result: Scored, threshold: float, abstain: float) -> dict[str, Any]:
    """What variable stars and AGN are called, and what the rule "probably variable" catches and costs."""
    is_variable = np.isin(result.truth, VARIABLE_INDEX)
    is_transient = np.isin(result.truth, FIVE_INDEX)
    group = result.survey[:, VARIABLE_INDEX].sum(axis=1)
    either = is_variable | is_transient
    answer, top = result.survey.argmax(axis=1), result.survey.max(axis=1)
    decided = is_variable & (group < threshold) & (top >= abstain) & ~np.isin(answer, VARIABLE_INDEX)
    loss = np.quantile(group[is_transient], 1 - 0.03)
    called = {
        name: {c: int(n) for c, n in zip(CLASS_NAMES, counts, strict=True) if n}
        for name in CLASS_NAMES
        if (counts := np.bincount(result.survey[result.truth == CLASS_NAMES.index(name)].argmax(1), minlength=15)).sum()
    }
    return {
        "auc_variable_or_transient": rounded(scores.auc(is_variable[either], group[either])),
        "rule": f"sum of {', '.join(VARIABLE)} at least {threshold:g}",
        "variables_caught": rounded(np.mean(group[is_variable] >= threshold)),
        "called_transient": rounded(decided.sum() / is_variable.sum()),
        "objects": int(is_variable.sum()),
        "caught_at_3_percent_loss": rounded(np.mean(group[is_variable] > loss)),
        "transients_lost": rounded(np.mean(group[is_transient] >= threshold)),
        "called_under_survey_prior": called,
    }


def twins(models: Sequence[Model], real: RealSet, *, draws: int = 20) -> dict[str, Any] | None:
    """The same event once as alerts and once as survey photometry degraded ``draws`` times anew, by the model that saw neither.

    difference : mean over events of p(true | alerts) - p(true | degraded), equal priors, five classes, with the 95 %
    interval over events. A network that reads the origin off the photometry would not give zero. ``same_light`` leaves out
    events whose alerts don't show the light that the survey shows: their brightest points are more than `SAME_PEAK` apart,
    as when the transient stands in the reference image and its alerts are the negative ones after it has faded.
    """
    table = real.objects
    main = table["class"].isin(["SLSN-I", "TDE"])
    alert = main & (table["origin"] == "alert")
    other = main & table["origin"].isin(["survey-forced", "data-release"])
    shared = set(table["physical_id"][alert]) & set(table["physical_id"][other])
    if len(shared) < 3:
        return None
    pair = table["physical_id"].isin(shared)
    recipe = models[0].recipe
    alerts = scored_set(real, recipe, (alert & pair).to_numpy())
    surveys = [scored_set(real, recipe, (other & pair).to_numpy(), seed=k) for k in range(draws)]
    degraded = pd.concat([_of_event(score(models, survey)) for survey in surveys])
    both = _of_event(score(models, alerts)).join(
        degraded.groupby("event")[["right", "p"]].mean(), rsuffix="_survey", how="inner"
    )
    apart = (_peaks(alerts) - pd.concat([_peaks(survey) for survey in surveys]).groupby(level=0).median()).abs()
    same = both[apart.reindex(both.index).to_numpy() < SAME_PEAK]
    rng = np.random.default_rng(0)
    out: dict[str, Any] = {"degradations": draws}
    for name, rows in [*both.groupby("class"), ("all", both), ("same_light", same)]:
        difference = (rows["p"] - rows["p_survey"]).to_numpy()
        out[str(name)] = {
            "events": len(rows),
            "recall_alert": rounded(rows["right"].mean()),
            "recall_survey": rounded(rows["right_survey"].mean()),
            "mean_p_alert": rounded(rows["p"].mean()),
            "mean_p_survey": rounded(rows["p_survey"].mean()),
            "difference": rounded(difference.mean()),
            "difference_interval": scores.interval(lambda i, d=difference: d[i].mean(), len(rows), rng, draws=2000),
        }
    return out


def _peaks(scored: ScoredSet) -> pd.Series:
    """Time of the largest flux [MJD] of each physical event."""
    times = [float(curve.mjd[np.argmax(curve.flux)]) for curve in scored.curves]
    peaks = pd.Series(times, index=scored.objects["physical_id"].to_numpy())
    return peaks[~peaks.index.duplicated()]


def _of_event(result: Scored) -> pd.DataFrame:
    """One row per physical event: class, whether five-class argmax is right, and p(true) among the five."""
    p = scores.renormalised(result.equal, FIVE_INDEX)
    truth = np.array([FIVE_INDEX.index(t) for t in result.truth])
    frame = pd.DataFrame(
        {
            "event": result.objects["physical_id"].to_numpy(),
            "class": result.objects["class"].to_numpy(),
            "right": p.argmax(axis=1) == truth,
            "p": p[np.arange(len(p)), truth],
        }
    )
    return frame.drop_duplicates("event").set_index("event")


def by_number(result: Scored, values: NDArray, edges: Sequence[float], name: str) -> list[dict[str, Any]]:
    """Five-class scores in bins of a number (points, peak magnitude); bins with fewer than 50 objects are left out."""
    rows = []
    for low, high in itertools.pairwise(edges):
        inside = (values >= low) & (values < high) & np.isin(result.truth, FIVE_INDEX)
        if inside.sum() >= 50:
            of = five_class(result.take(inside), draws=0)
            rows.append(
                {
                    name: [low, None if np.isinf(high) else high],
                    "objects": int(inside.sum()),
                    "macro_f1_sample": of["sample"]["macro_f1"],
                    "accuracy_sample": of["sample"]["accuracy"],
                    "auc_snia": of["survey"]["auc_snia"],
                    "log_loss_flat": of["equal"]["log_loss_flat"],
                }
            )
    return rows
