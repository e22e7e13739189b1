"""LSST models on light curves that nobody here simulated: MALLORN, and samples of ELAsTiCC2, PLAsTiCC and Foundation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.bands import band_index
from core.evaluate import scores
from core.model import Model, load_model
from core.pipeline import score_flat
from core.taxonomy import CLASS_NAMES
from training.corpus import labels_of
from training.curves import CurveSet
from training.readers.tables import read
from training.trial_lsst import Trial, judge

MALLORN = ("SNIa", "SNII", "SNIbc", "SLSN-I", "TDE", "AGN")
SUPERNOVAE = ("SNIa", "SNII", "SNIbc")
ELASTICC2 = ("SNIa", "SNIbc", "KN", "M-dwarf")


def other_sets(model: Model, data: Path) -> dict[str, Any]:
    """Figures by set; a set whose folder is not there is left out. None of these objects is in training or calibration."""
    found = {}
    for name, measure in (
        ("mallorn", lambda: _both(model, _of(read("mallorn", data), MALLORN), MALLORN)),
        ("mallorn_without_agn", lambda: _both(model, _of(read("mallorn", data), MALLORN[:-1]), MALLORN[:-1])),
        ("elasticc2", lambda: _both(model, _of(read("elasticc2", data), ELASTICC2), ELASTICC2)),
        ("plasticc", lambda: _plasticc(model, data)),
        ("foundation", lambda: _snia(model, read("foundation", data))),
    ):
        try:
            found[name] = measure()
        except FileNotFoundError:
            print(f"{name}: not in {data.name}, left out")
    return found


def _plasticc(model: Model, data: Path) -> dict[str, Any]:
    curves = read("plasticc", data)
    test = _of(curves.take((curves.objects["part"] == "test").to_numpy()), SUPERNOVAE)
    other_cadence = curves.take((curves.objects["part"] == "alt_sched").to_numpy())
    return {
        **_both(model, test, SUPERNOVAE),
        "published_file_macro_f1": published_macro_f1(test),
        "published_note": "the published g, r file on the same objects, g and r alone, scaled as trained",
        "snia_with_another_cadence": _snia(model, other_cadence),
    }


def published_macro_f1(curves: CurveSet) -> float:
    """Macro-F1 of the published g, r file among three kinds of supernovae; LSST's g and r stand for ZTF's."""
    model = load_model("t2-published-gr@as-trained")
    flat = curves.flat()
    band = flat.band.copy()
    for letter in "gr":
        band[band == band_index(letter, "lsst")] = band_index(letter, "ztf")
    p = score_flat(replace(flat, band=band), model).probabilities
    kept = np.isfinite(p[:, 0])
    columns = [model.classes.index(name) for name in SUPERNOVAE]
    truth = curves.objects["class"].map(SUPERNOVAE.index).to_numpy()
    return _round(scores.macro_f1(truth[kept], scores.renormalised(p[kept], columns)))


def _both(model: Model, curves: CurveSet, names: Sequence[str]) -> dict[str, Any]:
    trial = _trial(curves)
    return {
        "with_redshift": _among(model, trial, names),
        "without_redshift": _among(model, trial.with_redshift_where(False), names),
    }


def _among(model: Model, trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    """Scores among some classes: probabilities restricted to them, under equal priors and the survey's."""
    result = judge([model], trial)
    columns = [CLASS_NAMES.index(name) for name in names]
    truth = np.array([columns.index(t) for t in result.label])
    p, survey = (scores.renormalised(q, columns) for q in (result.equal, result.survey))
    matrix = scores.confusion(truth, p.argmax(axis=1), len(columns))
    recall, precision, f1 = scores.recall_precision_f1(matrix)
    whole = np.isin(result.equal.argmax(axis=1), columns)
    rng = np.random.default_rng(0)
    return {
        "objects": {c: int(n) for c, n in zip(names, np.bincount(truth, minlength=len(names)), strict=True)},
        "share_scored": _round(len(truth) / len(trial.label)),
        "macro_f1": _round(f1.mean()),
        "macro_f1_interval": scores.interval(lambda i: scores.macro_f1(truth[i], p[i]), len(truth), rng, draws=200),
        "macro_f1_survey": _round(scores.macro_f1(truth, survey)),
        "accuracy": _round(np.trace(matrix) / matrix.sum()),
        "auc_snia": _round(scores.auc(truth == names.index("SNIa"), p[:, names.index("SNIa")])),
        "recall": {c: _round(v) for c, v in zip(names, recall, strict=True)},
        "precision": {c: _round(v) for c, v in zip(names, precision, strict=True)},
        "confusion": matrix.tolist(),
        "called_one_of_them": _round(whole.mean()),
    }


def _snia(model: Model, curves: CurveSet) -> dict[str, Any]:
    """How many SN Ia are called so, all fifteen classes compared."""
    trial, snia = _trial(curves), CLASS_NAMES.index("SNIa")
    out: dict[str, Any] = {"objects": len(curves)}
    for name, one in (("with_redshift", trial), ("without_redshift", trial.with_redshift_where(False))):
        result = judge([model], one)
        out[f"scored_{name}"] = len(result.label)
        for prior, p in (("survey", result.survey), ("equal", result.equal)):
            out[f"recall_{prior}_{name}"] = _round(np.mean(p.argmax(axis=1) == snia))
    return out


def _of(curves: CurveSet, names: Sequence[str]) -> CurveSet:
    return curves.take(curves.objects["class"].isin(names).to_numpy())


def _trial(curves: CurveSet) -> Trial:
    return Trial(curves.flat(), labels_of(curves), np.full(len(curves), -1))


def _round(value: float) -> float:
    return round(float(value), 4)
