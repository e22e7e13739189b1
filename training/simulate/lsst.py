"""LSST as its alert packets show it: real visits and depths, detections, forced photometry from 30 days before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from core.bands import BANDS, band_index
from core.photometry import limiting_magnitude_to_sigma
from training.simulate.event import Array, Event
from training.simulate.scene import Scene, dust_at
from training.simulate.survey import DETECTION_SIGMA, Observed, Visits

#: How deep the transients of a scene reach, each chosen as often as written: within reach of spectrographs, and all.
LIMITS, LIMIT_SHARES = (21.5, 23.0, 24.3), (0.3, 0.3, 0.4)
#: Share of objects in the deep drilling fields. In the survey it is 1 in 50 at best; here they are to be learned from.
DEEP_SHARE = 0.1
#: Photo-electrons per FLUXCAL of a 30 s visit: median zero points of Rubin Data Preview 1 (mag of one electron).
_ZERO_POINTS = {"u": 30.42, "g": 32.06, "r": 32.05, "i": 31.83, "z": 31.44, "y": 30.38}
#: Brighter than this saturates [mag] (LSST Science Book, table 3.2, 15 s exposures of then; 30 s now: 0.7 fainter).
_SATURATION = {"u": 15.4, "g": 16.4, "r": 16.5, "i": 16.5, "z": 16.0, "y": 14.6}
#: Flux scale of one image against the next, and the noise that the template adds to a difference.
FLUX_SCALE, TEMPLATE_NOISE = 0.008, 0.25
#: Images lost to chip gaps, satellites and failed subtractions.
LOST = 0.03
#: Rubin's packets carry forced photometry from this long before the first detection, and a year of history [d].
FORCED_BEFORE, HISTORY = 30.0, 365.0
#: Share of AGN that a search for transients reports: those that were faint when their template was made, so that they
#: seem to have appeared. Their template is the faintest of this many seasons.
RISEN_SHARE, RISEN_SEASONS = 0.6, 12
#: Share of transients that are seen young: their last alert so far came 2 to 100 days after their first.
YOUNG_SHARE, YOUNG_DAYS = 0.25, (2.0, 100.0)


def _per_band(values: dict[str, float]) -> Array:
    return np.array([values.get(b.letter, np.nan) if b.survey == "lsst" else np.nan for b in BANDS])


ELECTRONS = 10 ** (0.4 * (_per_band(_ZERO_POINTS) - 27.5))
SATURATION_FLUX = 10 ** (0.4 * (27.5 - _per_band(_SATURATION)))


class LsstSky:
    """Places on the sky with the visits that the baseline v3.0 strategy makes to them in ten years."""

    survey = "lsst"

    def __init__(self, cadence: str | Path) -> None:
        visits = pd.read_parquet(Path(cadence) / "lsst_baseline_v3.0_visits.parquet")
        places = pd.read_parquet(Path(cadence) / "lsst_baseline_v3.0_positions.parquet").set_index("pos_id")
        index = {letter: band_index(letter, "lsst") for letter in "ugrizy"}
        visits["band"] = visits["band"].astype(str).map(index).astype(np.int8)
        self._wide: list[tuple[str, Visits]] = []
        self._deep: list[tuple[str, Visits]] = []
        for pos_id, rows in visits.sort_values(["pos_id", "mjd"]).groupby("pos_id"):
            at = places.loc[pos_id]
            sigma = limiting_magnitude_to_sigma(rows["m5"].to_numpy(float))
            seen = Visits(
                rows["mjd"].to_numpy(float), rows["band"].to_numpy(np.int8), sigma, float(at["ra"]), float(at["dec"])
            )
            if str(at["kind"]).startswith("DDF"):
                self._deep.append(("ddf", one_per_night(seen)))
            else:
                self._wide.append(("wfd", seen))

    def scene(self, rng: np.random.Generator) -> tuple[Scene, str, Visits]:
        """A place, how deep to look there, and whether it is ``wfd`` or ``ddf``."""
        fields = self._deep if rng.uniform() < DEEP_SHARE else self._wide
        name, visits = fields[int(rng.integers(len(fields)))]
        ra = float((visits.ra + rng.uniform(-1.5, 1.5)) % 360)
        dec = float(np.clip(visits.dec + rng.uniform(-1.5, 1.5), -89.9, 89.9))
        limit = float(rng.choice(LIMITS, p=LIMIT_SHARES)) + (1.0 if name == "ddf" else 0.0)
        placed = Visits(visits.mjd, visits.band, visits.sky_sigma, ra, dec)
        return Scene("lsst", limit, dust_at(rng, ra, dec)), name, placed

    def observe(
        self, event: Event, field: str, visits: Visits, scene: Scene, rng: np.random.Generator
    ) -> Observed | None:
        """What the packet of the last alert lists of an event, or None when too little of it is detected."""
        first_night, last_night = visits.mjd[0], visits.mjd[-1]
        if event.persistent:
            end = rng.uniform(first_night + 90, last_night)
            zero, start = np.nan, end - rng.choice([60.0, 180.0, HISTORY], p=[0.3, 0.3, 0.4])
            epoch = first_night
        else:
            first, last = event.span
            if event.fast and last < 50:
                zero = visits.mjd[int(rng.integers(len(visits.mjd)))] - rng.uniform(0.0, 3.0)
            else:
                zero = rng.uniform(first_night - 0.3 * min(last, 200.0), last_night - first)
            start, end, epoch = zero + first - FORCED_BEFORE, zero + last + FORCED_BEFORE, zero
        i, j = np.searchsorted(visits.mjd, [start, end])
        if j - i < 3:
            return None
        days, band, sky = visits.mjd[i:j] - epoch, visits.band[i:j], visits.sky_sigma[i:j]
        flux, below = event.flux(days, band), event.underlying
        if not event.persistent:
            flux = np.where((days >= event.span[0]) & (days <= event.span[1]), flux, 0.0)
        else:
            reference = _reference(event, rng)
            flux, below = flux - reference[band], reference + below
        measured, error = _measure(flux, below[band], sky, band, rng)
        total = np.maximum(flux, 0.0) + below[band]  # a saturated template spoils the image too
        kept = (rng.uniform(size=len(flux)) > LOST) & (total < SATURATION_FLUX[band])
        seen = Observed(
            visits.mjd[i:j][kept], measured[kept], error[kept], band[kept], visits.ra, visits.dec,
            field=field, mwebv=scene.mwebv, peak_mjd=float(zero),
            detected=np.abs(measured[kept]) > DETECTION_SIGMA * error[kept],
        )  # fmt: skip
        return _packet(seen, event, rng)


def one_per_night(visits: Visits) -> Visits:
    """Visits of one band and night taken together: a deep field is looked at dozens of times, and its packets co-added."""
    night = np.floor(visits.mjd - 0.5).astype(np.int64)
    _, group = np.unique(night * 16 + visits.band, return_inverse=True)
    count = np.bincount(group)
    mjd = np.bincount(group, visits.mjd) / count
    band = np.zeros(len(count), np.int8)
    band[group] = visits.band
    sigma = np.bincount(group, visits.sky_sigma**-2.0) ** -0.5
    order = np.argsort(mjd)
    return Visits(mjd[order], band[order], sigma[order], visits.ra, visits.dec)


def _reference(event: Event, rng: np.random.Generator) -> Array:
    """(9,) what lies in the template of a star or nucleus: a mean of some early epochs, seldom its long-term mean."""
    epochs = np.sort(rng.uniform(0, 365, int(rng.integers(4, 16))))
    bands = [band_index(letter, "lsst") for letter in "ugrizy"]
    if event.name == "AGN" and rng.uniform() < RISEN_SHARE:
        seasons = epochs + np.sort(rng.uniform(0, 3285, RISEN_SEASONS))[:, None]
        bluest = np.full(seasons.size, bands[1], np.int8)
        epochs = seasons[np.argmin(event.flux(seasons.ravel(), bluest).reshape(seasons.shape).mean(axis=1))]
    reference = np.zeros(len(BANDS))
    for b in bands:
        reference[b] = np.mean(event.flux(epochs, np.full(len(epochs), b, np.int8)))
    return reference


def _measure(flux: Array, below: Array, sky: Array, band: np.ndarray, rng: np.random.Generator) -> tuple[Array, Array]:
    """Noise of sky, template, photons and flux scale; and the error that the pipeline quotes from what it measured."""
    empty = sky * np.sqrt(1 + TEMPLATE_NOISE)
    photons = np.maximum(below, 0.0) / ELECTRONS[band]
    measured = flux + rng.normal(size=len(flux)) * np.sqrt(
        empty**2 + photons + np.abs(flux) / ELECTRONS[band] + (FLUX_SCALE * flux) ** 2
    )
    quoted = np.sqrt(empty**2 + photons + np.abs(measured) / ELECTRONS[band] + (0.7 * FLUX_SCALE * measured) ** 2)
    return measured, quoted * np.exp(rng.normal(0, 0.03, len(flux)))


def _packet(seen: Observed, event: Event, rng: np.random.Generator) -> Observed | None:
    """The window of the last alert, when it shows enough of the source."""
    found = np.flatnonzero(seen.detected)
    if len(found) < 2:
        return None
    start = seen.mjd[found[0]]
    end = seen.mjd[found[-1]]
    if not event.persistent and not event.fast and rng.uniform() < YOUNG_SHARE:
        end = start + np.exp(rng.uniform(*np.log(YOUNG_DAYS)))
        end = seen.mjd[found[seen.mjd[found] <= end][-1]]
    start = max(start, end - HISTORY)
    window = (seen.mjd >= start - FORCED_BEFORE) & (seen.mjd <= end)
    enough = seen.detected & window
    wanted = 2 if event.fast else 3
    if enough.sum() < wanted or len(np.unique(seen.band[enough])) < (1 if event.fast else 2):
        return None
    if len(np.unique(np.round(seen.mjd[enough]))) < event.min_nights:
        return None
    return seen.points(window)
