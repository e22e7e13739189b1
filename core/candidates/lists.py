"""A list of candidates: who is on it, the light curves that are at hand, and where the others are fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from core.brokers.base import LightCurveSource
from core.brokers.browse.base import Listed
from core.lightcurve import LightCurve
from core.verdicts import Key, catalogue_of

#: Longest list that is scored at once.
MOST = 10_000


@dataclass
class CandidateList:
    """Who is on a list. ``curves`` fills up while the list is scored; everything else stays as it is.

    token : names the list in addresses. source_key : where its objects are opened (``list`` for a file's).
    curves : (N,) what is at hand, None where it is still to be fetched from ``source``.
    otherwise : the catalogue of ids that are of no survey. notes : sentences on how the list was made.
    """

    token: str
    title: str
    source_key: str
    items: tuple[Listed, ...]
    curves: list[LightCurve | None]
    source: LightCurveSource | None = None
    otherwise: str = ""
    notes: tuple[str, ...] = ()
    keys: tuple[Key, ...] = field(init=False)
    number: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = tuple((catalogue_of(item.object_id, self.otherwise), item.object_id) for item in self.items)
        self.number = {item.object_id: i for i, item in enumerate(self.items)}

    def __len__(self) -> int:
        return len(self.items)


def token_of(*parts: str) -> str:
    """A name for a list in an address: nobody guesses it who does not know what the list is made of."""
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def list_of_curves(
    token: str, title: str, curves: Iterable[LightCurve], *, source_key: str, otherwise: str, notes: Sequence[str] = ()
) -> CandidateList:
    """A list of light curves that are at hand. Several alerts of one object count as one candidate: the latest stands."""
    latest: dict[str, LightCurve] = {}
    total = 0
    for curve in curves:
        total += 1
        known = latest.get(curve.object_id)
        if known is None or _last(curve) >= _last(known):
            latest[curve.object_id] = curve
    said = list(notes)
    if total > len(latest):
        said.append(f"{total:,} light curves of {len(latest):,} objects: the latest of each stands in the list.")
    kept = list(latest.values())[:MOST]
    if len(latest) > MOST:
        said.append(f"The file has {len(latest):,} objects; the first {MOST:,} are in the list.")
    return CandidateList(token, title, source_key, tuple(map(_listed, kept)), [*kept], None, otherwise, tuple(said))


def list_of_ids(
    token: str, title: str, items: Sequence[Listed], source: LightCurveSource, notes: Sequence[str] = ()
) -> CandidateList:
    """A list of objects whose light curves ``source`` has; each id once."""
    once = tuple({item.object_id: item for item in reversed(items)}.values())[::-1][:MOST]
    return CandidateList(token, title, source.key, once, [None] * len(once), source, source.key, tuple(notes))


def with_label(item: Listed, curve: LightCurve) -> Listed:
    """What is known of an object once its light curve is there: a known class, where its source gave none."""
    if item.label or not curve.provenance.true_class:
        return item
    return replace(item, label=curve.provenance.true_class, label_by=curve.provenance.true_class_source)


def _listed(curve: LightCurve) -> Listed:
    item = Listed(
        curve.object_id,
        ra=curve.ra,
        dec=curve.dec,
        n_points=len(curve),
        first_mjd=float(curve.mjd[0]) if len(curve) else None,
        last_mjd=float(curve.mjd[-1]) if len(curve) else None,
    )
    return with_label(item, curve)


def _last(curve: LightCurve) -> float:
    return float(curve.mjd[-1]) if len(curve) else float("-inf")
