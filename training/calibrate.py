"""Calibration: a temperature by number of points and a bias per class, so that probabilities are frequencies.

Fitted on out-of-fold answers to light curves of all ages, in the form that `core.model.Model.calibrate` applies:
logits / T(n) + bias(n) + ln prior, linear in ln n between the knots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from core.card import ModelCard
from core.evaluate.calibration import mix_weights, reliability
from core.model import Model
from core.taxonomy import CLASS_NAMES, FIVE

KNOTS = (3.0, 6.0, 12.0, 25.0, 60.0)
#: How strongly biases are held at zero: a class with five objects must not move far.
_RIDGE = 0.005
#: How much of the fit looks at the mix of the survey; the rest weighs every class alike, for the sake of the rare ones.
_SURVEY_SHARE = 0.9

#: The mix that a broker's transient filter lets through. Of the four fifths that are transients, classes as among the
#: spectroscopically classified ZTF transients up to 2023 (superphot-plus' list of TNS and BTS classes, MIT): deeper
#: than the Bright Transient Survey's complete sample, as alerts are. The fifth that is not: parts per thousand, by the
#: SIMBAD types among one night's ZTF alerts after the cuts. The fifth itself is a choice, and the rarities' parts too.
TRANSIENT_COUNTS = {"SNIa": 3674, "SNII": 979, "SNIbc": 280, "SLSN-I": 69, "TDE": 42, "SNIa-91bg": 21, "SNIax": 10}
VARIABLE_PARTS = {"AGN": 60, "other": 48, "EB": 32, "RRL": 30, "Mira": 20, "M-dwarf": 6, "uLens": 3, "KN": 1}
SURVEY_SENTENCE = (
    "What a broker's transient filter lets through from a magnitude-limited stream: four fifths transients in the "
    "proportions of the 5,075 ZTF transients with a spectroscopic class up to 2023 (superphot-plus, MIT: SN Ia 3674, "
    "II 979, Ib/c 280, SLSN-I 69, TDE 42, 91bg 21, Iax 10), one fifth variable stars, AGN and rarities that slip "
    "through, by SIMBAD types of one night of ZTF alerts. The fifth is a choice: the raw stream has far more variables."
)


def survey_prior() -> dict[str, float]:
    """Class -> weight, summing to one."""
    total = sum(TRANSIENT_COUNTS.values())
    weights = {name: 0.8 * count / total for name, count in TRANSIENT_COUNTS.items()}
    weights |= {name: part / 1000.0 for name, part in VARIABLE_PARTS.items()}
    scale = sum(weights.values())
    return {name: round(weights[name] / scale, 6) for name in CLASS_NAMES}


@dataclass(frozen=True)
class Answers:
    """Out-of-fold answers. logits : (V, C). label, n_points : (V,). weight : (V,), objects once over all their ages."""

    logits: NDArray[np.float64]
    label: NDArray[np.int64]
    n_points: NDArray[np.float64]
    weight: NDArray[np.float64]

    def take(self, keep: NDArray) -> Answers:
        """The answers where ``keep`` says so."""
        return Answers(self.logits[keep], self.label[keep], self.n_points[keep], self.weight[keep])


def fit(answers: Answers, prior: dict[str, float]) -> dict[str, Any]:
    """The card's ``calibration``: {n_points, temperature, bias}.

    Minimises the log-loss, mostly of the survey's mix and partly with every class alike (`_SURVEY_SHARE`), each with
    its own prior on the outputs: common classes are calibrated by their numbers, rare ones not by the common ones'.
    """
    knots = np.log(KNOTS)
    x = np.clip(np.log(answers.n_points), knots[0], knots[-1])
    hat = np.stack([np.interp(x, knots, np.eye(len(knots))[k]) for k in range(len(knots))], axis=1)
    n_classes = answers.logits.shape[1]
    per_class = np.bincount(answers.label, answers.weight, n_classes)
    seen = per_class > 0
    weights = np.array([prior[name] for name in CLASS_NAMES])
    one_each = answers.weight / per_class[answers.label]
    mixes = [
        (_SURVEY_SHARE, np.log(weights), one_each * weights[answers.label]),
        (1 - _SURVEY_SHARE, np.zeros(n_classes), one_each),
    ]
    mixes = [(share, log_prior, w / w.sum()) for share, log_prior, w in mixes]
    truth = np.arange(len(x)), answers.label

    def loss(theta: NDArray) -> tuple[float, NDArray]:
        log_t, bias = theta[: len(knots)], theta[len(knots) :].reshape(2, n_classes)
        inverse = np.exp(-hat @ log_t)
        slope = (x - knots.mean())[:, None]
        scores = answers.logits * inverse[:, None] + bias[0] + slope * bias[1]
        value, back = 0.0, np.zeros_like(scores)
        for share, log_prior, w in mixes:
            z = scores + log_prior
            z = z - z.max(axis=1, keepdims=True)
            p = np.exp(z)
            p /= p.sum(axis=1, keepdims=True)
            value -= share * float(w @ np.log(np.maximum(p[truth], 1e-12)))
            p[truth] -= 1.0
            back += share * w[:, None] * p
        grad_t = -hat.T @ (np.sum(back * answers.logits, axis=1) * inverse)
        value += _RIDGE * float(np.sum(bias**2)) / n_classes
        grad_bias = np.stack([back.sum(axis=0), (slope * back).sum(axis=0)]) + 2 * _RIDGE * bias / n_classes
        grad_bias[:, ~seen] = 0.0
        return value, np.concatenate([grad_t, grad_bias.ravel()])

    found = minimize(loss, np.zeros(len(knots) + 2 * n_classes), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    log_t, bias = found.x[: len(knots)], found.x[len(knots) :].reshape(2, n_classes)
    at_knots = bias[0] + (knots - knots.mean())[:, None] * bias[1]
    return {
        "n_points": list(KNOTS),
        "temperature": [round(float(t), 4) for t in np.exp(log_t)],
        "bias": [[round(float(b), 4) for b in row] for row in at_knots],
    }


def with_calibration(model: Model, calibration: dict[str, Any]) -> Model:
    """The same model under another calibration."""
    card = ModelCard(model.card.folder, {**model.card.data, "calibration": calibration})
    return Model(card, recipe_name=model.recipe_name, fold=model.fold)


def survey_weights(label: NDArray, prior: dict[str, float]) -> NDArray[np.float64]:
    """(V,) weights that make a set of objects look like the survey's mix; they sum to one."""
    return mix_weights(label, np.array([prior[name] for name in CLASS_NAMES]))


def thresholds(p: NDArray, label: NDArray, weight: NDArray, group: NDArray, *, loss: float) -> tuple[float, float]:
    """Below which top probability to abstain, and above which group probability to call an object variable.

    p : (V, C). weight : (V,) as `survey_weights`. group : (V,) summed probability of the variable classes. loss : the share
    of transients that the second may cost. Abstain up to where the top class is wrong more often than right.
    """
    bins = reliability(p, label, weight)
    abstain = max((row["high"] for row in bins if row["correct"] < 0.5 * row["count"]), default=0.0)
    transient = np.isin(label, FIVE_INDEX)
    variable = float(np.ceil(np.quantile(group[transient], 1 - loss) * 100) / 100)
    return abstain, min(max(variable, 0.5), 0.95)


FIVE_INDEX = [CLASS_NAMES.index(name) for name in FIVE]
