"""How well novelty works: on objects of no class, and on classes that a network was never shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.card import ModelCard
from core.evaluate import scores
from core.model import CHUNK, Model, _Session, load_model, with_features
from core.novelty import Novelty
from core.refusal import Refusal
from training.curves import read_parquet
from training.embedding import (
    THRESHOLD,
    Embedded,
    Known,
    Space,
    embed,
    share_table,
    space_of,
)
from training.out_of_fold import SIMULATED_ONLY
from training.scored import ScoredSet

#: Classes that a network of `training.left_out` is trained without, group by group: unlike each other within a group.
GROUPS = (("TDE", "KN", "Mira"), ("SLSN-I", "RRL", "uLens"), ("SNIbc", "M-dwarf", "AGN"), ("SNII", "EB"))
#: The fold that those networks have not seen either: its objects stand for what is known.
LEFT_OUT_FOLD = 0
#: Simulated light curves per class that has no real one.
SIMULATED = 150
#: Measures of novelty that are compared, and how the card calls them.
MEASURES = {
    "one mean": "Mahalanobis distance to one mean",
    "class means": "Mahalanobis distance to the nearest class mean",
    "neighbours": "mean distance to the 20 nearest training objects, in units of the spread within classes",
    "largest logit": "the largest logit, negative",
    "energy": "the energy (Liu et al. 2020, eq. 4)",
}


def stamp(card: ModelCard) -> str:
    """What a network left without some classes was trained by: it is measured only beside a model of the same."""
    training = card.data["training"]
    parts = {"network": training.get("network"), "plan": training.get("plan"), "recipe": str(card.recipe())}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def is_of(work: Path, group: Sequence[str], card: ModelCard) -> bool:
    """Whether the network without these classes is there, trained as the card's own were."""
    file = left_out_file(work, group)
    written = file.with_suffix(".json")
    return file.is_file() and written.is_file() and written.read_text() == stamp(card)


@dataclass(frozen=True)
class Compared:
    """per_class : whether the nearest class mean did better than one mean. rows, left_out : for the card."""

    per_class: bool
    rows: list[dict[str, Any]]
    left_out: list[dict[str, Any]]


def left_out_file(work: Path, group: Sequence[str]) -> Path:
    """Where the network that was never shown these classes is kept."""
    return work / f"without-{'-'.join(group)}.tflite"


def choose(
    models: Sequence[Model],
    trained: ScoredSet,
    counted: ScoredSet,
    known: Known,
    oddities: ScoredSet | None,
    work: Path,
) -> Compared:
    """Compare the measures on oddities and on classes left out, on whole light curves, by the area under the ROC curve.

    The larger mean of both areas, told by number of points, decides between one mean and the classes' means: what they
    cost is the same. The others are there to compare: a distance to neighbours costs a look at every training object.
    """
    found: list[tuple[str, str, float, float]] = []  # measure, sample, area, area by number of points
    if oddities is not None:
        odd = embed(models[0], oddities.curves)
        whole = np.isinf(known.age)
        references = [_reference(model, trained, space - 1) for space, model in enumerate(models)]
        for name in MEASURES:
            measures = [_apart(name, *reference) for reference in references]
            near = np.empty(len(known.row))
            for k in range(len(models) - 1):
                here = known.fold == k
                near[here] = measures[k + 1](known.pooled[here], known.logits[here])
            far = measures[0](odd.pooled, odd.logits)
            table = share_table(near - near.min(), known.n_points, known.weight)
            shares = [
                _shares(table, d - near.min(), n)
                for d, n in ((near[whole], known.n_points[whole]), (far, odd.n_points))
            ]
            found.append((name, "oddities", _area(near[whole], far), _area(*shares)))
    left_out = _left_out(models[0], trained, counted, work, found)
    table = pd.DataFrame(found, columns=["measure", "sample", "auc", "auc_by_points"])
    rows = []
    for name, title in MEASURES.items():
        of = table[table["measure"] == name]
        row: dict[str, Any] = {"measure": title}
        for what, part in (("oddities", of[of["sample"] == "oddities"]), ("left_out", of[of["sample"] != "oddities"])):
            for key in ("auc", "auc_by_points"):
                row[f"{what}_{key}"] = None if part.empty else round(float(part[key].mean()), 3)
        rows.append(row)
    by_name = dict(zip(MEASURES, rows, strict=True))

    def merit(name: str) -> float:
        areas = [by_name[name][f"{what}_auc_by_points"] for what in ("oddities", "left_out")]
        return float(np.mean([a for a in areas if a is not None] or [0.0]))

    return Compared(merit("class means") > merit("one mean"), rows, left_out)


