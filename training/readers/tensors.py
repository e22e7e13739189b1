"""Parts of light curves to the input of a network: the cuts, Gaussian process and channels of a recipe, part by part."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.flat_selection import REASONS, select_flat
from core.recipe import Recipe
from training.curves import CurveSet, read_parquet
from training.readers.write import line_of_progress

#: Light curves whose Gaussian processes are computed together.
CHUNK = 2048


@dataclass(frozen=True)
class Tensors:
    """Network input of the objects that pass a recipe's cuts.

    values : (n, L, M) float16. features : (n, R) float32. object_id, label (class name, "" for none) : (n,).
    n_points : (n,) used. refused : reason -> number of objects left out.
    """

    values: NDArray[np.float16]
    features: NDArray[np.float32]
    object_id: NDArray
    label: NDArray
    n_points: NDArray[np.int64]
    refused: dict[str, int]


def tensors(curves: CurveSet, recipe: Recipe) -> Tensors:
    """What a network with this recipe reads of each object, through the code that serves."""
    flat = curves.flat()
    chosen = select_flat(flat, recipe.band_indices, recipe.cuts)
    batches = [
        recipe.apply_flat(chosen.kept.slice(start, start + CHUNK)) for start in range(0, len(chosen.kept), CHUNK)
    ]
    passed = chosen.verdict == 0
    objects = curves.objects[passed]
    counts = np.bincount(chosen.verdict, minlength=len(REASONS))
    empty = np.empty((0, recipe.length, recipe.width), np.float16), np.empty((0, len(recipe.features)), np.float32)
    return Tensors(
        values=np.concatenate([empty[0], *(batch.values.astype(np.float16) for batch in batches)]),
        features=np.concatenate([empty[1], *(batch.features for batch in batches)]),
        object_id=objects["object_id"].to_numpy(str),
        label=objects["class"].to_numpy(str),
        n_points=chosen.n_used[passed],
        refused={reason: int(n) for reason, n in zip(REASONS, counts, strict=True) if reason and n},
    )


def write_tensors(
    parts: Sequence[Path], recipe: Recipe, out: Path, *, progress: Callable[[str], None] | None = None
) -> int:
    """One ``.npz`` per part (the fields of `Tensors`), and how many objects passed; parts that are there are kept."""
    progress = progress or line_of_progress()
    out.mkdir(parents=True, exist_ok=True)
    passed, read, began = 0, 0, time.monotonic()
    for number, part in enumerate(parts, 1):
        target = out / f"{part.stem}.npz"
        if not target.exists():
            made = tensors(read_parquet(part), recipe)
            read += len(made.label) + sum(made.refused.values())
            _save(made, target)
        with np.load(target) as kept:
            passed += len(kept["label"])
        rate = read / max(time.monotonic() - began, 1e-9)
        progress(f"part {number} of {len(parts)}  {passed:,} objects pass the cuts  {rate:,.0f} objects/s")
    return passed


def _save(made: Tensors, target: Path) -> None:
    aside = target.with_suffix(".part")
    with aside.open("wb") as file:
        arrays = {name: getattr(made, name) for name in ("values", "features", "object_id", "label", "n_points")}
        np.savez(file, **arrays, refused=np.array([f"{reason}:{n}" for reason, n in made.refused.items()], str))
    aside.rename(target)
