"""Figures that stand in prose: what docs/science.md and docs/class-activation-maps.md quote of cards and benchmarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MODELS = Path(__file__).resolve().parent.parent / "models"


def science_block() -> str:
    """How good `t2-ztf` is, and where that ends, from the cards."""
    card, told = (
        json.loads((MODELS / name / "card.json").read_text(encoding="utf-8")) for name in ("t2-ztf", "t2-ztf-z")
    )
    figures = card["figures"]
    five, ages = figures["five_class"], {round(age["days"]): age for age in figures["ages"]}
    count = five["objects"]
    lost = dict(zip(count, five["survey"]["confusion"], strict=True))
    called = {name: dict(zip(count, row, strict=True)) for name, row in lost.items()}
    alerts = {o["class"]: o["objects"] for o in figures["by_origin"] if o["origin"] == "alert"}
    worst = max(age["ece_survey"] for age in figures["ages"])
    lines = [
        f"Real objects, each scored by a network that has not seen it, five classes, survey prior: macro-F1 {_score(five)}, AUC of SN Ia "
        f"{five['survey']['auc_snia']:.3f} ({sum(count.values()):,} objects, `{figures['command']}`); {_score(told['figures']['five_class'])} told the "
        "redshift. [Models](models.md) has the whole report, with the commands.",
        "",
        "## Where it ends",
        "",
        "- **Selection.** Trained on what spectroscopists chose, mostly brighter than magnitude 19. Fainter streams are harder than the figures.",
        "- **Degeneracy.** Without redshift a faint nearby supernova and a bright distant one look alike: under the survey prior "
        f"{100 * called['SLSN-I']['SNII'] / count['SLSN-I']:.0f} % of the superluminous supernovae are called SN II. "
        f"{100 * called['SNIbc']['SNIa'] / count['SNIbc']:.0f} % of Ib/c are called Ia.",
        f"- **Youth.** Five days after the first detection macro-F1 is {ages[5]['macro_f1_survey']:.2f}, after ten {ages[10]['macro_f1_survey']:.2f}. The "
        f"probabilities say so: at those ages and later the calibration error is {worst:.3f} at most.",
        f"- **Rare classes.** {alerts['SLSN-I']} superluminous supernovae and {alerts['TDE']} tidal disruptions have alert photometry of their own among those "
        "judged; the rest is forced photometry made alert-like.",
        "- **The unknown.** Every light curve gets one of fifteen classes, also a luminous red nova. Novelty helps, and does not replace a look.",
        "- **Labels.** Stars and AGN are labelled by position, not by spectra, and some supernova lists disagree; the Evaluation page says where.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def maps_block(deletion: dict[str, Any], explanations: dict[str, Any]) -> str:
    """What a map does not say, with the measured reasons."""
    verdicts, of = deletion["verdicts"], explanations["methods"]
    lines = [
        "",
        f'- **Not as "without these points the answer would change".** On {deletion_sentences(deletion)} By the '
        f"page's rule {verdicts['confirmed']} maps were confirmed, {verdicts['contradicted']} contradicted, and {verdicts['chance']} no better than chance "
        f"([Measured](measured.md), `{deletion['command']}`).",
        f"- **Not as the best explanation.** Over {explanations['objects']} real objects, taking observations away in the map's order is better than random "
        f"orders for {_part(of['cam'])}, with a gain of {of['cam']['gain_over_chance']:+.3f}; in the order of Shapley values for {_part(of['shap'])}, with "
        f"{of['shap']['gain_over_chance']:+.3f}. Attention has {of['attention']['gain_over_chance']:+.3f} "
        f"([Which explanation tells the truth?](explanations.md), `{explanations['command']}`).",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def deletion_sentences(deletion: dict[str, Any]) -> str:
    """What taking a map's points away does; stands after "on", in the middle of a sentence."""
    return (
        f"{deletion['light_curves']} real samples, without the fifth of the points that the map ranks highest, the probability of the "
        f"likeliest class goes from {deletion['probability']:.3f} to {deletion['without_top']:.3f} on average; without as many random "
        f"points, to {deletion['without_random']:.3f}. The top points cost more than the median random draw in "
        f"{deletion['above_median_draw']} of {deletion['light_curves']}, where chance gives half."
    )


def _score(five: dict[str, Any]) -> str:
    low, high = five["survey"]["macro_f1_interval"]
    return f"{five['survey']['macro_f1']:.2f} [{low:.2f}, {high:.2f}]"


def _part(method: dict[str, Any]) -> str:
    return f"{100 * method['better_than_chance']:.0f} %"
