"""The training corpus: versions of every object as tensors, and how often each is drawn."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.flat import FlatCurves
from core.recipe import Recipe
from core.taxonomy import CLASS_NAMES
from training.augment import Ranges, Versions, redraw, same_band_gaps
from training.curves import CurveSet
from training.identity import N_FOLDS
from training.redshift import dimmed

#: Versions per object of each class: the rarer the class, the more; about the same number of versions per class.
VERSIONS = {
    "SNIa": 12, "SNII": 40, "SNIbc": 80, "SLSN-I": 70, "TDE": 160, "SNIa-91bg": 150, "SNIax": 150,
    "AGN": 60, "RRL": 20, "EB": 50, "Mira": 60, "other": 50, "KN": 4, "M-dwarf": 4, "uLens": 4,
}  # fmt: skip
#: Versions per simulated object.
SIMULATED_VERSIONS = 3
#: Classes whose brightness goes up and down around a reference, so that a lost sign changes the picture.
SIGNED_STARS = ("AGN", "RRL", "EB", "Mira", "other")
#: Share of a class's draws that fall on its simulated light curves where it has both.
SIMULATED_SHARE = 0.4


@dataclass(frozen=True)
class Corpus:
    """Training tensors. values : (V, L, M) float16. label : (V,) index into `CLASS_NAMES`. fold : (V,).

    weight : (V,) how often a version is drawn, relative to its class. simulated : (V,) bool.
    redshift : (V,), at the distance of the version, NaN when unknown. peak_flux : (V,) largest flux [FLUXCAL].
    n_points : (V,).
    """

    values: NDArray[np.float16]
    label: NDArray[np.int64]
    fold: NDArray[np.int64]
    weight: NDArray[np.float64]
    redshift: NDArray[np.float64]
    peak_flux: NDArray[np.float64]
    simulated: NDArray[np.bool_]
    n_points: NDArray[np.int64]


def save(corpus: Corpus, path: Path) -> None:
    """Keep a corpus on disk, so that several trainings share one and an interrupted one goes on."""
    part = path.with_suffix(".part.npz")
    np.savez(part, **{f.name: getattr(corpus, f.name) for f in fields(corpus)})
    part.rename(path)


def load(path: Path) -> Corpus:
    """A corpus that `save` wrote."""
    with np.load(path) as arrays:
        return Corpus(**{name: arrays[name] for name in arrays.files})


def labels_of(curves: CurveSet) -> NDArray[np.int64]:
    """(n,) class indices of a set's objects."""
    return curves.objects["class"].map(CLASS_NAMES.index).to_numpy(np.int64)


def tensors(versions: Versions, recipe: Recipe, *, chunk: int = 4096) -> NDArray[np.float16]:
    """(V, L, M) tensors of augmented curves, through the very code that serves."""
    out = np.empty((len(versions.rows), recipe.length, recipe.width), np.float16)
    for start in range(0, len(out), chunk):
        stop = min(start + chunk, len(out))
        lo, hi = versions.offsets[start], versions.offsets[stop]
        curves = FlatCurves(
            versions.offsets[start : stop + 1] - lo,
            versions.t[lo:hi],
            versions.flux[lo:hi],
            versions.flux_err[lo:hi],
            versions.band[lo:hi].astype(np.int8),
            np.zeros(hi - lo, bool),
        )
        out[start:stop] = recipe.apply_flat(curves).values
    return out


def build(
    real: CurveSet,
    simulated: CurveSet | None,
    recipe: Recipe,
    rng: np.random.Generator,
    *,
    ranges: Ranges = Ranges(),  # noqa: B008 (immutable)
) -> Corpus:
    """Versions of all objects that may be trained on, real first, then simulated."""
    usable = real.take(real.objects["use_for_training"].to_numpy(bool))
    objects = usable.objects
    label = labels_of(usable)
    alert = (objects["origin"] == "alert").to_numpy()
    gaps = same_band_gaps(usable, alert & (objects["source"] == "ztf_bts").to_numpy())
    per_object = np.array([VERSIONS[name] for name in objects["class"]])
    versions = redraw(
        usable,
        np.repeat(np.arange(len(usable)), per_object),
        rng,
        cuts=recipe.cuts,
        gaps=gaps,
        from_survey=~alert,
        signed_star=objects["class"].isin(SIGNED_STARS).to_numpy() & objects["sign_known"].to_numpy(bool),
        ranges=ranges,
    )
    parts = [_part(usable, versions, recipe, objects["fold"].to_numpy(np.int64))]
    share = np.ones(len(CLASS_NAMES))
    if simulated is not None and len(simulated):
        made = redraw(
            simulated,
            np.repeat(np.arange(len(simulated)), SIMULATED_VERSIONS),
            rng,
            cuts=recipe.cuts,
            gaps=gaps,
            from_survey=np.zeros(len(simulated), bool),
            signed_star=simulated.objects["class"].isin(SIGNED_STARS).to_numpy(),
            ranges=ranges,
        )
        parts.append(_part(simulated, made, recipe, np.arange(len(simulated)) % N_FOLDS))
        both = np.isin(np.arange(len(CLASS_NAMES)), labels_of(simulated)) & np.isin(np.arange(len(CLASS_NAMES)), label)
        share[both] = SIMULATED_SHARE
    for k, part in enumerate(parts):
        part["weight"] *= share[part["label"]] if k else np.where(share < 1, 1 - share, 1.0)[part["label"]]
    return Corpus(**{name: np.concatenate([p[name] for p in parts]) for name in parts[0]})


def _part(curves: CurveSet, versions: Versions, recipe: Recipe, fold: NDArray[np.int64]) -> dict[str, NDArray]:
    label = labels_of(curves)
    # Every object of a class weighs the same, however many of its versions survived the cuts.
    survived = np.bincount(versions.rows, minlength=len(curves))
    per_class = np.bincount(label[survived > 0], minlength=len(CLASS_NAMES))
    weight = 1.0 / survived[versions.rows] / per_class[label[versions.rows]]
    redshift, simulated = curves.objects.get("redshift"), curves.objects.get("origin", "") == "simulation"
    z = np.full(len(curves), np.nan) if redshift is None else redshift.to_numpy(float)
    # A simulation's own redshift would tell its class: no real object of it has one. It borrows a supernova's.
    z = np.where(simulated, np.nan, z)
    return {
        "values": tensors(versions, recipe),
        "label": label[versions.rows],
        "fold": fold[versions.rows],
        "weight": weight,
        "redshift": dimmed(z[versions.rows], versions.dim),
        "peak_flux": np.maximum.reduceat(versions.flux, versions.offsets[:-1]),
        "simulated": np.full(len(versions.rows), bool(np.any(simulated))),
        "n_points": versions.lengths,
    }
