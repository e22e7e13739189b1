"""What the classes of brokers mean among ours: one class, or several for a label that is broader."""

from __future__ import annotations

from core.taxonomy import CLASSES, class_of

_GROUP: dict[str, tuple[str, ...]] = {
    group: tuple(c.name for c in CLASSES if c.group == group) for group in ("SN", "nuclear", "stellar", "fast", "other")
}
_VARIABLE = (*_GROUP["stellar"], *_GROUP["other"])
# Broad labels of ALeRCE's stamp and top classifiers and of Fink, lower case. Asteroids and bogus alerts are none of ours.
_BROAD: dict[str, tuple[str, ...]] = {
    "sn": _GROUP["SN"],
    "transient": (*_GROUP["SN"], "TDE", "KN"),
    "sn candidate": _GROUP["SN"],
    "early sn ia candidate": ("SNIa",),
    "slsn candidate": ("SLSN-I",),
    "kilonova candidate": ("KN",),
    "microlensing candidate": ("uLens",),
    "(cta) blazar low state": ("AGN",),
    "(cta) blazar high state": ("AGN",),
    "stochastic": ("AGN", *_GROUP["other"]),
    "periodic": ("RRL", "EB", "Mira", *_GROUP["other"]),
    "vs": _VARIABLE,
    "variable star": _VARIABLE,
    "most_likely_sn": _GROUP["SN"],
    "sn_near_galaxy_candidate": _GROUP["SN"],
    "mdwarf_flare": ("M-dwarf",),
}


def classes_of_label(label: str) -> tuple[str, ...]:
    """Our classes that a broker's label may stand for; empty where it stands for none of them, or is not known.

    >>> classes_of_label("CV/Nova"), classes_of_label("Kilonova candidate"), classes_of_label("bogus")
    (('other',), ('KN',), ())
    """
    text = label.strip().lower()
    if text in _BROAD:
        return _BROAD[text]
    one = class_of(label)
    return (one,) if one is not None else ()
