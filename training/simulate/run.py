"""From classes to light curves: draws events, lets the survey see them, keeps what alerts would have shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from core.taxonomy import CLASS_NAMES
from training.curves import CurveSet
from training.simulate import blackbody, outbursts, stars, supernovae
from training.simulate.event import Event
from training.simulate.survey import Observed, Sky, observe, peak_magnitude

#: Half of each class is as bright as a spectroscopic survey follows up, half goes to the depth of the alerts [mag].
BRIGHT_LIMIT, DEEP_LIMIT = 19.0, 20.6
#: Mixture of the class "other".
_OTHERS = (
    (outbursts.dwarf_nova, 0.4),
    (stars.young_star, 0.25),
    (stars.cepheid, 0.1),
    (stars.delta_scuti, 0.1),
    (outbursts.nova, 0.15),
)

Model = Callable[[np.random.Generator, "supernovae.Templates | None", float], Event]


def _other(rng: np.random.Generator) -> Event:
    models, weights = zip(*_OTHERS, strict=True)
    return models[int(rng.choice(len(models), p=weights))](rng)


#: class -> (generator, templates, limiting magnitude) -> Event.
MODELS: dict[str, Model] = {
    "SNIa": lambda rng, t, limit: supernovae.normal_ia(rng, t, limit),
    "SNIa-91bg": lambda rng, t, limit: supernovae.faint_ia(rng, t, limit),
    "SNIax": lambda rng, t, limit: supernovae.iax(rng, t, limit),
    "SNII": lambda rng, t, limit: supernovae.core_collapse(rng, t, limit, "SNII"),
    "SNIbc": lambda rng, t, limit: supernovae.core_collapse(rng, t, limit, "SNIbc"),
    "SLSN-I": lambda rng, _, limit: blackbody.superluminous(rng, limit),
    "TDE": lambda rng, _, limit: blackbody.tidal_disruption(rng, limit),
    "AGN": lambda rng, *_: stars.active_nucleus(rng),
    "KN": lambda rng, t, limit: supernovae.kilonova(rng, t, max(limit, DEEP_LIMIT)),
    "M-dwarf": lambda rng, *_: outbursts.m_dwarf_flares(rng),
    "RRL": lambda rng, *_: stars.rr_lyrae(rng),
    "EB": lambda rng, *_: stars.eclipsing_binary(rng),
    "Mira": lambda rng, *_: stars.long_period(rng),
    "uLens": lambda rng, *_: stars.microlensing(rng),
    "other": lambda rng, *_: _other(rng),
}
#: Classes that need no template file.
DATA_FREE = ("SLSN-I", "TDE", "AGN", "M-dwarf", "RRL", "EB", "Mira", "uLens", "other")


def simulate(
    name: str, count: int, *, seed: int, sky: Sky, templates: supernovae.Templates | None = None
) -> Iterator[CurveSet]:
    """Light curves of one class, in sets of at most 500, until there are ``count``.

    The same seed gives the same curves, and more of them continue the list rather than change it.
    Raises RuntimeError when hardly any event of the class is detected.
    """
    rng = np.random.default_rng([seed, CLASS_NAMES.index(name)])
    made, tried, pending = 0, 0, []
    while made < count:
        tried += 1
        if tried > 2000 + 500 * count:
            raise RuntimeError(
                f"{name}: {made} of {count} light curves after {tried} events; is the survey too shallow?"
            )
        limit = BRIGHT_LIMIT if rng.uniform() < 0.5 else DEEP_LIMIT
        event = MODELS[name](rng, templates, limit)
        seen = observe(event, sky, rng)
        if seen is None or (not event.persistent and not event.fast and peak_magnitude(seen) > limit + 0.1):
            continue
        pending.append((f"sim-{name}-{made:06d}", event, seen))
        made += 1
        if len(pending) == 500 or made == count:
            yield _pack(pending)
            pending = []


def _pack(batch: list[tuple[str, Event, Observed]]) -> CurveSet:
    objects = pd.DataFrame(
        {
            "object_id": [i for i, _, _ in batch],
            "source": "simulation",
            "class": [e.name for _, e, _ in batch],
            "type": [e.type for _, e, _ in batch],
            "label_source": "simulation",
            "origin": "simulation",
            "simulated": True,
            "sign_known": True,
            "redshift": [e.redshift for _, e, _ in batch],
            "ra": [o.ra for _, _, o in batch],
            "dec": [o.dec for _, _, o in batch],
            "peak_magnitude": [peak_magnitude(o) for _, _, o in batch],
            "n_g": [int((o.band == 0).sum()) for _, _, o in batch],
            "n_r": [int((o.band == 1).sum()) for _, _, o in batch],
            "parameters": [json.dumps({k: round(float(v), 6) for k, v in e.parameters.items()}) for _, e, _ in batch],
        }
    )
    lengths = [len(o.mjd) for _, _, o in batch]
    return CurveSet(
        objects=objects,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        mjd=np.concatenate([o.mjd for _, _, o in batch]).astype(np.float64),
        flux=np.concatenate([o.flux for _, _, o in batch]).astype(np.float32),
        flux_err=np.concatenate([o.flux_err for _, _, o in batch]).astype(np.float32),
        band=np.concatenate([o.band for _, _, o in batch]).astype(np.int8),
    )
