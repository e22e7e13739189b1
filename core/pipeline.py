"""The one way from light curve to answer: pages, command line, Spark and Kafka all come through here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.doubts import doubts
from core.explain import DeletionCheck, Explanation, deletion_check, explain
from core.gp.fit import GPFit, fit_at
from core.lightcurve import LightCurve, Note
from core.model import Inference, Model, Prior
from core.recipe import TensorBatch
from core.refusal import Refusal
from core.selection import Selection

BATCH = 512
GP_FAILED = Refusal(
    "gp_failed",
    "Not scored: no Gaussian process fits these points (fluxes or errors too extreme, or times too close together).",
)


@dataclass(frozen=True)
class Unscored:
    """An object that could not even be read: it still gets its row. Stands in a stream of light curves."""

    object_id: str
    refusal: Refusal
    alert_id: str | None = None


@dataclass(frozen=True)
class Classification:
    """Everything that is known of one scored light curve.

    curve : as it came. selection : what was used. fit : its Gaussian process. tensor, inference : batches of one.
    probabilities : (C,) calibrated, under ``prior``. spread : (F, C) the same by each fold model, empty without them.
    explanation : activation maps. timings : seconds per stage. notes : what was left out, merged, or doubtful.
    """

    curve: LightCurve
    model: Model
    selection: Selection
    fit: GPFit
    tensor: TensorBatch
    inference: Inference
    prior: Prior
    probabilities: NDArray[np.float64]
    spread: NDArray[np.float64]
    explanation: Explanation
    timings: dict[str, float]
    notes: tuple[Note, ...]

    @property
    def order(self) -> NDArray[np.int64]:
        """Class indices by falling probability."""
        return np.argsort(-self.probabilities, kind="stable")

    @property
    def top_class(self) -> str:
        return self.model.classes[int(self.order[0])]

    def probability(self, name: str) -> float:
        """Calibrated probability of a class by name."""
        return float(self.probabilities[self.model.classes.index(name)])


def classify(
    curve: LightCurve, model: Model, *, prior: Prior | None = None, fold_models: Sequence[Model] = ()
) -> Classification | Refusal:
    """Classify and explain one light curve; a `Refusal` says why one can't be scored.

    An object that the model was trained on is answered for by the fold model that has not seen it.
    prior : the card's own when None. fold_models : their answers become the spread.
    """
    model = model.for_object(curve.object_id)
    timings: dict[str, float] = {}
    clock = time.perf_counter()
    chosen = model.recipe.select(curve)
    if isinstance(chosen, Refusal):
        return chosen
    timings["select"] = _lap(clock)
    clock = time.perf_counter()
    tensor = model.recipe.apply([chosen.curve])
    if not np.isfinite(tensor.log_likelihood[0]):
        return GP_FAILED
    timings["gp"] = tensor.gp_seconds
    timings["recipe"] = _lap(clock) - tensor.gp_seconds
    clock = time.perf_counter()
    inference = model.infer(tensor)
    n_points = np.array([len(chosen.curve)])
    prior = prior or model.prior
    probabilities = model.calibrate(inference.logits, n_points, prior)[0]
    timings["inference"] = _lap(clock)
    clock = time.perf_counter()
    spread = [m.calibrate(m.infer(tensor).logits, n_points, prior)[0] for m in fold_models]
    timings["spread"] = _lap(clock)
    clock = time.perf_counter()
    explanation = explain(model, inference.activations[0], tensor.times[0])
    timings["explain"] = _lap(clock)
    clock = time.perf_counter()
    fit = fit_at(
        chosen.curve,
        amplitude=float(tensor.amplitude[0]),
        time_scale=float(tensor.time_scale[0]),
        status=int(tensor.status[0]),
    )
    timings["gp to draw"] = _lap(clock)
    return Classification(
        curve=curve,
        model=model,
        selection=chosen,
        fit=fit,
        tensor=tensor,
        inference=inference,
        prior=prior,
        probabilities=probabilities,
        spread=np.array(spread).reshape(len(spread), len(model.classes)),
        explanation=explanation,
        timings=timings,
        notes=(
            *curve.notes,
            *chosen.notes,
            *doubts(model, curve, chosen.used, chosen.curve, fit, tensor),
        ),
    )


def check_by_deletion(result: Classification, class_name: str) -> DeletionCheck | None:
    """Remove the observations the map of ``class_name`` ranks highest and score again (see `deletion_check`)."""
    model, used = result.model, result.selection.curve
    index = model.classes.index(class_name)
    importance = result.explanation.observation_share(index, used.mjd)

    # The points were selected already: cutting again would remove more than the check says.
    recipe = replace(model.recipe, cuts=model.recipe.cuts.counts_only())

    def probability(curves: list[LightCurve]) -> list[float | None]:
        chosen = [recipe.select(curve) for curve in curves]
        kept = [s for s in chosen if not isinstance(s, Refusal)]
        rows = iter(_probabilities(kept, model, (), result.prior)[0]) if kept else iter(())
        return [None if isinstance(s, Refusal) else float(next(rows)[index]) for s in chosen]

    return deletion_check(used, importance, index, float(result.probabilities[index]), probability)


def classify_many(
    curves: Iterable[LightCurve | Unscored],
    model: Model,
    *,
    prior: Prior | None = None,
    fold_models: Sequence[Model] = (),
) -> pd.DataFrame:
    """One row per light curve, in order, with the columns of `row_columns`.

    A refused curve has its row: null probabilities and the reason. fold_models add ``spread_<class>`` columns: half
    the range of the fold models' probabilities.
    """
    frames = list(classify_batches(curves, model, prior=prior, fold_models=fold_models))
    if not frames:
        return pd.DataFrame(columns=row_columns(model, spread=bool(fold_models)))
    return pd.concat(frames, ignore_index=True)


def classify_batches(
    curves: Iterable[LightCurve | Unscored],
    model: Model,
    *,
    prior: Prior | None = None,
    fold_models: Sequence[Model] = (),
    size: int = BATCH,
) -> Iterator[pd.DataFrame]:
    """As `classify_many`, a table per ``size`` light curves, so that a stream stays in bounded memory."""
    iterator = iter(curves)
    while batch := list(islice(iterator, size)):
        yield _score_batch(batch, model, prior, fold_models)


def row_columns(model: Model, *, spread: bool = False) -> list[str]:
    """Columns of a scored row, in order."""
    columns = ["object_id", "alert_id", "n_points", *(f"p_{c}" for c in model.classes)]
    columns += ["top_class", "refusal", "model", "model_sha256", "prior"]
    columns += [f"spread_{c}" for c in model.classes] if spread else []
    return [*columns, "refusal_message", "notes", "fold", "photometry_sha256"]


def _score_batch(
    batch: Sequence[LightCurve | Unscored], model: Model, prior: Prior | None, fold_models: Sequence[Model]
) -> pd.DataFrame:
    chosen = [item.refusal if isinstance(item, Unscored) else model.recipe.select(item) for item in batch]
    answering = [model if isinstance(item, Unscored) else model.for_object(item.object_id) for item in batch]
    n_classes = len(model.classes)
    p = np.full((len(batch), n_classes), np.nan)
    spread = np.full((len(batch), n_classes), np.nan)
    for one in dict.fromkeys(answering):
        kept = {i: s for i, s in enumerate(chosen) if answering[i] is one and not isinstance(s, Refusal)}
        if kept:
            p[list(kept)], spread[list(kept)] = _probabilities(list(kept.values()), one, fold_models, prior)
    for i, s in enumerate(chosen):
        if not isinstance(s, Refusal) and np.isnan(p[i, 0]):
            chosen[i] = GP_FAILED
    scored = np.array([not isinstance(s, Refusal) for s in chosen])
    # Same rule everywhere: the largest probability decides, ties go to the class that comes first.
    names = np.array(model.classes, dtype=object)
    top = np.full(len(batch), None, dtype=object)
    top[scored] = names[np.argmax(p[scored], axis=1)]
    frame: dict[str, object] = {
        "object_id": _text([item.object_id for item in batch]),
        "alert_id": _text([item.alert_id for item in batch]),
        "n_points": np.array([0 if isinstance(s, Refusal) else int(s.used.sum()) for s in chosen], np.int64),
        **{f"p_{c}": p[:, k] for k, c in enumerate(model.classes)},
        "top_class": _text(top.tolist()),
        "refusal": _text([s.reason if isinstance(s, Refusal) else None for s in chosen]),
        "model": _text([model.name] * len(batch)),
        "model_sha256": _text([one.sha256 for one in answering]),
        "prior": _text([(prior or model.prior).name] * len(batch)),
    }
    if fold_models:
        frame.update({f"spread_{c}": spread[:, k] for k, c in enumerate(model.classes)})
    frame["refusal_message"] = _text([s.message if isinstance(s, Refusal) else None for s in chosen])
    frame["notes"] = _text([_notes(item, s) for item, s in zip(batch, chosen, strict=True)])
    frame["fold"] = pd.array([one.fold for one in answering], dtype="Int64")
    frame["photometry_sha256"] = _text(
        [None if isinstance(item, Unscored) else item.photometry_sha256() for item in batch]
    )
    return pd.DataFrame(frame)


def _probabilities(
    selections: Sequence[Selection], model: Model, fold_models: Sequence[Model], prior: Prior | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(B, C) probabilities and half the range of the fold models'; NaN where the Gaussian process failed."""
    tensor = model.recipe.apply([s.curve for s in selections])
    n_points = np.array([len(s.curve) for s in selections])
    failed = ~np.isfinite(tensor.log_likelihood)
    p = model.calibrate(model.infer(tensor).logits, n_points, prior)
    p[failed] = np.nan
    if not fold_models:
        return p, np.full_like(p, np.nan)
    by_fold = np.stack([m.calibrate(m.infer(tensor).logits, n_points, prior) for m in fold_models])
    return p, 0.5 * (by_fold.max(axis=0) - by_fold.min(axis=0))


def _notes(item: LightCurve | Unscored, chosen: Selection | Refusal) -> str | None:
    """What the border and the selection did to a light curve, in one cell of a table."""
    notes = () if isinstance(item, Unscored) else item.notes
    if not isinstance(chosen, Refusal):
        notes = (*notes, *chosen.notes)
    return "; ".join(note.message for note in notes) or None


def _text(values: Sequence[str | None]) -> pd.Series:
    return pd.Series(list(values), dtype="string")


def _lap(since: float) -> float:
    return time.perf_counter() - since
