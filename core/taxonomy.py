"""The classes: their order, full names, PLAsTiCC numbers, groups and colours, and how other catalogues' types map."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TransientClass:
    """One output of the models.

    name : column name is ``p_`` + this, exactly.
    plasticc : class number of the PLAsTiCC challenge; None where it has none.
    group : SN, nuclear, fast, stellar or other.
    title : how a page says it; full : one line for a person who has not met the abbreviation.
    light, dark : the class' colour on light and dark pages; at least 3:1 on its background.
    """

    name: str
    plasticc: int | None
    group: str
    title: str
    full: str
    light: str
    dark: str


CLASSES: tuple[TransientClass, ...] = (
    TransientClass("SNIa", 90, "SN", "SN Ia", "thermonuclear supernova", "#0072B2", "#4aa8e0"),
    TransientClass("SNIa-91bg", 67, "SN", "SN Ia-91bg", "faint, fast thermonuclear supernova", "#2b87b8", "#56B4E9"),
    TransientClass("SNIax", 52, "SN", "SN Iax", "weak thermonuclear supernova (02cx-like)", "#4f8a8c", "#83bdbf"),
    TransientClass("SNII", 42, "SN", "SN II", "hydrogen-rich core-collapse supernova", "#D55E00", "#f08a3c"),
    TransientClass("SNIbc", 62, "SN", "SN Ib/c", "stripped-envelope core-collapse supernova", "#b8578f", "#e29dc4"),
    TransientClass("SLSN-I", 95, "SN", "SLSN-I", "hydrogen-poor superluminous supernova", "#00845f", "#3cc79f"),
    TransientClass("TDE", 15, "nuclear", "TDE", "tidal disruption of a star by a black hole", "#8a63d2", "#b497ea"),
    TransientClass("AGN", 88, "nuclear", "AGN", "active galactic nucleus", "#6b7280", "#a3aab8"),
    TransientClass("KN", 64, "fast", "Kilonova", "merger of neutron stars", "#c2185b", "#ec6b9c"),
    TransientClass("M-dwarf", 65, "stellar", "M-dwarf flare", "flare of a cool dwarf star", "#b45309", "#e08a3f"),
    TransientClass("RRL", 92, "stellar", "RR Lyrae", "pulsating horizontal-branch star", "#a16207", "#d19a3d"),
    TransientClass(
        "EB", 16, "stellar", "Eclipsing binary", "pair of stars that eclipse each other", "#65788c", "#9db0c4"
    ),
    TransientClass("Mira", 53, "stellar", "Mira / LPV", "long-period variable", "#9f1239", "#e0607f"),
    TransientClass("uLens", 6, "stellar", "Microlensing", "star magnified by a foreground lens", "#0e7490", "#4fb3cb"),
    TransientClass(
        "other", None, "other", "Other variable", "CV, nova, YSO, Cepheid or other variable star", "#64748b", "#94a3b8"
    ),
)

CLASS_NAMES: tuple[str, ...] = tuple(c.name for c in CLASSES)
BY_NAME: dict[str, TransientClass] = {c.name: c for c in CLASSES}
#: The classes of the quoted five-class scores.
FIVE: tuple[str, ...] = ("SNIa", "SNII", "SNIbc", "SLSN-I", "TDE")
#: What no search for explosions is after, stars, active nuclei and other variables: what a card's rule calls "variable".
VARIABLE: tuple[str, ...] = tuple(c.name for c in CLASSES if c.group in ("stellar", "other") or c.name == "AGN")

#: Output order of the published t2 files (ascending PLAsTiCC number), in this project's names.
PUBLISHED_ORDER: tuple[str, ...] = (
    "uLens", "TDE", "EB", "SNII", "SNIax", "Mira", "SNIbc", "KN", "M-dwarf", "SNIa-91bg", "AGN", "SNIa", "RRL", "SLSN-I",
)  # fmt: skip

# Types as TNS, BTS, SIMBAD, Fink and ALeRCE write them, lower case, without a leading "SN ". None: known, but left out
# of training and of quoted scores, as belonging to no class or as doubtful: good tests of "unlike anything I know".
# A type with a question mark is doubtful. SIMBAD's V*? is not: what it doubts is that the star varies, and an alert
# shows that it does.
_TYPES: dict[str, str | None] = {
    **dict.fromkeys(("ia", "ia-norm", "ia-91t", "ia-91t-like", "91t", "ia-pec", "snia", "ia normal"), "SNIa"),
    **dict.fromkeys(("ia-91bg", "ia-91bg-like", "91bg", "86g", "ia-86g", "snia-91bg", "ia-91bg/86g"), "SNIa-91bg"),
    **dict.fromkeys(("iax", "iax[02cx-like]", "02cx", "iax-02cx-like", "sniax"), "SNIax"),
    **dict.fromkeys(("ii", "iip", "iil", "iin", "ii-pec", "iin-pec", "snii", "ii-p", "ii-l"), "SNII"),
    **dict.fromkeys(("ib", "ic", "ib/c", "ibc", "ibn", "icn", "ic-bl", "iib", "ib-pec", "ic-pec", "snibc", "ibn/icn"), "SNIbc"),
    **dict.fromkeys(("slsn-i", "slsn-i.5", "slsn", "slsn-ic"), "SLSN-I"),
    **dict.fromkeys(("tde", "tde-h", "tde-he", "tde-h-he", "tidal disruption event", "tde-featureless"), "TDE"),
    **dict.fromkeys(
        ("agn", "qso", "seyfert", "seyfert_1", "seyfert_2", "seyfert1", "seyfert2", "blazar", "bllac", "bl lac",
         "agn_candidate", "qso_candidate", "blazar_candidate", "bllac_candidate", "liner"), "AGN"),
    **dict.fromkeys(("kn", "kilonova"), "KN"),
    **dict.fromkeys(("m-dwarf", "m dwarf", "flare", "m-dwarf flare", "eruptive*"), "M-dwarf"),
    **dict.fromkeys(("rrl", "rrlyr", "rrlyrae", "rr", "rrab", "rrc", "rr*", "rrlyrae_candidate", "rrlyr_candidate", "candidate_rrlyr"), "RRL"),
    **dict.fromkeys(("eb", "eb*", "ecl", "e", "eb*_candidate", "candidate_eb*", "eb*algol", "eb*blyr", "eb*wuma"), "EB"),
    **dict.fromkeys(("mira", "lpv", "lpv*", "lp*_candidate", "longperiodv*", "longperiodv*_candidate", "candidate_lp*", "mira/lpv", "candidate_mi*", "mira_candidate"), "Mira"),
    **dict.fromkeys(("ulens", "mu-lens-single", "microlensing", "mulens"), "uLens"),
    **dict.fromkeys(
        ("cv", "cataclyv*", "candidate_cv*", "cataclyv*_candidate", "cataclysmic", "nova", "cv/nova", "yso", "yso_candidate",
         "candidate_yso", "ttauri*", "orion_v*", "cep", "cepheid", "deltacep", "dsct", "pulsv*delsct", "delsctv*", "pulsv*",
         "pulsv*wvir", "v*", "v*?", "variable*", "ellipvar", "rotv*", "rscvn", "rscv*", "bydra", "bydrav*", "periodic-other",
         "wd*", "other", "irregular_v*", "dsct|gdor|sxphe", "c*", "be*", "xb", "hmxb", "lmxb", "symbiotic*"), "other"),
    **dict.fromkeys(
        ("slsn-ii", "ia-csm", "lbv", "lrn", "ilrt", "ca-rich", "ib-ca-rich", "ib-ca-rich?", "afterglow", "ia-03fg", "ia-sc", "03fg", "gap",
         "i", "sn", "supernova", "candidate_sn*", "sn_candidate", "imposter", "frb"), None),
}  # fmt: skip


def class_of(type_name: object) -> str | None:
    """The class of a type as TNS, BTS, SIMBAD, Fink or ALeRCE writes it; None when doubtful, of no class, or unknown.

    >>> class_of("SN IIb"), class_of("(TNS) SN Ia-91T-like"), class_of("RRLyr"), class_of("SN Ia-CSM")
    ('SNIbc', 'SNIa', 'RRL', None)
    """
    text = str(type_name).strip().lower()
    for prefix in ("(tns) ", "(simbad) ", "sn "):
        text = text.removeprefix(prefix)
    if text.startswith("sn") and text not in _TYPES:
        text = text[2:]
    return _TYPES.get(text)
