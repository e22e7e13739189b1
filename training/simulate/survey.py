"""The survey that all simulated sources are seen by: ZTF's visits, depths, detections, and the history alerts carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.photometry import limiting_magnitude_to_sigma
from training.alertlike import TRUE_OVER_QUOTED, quoted_error
from training.simulate.event import Array, Event
from training.simulate.scene import Scene

#: Difference images are shallower than the single-visit depths of the cadence table, for the reference adds noise [mag].
DIFFERENCE_LOSS = 0.65
#: Scatter of the depth between images of one night in the table's coarse grid [dex of e].
SKY_SCATTER = 0.15
#: Quoted errors against `quoted_error` of the image's depth, and their scatter at one magnitude, in logarithms: from place to place, and from image to image down and up;
#: and the lowest flux over quoted error of an alert. Measured on the Bright Transient Survey's 83,000 points.
ERROR_LEVEL, ERROR_OF_PLACE, ERROR_SCATTER, LOWEST_SN = 0.85, 0.04, (0.11, 0.23), 2.8
#: The same for the scatter about the truth.
TRUE_LEVEL = 0.93
#: Peaks down to which spectra are taken [mag]: the Bright Transient Survey's, and what others add for rare classes. The
#: share that gets one falls over the last 0.8 mag (Perley et al. 2020).
SPECTRA_TO, LAST_SHARE = {"SLSN-I": 19.8, "TDE": 19.4}, 0.4
#: A listed supernova was seen in three of these windows [days from its brightest point] (Perley et al. 2020, section 2.4,
#: ask for coverage before, at and after the peak); one in twelve is listed all the same.
COVERED_DAYS, COVERED_TIMES, UNCOVERED = (-16.5, -7.5, -2.5, 2.5, 7.5, 16.5), 3, 0.08
#: Half of the listed light curves end when the list was made, this long after the brightest point [d].
LIST_ENDS, ENDED_SHARE = (30.0, 150.0), 0.5
#: Share of nights the public survey keeps, so that same-band gaps match those of Bright Transient Survey alerts
#: (median 3 nights, 90 % below 7).
KEPT_NIGHTS = 0.75
#: A second visit of the same band and night is public for about one night in eight: seldom in most places, often in
#: one of four (same source).
SECOND_VISIT, OFTEN_VISITED = (0.05, 0.4), 0.25
#: Detections lost to bad pixels, the real-bogus cut and bright neighbours.
LOST = 0.04
DETECTION_SIGMA = 5.0
#: Limits [mag] of a spectroscopic survey and of the alerts themselves.
BRIGHT_LIMIT, DEEP_LIMIT = 19.0, 20.6
#: Fewer detections than this make no light curve; both bands must be there at least once, unless it lives for hours.
MIN_DETECTIONS = 3


@dataclass(frozen=True)
class Visits:
    """When and how deep one place on the sky was looked at: mjd (V,), band (V,) 0 or 1, sky_sigma (V,) [FLUXCAL]."""

    mjd: Array
    band: NDArray[np.int8]
    sky_sigma: Array
    ra: float
    dec: float


@dataclass(frozen=True)
class Observed:
    """The points of one source, as its alerts would list them: signed flux [FLUXCAL].

    field : ``ztf``, ``wfd`` or ``ddf``. peak_mjd : of a transient's zero, NaN for stars and nuclei. detected : (N,)
    detection or forced photometry; None when all are detections.
    """

    mjd: Array
    flux: Array
    flux_err: Array
    band: NDArray[np.int8]
    ra: float
    dec: float
    field: str = "ztf"
    mwebv: float = 0.0
    peak_mjd: float = np.nan
    detected: NDArray[np.bool_] | None = None

    @property
    def is_detection(self) -> NDArray[np.bool_]:
        """(N,) which points are detections."""
        return np.ones(len(self.mjd), bool) if self.detected is None else self.detected

    def points(self, chosen: NDArray[np.bool_]) -> Observed:
        """Only these points."""
        detected = None if self.detected is None else self.detected[chosen]
        return replace(
            self,
            mjd=self.mjd[chosen],
            flux=self.flux[chosen],
            flux_err=self.flux_err[chosen],
            band=self.band[chosen],
            detected=detected,
        )


class Sky:
    """Places on the sky with the visits that ZTF made to them (2018 to 2022), or nominal ones without the table."""

    survey = "ztf"

    def __init__(self, cadence: str | Path | None = None, *, bright_share: float = 0.5) -> None:
        self.bright_share = bright_share
        self._places: list[tuple[float, float, Array, NDArray[np.int8], Array]] = []
        if cadence is None:
            return
        visits = pd.read_parquet(Path(cadence) / "ztf_visits.parquet")
        places = pd.read_parquet(Path(cadence) / "ztf_positions.parquet").set_index("pos_id")
        visits = visits[visits["band"].isin(["g", "r"])].sort_values(["pos_id", "mjd"])
        for pos_id, rows in visits.groupby("pos_id"):
            band = (rows["band"].astype(str) == "r").to_numpy().astype(np.int8)
            if np.bincount(band, minlength=2).min() < 100:
                continue
            at = places.loc[pos_id]
            self._places.append(
                (float(at["ra"]), float(at["dec"]), rows["mjd"].to_numpy(float), band, rows["m5"].to_numpy(float))
            )

    def visits(self, rng: np.random.Generator, *, dense: bool = False) -> Visits:
        """The public visits of a random place. dense : the few fields that are looked at many times a night."""
        if self._places:
            ra, dec, mjd, band, depth = self._places[int(rng.integers(len(self._places)))]
        else:
            ra, dec, mjd, band, depth = nominal_place(rng)
        night = np.round(mjd).astype(np.int64)
        kept = rng.uniform(size=night.max() - night.min() + 1) < (1.0 if dense else KEPT_NIGHTS)
        keep = kept[night - night.min()]
        order = np.lexsort((rng.uniform(size=len(mjd)), band, night))
        first = np.ones(len(mjd), bool)
        first[order[1:]] = (np.diff(night[order]) != 0) | (np.diff(band[order]) != 0)
        again = SECOND_VISIT[int(rng.uniform() < OFTEN_VISITED)]
        keep &= first | (rng.uniform(size=len(mjd)) < (0.0 if dense else again))
        mjd, band, depth = mjd[keep], band[keep], depth[keep]
        if dense:
            # Continuous fields: each visit is repeated within three hours.
            repeats = int(rng.integers(2, 6))
            mjd = np.repeat(mjd, repeats) + rng.uniform(-0.06, 0.06, len(mjd) * repeats)
            band, depth = np.repeat(band, repeats), np.repeat(depth, repeats)
        else:
            # The table's times lie on a coarse grid of two hours.
            mjd = mjd + rng.uniform(-0.03, 0.03, len(mjd))
        order = np.argsort(mjd)
        depth = depth[order] - DIFFERENCE_LOSS
        # A place within the field of view, not its centre.
        place = float((ra + rng.uniform(-3, 3)) % 360), float(np.clip(dec + rng.uniform(-3, 3), -30, 89))
        return Visits(mjd[order], band[order], limiting_magnitude_to_sigma(depth), *place)


def nominal_place(rng: np.random.Generator) -> tuple[float, float, Array, NDArray[np.int8], Array]:
    """Visits every other night in g and r for four seasons of 250 days, with weather and moonlight; no table needed."""
    nights = np.arange(58300, 59760)
    season = ((nights - 58300 + rng.integers(365)) % 365) < 250
    nights = nights[season & (rng.uniform(size=len(nights)) < 0.55)]
    mjd = np.concatenate([nights + 0.2 + rng.uniform(0, 0.25, len(nights)) for _ in range(2)])
    band = np.repeat([0, 1], len(nights)).astype(np.int8)
    moon = np.cos(2 * np.pi * (mjd - 58300) / 29.53)
    depth = np.where(band == 0, 20.9, 20.8) - 0.5 * np.maximum(moon, 0) + rng.normal(0, 0.3, len(mjd))
    return float(rng.uniform(0, 360)), float(np.rad2deg(np.arcsin(rng.uniform(-0.4, 1.0)))), mjd, band, depth


def ztf_scene(rng: np.random.Generator, name: str, bright_share: float = 0.5) -> Scene:
    """Some of the transients are as bright as a spectroscopic survey follows up, others go to the depth of the alerts."""
    bright = rng.uniform() < bright_share
    limit = SPECTRA_TO.get(name, BRIGHT_LIMIT) if bright else DEEP_LIMIT
    return Scene("ztf", limit, float(min(rng.exponential(0.06), 0.4)), bright)


def observe(event: Event, sky: Sky, rng: np.random.Generator) -> Observed | None:
    """What alerts would show of an event, or None when too little of it is detected.

    Transients are put at a random moment of the survey and seen as long as they last. Of stars and AGN a reference
    image (mean of a few early epochs) is subtracted, and the history ends at a random alert: a month of it (what one
    packet carries), a season, or more (what a broker keeps).
    """
    visits = sky.visits(rng, dense=event.fast and rng.uniform() < 0.6)
    if event.persistent:
        return _observe_variable(event, visits, rng)
    start, end = event.span
    if event.fast and end < 50:
        # Only those that begin shortly before a visit can be seen at all: start there, and spare the rest.
        zero = visits.mjd[int(rng.integers(len(visits.mjd)))] - rng.uniform(0.0, 3.0)
    else:
        zero = rng.uniform(visits.mjd[0] - 0.3 * min(end, 200.0), visits.mjd[-1] - start)
    days = visits.mjd - zero
    window = (days > start) & (days < end)
    if window.sum() < MIN_DETECTIONS:
        return None
    flux = event.flux(days[window], visits.band[window])
    seen = _detect(event, visits, window, flux, event.underlying, rng)
    if seen is None or len(np.unique(np.round(seen.mjd))) < event.min_nights:
        return None
    return replace(seen, peak_mjd=float(zero))


def _observe_variable(event: Event, visits: Visits, rng: np.random.Generator) -> Observed | None:
    last = rng.uniform(visits.mjd[0] + 60, visits.mjd[-1])
    length = rng.choice([30.0, 100.0, 365.0], p=[0.5, 0.3, 0.2])
    window = (visits.mjd <= last) & (visits.mjd > last - length)
    if window.sum() < MIN_DETECTIONS:
        return None
    start = visits.mjd[0]
    days = visits.mjd[window] - start
    # Reference images were made of a handful of early epochs: seldom the star's mean, now and then in eclipse.
    epochs = np.sort(rng.uniform(0, 400, int(rng.integers(3, 20))))
    reference = np.array([np.mean(event.flux(epochs, np.full(len(epochs), b, np.int8))) for b in (0, 1)])
    flux = event.flux(days, visits.band[window]) - reference[visits.band[window]]
    return _detect(event, visits, window, flux, reference + event.underlying[:2], rng)


def _detect(
    event: Event, visits: Visits, window: NDArray[np.bool_], flux: Array, below: Array, rng: np.random.Generator
) -> Observed | None:
    band, sky_sigma = visits.band[window], visits.sky_sigma[window]
    sky = sky_sigma * np.exp(rng.normal(0, SKY_SCATTER, len(flux)))
    quality = ERROR_LEVEL * np.exp(rng.normal(0, ERROR_OF_PLACE) + _skewed(rng, len(flux)))
    expected = quoted_error(flux, below[band], sky)
    # The true scatter follows the image, not the luck of its quoted error.
    measured = flux + rng.normal(size=len(flux)) * TRUE_LEVEL * np.hypot(TRUE_OVER_QUOTED * expected, 0.3 * sky)
    error = quality * quoted_error(measured, below[band], sky)
    seen = np.abs(measured) > DETECTION_SIGMA * np.maximum(sky, 0.7 * expected)
    seen &= np.abs(measured) > LOWEST_SN * error
    seen &= rng.uniform(size=len(flux)) > LOST
    bands = np.unique(band[seen])
    if seen.sum() < MIN_DETECTIONS or len(bands) < 2:
        return None
    return Observed(visits.mjd[window][seen], measured[seen], error[seen], band[seen], visits.ra, visits.dec)


def _skewed(rng: np.random.Generator, n: int) -> Array:
    """(n,) logarithms of what quoted errors are off by: wider upwards, for bad images are worse than good ones are good."""
    low, high = ERROR_SCATTER
    step = rng.normal(size=n)
    return np.where(step < 0, low, high) * step


def listed(seen: Observed, scene: Scene, rng: np.random.Generator) -> Observed | None:
    """What a list of transients holds of one: None when it is too faint for the scene or too poorly covered."""
    peak = peak_magnitude(seen)
    if not scene.spectroscopic:
        return seen if peak < scene.limit + 0.1 else None
    share = np.interp(peak, (scene.limit - 0.8, scene.limit), (1.0, LAST_SHARE))
    if peak >= scene.limit or rng.uniform() > share:
        return None
    since = seen.mjd - seen.mjd[np.argmax(seen.flux)]
    before, *_, after = np.histogram(since, (-1e9, *COVERED_DAYS, 1e9))[0]
    windows = np.histogram(since, COVERED_DAYS)[0]
    covered = (windows > 0).sum() >= COVERED_TIMES and (before + windows[:2].sum()) and (after + windows[-2:].sum())
    if not covered and rng.uniform() > UNCOVERED:
        return None
    if rng.uniform() < ENDED_SHARE:
        seen = seen.points(since < rng.uniform(*LIST_ENDS))
    return seen if len(seen.mjd) >= MIN_DETECTIONS and len(np.unique(seen.band)) == 2 else None


def peak_magnitude(observed: Observed) -> float:
    """The brightest detection [mag], whichever its sign."""
    return float(27.5 - 2.5 * np.log10(np.abs(observed.flux[observed.is_detection]).max()))
