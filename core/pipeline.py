"""The one way from light curve to answer: pages, command line, Spark and Kafka all come through here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from core.lightcurve import LightCurve, Limits, Note
from core.model import Inference, Model, Prior
from core.recipe import TensorBatch
from core.refusal import Refusal
from core.selection import Selection, count_refusal, selection_notes

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
    novelty : share of known objects that lie nearer to the training set, None where the model has no measure of it.
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
    novelty: float | None
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
    curve: LightCurve,
    model: Model,
    *,
    prior: Prior | None = None,
    fold_models: Sequence[Model] = (),
    process: Callable[[LightCurve], GPFit] | None = None,
) -> Classification | Refusal:
    """Classify and explain one light curve; a `Refusal` says why one can't be scored.

    An object that the model was trained on is answered for by the fold model that has not seen it.
    prior : the card's own when None. fold_models : their answers become the spread. process : fits another Gaussian
    process than the model was trained with, to ask what if.
    """
    model = model.for_object(curve.object_id)
    timings: dict[str, float] = {}
    clock = time.perf_counter()
    chosen = model.recipe.select(curve)
    if isinstance(chosen, Refusal):
        return chosen
    timings["select"] = _lap(clock)
    clock = time.perf_counter()
    other = None if process is None else process(chosen.curve)
    tensor = model.recipe.apply([chosen.curve]) if other is None else model.recipe.apply_fit(chosen.curve, other)
    if not np.isfinite(tensor.log_likelihood[0]):
        return GP_FAILED
    timings["gp"] = tensor.gp_seconds
    timings["recipe"] = _lap(clock) - tensor.gp_seconds
    clock = time.perf_counter()
    inference = model.infer(tensor)
    n_points = np.array([len(chosen.curve)])
    prior = prior or model.prior
    probabilities = model.calibrate(inference.logits, n_points, prior)[0]
    novelty = float(model.novelty(inference.pooled, n_points)[0])
    timings["inference"] = _lap(clock)
    clock = time.perf_counter()
    spread = [m.calibrate(m.infer(tensor).logits, n_points, prior)[0] for m in fold_models]
    timings["spread"] = _lap(clock)
    clock = time.perf_counter()
    explanation = explain(model, inference.activations[0], tensor.times[0])
    timings["explain"] = _lap(clock)
    clock = time.perf_counter()
    fit = other or fit_at(
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
        novelty=novelty if np.isfinite(novelty) else None,
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
    return [*columns, "novelty", "refusal_message", "notes", "fold", "photometry_sha256"]


@dataclass(frozen=True)
class FlatScores:
    """Answers for B light curves. probabilities : (B, C), NaN where there is none. verdict, n_used, per_band : as
    `core.flat_selection.Chosen`. failed : (B,) bool, where no Gaussian process fits. spread : (B, C) half the range of the fold
    models' probabilities, NaN without them. novelty : (B,) as `core.model.Model.novelty`."""

    probabilities: NDArray[np.float64]
    spread: NDArray[np.float64]
    novelty: NDArray[np.float64]
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
    novelty = np.full(len(curves), np.nan)
    failed = np.zeros(len(curves), bool)
    index = np.flatnonzero(chosen.verdict == 0)
    for start in range(0, len(kept), BATCH):
        part = kept.slice(start, start + BATCH)
        here = index[start : start + BATCH]
        p[here], spread[here], novelty[here], failed[here] = _probabilities(part, model, fold_models, prior)
    return FlatScores(p, spread, novelty, chosen, failed)


