"""The embedding of the training objects: what novelty and similar objects are measured by, shipped with a model.

    python -m training.embedding --data DATA --model t2-ztf

Writes ``embedding.npz`` into the model's folder, and its checksum, the threshold and how well it works into the card. Nothing
is trained. `python -m training.left_out` trains the networks that were never shown some classes; where they stand in the
work folder, they are measured too.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.lightcurve import LightCurve
from core.model import MODELS, Model, load_model
from core.photometry import flux_to_magnitude
from core.refusal import Refusal
from training import card_file
from training.datasets import RealSet, load_real
from training.out_of_fold import AGES
from training.scored import ScoredSet, first_days, scored_set, sources_folder

FILE = "embedding.npz"
#: Axes of the index. Eight to fourteen find as many objects of an object's own class; fewer lose some, so do all 32.
AXES = 8
#: Besides the whole light curve, every object is in the index as it stood after so many days.
YOUNG = 15.0
#: Added to a covariance, as a share of its mean variance, so that axes in which nothing varies don't rule.
RIDGE = 1e-3
#: Shares of known objects at which the card tabulates distances.
LEVELS = (0.0, *np.round(np.arange(0.05, 0.951, 0.05), 2), 0.975, 0.99)
THRESHOLD = 0.95
#: Known light curves that one knot of the table stands on, at least, and the most knots.
PER_KNOT, KNOTS = 150, 6


class Embedded(NamedTuple):
    """What a network makes of the light curves that it takes. pooled (K, d), logits (K, C), n_points (K,), rows (K,)."""

    pooled: NDArray[np.float32]
    logits: NDArray[np.float32]
    n_points: NDArray[np.int64]
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Space:
    """One network's embedding, measured. rotate (d, d), means (K, d) : as `core.novelty.Novelty`, for one network."""

    rotate: NDArray[np.float64]
    means: NDArray[np.float64]

    def distance(self, pooled: NDArray) -> NDArray[np.float64]:
        """(B,) distances to the nearest mean."""
        at = pooled @ self.rotate
        return np.sqrt(np.min(np.sum((at[:, None] - self.means) ** 2, axis=2), axis=1))


def embed(model: Model, curves: Sequence[LightCurve], chunk: int = 512) -> Embedded:
    """Embeddings of the light curves that the model's recipe does not refuse."""
    chosen = [model.recipe.select(curve) for curve in curves]
    rows = [i for i, s in enumerate(chosen) if not isinstance(s, Refusal)]
    pooled, logits, n_points = [np.empty((0, len(model.head_weights)))], [np.empty((0, len(model.classes)))], []
    for start in range(0, len(rows), chunk):
        part = [chosen[i].curve for i in rows[start : start + chunk]]
        answers = model.answers(model.recipe.apply(part))
        pooled.append(answers.pooled)
        logits.append(answers.logits)
        n_points += [len(curve) for curve in part]
    return Embedded(np.concatenate(pooled), np.concatenate(logits), np.array(n_points, int), np.array(rows, int))


def space_of(pooled: NDArray, label: NDArray, *, per_class: bool) -> Space:
    """Means and covariance of (n, d) embeddings: one mean and the covariance around it, or one mean per class and the
    covariance within classes that they share (Lee et al. 2018, eq. 1)."""
    groups = label if per_class else np.zeros(len(pooled), int)
    means, within = _within(pooled.astype(float), groups)
    rotate = _whitening(within)
    return Space(rotate, means @ rotate)


def axes_of(pooled: NDArray, label: NDArray, most: int = AXES) -> tuple[NDArray, NDArray]:
    """(d, q) axes that part the classes best, in units of the spread within them, and (q,) the centre along them.

    Linear discriminants (Fisher 1936), classes weighted by the root of their number, so that one alone does not decide.
    """
    means, within = _within(pooled.astype(float), label)
    rotate = _whitening(within)
    at, weight = means @ rotate, np.sqrt(np.bincount(label)[np.unique(label)])
    weight = weight / weight.sum()
    centre = weight @ at
    between = (at - centre).T @ ((at - centre) * weight[:, None])
    axes = np.linalg.eigh(between)[1][:, ::-1][:, :most]
    return rotate @ axes, centre @ axes


def _within(pooled: NDArray, groups: NDArray) -> tuple[NDArray, NDArray]:
    names, of = np.unique(groups, return_inverse=True)
    means = np.stack([pooled[of == k].mean(axis=0) for k in range(len(names))])
    left = pooled - means[of]
    return means, left.T @ left / len(left)


def _whitening(covariance: NDArray) -> NDArray:
    d = len(covariance)
    ridge = RIDGE * np.trace(covariance) / d * np.eye(d)
    return np.linalg.inv(np.linalg.cholesky(covariance + ridge)).T


