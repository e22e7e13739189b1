"""From classes to light curves: draws events, lets the survey see them, keeps what alerts would have shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.bands import band_index
from core.taxonomy import CLASS_NAMES
from training.curves import CurveSet
from training.simulate import blackbody, outbursts, stars, supernovae
from training.simulate.catalogue import photometric_redshift
from training.simulate.event import Event
from training.simulate.lsst import LsstSky
from training.simulate.scene import Scene
from training.simulate.survey import DEEP_LIMIT, Observed, Sky, listed, observe, peak_magnitude, ztf_scene

#: Mixture of the class "other".
_OTHERS = (
    (outbursts.dwarf_nova, 0.4),
    (stars.young_star, 0.25),
    (stars.cepheid, 0.1),
    (stars.delta_scuti, 0.1),
    (outbursts.nova, 0.15),
)

#: Bands that a survey is simulated in.
LETTERS = {"ztf": "gr", "lsst": "ugrizy"}

Model = Callable[[np.random.Generator, "supernovae.Templates | None", Scene], Event]


def _other(rng: np.random.Generator, scene: Scene) -> Event:
    models, weights = zip(*_OTHERS, strict=True)
    return models[int(rng.choice(len(models), p=weights))](rng, scene)


def _kilonova(rng: np.random.Generator, templates: supernovae.Templates, scene: Scene) -> Event:
    return supernovae.kilonova(rng, templates, replace(scene, limit=max(scene.limit, DEEP_LIMIT)))


#: class -> (generator, templates, scene) -> Event.
MODELS: dict[str, Model] = {
    "SNIa": supernovae.normal_ia,
    "SNIa-91bg": supernovae.faint_ia,
    "SNIax": supernovae.iax,
    "SNII": lambda rng, t, scene: supernovae.core_collapse(rng, t, scene, "SNII"),
    "SNIbc": lambda rng, t, scene: supernovae.core_collapse(rng, t, scene, "SNIbc"),
    "SLSN-I": lambda rng, _, scene: blackbody.superluminous(rng, scene),
    "TDE": lambda rng, _, scene: blackbody.tidal_disruption(rng, scene),
    "AGN": lambda rng, _, scene: stars.active_nucleus(rng, scene),
    "KN": _kilonova,
    "M-dwarf": lambda rng, _, scene: outbursts.m_dwarf_flares(rng, scene),
    "RRL": lambda rng, _, scene: stars.rr_lyrae(rng, scene),
    "EB": lambda rng, _, scene: stars.eclipsing_binary(rng, scene),
    "Mira": lambda rng, _, scene: stars.long_period(rng, scene),
    "uLens": lambda rng, _, scene: stars.microlensing(rng, scene),
    "other": lambda rng, _, scene: _other(rng, scene),
}
#: Classes that need no template file.
DATA_FREE = ("SLSN-I", "TDE", "AGN", "M-dwarf", "RRL", "EB", "Mira", "uLens", "other")


def simulate(
    name: str, count: int, *, seed: int, sky: Sky | LsstSky, templates: supernovae.Templates | None = None
) -> Iterator[CurveSet]:
    """Light curves of one class, in sets of at most 500, until there are ``count``.

    The same seed gives the same curves, and more of them continue the list rather than change it.
    Raises RuntimeError when hardly any event of the class is detected.
    """
    rng = np.random.default_rng([seed, CLASS_NAMES.index(name)])
    made, tried = 0, 0
    pending: list[_Made] = []
    while made < count:
        tried += 1
        if tried > 2000 + 500 * count:
            raise RuntimeError(
                f"{name}: {made} of {count} light curves after {tried} events; is the survey too shallow?"
            )
        event, seen = _one(name, sky, templates, rng)
        if seen is None:
            continue
        distance = photometric_redshift(rng, event.redshift) if sky.survey == "lsst" else (event.redshift, np.nan)
        pending.append(_Made(f"sim-{name}-{made:06d}", event, seen, *distance))
        made += 1
        if len(pending) == 500 or made == count:
            yield _pack(pending, sky.survey)
            pending = []


def _one(
    name: str, sky: Sky | LsstSky, templates: supernovae.Templates | None, rng: np.random.Generator
) -> tuple[Event, Observed | None]:
    """One event of a class, and what the survey shows of it: None when too little."""
    if isinstance(sky, LsstSky):
        scene, field, visits = sky.scene(rng)
        event = MODELS[name](rng, templates, scene)
        return event, sky.observe(event, field, visits, scene, rng)
    scene = ztf_scene(rng, name, sky.bright_share)
    event = MODELS[name](rng, templates, scene)
    seen = observe(event, sky, rng)
    if seen is not None and not (event.persistent or event.fast):
        seen = listed(seen, scene, rng)
    if seen is None:
        return event, None
    return event, replace(seen, mwebv=scene.mwebv)


@dataclass(frozen=True)
class _Made:
    """A simulated object: what it is, what was seen of it, and the redshift that a catalogue gives it."""

    object_id: str
    event: Event
    seen: Observed
    redshift: float
    redshift_err: float


def _pack(batch: list[_Made], survey: str) -> CurveSet:
    seen = [m.seen for m in batch]
    columns = {
        "object_id": [m.object_id for m in batch],
        "source": "simulation",
        "class": [m.event.name for m in batch],
        "type": [m.event.type for m in batch],
        "label_source": "simulation",
        "origin": "simulation",
        "simulated": True,
        "sign_known": True,
        "redshift": [m.redshift for m in batch],
        "redshift_err": [m.redshift_err for m in batch],
        "redshift_true": [m.event.redshift for m in batch],
        "ra": [o.ra for o in seen],
        "dec": [o.dec for o in seen],
        "mwebv": [o.mwebv for o in seen],
        "field": [o.field for o in seen],
        "peak_mjd": [o.peak_mjd for o in seen],
        "peak_magnitude": [peak_magnitude(o) for o in seen],
        "n_detections": [int(o.is_detection.sum()) for o in seen],
        "parameters": [json.dumps({k: round(float(v), 6) for k, v in m.event.parameters.items()}) for m in batch],
    }
    for b in LETTERS[survey]:
        index = band_index(b, survey)
        columns[f"n_{b}"] = [int((o.band[o.is_detection] == index).sum()) for o in seen]
    return CurveSet(
        objects=pd.DataFrame(columns),
        offsets=np.concatenate([[0], np.cumsum([len(o.mjd) for o in seen])]).astype(np.int64),
        mjd=np.concatenate([o.mjd for o in seen]).astype(np.float64),
        flux=np.concatenate([o.flux for o in seen]).astype(np.float32),
        flux_err=np.concatenate([o.flux_err for o in seen]).astype(np.float32),
        band=np.concatenate([o.band for o in seen]).astype(np.int8),
        detected=np.concatenate([o.is_detection for o in seen]),
    )