def classify_flat(
    curves: FlatCurves,
    object_id: Sequence[str],
    model: Model,
    *,
    refusals: Sequence[Refusal | None] = (),
    notes: str | None = None,
    prior: Prior | None = None,
    fold_models: Sequence[Model] = (),
) -> pd.DataFrame:
    """As `classify_many`, of light curves in flat arrays, which have no alert ids and no upper limits: the same rows.

    object_id : (B,). refusals : (B,) why one is not to be scored; empty when all are. notes : what the border did to each.
    """
    rows = _Rows.empty(list(object_id), [None] * len(curves), model)
    rows.refusals[: len(refusals)] = refusals
    rows.notes = [notes] * len(curves)
    rows.answer(lambda index: curves.take(index), model, prior, fold_models)
    rows.sha256 = [curves.light_curve(k).photometry_sha256() for k in range(len(curves))]
    return rows.frame(model, prior, spread=bool(fold_models))


def _score_batch(
    batch: Sequence[LightCurve | Unscored], model: Model, prior: Prior | None, fold_models: Sequence[Model]
) -> pd.DataFrame:
    rows = _Rows.empty([item.object_id for item in batch], [item.alert_id for item in batch], model)
    rows.refusals = [item.refusal if isinstance(item, Unscored) else None for item in batch]
    curves = [None if isinstance(item, Unscored) else item for item in batch]
    rows.notes = [None if c is None else "; ".join(note.message for note in c.notes) or None for c in curves]
    rows.limits = [0 if c is None else len(c.limits) for c in curves]

    def flat(index: NDArray[np.int64]) -> FlatCurves:
        return flatten([c for i in index if (c := curves[i]) is not None], model.recipe.numbers)

    rows.answer(flat, model, prior, fold_models)
    rows.sha256 = [None if c is None else c.photometry_sha256() for c in curves]
    return rows.frame(model, prior, spread=bool(fold_models))


@dataclass
class _Rows:
    """Scored rows while they come into being, column by column; each list has one entry a row.

    refusals : what is refused from the start is not scored. notes : of the border, to which those of the selection come.
    limits : number of upper limits, which a light curve without a detection is told about.
    """

    object_id: list[str]
    alert_id: list[str | None]
    answering: list[Model]
    p: NDArray[np.float64]
    spread: NDArray[np.float64]
    novelty: NDArray[np.float64]
    n_points: NDArray[np.int64]
    refusals: list[Refusal | None]
    notes: list[str | None]
    limits: list[int]
    sha256: list[str | None]

    @classmethod
    def empty(cls, object_id: list[str], alert_id: list[str | None], model: Model) -> _Rows:
        n, n_classes = len(object_id), len(model.classes)
        p, spread, novelty = np.full((n, n_classes), np.nan), np.full((n, n_classes), np.nan), np.full(n, np.nan)
        numbers = (p, spread, novelty, np.zeros(n, np.int64))
        none: list[None] = [None] * n
        return cls(object_id, alert_id, [model] * n, *numbers, [*none], [*none], [0] * n, [*none])

    def answer(
        self,
        flat: Callable[[NDArray[np.int64]], FlatCurves],
        model: Model,
        prior: Prior | None,
        fold_models: Sequence[Model],
    ) -> None:
        """Score all rows that are not refused yet, each by the model that may answer for it. flat : gives their curves."""
        open_rows = [i for i, refusal in enumerate(self.refusals) if refusal is None]
        for i in open_rows:
            self.answering[i] = model.for_object(self.object_id[i])
        for one in dict.fromkeys(self.answering[i] for i in open_rows):
            index = np.array([i for i in open_rows if self.answering[i] is one], np.int64)
            curves = flat(index)
            scores = score_flat(curves, one, prior=prior, fold_models=fold_models)
            self.p[index], self.spread[index] = scores.probabilities, scores.spread
            self.novelty[index] = scores.novelty
            self.n_points[index] = np.where(scores.failed, 0, scores.chosen.n_used)
            for k, i in enumerate(index.tolist()):
                self.refusals[i], notes = _told(curves, one, scores, k, self.limits[i])
                self.notes[i] = "; ".join(filter(None, (self.notes[i], notes))) or None

    def frame(self, model: Model, prior: Prior | None, *, spread: bool) -> pd.DataFrame:
        """The rows as a table with the columns of `row_columns`."""
        n = len(self.object_id)
        scored = np.array([refusal is None for refusal in self.refusals], dtype=bool)
        # Same rule everywhere: the largest probability decides, ties go to the class that comes first.
        top = np.full(n, None, dtype=object)
        top[scored] = np.array(model.classes, dtype=object)[np.argmax(self.p[scored], axis=1)]
        frame: dict[str, object] = {
            "object_id": _text(self.object_id),
            "alert_id": _text(self.alert_id),
            "n_points": self.n_points,
            **{f"p_{c}": self.p[:, k] for k, c in enumerate(model.classes)},
            "top_class": _text(top.tolist()),
            "refusal": _text([None if r is None else r.reason for r in self.refusals]),
            "model": _text([model.name] * n),
            "model_sha256": _text([one.sha256 for one in self.answering]),
            "prior": _text([(prior or model.prior).name] * n),
        }
        if spread:
            frame.update({f"spread_{c}": self.spread[:, k] for k, c in enumerate(model.classes)})
        frame["novelty"] = self.novelty
        frame["refusal_message"] = _text([None if r is None else r.message for r in self.refusals])
        frame["notes"] = _text(self.notes)
        frame["fold"] = pd.array([one.fold for one in self.answering], dtype="Int64")
        frame["photometry_sha256"] = _text(self.sha256)
        return pd.DataFrame(frame)


