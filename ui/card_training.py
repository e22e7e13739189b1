"""What a model learned from, reads and assumes, as its card tells it: tables and sentences, pure functions of the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.card import FLOAT, ModelCard
from ui.card_tables import cell, label
from ui.forms import SERVED, form_title
from ui.tables import Table, table
from ui.wording import class_title

_LICENCES = {
    "open": "open licence",
    "cited": "public data without a licence file, cited",
    "own": "this project's own simulation",
}


def training_table(training: Mapping[str, Any]) -> Table:
    """Objects per class that the network learned from, real and simulated."""
    real, simulated = training.get("real", {}), training.get("simulated_light_curves", {})
    rows = [[class_title(n), cell(real.get(n, 0)), cell(simulated.get(n, 0))] for n in {**real, **simulated}]
    return table("What it learned from, by class", ["class", "real objects", "simulated light curves"], rows)


def learned_from(training: Mapping[str, Any]) -> tuple[str, str]:
    """How many real objects and how many simulated light curves, each as a table writes it."""
    # The card counts objects once; its counts by class and by source may hold an object twice.
    count, simulated = cell(training.get("objects")), training.get("simulated_light_curves", {})
    return ("0", count) if training.get("simulated") else (count, cell(sum(simulated.values())))


def source_table(sources: Sequence[Mapping[str, Any]]) -> Table:
    """Where the training objects come from, under which licences."""
    rows = [
        [
            str(entry.get("title", entry.get("source", ""))),
            cell(entry.get("objects")),
            "; ".join(_LICENCES.get(name, name) for name in entry.get("licences", [])) or cell(entry.get("licence")),
            ", ".join(f"{class_title(name)} {count:,}" for name, count in entry.get("classes", {}).items())
            or cell(None),
        ]
        for entry in sources
    ]
    return table("Sources", ["source", "objects", "licence", "classes"], rows)


def prior_table(prior: Mapping[str, Any]) -> Table:
    """The share of each class that the probabilities assume."""
    weights = sorted(prior["weights"].items(), key=lambda item: -item[1])
    rows = [[class_title(name), f"{100 * weight:.3g}"] for name, weight in weights]
    return table(f"Prior in force: {prior['name']}", ["class", "share [%]"], rows)


def prior_sentence(prior: Mapping[str, Any]) -> str:
    """Which prior is in force, and where it comes from."""
    if not prior["weights"]:
        return f"Prior in force: {prior['name']}. The card names no weights, so it can't be exchanged for another."
    return f"Prior in force: {prior['name']}. {prior.get('source', '')}".strip()


def rule_sentences(rules: Mapping[str, Any]) -> list[str]:
    """What the page does with the probabilities before it names a class, and why."""
    said = {
        "abstain_below": "Undecided while the likeliest class has less than {}",
        "variable_above": "Perhaps not a transient when variable stars and active nuclei together have {} or more",
    }
    out = []
    for key, value in rules.items():
        if key.endswith("_reason"):
            continue
        reason = rules.get(f"{key.rsplit('_', 1)[0]}_reason")
        out.append(said.get(key, f"{label(key)}: {{}}").format(f"{value:g}") + (f" ({reason})" if reason else "") + ".")
    return out


def file_table(card: ModelCard) -> Table:
    """Every file of the model, with size and checksum; the form that answers is marked."""
    files = card.data["files"]
    entries: list[tuple[str, Mapping[str, Any]]] = []
    for name, value in files.items():
        if isinstance(value, list):
            entries += [(f"{name.removesuffix('s')} {i}", entry) for i, entry in enumerate(value)]
        elif "path" in value:
            entries.append((_form(card, FLOAT) if name == "model" else name, value))
        elif name == "variants":
            for variant, entry in value.items():
                entries.append((_form(card, variant), entry))
                entries += [
                    (f"{form_title(card, variant)}, fold {i}", fold) for i, fold in enumerate(entry.get("folds", []))
                ]
        else:
            entries += list(value.items())
    rows = [
        [name, cell(e.get("path")), cell(e.get("format")), cell(e.get("bytes")), cell(e.get("sha256"))]
        for name, e in entries
    ]
    return table("Files", ["file", "path", "format", "bytes", "SHA-256"], rows)


def _form(card: ModelCard, key: str) -> str:
    return form_title(card, key) + (f" ({SERVED})" if key == card.served else "")


def reads(card: ModelCard) -> str:
    """Bands and added features: ``ZTF g, r and redshift``."""
    recipe = card.recipe()
    told = " and redshift" if told_redshift(card) else ""
    return band_list(recipe.bands) + told


def told_redshift(card: ModelCard) -> bool:
    """Whether the model reads a redshift where one is known."""
    return "redshift" in card.data["recipes"][card.data["default_recipe"]].get("features", [])


def band_list(bands: Sequence[str]) -> str:
    """Bands as a person writes them, by survey: ``ZTF g, r``."""
    surveys: dict[str, list[str]] = {}
    for name in bands:
        survey, _, letter = name.rpartition("_")
        surveys.setdefault(survey.upper(), []).append(letter)
    return "; ".join(f"{survey} {', '.join(letters)}".strip() for survey, letters in surveys.items())
