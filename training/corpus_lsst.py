"""The training corpus of the LSST models: versions of simulated light curves as tensors, and the redshifts to tell.

The simulation already has Rubin's visits, depths and packets. What versions add is youth, gaps, noise, and photometry
that is not quite calibrated; points are then chosen and fitted by the code that serves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS
from core.cosmology import distance_modulus
from core.flat import FlatCurves
from core.flat_selection import Chosen, select_flat
from core.photometry import LN10_OVER_2P5, ZERO_POINT
from core.recipe import Recipe
from core.taxonomy import CLASS_NAMES
from training.corpus import labels_of
from training.curves import CurveSet
from training.identity import N_FOLDS

#: Versions per simulated object.
VERSIONS = 3
_CHUNK = 3000


class Variety(NamedTuple):
    """How far versions differ from what was simulated.

    truncate_share : of versions, that end at an age of ``truncate_low`` … ``truncate_high`` [d], log-uniform, counted
    from the first point that the cuts keep. thin_share : of versions, that keep ``keep_low`` … 1 of their points.
    noise_share : of versions, that get up to ``noise`` errors of scatter more. zero_point [mag] : scatter of each band's
    calibration from version to version, for templates and filters that are not quite those of the sky. few_bands : share
    of versions that were observed in some bands only, half of them in g and r, the others in each with even chances.
    """

    truncate_share: float = 0.5
    truncate_low: float = 4.0
    truncate_high: float = 120.0
    thin_share: float = 0.6
    keep_low: float = 0.4
    noise_share: float = 0.5
    noise: float = 0.8
    zero_point: float = 0.03
    few_bands: float = 0.15


class Telling(NamedTuple):
    """What a network is told of the redshift, alike for all classes: having one must not say what an object is.

    told : share of draws that are told one. true : of those that know their own, the share told the true one with a small
    error, as a spectrum gives it; the rest are told what the simulated catalogue lists.
    """

    told: float = 0.5
    true: float = 0.3
    scatter: float = 0.001
    photometric: float = 0.04


@dataclass(frozen=True)
class LsstCorpus:
    """Training tensors. values : (V, L, M) float16, mapped from disk. label, fold : (V,). weight : (V,) relative to the class.

    redshift, redshift_err : (V,) of the simulated catalogue, NaN where it lists none. redshift_true : (V,), NaN for stars.
    peak_flux : (V,) largest flux used [FLUXCAL].
    """

    values: NDArray[np.float16]
    label: NDArray[np.int64]
    fold: NDArray[np.int64]
    weight: NDArray[np.float64]
    redshift: NDArray[np.float64]
    redshift_err: NDArray[np.float64]
    redshift_true: NDArray[np.float64]
    peak_flux: NDArray[np.float64]


def folds_of(names: NDArray) -> NDArray[np.int64]:
    """(n,) the fold of each simulated object, by a hash of its name."""
    return np.array([int(hashlib.sha256(str(name).encode()).hexdigest()[:8], 16) % N_FOLDS for name in names], np.int64)


def build(
    curves: CurveSet, recipe: Recipe, rng: np.random.Generator, path: Path, variety: Variety | None = None
) -> None:
    """Write the corpus of a simulation as ``path``.npz and, mapped when read, ``path``.npy."""
    variety = variety or Variety()
    part = path.with_suffix(".part.npy")
    room = (len(curves) * VERSIONS, recipe.length, recipe.width)
    values = np.lib.format.open_memmap(part, mode="w+", dtype=np.float16, shape=room)
    rows, peaks, done = [], [], 0
    for start in range(0, len(curves), _CHUNK):
        here = np.arange(start, min(start + _CHUNK, len(curves)))
        flat = curves.take(here).flat()
        chosen = redraw(flat, np.repeat(np.arange(len(here)), VERSIONS), recipe, rng, variety)
        tensors, peak = as_tensors(chosen.kept, recipe)
        values[done : done + len(tensors)] = tensors
        rows.append(start + np.repeat(np.arange(len(here)), VERSIONS)[chosen.verdict == 0])
        peaks.append(peak)
        done += len(tensors)
    values.flush()
    row = np.concatenate(rows)
    label, table = labels_of(curves), curves.objects.iloc[row]
    survived = np.bincount(row, minlength=len(curves))
    per_class = np.bincount(label[survived > 0], minlength=len(CLASS_NAMES))
    arrays = {
        "label": label[row],
        "fold": folds_of(curves.objects["object_id"].to_numpy())[row],
        "weight": 1.0 / survived[row] / per_class[label[row]],
        **{name: table[name].to_numpy(float) for name in ("redshift", "redshift_err", "redshift_true")},
        "peak_flux": np.concatenate(peaks),
    }
    part.rename(path.with_suffix(".npy"))
    np.savez(path.with_suffix(".part.npz"), **arrays)
    path.with_suffix(".part.npz").rename(path.with_suffix(".npz"))


def load(path: Path) -> LsstCorpus:
    """A corpus that `build` wrote; its tensors stay on disk until they are drawn."""
    with np.load(path.with_suffix(".npz")) as arrays:
        named = {f.name: arrays[f.name] for f in fields(LsstCorpus) if f.name != "values"}
    values = np.load(path.with_suffix(".npy"), mmap_mode="r")[: len(named["label"])]
    return LsstCorpus(values=values, **named)


def corpus_of(work: Path, curves: CurveSet, recipe: Recipe, seed: int) -> LsstCorpus:
    """The corpus, from the work folder when one of the same recipe, seed and simulation stands there."""
    key = json.dumps([str(recipe), seed, len(curves.mjd), VERSIONS, Variety()])
    path = work / f"corpus-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    if not path.with_suffix(".npz").exists():
        build(curves, recipe, np.random.default_rng(seed), path)
    return load(path)


def redraw(flat: FlatCurves, rows: NDArray, recipe: Recipe, rng: np.random.Generator, variety: Variety) -> Chosen:
    """One version per entry of ``rows`` (indices of light curves), cut as in serving; some are refused (``verdict``)."""
    first = first_used(flat, recipe)[rows]
    one = flat.take(rows)
    lengths = np.diff(one.offsets)
    owner, n = np.repeat(np.arange(len(rows)), lengths), len(rows)
    age = variety.truncate_low * (variety.truncate_high / variety.truncate_low) ** rng.random(n)
    age[rng.random(n) >= variety.truncate_share] = np.inf
    share = np.where(rng.random(n) < variety.thin_share, variety.keep_low + (1 - variety.keep_low) * rng.random(n), 1.0)
    scatter = np.where(rng.random(n) < variety.noise_share, variety.noise * rng.random(n), 0.0)[owner]
    zero_points = variety.zero_point * rng.standard_normal((n, int(one.band.max(initial=0)) + 1))
    factor = np.exp(-LN10_OVER_2P5 * zero_points[owner, one.band])
    keep = (one.mjd <= (first + age)[owner]) & (rng.random(len(owner)) < share[owner])
    keep &= _observed_bands(n, rng, variety)[owner, one.band]
    flux = factor * (one.flux + scatter * one.flux_err * rng.standard_normal(len(owner)))
    version = FlatCurves(
        np.concatenate([[0], np.cumsum(np.bincount(owner[keep], minlength=n))]).astype(np.int64),
        one.mjd[keep],
        flux[keep],
        (factor * one.flux_err * np.sqrt(1 + scatter**2))[keep],
        one.band[keep],
        one.forced[keep],
        one.numbers,
    )
    return select_flat(version, recipe.band_indices, recipe.cuts)


def as_tensors(kept: FlatCurves, recipe: Recipe, *, chunk: int = 2048) -> tuple[NDArray[np.float16], NDArray]:
    """(V, L, M) tensors of selected light curves, without features, and (V,) their largest flux [FLUXCAL]."""
    out = np.empty((len(kept), recipe.length, recipe.width), np.float16)
    for start in range(0, len(out), chunk):
        out[start : start + chunk] = recipe.apply_flat(kept.slice(start, start + chunk)).values
    peak = np.maximum.reduceat(kept.flux, kept.offsets[:-1]) if len(out) else np.empty(0)
    return np.nan_to_num(out, nan=0.0), peak


def preparer(
    corpus: LsstCorpus, scaling: Mapping[str, tuple[float, float, float]], telling: Telling | None = None
) -> Callable[[NDArray, NDArray, np.random.Generator], NDArray]:
    """What `training.fit.train` calls on every batch: appends the rows redshift, redshift_err, absolute_magnitude.

    Stars, and whatever the catalogue lists no redshift for, get those of random objects that have one, so that every
    class is told one as often.
    """
    telling = telling or Telling()
    listed = np.flatnonzero(np.isfinite(corpus.redshift) & np.isfinite(corpus.redshift_true))

    def prepare(values: NDArray, index: NDArray, rng: np.random.Generator) -> NDArray:
        n = len(index)
        z, error = corpus.redshift[index], corpus.redshift_err[index]
        true = corpus.redshift_true[index]
        star = ~np.isfinite(true)
        unlisted = ~np.isfinite(z) & ~star
        wide = telling.photometric * (1 + true) * rng.uniform(0.7, 1.5, n)
        z = np.where(unlisted, true + wide * rng.standard_normal(n), z)
        error = np.where(unlisted, wide, error)
        borrowed = listed[rng.integers(0, len(listed), n)]
        lacks = star & ~np.isfinite(z)
        z = np.where(lacks, corpus.redshift[borrowed], z)
        error = np.where(lacks, corpus.redshift_err[borrowed], error)
        precise = rng.random(n) < telling.true
        z = np.where(precise, np.where(star, z, true) + telling.scatter * rng.standard_normal(n), z)
        # Catalogues give most spectroscopic redshifts without an error.
        error = np.where(precise, np.where(rng.random(n) < 0.7, np.nan, telling.scatter), error)
        z = np.maximum(z, 1e-3)
        peak = corpus.peak_flux[index]
        bright = ZERO_POINT - 2.5 * np.log10(np.maximum(peak, 1e-3)) - distance_modulus(z)
        columns = {"redshift": z, "redshift_err": error, "absolute_magnitude": np.where(peak > 0, bright, np.nan)}
        told = rng.random(n) < telling.told
        rows = [_scaled(np.where(told, column, np.nan), scaling[name]) for name, column in columns.items()]
        extra = np.stack(rows, axis=1).astype(np.float32)
        return np.concatenate([values, np.repeat(extra[:, :, None], values.shape[2], axis=2)], axis=1)

    return prepare


def first_used(flat: FlatCurves, recipe: Recipe) -> NDArray[np.float64]:
    """(n,) time of the first point that the cuts keep of each light curve; infinite where they refuse it."""
    chosen = select_flat(flat, recipe.band_indices, recipe.cuts)
    first = np.full(len(flat), np.inf)
    first[chosen.verdict == 0] = chosen.kept.mjd[chosen.kept.offsets[:-1]]
    return first


def _observed_bands(n: int, rng: np.random.Generator, variety: Variety) -> NDArray[np.bool_]:
    """(n, bands) in which bands each version was observed."""
    all_of_them, some = np.ones((n, len(BANDS)), bool), rng.random((n, len(BANDS))) < 0.5
    g_and_r = np.array([b.letter in "gr" for b in BANDS])
    some = np.where((rng.random(n) < 0.5)[:, None], g_and_r, some)
    return np.where((rng.random(n) < variety.few_bands)[:, None], some, all_of_them)


def _scaled(values: NDArray, scaling: tuple[float, float, float]) -> NDArray:
    centre, width, missing = scaling
    return np.where(np.isfinite(values), (values - centre) / width, missing)
