"""What would change the answer: edits of a light curve, and the answer as the light curve grew.

Edits are pure: each gives a new `LightCurve` and leaves the old one as it was, so that undoing one is going back to the
value before. What is random takes a generator. `Changes` holds several edits at once, in an order that makes them
independent of each other: first what moves points, then what leaves points out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.bands import BANDS, band_index
from core.flat import flatten
from core.flat_selection import REASONS
from core.gp.fit import GPFit
from core.gp.kernels import MATERN_32, fit_kernel
from core.lightcurve import LightCurve, frozen
from core.model import Model, Prior
from core.pipeline import Classification, classify, score_flat
from core.refusal import BadInput, Refusal

#: So long without a measurement [d], and the next one is of another night, wherever the telescope stands.
NIGHT_GAP = 0.35
#: A timeline has at most this many steps; of longer light curves, every second, third, … night is one.
MAX_STEPS = 90
#: Draws of `resampled_answers`: enough for shares to a few percent.
DRAWS = 200


def truncated(curve: LightCurve, mjd: float) -> LightCurve:
    """The light curve as it stood at a time: points and limits up to and including ``mjd`` [d]."""
    limits = curve.limits
    kept = limits.mjd <= mjd
    earlier = replace(
        limits,
        mjd=frozen(limits.mjd[kept], np.float64),
        flux_limit=frozen(limits.flux_limit[kept], np.float64),
        band=frozen(limits.band[kept], np.int8),
    )
    return replace(curve.subset(curve.mjd <= mjd), limits=earlier)


def without_points(curve: LightCurve, numbers: Sequence[int]) -> LightCurve:
    """The light curve without the points of these numbers. Raises BadInput for a number that it does not have."""
    return curve.subset(~_numbered(curve, numbers))


def without_band(curve: LightCurve, band: str) -> LightCurve:
    """The light curve without the points of one band (a name such as ``ztf_g``)."""
    return curve.subset(curve.band != band_index(band))


def dimmed(curve: LightCurve, magnitudes: float, generator: np.random.Generator) -> LightCurve:
    """The same object fainter by ``magnitudes`` (brighter where negative), with the noise that goes with it.

    The square of each error is taken to be s² + gF: of the sky, the lowest error of the band, and of the object's own
    photons, the rest. With the flux times f the error becomes √(s² + f(σ² − s²)), and what scaling the noise has left
    short of it is drawn. Made brighter (f > 1) a point keeps its relative error, since noise can't be taken out again.
    """
    factor = 10.0 ** (-0.4 * magnitudes)
    if factor == 1.0:
        return curve
    variance = curve.flux_err**2
    sky = np.empty_like(variance)
    for band in set(curve.band.tolist()):
        here = curve.band == band
        sky[here] = variance[here].min()
    scaled = factor**2 * variance
    wanted = np.maximum(sky + factor * (variance - sky), scaled)
    flux = factor * curve.flux + np.sqrt(wanted - scaled) * generator.standard_normal(len(curve))
    return _with_photometry(curve, flux, np.sqrt(wanted))


def resampled(curve: LightCurve, generator: np.random.Generator) -> LightCurve:
    """The light curve measured once more: each flux drawn anew within its error, which stays."""
    return _with_photometry(curve, curve.flux + curve.flux_err * generator.standard_normal(len(curve)), curve.flux_err)


def at_redshift(curve: LightCurve, redshift: float | None) -> LightCurve:
    """The same photometry, with a model told another redshift, or none; an error of the old one goes with it."""
    if redshift == curve.redshift:
        return curve
    return replace(curve, redshift=redshift, redshift_err=None)


@dataclass(frozen=True)
class Changes:
    """Several edits at once; the empty one changes nothing.

    until : last day kept, in days since the first detection. without : numbers of points left out. without_bands : names.
    fainter : magnitudes. redshift : told instead of the known one; 0 tells that it is not known. draw : which drawing of
    the noise, None for the fluxes as measured. kernel : of the Gaussian process. stretch : factor of its time scale.
    """

    until: float | None = None
    without: tuple[int, ...] = ()
    without_bands: tuple[str, ...] = ()
    fainter: float = 0.0
    redshift: float | None = None
    draw: int | None = None
    kernel: str = MATERN_32
    stretch: float = 1.0

    @property
    def process(self) -> Callable[[LightCurve], GPFit] | None:
        """Fits the Gaussian process that is asked for; None for the model's own."""
        if self.kernel == MATERN_32 and self.stretch == 1.0:
            return None
        return partial(fit_kernel, kernel=self.kernel, stretch=self.stretch)

    def moved(self, curve: LightCurve) -> LightCurve:
        """All points, moved: fainter, drawn anew, told another redshift."""
        out = dimmed(curve, self.fainter, np.random.default_rng([0, self.draw or 0]))
        if self.draw is not None:
            out = resampled(out, np.random.default_rng([1, self.draw]))
        return out if self.redshift is None else at_redshift(out, self.redshift or None)

    def kept(self, curve: LightCurve) -> NDArray[np.bool_]:
        """(N,) which points of the original light curve are left."""
        left = ~_numbered(curve, self.without)
        if self.until is not None:
            left &= curve.mjd <= self._last(curve)
        return left & ~np.isin(curve.band, [band_index(name) for name in self.without_bands])

    def apply(self, curve: LightCurve) -> LightCurve:
        """The light curve with all changes; the very same one where there are none."""
        moved, kept = self.moved(curve), self.kept(curve)
        if self.until is not None:
            moved = replace(moved, limits=truncated(curve, self._last(curve)).limits)
        return moved if kept.all() else moved.subset(kept)

    def _last(self, curve: LightCurve) -> float:
        assert self.until is not None
        return curve.first_detection + self.until + 1e-9  # a day that was read off a point keeps that point


