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
from core.flat import FlatCurves, flatten
from core.flat_selection import REASONS, Chosen, select_flat
from core.gp.fit import GPFit, fit_at
from core.lightcurve import LightCurve, Note
from core.model import Inference, Model, Prior
from core.recipe import TensorBatch
from core.refusal import Refusal
from core.selection import MAX_GP_POINTS, Selection, count_refusal

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
        tensor = recipe.apply([s.curve for s in kept]) if kept else None
        n_points = np.array([len(s.curve) for s in kept])
        rows = iter(()) if tensor is None else iter(model.calibrate(model.logits(tensor), n_points, result.prior))
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


@dataclass(frozen=True)
class FlatScores:
    """Answers for B light curves. probabilities : (B, C), NaN where there is none. verdict, n_used, per_band : as
    `core.flat_selection.Chosen`. failed : (B,) bool, where no Gaussian process fits. spread : (B, C) half the range of the fold
    models' probabilities, NaN without them."""

    probabilities: NDArray[np.float64]
    spread: NDArray[np.float64]
    chosen: Chosen
    failed: NDArray[np.bool_]


def score_flat(
    curves: FlatCurves, model: Model, *, prior: Prior | None = None, fold_models: Sequence[Model] = ()
) -> FlatScores:
    """Score light curves that stand in flat arrays: from arrays to arrays, nothing per light curve in Python.

    ``model`` answers for all of them, as it is: who wants training objects answered for by their fold models asks
    `Model.for_object`, as `classify_batches` does.
    """
    chosen = select_flat(curves, model.recipe.band_indices, model.recipe.cuts)
    kept, n_classes = chosen.kept, len(model.classes)
    p = np.full((len(curves), n_classes), np.nan)
    spread = np.full((len(curves), n_classes), np.nan)
    failed = np.zeros(len(curves), bool)
    index = np.flatnonzero(chosen.verdict == 0)
    for start in range(0, len(kept), BATCH):
        part = kept.slice(start, start + BATCH)
        here = index[start : start + BATCH]
        p[here], spread[here], failed[here] = _probabilities(part, model, fold_models, prior)
    return FlatScores(p, spread, chosen, failed)


def _score_batch(
    batch: Sequence[LightCurve | Unscored], model: Model, prior: Prior | None, fold_models: Sequence[Model]
) -> pd.DataFrame:
    n, n_classes = len(batch), len(model.classes)
    refusals: list[Refusal | None] = [item.refusal if isinstance(item, Unscored) else None for item in batch]
    notes: list[str | None] = [None] * n
    answering = [model if isinstance(item, Unscored) else model.for_object(item.object_id) for item in batch]
    p, spread = np.full((n, n_classes), np.nan), np.full((n, n_classes), np.nan)
    n_points = np.zeros(n, np.int64)
    for one in dict.fromkeys(answering):
        index = [i for i, item in enumerate(batch) if answering[i] is one and not isinstance(item, Unscored)]
        curves = [item for i in index if not isinstance(item := batch[i], Unscored)]
        if not curves:
            continue
        scores = score_flat(flatten(curves, one.recipe.numbers), one, prior=prior, fold_models=fold_models)
        p[index], spread[index], n_points[index] = scores.probabilities, scores.spread, scores.chosen.n_used
        for k, (i, curve) in enumerate(zip(index, curves, strict=True)):
            refusals[i], notes[i] = _told(curve, one, scores, k)
            if refusals[i] is not None:
                n_points[i] = 0
    scored = np.array([refusal is None for refusal in refusals], dtype=bool)
    # Same rule everywhere: the largest probability decides, ties go to the class that comes first.
    names = np.array(model.classes, dtype=object)
    top = np.full(n, None, dtype=object)
    top[scored] = names[np.argmax(p[scored], axis=1)]
    frame: dict[str, object] = {
        "object_id": _text([item.object_id for item in batch]),
        "alert_id": _text([item.alert_id for item in batch]),
        "n_points": n_points,
        **{f"p_{c}": p[:, k] for k, c in enumerate(model.classes)},
        "top_class": _text(top.tolist()),
        "refusal": _text([None if r is None else r.reason for r in refusals]),
        "model": _text([model.name] * n),
        "model_sha256": _text([one.sha256 for one in answering]),
        "prior": _text([(prior or model.prior).name] * n),
    }
    if fold_models:
        frame.update({f"spread_{c}": spread[:, k] for k, c in enumerate(model.classes)})
    frame["refusal_message"] = _text([None if r is None else r.message for r in refusals])
    frame["notes"] = _text(notes)
    frame["fold"] = pd.array([one.fold for one in answering], dtype="Int64")
    frame["photometry_sha256"] = _text(
        [None if isinstance(item, Unscored) else item.photometry_sha256() for item in batch]
    )
    return pd.DataFrame(frame)


def _probabilities(
    kept: FlatCurves, model: Model, fold_models: Sequence[Model], prior: Prior | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """(B, C) probabilities, half the range of the fold models', and (B,) where the Gaussian process failed (then NaN)."""
    tensor = model.recipe.apply_flat(kept)
    n_points = np.diff(kept.offsets)
    failed = ~np.isfinite(tensor.log_likelihood)
    p = model.calibrate(model.logits(tensor), n_points, prior)
    p[failed] = np.nan
    if not fold_models:
        return p, np.full_like(p, np.nan), failed
    by_fold = np.stack([m.calibrate(m.logits(tensor), n_points, prior) for m in fold_models])
    return p, 0.5 * (by_fold.max(axis=0) - by_fold.min(axis=0)), failed


def _told(curve: LightCurve, model: Model, scores: FlatScores, k: int) -> tuple[Refusal | None, str | None]:
    """Why light curve k was not scored, and what border and selection did to it, in words.

    Most of what a stream refuses lacks a band: that sentence is made from the counts. Only where points were left out
    or combined does the selection run again for its words.
    """
    chosen = scores.chosen
    refusal: Refusal | None = None
    notes = curve.notes
    if chosen.verdict[k] == 0:
        if chosen.n_used[k] < len(curve) or chosen.n_used[k] > MAX_GP_POINTS:
            selection = model.recipe.select(curve)
            assert isinstance(selection, Selection)
            notes = (*notes, *selection.notes)
        refusal = GP_FAILED if scores.failed[k] else None
    else:
        if REASONS[chosen.verdict[k]] in ("missing_band", "too_few_points"):
            refusal = count_refusal(chosen.per_band[k].tolist(), model.recipe.band_indices, model.recipe.cuts)
        else:
            selection = model.recipe.select(curve)
            refusal = selection if isinstance(selection, Refusal) else None
        assert refusal is not None
    return refusal, "; ".join(note.message for note in notes) or None


def _text(values: Sequence[str | None]) -> pd.Series:
    return pd.Series(list(values), dtype="string")


def _lap(since: float) -> float:
    return time.perf_counter() - since
