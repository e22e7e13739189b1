"""Which class the types of each set belong to; "" where they belong to none, which is left out of training and of scores."""

from __future__ import annotations

import re

from core.taxonomy import CLASSES

_PLASTICC = {c.plasticc: c.name for c in CLASSES if c.plasticc is not None}
# Six groups, and nothing else: the rest (91bg, Iax, Ia-pec, SLSN-II) has fewer than eleven objects each.
_MALLORN = {
    **dict.fromkeys(("Ia", "Ia-91T-like"), "SNIa"),
    **dict.fromkeys(("II", "IIP", "IIn"), "SNII"),
    **dict.fromkeys(("Ib", "Ic", "Ic-BL", "IIb"), "SNIbc"),
    **{name: name for name in ("SLSN-I", "TDE", "AGN")},
}
_SPCC = {
    "Ia": "SNIa",
    **dict.fromkeys(("II", "IIn", "IIP", "IIL"), "SNII"),
    **dict.fromkeys(("Ib", "Ic", "Ibc", "IIb", "Ic-BL"), "SNIbc"),
}
# Names of ELAsTiCC's models, as they begin; the longer first. CART (calcium-rich), ILOT, PISN and binary lenses belong to none.
_ELASTICC = {
    "SNIA-91BG": "SNIa-91bg", "SNIAX": "SNIax", "SNIA": "SNIa", "SNIIB": "SNIbc", "SNII": "SNII", "SNIB": "SNIbc",
    "SNIC": "SNIbc", "SLSN-I": "SLSN-I", "TDE": "TDE", "AGN": "AGN", "KN": "KN", "MDWARF-FLARE": "M-dwarf", "RRL": "RRL",
    "EB": "EB", "ULENS-SINGLE": "uLens", "CEPHEID": "other", "D-SCT": "other", "DWARF-NOVA": "other",
}  # fmt: skip


def class_of_plasticc(number: int) -> str:
    """The class of a PLAsTiCC number; "" for the rare models 991 … 995 and for objects without a published answer."""
    return _PLASTICC.get(int(number), "")


def class_of_mallorn(spectral_type: object) -> str:
    """The class of MALLORN's ``SpecType``.

    >>> class_of_mallorn("SN IIb"), class_of_mallorn("SN Ia-pec")
    ('SNIbc', '')
    """
    return _MALLORN.get(str(spectral_type).strip().removeprefix("SN "), "")


def class_of_spcc(sim_type: object) -> str:
    """The class of a supernova type of the 2010 challenge (Ia, II, IIn, IIP, IIL, Ib, Ic, Ibc)."""
    return _SPCC.get(str(sim_type).strip(), "")


def class_of_elasticc(model: object) -> str:
    """The class of an ELAsTiCC model, by the name of its folder.

    >>> class_of_elasticc("ELASTICC2_TRAIN_02_SNIb+HostXT_V19"), class_of_elasticc("uLens-Binary")
    ('SNIbc', '')
    """
    name = elasticc_model(model).upper()
    return next((found for start, found in _ELASTICC.items() if name.startswith(start)), "")


def elasticc_model(folder: object) -> str:
    """The model's name in the name of a folder or file: ``ELASTICC2_TRAIN_02_KN_K17`` is ``KN_K17``."""
    return re.sub(r"^ELASTICC2?_TRAIN_(\d+_)?", "", str(folder).strip())
