"""What a model can't do, as its card says it: sentences whose every number is a figure of the same card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.taxonomy import FIVE

BRIGHT = (
    "Trained on bright objects, as spectroscopic surveys choose them. On a fainter stream it is worse than its figures."
)
WITH_REDSHIFT = (
    "Its figures are with spectroscopic redshifts, which alerts do not have when they are young; without one see the "
    "figures without redshift.",
    "Stars, AGN and simulations got the redshifts of random supernovae in training, so that having one says nothing "
    "about the class.",
)
UNMEASURED = (
    "Kilonovae, M-dwarf flares and microlensing are simulated only: their figures hold on simulations, and may not on "
    "the sky.",
    "Most supernovae came without the sign of the difference flux and without upper limits: non-detections are not used.",
    "Interacting SLSN-II, Ia-CSM, LBV, LRN, ILRT and anything else it has not seen is given to a class all the same.",
    "Only ZTF g and r are read; light curves of LSST are refused.",
    "Not corrected for Galactic extinction.",
)


def limits(card: Mapping[str, Any]) -> list[str]:
    """The card's ``limits``, from its ``training`` and ``figures``; what nobody has measured yet is left unsaid."""
    figures, of_redshift = card["figures"], bool(card["recipes"][card["default_recipe"]].get("features"))
    sentences = [BRIGHT, *(WITH_REDSHIFT if of_redshift else ())]
    if figures:
        sentences += [] if of_redshift else [_without_redshift(figures)]
        sentences += [_young(figures), _by_origin(figures), *_twins(figures), _variables(figures)]
    return [*sentences, _few_real(card["training"]), *UNMEASURED]


def _without_redshift(figures: Mapping[str, Any]) -> str:
    matrix = figures["five_class"]["survey"]["confusion"]

    def called(truth: str, answer: str) -> str:
        row = matrix[FIVE.index(truth)]
        return f"{row[FIVE.index(answer)] / sum(row):.0%}"

    return (
        "Without redshift it can't tell a faint nearby supernova from a bright distant one: under the survey prior "
        f"{called('SLSN-I', 'SNII')} of the superluminous supernovae are called SN II, and {called('SNIbc', 'SNIa')} of "
        f"Ib/c are called Ia, five classes compared."
    )


def _twins(figures: Mapping[str, Any]) -> list[str]:
    of = (figures.get("twins") or {}).get("all", {})
    if "difference_interval" not in of or of["difference_interval"][0] <= 0.0 <= of["difference_interval"][1]:
        return []
    low, high = sorted(abs(v) for v in of["difference_interval"])
    which = "less" if of["difference"] < 0 else "more"
    return [
        f"On the {of['events']} superluminous supernovae and tidal disruptions that are there both as alerts and as survey "
        f"photometry made alert-like, the true class gets {abs(of['difference']):.2f} [{low:.2f}, {high:.2f}] {which} probability from "
        "the alerts: the figures of these two classes are not quite those of alerts."
    ]


def _young(figures: Mapping[str, Any]) -> str:
    five, ten = ({a["days"]: a for a in figures["ages"]}[days]["macro_f1_survey"] for days in (5.0, 10.0))
    return (
        f"Five days after the first detection macro-F1 over five classes is {five:.2f}, after ten {ten:.2f}, against "
        f"{figures['five_class']['survey']['macro_f1']:.2f} on all points; the probabilities say so."
    )


def _by_origin(figures: Mapping[str, Any]) -> str:
    of = {(row["class"], row["origin"]): row for row in figures["by_origin"]}

    def both(name: str) -> str:
        alert, forced = of[name, "alert"], of[name, "survey-forced"]
        return (
            f"{alert['recall_survey']:.0%} of {alert['objects']} are found in alerts, "
            f"{forced['recall_survey']:.0%} of {forced['objects']} in the rest"
        )

    return (
        "Few superluminous supernovae and tidal disruption events have alert photometry, the rest is ZTF forced "
        f"photometry made alert-like. Of superluminous supernovae {both('SLSN-I')}; of tidal disruption events "
        f"{both('TDE')} (survey prior)."
    )


def _variables(figures: Mapping[str, Any]) -> str:
    recall = figures["fifteen_class"]["recall_survey"]
    return (
        "Variable stars and AGN are labelled by position in SIMBAD, not by spectroscopy, and their histories are short; "
        f"the RR Lyrae are mostly from SDSS. {recall['RRL']:.0%} of RR Lyrae, {recall['EB']:.0%} of eclipsing binaries and "
        f"{recall['Mira']:.0%} of Miras are called what they are; the rule for variables catches "
        f"{figures['variables']['variables_caught']:.0%} of stars and AGN."
    )


def _few_real(training: Mapping[str, Any]) -> str:
    real = training["real"]
    return f"SN Ia-91bg and Iax: {real.get('SNIa-91bg', 0)} and {real.get('SNIax', 0)} real objects; the rest is simulated."
