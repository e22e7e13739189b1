"""SIMBAD's labels as Fink attaches them to ZTF alerts (``cdsxmatch``): which of them the published selection lets through."""

from __future__ import annotations

import math
from typing import Any

#: Galaxies, supernova candidates and sources that SIMBAD does not know, in its labels before and after June 2022: what the
#: published service scored (`return_list_of_eg_host` of fink-utils, Apache-2.0). Quasars and active nuclei are not among
#: them, Seyfert galaxies are.
KEPT = frozenset(
    [
        "Unknown",
        "Candidate_SN*",
        "SN*_Candidate",
        "SN",
        "Transient",
        "galaxy",
        "Galaxy",
        "EmG",
        "Seyfert",
        "Seyfert_1",
        "Seyfert_2",
        "BlueCompG",
        "StarburstG",
        "LSB_G",
        "HII_G",
        "High_z_G",
        "GinPair",
        "GinGroup",
        "BClG",
        "GinCl",
        "PartofG",
        "Compact_Gr_G",
        "IG",
        "PairG",
        "GroupG",
        "ClG",
        "SuperClG",
        "Void",
    ]
)


def is_other(label: Any) -> float:
    """1 where SIMBAD lists the source as something that the published selection leaves out (a star, a quasar), 0 where it
    does not or its service failed, NaN without a label.
    """
    text = str(label if label is not None else "").strip()
    if not text or text.lower() in ("nan", "none", "null"):
        return math.nan
    return 0.0 if text in KEPT or text.startswith("Fail") else 1.0
