"""Write the figures of docs/models-lsst.md from the model cards: ``python -m training.report_lsst``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.model import MODELS
from training.report import END, START

PAGE = MODELS.parent / "docs/models-lsst.md"
NAMES = ("t2-lsst", "atx-lsst")
_SETS = {
    "with_redshift": "six bands, redshift as the catalogue lists it",
    "without_redshift": "six bands, no redshift",
    "gr_with_redshift": "g and r, redshift as the catalogue lists it",
    "gr_without_redshift": "g and r, no redshift",
}
_PUBLISHED = {
    "with_redshift": "t2_ugrizy_with_redshift",
    "without_redshift": "t2_ugrizy_without_redshift",
    "gr_without_redshift": "t2_gr_without_redshift",
}
_OTHERS = {
    "mallorn": "MALLORN, six groups",
    "mallorn_without_agn": "MALLORN, five groups, its AGN left out",
    "elasticc2": "ELAsTiCC2 (a sample), SN Ia, Ib/c, KN, M-dwarf",
    "plasticc": "PLAsTiCC (90 of its test set), SN Ia, II, Ib/c",
}


def with_figures(page: str, cards: Mapping[str, Mapping[str, Any]]) -> str:
    """The page with its block of figures made anew. cards : the ``figures`` of each model's card."""
    before, rest = page.split(START)
    return before + START + block(cards) + END + rest.split(END)[1]


def block(cards: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures as Markdown."""
    return "\n".join([_simulated(cards), _by_age(cards), _others(cards), _snia(cards), _wrong(cards)])


def _simulated(cards: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "Simulated test folds, classes alike, equal priors. Log-loss and AUC are of fourteen classes (without *other*).\n",
        "| model | told | log-loss | AUC micro / macro | macro-F1 (15) | ECE, survey prior | published t2, PLAsTiCC |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, figures in cards.items():
        for key, title in _SETS.items():
            found, published = figures["simulated"][key], figures["published_log_loss"]
            theirs = f"{published[_PUBLISHED[key]]:.3f}" if key in _PUBLISHED else ""
            lines.append(
                f"| `{name}` | {title} | {found['log_loss_flat_14']:.3f} | {found['auc_micro']:.3f} / {found['auc_macro']:.3f} "
                f"| {found['macro_f1_equal']:.2f} | {found['ece_survey']:.3f} | {theirs} |"
            )
    published = next(iter(cards.values()))["published_log_loss"]
    note = (
        f"{published['note']} The compressed published model has {published['compressed_ugrizy_with_redshift']:.3f} with "
        f"redshift in six bands and {published['compressed_gr_without_redshift']:.3f} without in two."
    )
    return "\n".join([*lines, "", note, ""])


def _by_age(cards: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "By days since the first used point, no redshift / with: log-loss of fourteen classes, and calibration error.\n",
        "| model | days | objects | log-loss | ECE, survey prior |",
        "|---|---|---|---|---|",
    ]
    for name, figures in cards.items():
        lines += [
            f"| `{name}` | {row['days']:.0f} | {row['objects']:,} | {row['log_loss_flat_14']:.2f} / "
            f"{row['log_loss_flat_14_with_redshift']:.2f} | {row['ece_survey']:.3f} / {row['ece_survey_with_redshift']:.3f} |"
            for row in figures["ages"]
        ]
    return "\n".join([*lines, ""])


def _others(cards: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "Sets that others simulated; none is in training or calibration. Probabilities restricted to the classes named, "
        "equal priors; brackets are 95 % bootstrap intervals.\n",
        "| model | set | redshift | objects | macro-F1 | AUC (SN Ia) |",
        "|---|---|---|---|---|---|",
    ]
    for name, figures in cards.items():
        for key, title in _OTHERS.items():
            for told, found in figures["other_sets"].get(key, {}).items():
                if told not in ("with_redshift", "without_redshift"):
                    continue
                low, high = found["macro_f1_interval"]
                lines.append(
                    f"| `{name}` | {title} | {'told' if told == 'with_redshift' else 'no'} | {sum(found['objects'].values()):,} "
                    f"| {found['macro_f1']:.2f} [{low:.2f}, {high:.2f}] | {found['auc_snia']:.3f} |"
                )
    plasticc = next(iter(cards.values()))["other_sets"]["plasticc"]
    note = f"On the same PLAsTiCC objects the published file has {plasticc['published_file_macro_f1']:.2f} ({plasticc['published_note']})."
    return "\n".join([*lines, "", note, ""])


def _snia(cards: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "SN Ia called SN Ia, fifteen classes compared, survey prior (equal priors).\n",
        "| model | set | with redshift | without |",
        "|---|---|---|---|",
    ]
    for name, figures in cards.items():
        sets = {
            "Foundation (observed, Pan-STARRS)": figures["other_sets"]["foundation"],
            "PLAsTiCC with another cadence": figures["other_sets"]["plasticc"]["snia_with_another_cadence"],
        }
        lines += [
            f"| `{name}` | {title}, {found['objects']} | {found['recall_survey_with_redshift']:.2f} "
            f"({found['recall_equal_with_redshift']:.2f}) | {found['recall_survey_without_redshift']:.2f} "
            f"({found['recall_equal_without_redshift']:.2f}) |"
            for title, found in sets.items()
        ]
    return "\n".join([*lines, ""])


def _wrong(cards: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for name, figures in cards.items():
        pairs = figures["simulated"]["without_redshift"]["worst_pairs"][:6]
        said = ", ".join(f"{row['class']} as {row['called']} {row['share']:.0%}" for row in pairs)
        lines.append(f"`{name}` mixes up most, without redshift: {said}.")
    return "\n\n".join(lines) + "\n"


def main() -> None:
    paths = {name: MODELS / name / "card.json" for name in NAMES}
    cards = {n: json.loads(p.read_text(encoding="utf-8"))["figures"] for n, p in paths.items() if p.exists()}
    PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), cards), encoding="utf-8")


if __name__ == "__main__":
    main()