def share_table(distance: NDArray, n_points: NDArray, weight: NDArray) -> dict[str, list]:
    """The card's table: at knots of the number of points, the distance within which each share of known objects lies."""
    order = np.argsort(n_points, kind="stable")
    knots = int(np.clip(len(order) // PER_KNOT, 1, KNOTS))
    points, rows = [], []
    for part in np.array_split(order, knots):
        points.append(float(np.exp(np.average(np.log(n_points[part]), weights=weight[part]))))
        rows.append(weighted_quantiles(distance[part], weight[part], LEVELS))
    rising = [i for i in range(len(points)) if i == 0 or points[i] > points[i - 1]]
    return {
        "n_points": [round(points[i], 2) for i in rising],
        "levels": [float(level) for level in LEVELS],
        "distances": [[round(float(d), 4) for d in rows[i]] for i in rising],
    }


def weighted_quantiles(values: NDArray, weight: NDArray, levels: Sequence[float]) -> NDArray[np.float64]:
    """(Q,) values below which these shares of the weight lie."""
    order = np.argsort(values)
    below = np.cumsum(weight[order]) - 0.5 * weight[order]
    return np.interp(np.asarray(levels) * weight.sum(), below, values[order])


# --- the index -------------------------------------------------------------------------------------------------------


def index_arrays(models: Sequence[Model], scored: ScoredSet) -> dict[str, NDArray]:
    """The arrays of `core.neighbours.Index`. models : the shipped one, then its fold models. scored : one row per
    physical object, all of them trained on."""
    classes = models[0].classes
    objects = scored.objects
    label = objects["class"].map(classes.index).to_numpy(int)
    fold = objects["fold"].to_numpy(int)
    versions = [(scored.curves, np.inf), ([first_days(c, models[0].recipe, YOUNG) for c in scored.curves], YOUNG)]
    if models[0].recipe.features:  # who has no redshift is compared with objects told without theirs
        versions.append((scored.without_redshift().curves, np.inf))
    found = [[embed(m, curves) for curves, _ in versions] for m in models]
    owner = np.concatenate([part.rows for part in found[0]])
    arrays: dict[str, list[NDArray]] = {"axes": [], "centre": [], "step": [], "codes": []}
    for space, parts in enumerate(found):
        long = parts[0]
        trained = fold[long.rows] != space - 1
        axes, centre = axes_of(long.pooled[trained], label[long.rows][trained])
        at = np.concatenate([part.pooled for part in parts]) @ axes - centre
        at[fold[owner] == space - 1] = 0.0  # never asked for: this network was not trained on them
        step = np.maximum(np.abs(at).max(axis=0), 1e-6) / 127.0
        arrays["axes"].append(axes.astype(np.float32))
        arrays["centre"].append(centre.astype(np.float32))
        arrays["step"].append(step.astype(np.float32))
        arrays["codes"].append(np.round(at / step).astype(np.int8))
    days = np.concatenate([np.full(len(part.rows), age) for part, (_, age) in zip(found[0], versions, strict=True)])
    return {
        "classes": np.array(classes),
        **object_columns(scored, label),
        "owner": owner.astype(np.int32),
        "days": days.astype(np.float32),
        **{name: np.stack(parts) for name, parts in arrays.items()},
    }


def object_columns(scored: ScoredSet, label: NDArray) -> dict[str, NDArray]:
    """Who the objects of the index are: names to find them by, class, fold, redshift, brightest point, position."""
    objects = scored.objects
    names = [_names(row) for row in objects.itertuples(index=False)]
    peak = np.array([np.max(c.flux) for c in scored.curves])
    return {
        "object_id": np.array([group[0] for group in names]),
        "names": np.array([";".join(group) for group in names]),
        "class_index": label.astype(np.int8),
        "fold": objects["fold"].to_numpy(np.int8),
        "redshift": _column(objects, "redshift").astype(np.float16),
        "peak_magnitude": np.round(flux_to_magnitude(peak), 2).astype(np.float32),
        "ra": _column(objects, "ra").astype(np.float32),
        "dec": _column(objects, "dec").astype(np.float32),
    }


def _names(row: Any) -> list[str]:
    """All names of an object, the one that brokers know first."""
    found = [getattr(row, key, "") for key in ("ztf_id", "object_id", "iau_name")]
    return list(dict.fromkeys(str(name) for name in found if isinstance(name, str) and name))


def _column(objects: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return objects[name].to_numpy(float) if name in objects else np.full(len(objects), np.nan)


# --- novelty ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """Light curves of known classes, each seen by the network that was not trained on it, at several ages.

    pooled (V, d), logits (V, C), n_points (V,), fold (V,), row (V,) of the scored set, age (V,) [d].
    """

    pooled: NDArray
    logits: NDArray
    n_points: NDArray
    fold: NDArray
    row: NDArray
    age: NDArray

    @property
    def weight(self) -> NDArray[np.float64]:
        """(V,) each object counts once, shared among its ages."""
        return 1.0 / np.bincount(self.row)[self.row]


def known_out_of_fold(models: Sequence[Model], scored: ScoredSet) -> Known:
    """models : the fold models. scored : objects that count for scores."""
    fold = scored.objects["fold"].to_numpy(int)
    parts = []
    for age in AGES:
        for k, model in enumerate(models):
            rows = np.flatnonzero(fold == k)
            curves = [scored.curves[r] for r in rows]
            if not np.isinf(age):
                curves = [first_days(c, model.recipe, age) for c in curves]
            found = embed(model, curves)
            n = len(found.rows)
            parts.append((found.pooled, found.logits, found.n_points, np.full(n, k), rows[found.rows], np.full(n, age)))
    return Known(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def distances(spaces: Sequence[Space], known: Known) -> NDArray[np.float64]:
    """(V,) distance of every known light curve in the space of its own fold. spaces : shipped, then folds."""
    out = np.empty(len(known.row))
    for k in np.unique(known.fold):
        here = known.fold == k
        out[here] = spaces[k + 1].distance(known.pooled[here])
    return out


def spaces_of(models: Sequence[Model], scored: ScoredSet, *, per_class: bool) -> list[Space]:
    """The space of every network, from the objects it was trained on. models : shipped, then folds."""
    label = scored.objects["class"].map(models[0].classes.index).to_numpy(int)
    fold = scored.objects["fold"].to_numpy(int)
    out = []
    for number, model in enumerate(models):
        trained = np.flatnonzero(fold != number - 1)
        found = embed(model, [scored.curves[r] for r in trained])
        out.append(space_of(found.pooled, label[trained[found.rows]], per_class=per_class))
    return out


# --- the command -----------------------------------------------------------------------------------------------------


def write_file(folder: Path, arrays: Mapping[str, NDArray]) -> dict[str, Any]:
    """Write ``folder``/embedding.npz and give its entry for the card. The same arrays give the same bytes."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    (folder / FILE).write_bytes(content.getvalue())
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    return {"path": FILE, "sha256": digest, "bytes": len(content.getvalue()), "format": "npz"}


def add_embedding(
    folder: Path, trained: ScoredSet, counted: ScoredSet, oddities: ScoredSet | None, work: Path, command: str
) -> dict[str, Any]:
    """Measure, write the file, and put its entry and the section ``novelty`` into the card. Gives that section.

    trained : one row per physical object that the model was trained on. counted : those whose figures are quoted.
    oddities : objects of no class, or None. work : where `training.left_out` keeps its networks.
    """
    from training.novelty_figures import choose, figures

    models = [load_model(folder)]
    models += [load_model(folder, fold=k) for k in range(len(models[0].card.data["files"].get("folds", [])))]
    everything = trained
    if models[0].recipe.features:  # both with what is known of the redshift, and without
        everything, counted = trained.and_without_redshift(), counted.and_without_redshift()
    known = known_out_of_fold(models[1:], counted)
    compared = choose(models, everything, counted, known, oddities, work)
    spaces = spaces_of(models, everything, per_class=compared.per_class)
    distance = distances(spaces, known)
    table = share_table(distance, known.n_points, known.weight)
    arrays = index_arrays(models, trained)
    arrays |= {
        "rotate": np.stack([s.rotate for s in spaces]).astype(np.float32),
        "means": np.stack([s.means for s in spaces]).astype(np.float32),
    }
    card = card_file.read(folder)
    card["files"]["embedding"] = write_file(folder, arrays)
    around = "the mean of the training objects, in their covariance"
    if compared.per_class:
        around = "the nearest of the classes' means, in the covariance within classes"
    card["novelty"] = {
        "what": f"Mahalanobis distance in the network's embedding (the mean over rows that the last layer reads) to {around}, "
        "told as the share of known objects with about as many points that lie nearer. The shares were counted on real "
        "objects by the fold model that had not seen them, at all ages.",
        "threshold": THRESHOLD,
        **table,
        "figures": {},
    }
    card_file.write(folder, card)
    card["novelty"]["figures"] = {"command": command} | figures(folder, known, counted, oddities, compared)
    card_file.write(folder, card)
    return card["novelty"]


def sets_of(real: RealSet, recipe: Any) -> tuple[ScoredSet, ScoredSet, ScoredSet | None]:
    """Training objects, those that count for scores, and the oddities, of the real ZTF data."""
    table = real.objects
    primary = table["use_for_training"].to_numpy(bool) & table["primary"].to_numpy(bool)
    trained = scored_set(real, recipe, primary)
    counted = scored_set(real, recipe, table["use_for_scores"].to_numpy(bool))
    odd = real.held_out
    if odd is None or not len(odd):
        return trained, counted, None
    # An object of two labels, one of a class: the network was trained on it under that one.
    strange = odd.take(~odd.objects["physical_id"].isin(table["physical_id"]).to_numpy())
    return trained, counted, ScoredSet([strange.light_curve(i) for i in range(len(strange))], strange.objects)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--model", default="t2-ztf", help="name of a model folder with fold models")
    parser.add_argument("--work", type=Path, help="where training.left_out keeps its networks (default: build/MODEL)")
    args = parser.parse_args()
    folder, work = MODELS / args.model, args.work or Path("build") / args.model
    sets = sets_of(load_real(args.data), load_model(folder).recipe)
    section = add_embedding(folder, *sets, work, f"python -m training.embedding --data DATA --model {args.model}")
    print(json.dumps(section["figures"], indent=1, ensure_ascii=False))
    print(f"{folder / FILE}: {(folder / FILE).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