def _left_out(
    model: Model, trained: ScoredSet, counted: ScoredSet, work: Path, found: list[tuple[str, str, float, float]]
) -> list[dict[str, Any]]:
    """Areas of every measure for every class that a network was never shown, into ``found``; rows for the card."""
    rows = []
    for group in GROUPS:
        if not is_of(work, group, model.card):
            continue
        content = left_out_file(work, group).read_bytes()
        keep = [i for i, name in enumerate(model.classes) if name not in group]
        seen = trained.take(~trained.objects["class"].isin(group).to_numpy())
        seen = seen.take((seen.objects["fold"] != LEFT_OUT_FOLD).to_numpy())
        near_set = counted.take(
            ((counted.objects["fold"] == LEFT_OUT_FOLD) & ~counted.objects["class"].isin(group)).to_numpy()
        )
        reference, near = (embed_by(content, model, s) for s in (seen, near_set))
        label = seen.objects["class"].map(model.classes.index).to_numpy(int)[reference.rows]
        for name in group:
            far_set = _of_class(name, counted, work)
            if far_set is None:
                continue
            far = embed_by(content, model, far_set)
            row = {"class": name, "objects": len(far.rows), "simulated": name in SIMULATED_ONLY}
            for measure in MEASURES:
                apart = _apart(measure, reference.pooled, label)
                here, there = apart(near.pooled, near.logits[:, keep]), apart(far.pooled, far.logits[:, keep])
                table = share_table(here - here.min(), near.n_points, np.ones(len(here)))
                shares = [_shares(table, d - here.min(), s.n_points) for d, s in ((here, near), (there, far))]
                found.append((measure, name, _area(here, there), _area(*shares)))
                if measure in ("one mean", "class means"):
                    row[f"auc, {measure}"] = round(_area(*shares), 3)
                    row[f"above threshold, {measure}"] = int(np.sum(shares[1] >= THRESHOLD))
            rows.append(row)
    return rows


def embed_by(content: bytes, model: Model, scored: ScoredSet) -> Embedded:
    """As `embed`, by another network of the same recipe and tensors as ``model``."""
    chosen = [model.recipe.select(curve) for curve in scored.curves]
    rows = [i for i, s in enumerate(chosen) if not isinstance(s, Refusal)]
    curves = [chosen[i].curve for i in rows]
    session = _Session(content, model.card.data["tensors"], CHUNK)
    pooled, logits = [], []
    for start in range(0, len(curves), CHUNK):
        part = curves[start : start + CHUNK]
        batch = model.recipe.apply(part)
        values = with_features(batch.values, batch.features)
        padded = np.zeros((CHUNK, *values.shape[1:]), np.float32)
        padded[: len(part)] = values
        answer, _, activations = session.run(padded)
        pooled.append(activations[: len(part)].mean(axis=1))
        logits.append(answer[: len(part)])
    return Embedded(
        np.concatenate(pooled), np.concatenate(logits), np.array([len(c) for c in curves]), np.array(rows, int)
    )


def figures(
    folder: Path, known: Known, counted: ScoredSet, oddities: ScoredSet | None, compared: Compared
) -> dict[str, Any]:
    """What the card says of the measure that was chosen, through the very code that serves."""
    measure = load_model(folder).novelty_measure
    assert measure is not None
    share = np.empty(len(known.row))
    for k in np.unique(known.fold):
        here = known.fold == k
        share[here] = measure.score(known.pooled[here], known.n_points[here], int(k))
    whole = np.isinf(known.age)
    names = counted.objects["class"].to_numpy()[known.row]
    out: dict[str, Any] = {
        "known_objects": int(whole.sum()),
        "known_above_threshold": round(float(np.mean(share[whole] >= THRESHOLD)), 4),
        "known_above_threshold_by_age": [
            {
                "days": None if np.isinf(age) else float(age),
                "objects": int(np.sum(known.age == age)),
                "above": round(float(np.mean(share[known.age == age] >= THRESHOLD)), 4),
            }
            for age in np.unique(known.age)
        ],
        "known_above_threshold_by_class": {
            str(name): {
                "objects": int(np.sum(whole & (names == name))),
                "above": int(np.sum(share[whole & (names == name)] >= THRESHOLD)),
            }
            for name in dict.fromkeys(names.tolist())
        },
        "wrong_above_and_below": _wrong(known, share, names, counted, folder),
    }
    if oddities is not None:
        out["oddities"] = _oddities(folder, oddities, share[whole], measure)
    kind = "class means" if compared.per_class else "one mean"
    out["left_out"] = [
        {k: row[k] for k in ("class", "objects", "simulated")}
        | {"auc": row[f"auc, {kind}"], "above_threshold": row[f"above threshold, {kind}"]}
        for row in compared.left_out
    ]
    out["left_out_note"] = (
        "By networks trained without the class (and without one fold, which stands for what is known): python -m training.left_out"
    )
    out["compared"] = compared.rows
    return out


