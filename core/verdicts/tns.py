"""A draft of a classification report in words, for the Transient Name Server: to be completed by whoever has a spectrum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.verdicts.record import Verdict

#: Our classes as the object types of the Transient Name Server; the others have none there.
TYPES: Mapping[str, str] = {
    "SNIa": "SN Ia", "SNIa-91bg": "SN Ia-91bg-like", "SNIax": "SN Iax[02cx-like]", "SNII": "SN II", "SNIbc": "SN Ib/c",
    "SLSN-I": "SLSN-I", "TDE": "TDE", "AGN": "AGN", "KN": "Kilonova", "M-dwarf": "M dwarf", "other": "Varstar",
    "RRL": "Varstar", "EB": "Varstar", "Mira": "Varstar",
}  # fmt: skip
#: Types that a person may have typed, as the Transient Name Server spells them.
_OTHERS = (
    "SN", "SN I", "SN Ib", "SN Ic", "SN Ic-BL", "SN Ibn", "SN Icn", "SN Ib-Ca-rich", "SN IIP", "SN IIL", "SN IIn", "SN IIb", "SN II-pec",
    "SN Ia-91T-like", "SN Ia-pec", "SN Ia-CSM", "SN Ib-pec", "SN Ic-pec", "SLSN-II", "Nova", "CV", "LBV", "ILRT", "LRN", "QSO",
    "Afterglow", "Galaxy", "Other",
)  # fmt: skip
_SPELLED = {text.lower().replace(" ", ""): text for text in (*TYPES.values(), *_OTHERS)}
_HEAD = """\
DRAFT of classification reports, from light curves alone. The Transient Name Server asks for a spectrum with every
classification: complete what stands in brackets, or do not send it.
"""


@dataclass(frozen=True)
class Reported:
    """One object of a draft. ra, dec [deg], redshift : None when unknown."""

    verdict: Verdict
    ra: float | None = None
    dec: float | None = None
    redshift: float | None = None


def type_of(class_name: str) -> str:
    """A class, or a type as a person typed it, in the spelling of the Transient Name Server; empty where it has none."""
    if class_name in TYPES:
        return TYPES[class_name]
    text = class_name.strip().lower().replace(" ", "")
    return _SPELLED.get(text) or _SPELLED.get(f"sn{text}", "")


def draft(objects: Iterable[Reported]) -> str:
    """A paragraph for each object whose verdict is a class; those without one are left out, and counted at the end."""
    given = list(objects)
    named = [item for item in given if item.verdict.kind == "class"]
    parts = [_HEAD, *map(_paragraph, named)]
    if left_out := len(given) - len(named):
        parts.append(f"{left_out} more verdicts name no class and are not in this draft.")
    return "\n".join(parts) + "\n"


def _paragraph(item: Reported) -> str:
    verdict = item.verdict
    model = "[none]"
    if verdict.probabilities:
        top = verdict.top_class()
        said = f"{type_of(top) or top} {verdict.probabilities[top]:.2f}"
        model = f"{verdict.model} {verdict.model_sha256[:12]}, prior {verdict.prior}: {said}"
    lines = {
        "Name": "[IAU name]",
        "Internal name": verdict.object_id,
        "RA, Dec (deg)": "[coordinates]" if item.ra is None or item.dec is None else f"{item.ra:.6f} {item.dec:+.6f}",
        "Object type": type_of(verdict.class_name) or f"[{verdict.class_name}: no type of this name]",
        "Redshift": "[redshift]" if item.redshift is None else f"{item.redshift:.4f}",
        "Classifier": verdict.who or "[name and affiliation]",
        "Date (UTC)": verdict.made_at[:19].replace("T", " "),
        "Spectrum": "[file, instrument, date of observation]",
        "Remarks": " ".join(verdict.note.split()) or "[none]",
        "Photometric classifier": model,
    }
    if verdict.confidence:
        lines["Confidence"] = verdict.confidence
    return "\n".join(f"{name + ':':<24}{text}" for name, text in lines.items()) + "\n"
