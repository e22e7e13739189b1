"""What makes an answer doubtful, in notes: the Gaussian process, the rows the network reads, the training range, the data.

Each note has a short form, because it belongs beside the answer and not only among what was done to the input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.gp.fit import GPFit
from core.lightcurve import LightCurve, Note
from core.model import Model
from core.photometry import flux_to_magnitude
from core.recipe import TensorBatch

#: Neighbouring points of one band within `HALF_AN_HOUR` [d] that differ by more than `CONTRADICTION` sigma contradict
#: each other. A flare may do so once or twice: it is told from `MIN_PAIRS` pairs and a twentieth of the points on.
HALF_AN_HOUR = 0.02
CONTRADICTION = 10.0
MIN_PAIRS = 3
#: How a note begins that tells of a light curve unlike what the model was trained on.
OUTSIDE = "Outside the training range"


def doubts(
    model: Model, curve: LightCurve, used: NDArray[np.bool_], fitted: LightCurve, fit: GPFit, tensor: TensorBatch
) -> tuple[Note, ...]:
    """All warnings on one answer. curve, used : as measured. fitted : what entered the Gaussian process ``fit``."""
    return (
        *_fit_notes(fit),
        *_grid_notes(tensor, fitted),
        *_range_notes(model, fitted),
        *contradictions(curve.subset(used)),
    )


def contradictions(curve: LightCurve) -> list[Note]:
    """Points of one band within half an hour that exclude each other: bad photometry, or a star faster than its errors."""
    pairs = 0
    for band in set(curve.band.tolist()):
        here = curve.band == band
        apart = np.abs(np.diff(curve.flux[here])) / np.hypot(curve.flux_err[here][1:], curve.flux_err[here][:-1])
        pairs += int(np.sum((np.diff(curve.mjd[here]) < HALF_AN_HOUR) & (apart > CONTRADICTION)))
    if pairs < MIN_PAIRS or pairs < 0.05 * len(curve):
        return []
    message = f"{pairs} pairs of points of one band within half an hour contradict each other by more than {CONTRADICTION:.0f} sigma"
    return [
        Note(
            "warning",
            f"{message}: bad photometry, or a change faster than what the model reads",
            2 * pairs,
            short=f"{message}: the photometry may be bad",
        )
    ]


def _fit_notes(fit: GPFit) -> list[Note]:
    notes = []
    if not fit.converged:
        message = "The Gaussian process did not converge; its best point is used"
        notes.append(Note("warning", message, short=message))
    if fit.at_bound:
        names = " and ".join(fit.at_bound)
        notes.append(
            Note(
                "warning",
                f"Gaussian process at the bound of its {names} "
                f"(time scale {fit.time_scale:.3g} d): the light curve does not determine it",
                short=f"Gaussian process at the bound of its {names}: the light curve does not determine it",
            )
        )
    return notes


def _grid_notes(tensor: TensorBatch, fitted: LightCurve) -> list[Note]:
    """Points that the network's rows do not reach: they shape the Gaussian process and nothing else."""
    times = np.sort(tensor.times[0])
    start, end = times[0] - 0.5 * (times[1] - times[0]), times[-1] + 0.5 * (times[-1] - times[-2])
    beyond = int(np.sum((fitted.mjd < start) | (fitted.mjd > end)))
    if not beyond:
        return []
    first = fitted.first_detection
    return [
        Note(
            "warning",
            f"The network reads days {start - first:.0f} to {end - first:.0f}; {beyond} of {len(fitted)} points lie outside "
            "and shape the Gaussian process alone",
            short=f"{beyond} of {len(fitted)} points lie outside the days that the network reads",
        )
    ]


def _range_notes(model: Model, fitted: LightCurve) -> list[Note]:
    """Where this light curve lies outside what the model was trained on, by the ranges its card declares."""
    ranges = model.card.data.get("range", {})
    measured = {
        "n_points": (float(len(fitted)), "number of points"),
        "span": (float(fitted.mjd[-1] - fitted.mjd[0]), "time span [d]"),
        "peak_magnitude": (float(flux_to_magnitude(np.max(fitted.flux))), "brightest magnitude"),
        "redshift": (np.nan if fitted.redshift is None else fitted.redshift, "redshift"),
    }
    notes = []
    for key, (value, title) in measured.items():
        if key in ranges and np.isfinite(value):
            low, high = ranges[key]
            if not low <= value <= high:
                number = told_apart(value, low, high)
                message = f"{OUTSIDE}: {title} {number}, trained on {low:g} to {high:g}"
                notes.append(Note("warning", message, short=message))
    return notes


def told_apart(value: float, *bounds: float) -> str:
    """A number with three digits, or as many as it takes to differ from the bounds that stand beside it."""
    texts = (f"{value:.{digits}g}" for digits in range(3, 17))
    return next((text for text in texts if float(text) not in bounds), f"{value!r}")
