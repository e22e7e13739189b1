"""Numbers of a light curve in g and r that a comparison of real with simulated ones looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.augment import Versions, law

#: Days from the peak at which a band is read off, by straight lines between its points.
PHASES = (-10.0, -5.0, 7.0, 15.0, 30.0, 50.0, 80.0)
_BANDS = ("g", "r")
#: What tells the observing rather than the source.
NOISE = (
    "n_g", "n_r", "median_gap", "long_gap", "same_night", "both_bands_share", "median_snr", "max_snr", "min_snr",
    "peak_magnitude", "faintest_magnitude", "error_over_law", "error_scatter", "roughness",
)  # fmt: skip
SHAPE = (
    "rise_g", "rise_r", "fall_g", "fall_r", "peak_colour", "peak_lag", "half_width_g", "half_width_r",
    *(f"{band}_at_{phase:+.0f}" for band in _BANDS for phase in PHASES), "colour_at_+15", "colour_at_+30", "span",
)  # fmt: skip
NUMBERS: tuple[str, ...] = (*NOISE, *SHAPE)


def numbers_of(versions: Versions) -> NDArray[np.float64]:
    """(V, len(NUMBERS)) of every curve; NaN where a curve does not reach."""
    out = np.full((len(versions.rows), len(NUMBERS)), np.nan)
    for v in range(len(out)):
        here = slice(int(versions.offsets[v]), int(versions.offsets[v + 1]))
        of = _numbers(versions.t[here], versions.flux[here], versions.flux_err[here], versions.band[here])
        out[v] = [of.get(name, np.nan) for name in NUMBERS]
    return out


def _numbers(
    t: NDArray[np.float64], flux: NDArray[np.float64], err: NDArray[np.float64], band: NDArray[np.int8]
) -> dict[str, float]:
    of = _of_noise(t, flux, err, band)
    of["span"] = float(np.ptp(t))
    # Against the mean of the neighbours a single bright outlier is no peak.
    top = t[int(np.argmax(flux))]
    peaks = {}
    for b, letter in enumerate(_BANDS):
        tb, fb = t[band == b], flux[band == b]
        if len(tb) < 2:
            continue
        peak = float(fb.max())
        peaks[letter] = (peak, float(tb[np.argmax(fb)]), tb, fb)
        of[f"rise_{letter}"], of[f"fall_{letter}"] = top - tb[0], tb[-1] - top
        above = tb[fb > 0.5 * peak]
        of[f"half_width_{letter}"] = float(np.ptp(above))
        read = np.interp(top + np.array(PHASES), tb, fb / peak, left=np.nan, right=np.nan)
        of.update({f"{letter}_at_{phase:+.0f}": float(x) for phase, x in zip(PHASES, read, strict=True)})
    if len(peaks) == 2:
        (g, tg, *points_g), (r, tr, *points_r) = peaks["g"], peaks["r"]
        of["peak_colour"], of["peak_lag"] = -2.5 * np.log10(max(g, 1e-9) / max(r, 1e-9)), tr - tg
        for phase in (15.0, 30.0):
            at_g, at_r = (float(np.interp(top + phase, *p, left=np.nan, right=np.nan)) for p in (points_g, points_r))
            if at_g > 0 and at_r > 0:
                of[f"colour_at_{phase:+.0f}"] = -2.5 * np.log10(at_g / at_r)
    return of


def _of_noise(
    t: NDArray[np.float64], flux: NDArray[np.float64], err: NDArray[np.float64], band: NDArray[np.int8]
) -> dict[str, float]:
    size = np.maximum(np.abs(flux), 1.0)
    snr, magnitude = size / err, 27.5 - 2.5 * np.log10(size)
    ratio = np.log([e / law(f) for e, f in zip(err, flux, strict=True)])
    night = np.round(t).astype(int)
    gaps, rough, repeated = [], [], 0
    for b in (0, 1):
        tb, fb, eb, nb = t[band == b], flux[band == b], err[band == b], night[band == b]
        gap = np.diff(tb)
        repeated += int((np.diff(nb) == 0).sum())
        gaps.append(gap[gap > 0.3])
        # A point against the straight line between its neighbours, in its own error, where they are close.
        if len(tb) > 2:
            share = (tb[1:-1] - tb[:-2]) / np.maximum(tb[2:] - tb[:-2], 1e-6)
            line = fb[:-2] + share * (fb[2:] - fb[:-2])
            rough.append(((fb[1:-1] - line) / eb[1:-1])[(tb[2:] - tb[:-2]) < 9])
    both = np.intersect1d(night[band == 0], night[band == 1])
    every_gap = np.concatenate(gaps)
    jumps = np.concatenate(rough) if rough else np.empty(0)
    return {
        "n_g": float(np.sum(band == 0)), "n_r": float(np.sum(band == 1)), "same_night": repeated / len(t),
        "median_gap": float(np.median(every_gap)) if len(every_gap) else np.nan,
        "long_gap": float(every_gap.max()) if len(every_gap) else np.nan,
        "both_bands_share": len(both) / len(np.unique(night)),
        "median_snr": float(np.median(snr)), "max_snr": float(snr.max()), "min_snr": float(snr.min()),
        "peak_magnitude": float(magnitude.min()), "faintest_magnitude": float(magnitude.max()),
        "error_over_law": float(np.median(ratio)), "error_scatter": float(np.std(ratio)),
        "roughness": float(np.median(np.abs(jumps))) if len(jumps) else np.nan,
    }  # fmt: skip