def _wrong(known: Known, share: NDArray, names: NDArray, counted: ScoredSet, folder: Path) -> dict[str, float]:
    """Share of whole light curves whose likeliest class is wrong, above and below the threshold."""
    model, whole = load_model(folder), np.isinf(known.age)
    p = model.calibrate(known.logits[whole], known.n_points[whole])
    wrong = np.array(model.classes)[p.argmax(axis=1)] != names[whole]
    far = share[whole] >= THRESHOLD
    return {"above": round(float(wrong[far].mean()), 3), "below": round(float(wrong[~far].mean()), 3)}


def _oddities(folder: Path, oddities: ScoredSet, known: NDArray, measure: Novelty) -> dict[str, Any]:
    """By the shipped network, which was trained on none of them."""
    found = embed(load_model(folder), oddities.curves)
    share = measure.score(found.pooled, found.n_points)
    types = oddities.objects["type"].to_numpy()[found.rows]
    rng = np.random.default_rng(0)

    def area(index: NDArray) -> float:
        return _area(known, share[index])

    return {
        "objects": len(share),
        "auc": round(_area(known, share), 3),
        "auc_interval": scores.interval(area, len(share), rng),
        "above_threshold": int(np.sum(share >= THRESHOLD)),
        "by_type": {
            str(t): {"objects": int(np.sum(types == t)), "above": int(np.sum(share[types == t] >= THRESHOLD))}
            for t in np.unique(types)
        },
    }


def _of_class(name: str, counted: ScoredSet, work: Path) -> ScoredSet | None:
    """Light curves of a class: all real ones that count, or simulated ones where there is no real one."""
    if name not in SIMULATED_ONLY:
        found = counted.take((counted.objects["class"] == name).to_numpy())
        return found if len(found.curves) else None
    path = work / "simulated.parquet"
    if not path.is_file():
        return None
    simulated = read_parquet(path)
    rows = np.flatnonzero((simulated.objects["class"] == name).to_numpy())[:SIMULATED]
    return ScoredSet([simulated.light_curve(r) for r in rows], simulated.objects.iloc[rows]) if len(rows) else None


def _reference(model: Model, trained: ScoredSet, left_out_fold: int) -> tuple[NDArray, NDArray]:
    """Embeddings and labels of the objects that a network was trained on."""
    seen = trained.take((trained.objects["fold"] != left_out_fold).to_numpy())
    found = embed(model, seen.curves)
    return found.pooled, seen.objects["class"].map(model.classes.index).to_numpy(int)[found.rows]


def _apart(name: str, reference: NDArray, label: NDArray) -> Callable[[NDArray, NDArray], NDArray]:
    """measure(pooled, logits) : (B,), the larger, the more unlike ``reference``."""
    if name in ("one mean", "class means"):
        space = space_of(reference, label, per_class=name == "class means")
        return lambda pooled, logits: space.distance(pooled)
    if name == "neighbours":
        space = space_of(reference, label, per_class=True)
        return lambda pooled, logits: _to_neighbours(space, pooled, reference)
    if name == "largest logit":
        return lambda pooled, logits: -logits.max(axis=1)
    return lambda pooled, logits: -np.logaddexp.reduce(logits.astype(float), axis=1)


def _to_neighbours(space: Space, pooled: NDArray, reference: NDArray, k: int = 20) -> NDArray[np.float64]:
    at, there = pooled @ space.rotate, reference @ space.rotate
    squared = np.sum(at**2, axis=1)[:, None] + np.sum(there**2, axis=1) - 2 * at @ there.T
    return np.sqrt(np.maximum(np.partition(squared, k - 1, axis=1)[:, :k], 0.0)).mean(axis=1)


def _shares(table: dict[str, list], distance: NDArray, n_points: NDArray) -> NDArray[np.float64]:
    empty = np.zeros((1, 1, 1), np.float32)
    arrays = (np.asarray(table[name], dtype=float) for name in ("n_points", "levels", "distances"))
    return Novelty(empty, empty, *arrays, THRESHOLD).share_nearer(distance, n_points)


def _area(near: NDArray, far: NDArray) -> float:
    """The chance that something far scores higher than something near."""
    return scores.auc(np.repeat([False, True], [len(near), len(far)]), np.concatenate([near, far]))