def changed_answer(
    curve: LightCurve, changes: Changes, model: Model, *, prior: Prior | None = None, fold_models: Sequence[Model] = ()
) -> Classification | Refusal:
    """The answer to a light curve with changes; every step of the pipeline runs anew."""
    return classify(changes.apply(curve), model, prior=prior, fold_models=fold_models, process=changes.process)


@dataclass(frozen=True)
class Timeline:
    """The answer as the light curve grew. mjd : (K,) time of the last point of each step, rising.

    probabilities : (K, C), NaN where the model refused. reasons : (K,) refusal reasons, "" where it answered.
    n_points : (K,) points used. nights : how many nights one step adds.
    """

    classes: tuple[str, ...]
    mjd: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    reasons: tuple[str, ...]
    n_points: NDArray[np.int64]
    nights: int

    @property
    def scored(self) -> NDArray[np.int64]:
        """Steps with an answer."""
        return np.flatnonzero(np.isfinite(self.probabilities).all(axis=1))

    @property
    def leaders(self) -> NDArray[np.int64]:
        """Index of the likeliest class of each scored step; ties go to the class that comes first."""
        return np.argmax(self.probabilities[self.scored], axis=1)

    @property
    def decided(self) -> int | None:
        """The first step from which the class that leads at the end leads for good; None where nothing was scored."""
        leaders = self.leaders
        if not len(leaders):
            return None
        others = np.flatnonzero(leaders != leaders[-1])
        return int(self.scored[others[-1] + 1 if len(others) else 0])

    @property
    def flips(self) -> int:
        """How often the likeliest class changed."""
        return int(np.sum(np.diff(self.leaders) != 0))


def timeline(curve: LightCurve, model: Model, *, prior: Prior | None = None, max_steps: int = MAX_STEPS) -> Timeline:
    """The answers to a light curve as it stood after each night, its Gaussian process fitted anew each time.

    The model that answers is the one for the object, so a training object is answered for by its fold model throughout.
    """
    model = model.for_object(curve.object_id)
    seen = curve.mjd[np.isin(curve.band, model.recipe.band_indices)]
    last = seen[np.append(np.flatnonzero(np.diff(night_numbers(seen)) > 0), len(seen) - 1)] if len(seen) else seen
    nights = max(1, -(-len(last) // max_steps))
    last = last[(len(last) - 1) % nights :: nights]
    grown = [curve.subset(curve.mjd <= mjd) for mjd in last]
    scores = score_flat(flatten(grown, model.recipe.numbers), model, prior=prior)
    reasons = [REASONS[v] for v in scores.chosen.verdict]
    return Timeline(
        classes=model.classes,
        mjd=last,
        probabilities=scores.probabilities,
        reasons=tuple("gp_failed" if f else r for r, f in zip(reasons, scores.failed, strict=True)),
        n_points=scores.chosen.n_used,
        nights=nights,
    )


def night_numbers(mjd: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) number of the night of each measurement, from 0. mjd : rising."""
    return np.concatenate([[0], np.cumsum(np.diff(mjd) > NIGHT_GAP)])[: len(mjd)].astype(np.int64)


def redshift_answers(
    curve: LightCurve, model: Model, redshifts: NDArray[np.float64], *, prior: Prior | None = None
) -> NDArray[np.float64]:
    """(Z, C) probabilities of the same photometry with each redshift told; NaN where the model refuses."""
    told = [at_redshift(curve, float(z)) for z in redshifts]
    return score_flat(flatten(told, model.recipe.numbers), model.for_object(curve.object_id), prior=prior).probabilities


def resampled_answers(
    curve: LightCurve, model: Model, generator: np.random.Generator, *, prior: Prior | None = None, draws: int = DRAWS
) -> NDArray[np.float64]:
    """(draws, C) probabilities of the light curve drawn anew within its errors; NaN where the model refuses one."""
    drawn = [resampled(curve, generator) for _ in range(draws)]
    return score_flat(
        flatten(drawn, model.recipe.numbers), model.for_object(curve.object_id), prior=prior
    ).probabilities


def _with_photometry(curve: LightCurve, flux: NDArray, flux_err: NDArray) -> LightCurve:
    return replace(curve, flux=frozen(flux, np.float64), flux_err=frozen(flux_err, np.float64))


def _numbered(curve: LightCurve, numbers: Sequence[int]) -> NDArray[np.bool_]:
    """(N,) bool, the points of these numbers."""
    chosen = np.zeros(len(curve), bool)
    for number in numbers:
        if not 0 <= number < len(curve):
            raise BadInput("point", f"there is no point {number}; the light curve has points 0 to {len(curve) - 1}")
        chosen[number] = True
    return chosen


def band_titles(curve: LightCurve) -> dict[str, str]:
    """Name -> how a page writes it, of the bands that the light curve has points in."""
    return {BANDS[b].name: BANDS[b].label for b in sorted(set(curve.band.tolist()))}