def _probabilities(
    kept: FlatCurves, model: Model, fold_models: Sequence[Model], prior: Prior | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """(B, C) probabilities, half the range of the fold models', (B,) novelty, and where the Gaussian process failed (then NaN)."""
    tensor = model.recipe.apply_flat(kept)
    n_points = np.diff(kept.offsets)
    failed = ~np.isfinite(tensor.log_likelihood)
    answers = model.answers(tensor)
    p = model.calibrate(answers.logits, n_points, prior)
    novelty = model.novelty(answers.pooled, n_points)
    p[failed], novelty[failed] = np.nan, np.nan
    if not fold_models:
        return p, np.full_like(p, np.nan), novelty, failed
    by_fold = np.stack([m.calibrate(m.logits(tensor), n_points, prior) for m in fold_models])
    return p, 0.5 * (by_fold.max(axis=0) - by_fold.min(axis=0)), novelty, failed


def _told(curves: FlatCurves, model: Model, scores: FlatScores, k: int, limits: int) -> tuple[Refusal | None, str]:
    """Why light curve k was not scored, and what the selection did to it, in words.

    Nearly all is said from the counts. Only for the rare reasons does the selection run again for its words.
    """
    chosen, recipe = scores.chosen, model.recipe
    if chosen.verdict[k] != 0:
        if REASONS[chosen.verdict[k]] in ("missing_band", "too_few_points"):
            refusal = count_refusal(chosen.per_band[k].tolist(), recipe.band_indices, recipe.cuts)
        else:
            none = Limits(np.zeros(limits), np.zeros(limits), np.zeros(limits, np.int8))
            selection = recipe.select(replace(curves.light_curve(k), limits=none))
            refusal = selection if isinstance(selection, Refusal) else None
        assert refusal is not None
        return refusal, ""
    notes: tuple[Note, ...] = ()
    n_used, n_fitted = int(chosen.n_used[k]), int(chosen.n_fitted[k])
    if n_fitted < curves.offsets[k + 1] - curves.offsets[k]:
        band = curves.band[curves.offsets[k] : curves.offsets[k + 1]]
        others = band[~np.isin(band, recipe.band_indices)] if chosen.left_out[k, 0] else band[:0]
        notes = selection_notes(chosen.left_out[k].tolist(), others, recipe.cuts, n_used, n_fitted)
    return GP_FAILED if scores.failed[k] else None, "; ".join(note.message for note in notes)


def _text(values: Sequence[str | None]) -> pd.Series:
    return pd.Series(list(values), dtype="string")


def _lap(since: float) -> float:
    return time.perf_counter() - since
