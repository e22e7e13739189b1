"""ModelCard: what a model was trained on, its recipe, classes, figures and limits. Validated on load."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema

from core.json_text import parsed
from core.recipe import Recipe

#: The form that compressed ones are made from.
FLOAT = "float32"


def _inside(ending: str) -> str:
    """The pattern of a path that does not lead out of the model's folder: no part of it is hidden, or the way up."""
    return rf"^\w[\w-]*(\.[\w-]+)*(/\w[\w-]*(\.[\w-]+)*)*\.{ending}$"


#: How far a form may score from the float network and still be served in its place: macro-F1, and log-loss above.
SAME_F1, SAME_LOSS = 0.005, 0.01
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_FILE: dict[str, Any] = {
    "type": "object",
    "required": ["path", "sha256", "bytes", "format"],
    "properties": {
        "path": {"type": "string", "pattern": _inside("tflite")},
        "sha256": _SHA256,
        "bytes": {"type": "integer", "minimum": 1},
        # The last two store weights in eight or four bits and compute in float32.
        "format": {"enum": ["float32", "float16", "dynamic", "int8", "weights-int8", "weights-int4"]},
    },
}
#: A compressed form of the same network: what was done, its own start-up check, and its fold models where they are shipped.
_VARIANT = {
    **_FILE,
    "properties": {
        **_FILE["properties"],
        "title": {"type": "string"},
        "golden": {"type": "array", "items": {"type": "number"}},
        "folds": {"type": "array", "items": _FILE},
    },
}


def _numbers(count: int) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "number"}, "minItems": count, "maxItems": count}


_RECIPE = {
    "type": "object",
    "required": ["kind", "length", "bands"],
    "properties": {
        "kind": {"enum": ["published", "fixed-grid"]},
        "length": {"type": "integer", "minimum": 2, "maximum": 1000},
        "bands": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "step": {"type": "number", "minimum": 0},
        "convention": {"enum": ["", "as-served", "as-trained"]},
        "before": {"type": "number"},
        "channels": {"type": "array", "items": {"type": "string"}},
        "features": {"type": "array", "items": {"type": "string"}},
        "feature_scaling": {"type": "object", "additionalProperties": _numbers(3)},
        "scaler": {"type": "object", "additionalProperties": _numbers(2)},
        "cuts": {
            "type": "object",
            "additionalProperties": {"type": ["number", "boolean", "null"]},
            "properties": {name: {"type": "integer", "minimum": 0} for name in ("min_points", "min_points_per_band")},
        },
    },
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Model card",
    "type": "object",
    "required": [
        "name", "version", "title", "summary", "licence", "classes", "recipes", "default_recipe", "files", "tensors",
        "golden", "prior", "training", "figures", "limits",
    ],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"},
        "version": {"type": "string"},
        "title": {"type": "string"},
        "summary": {"type": "string"},
        "licence": {"type": "string"},
        "citations": {"type": "array", "items": {"type": "string"}},
        "parameters": {"type": "integer", "minimum": 1},
        "classes": {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": True},
        "recipes": {"type": "object", "additionalProperties": _RECIPE, "minProperties": 1},
        "default_recipe": {"type": "string"},
        "files": {
            "type": "object",
            "required": ["model"],
            "properties": {
                "model": _FILE,
                "folds": {"type": "array", "items": _FILE},
                "variants": {"type": "object", "additionalProperties": _VARIANT},
                "embedding": {
                    "type": "object",
                    "required": ["path", "sha256", "bytes", "format"],
                    "properties": {
                        "path": {"type": "string", "pattern": _inside("npz")},
                        "sha256": _SHA256,
                        "bytes": {"type": "integer", "minimum": 1},
                        "format": {"const": "npz"},
                    },
                },
            },
        },
        # Which form of the network the dashboard serves, and why.
        "served": {
            "type": "object",
            "required": ["form", "why"],
            "properties": {"form": {"type": "string"}, "why": {"type": "string"}},
        },
        "tensors": {
            "type": "object",
            "required": ["activations", "logits", "probabilities", "head_weights", "head_bias"],
            "additionalProperties": {"type": "string"},
        },
        "golden": {
            "type": "object",
            "required": ["probabilities"],
            "properties": {"probabilities": {"type": "array", "items": {"type": "number"}}},
        },
        "calibration": {
            "type": "object",
            "required": ["n_points", "temperature"],
            "properties": {
                "n_points": {"type": "array", "items": {"type": "number"}},
                "temperature": {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}},
                "bias": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            },
        },
        "prior": {
            "type": "object",
            "required": ["name", "weights"],
            "properties": {
                "name": {"type": "string"},
                "weights": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
            },
        },
        "rules": {
            "type": "object",
            "properties": {
                "abstain_below": {"type": "number", "minimum": 0, "maximum": 1},
                "variable_above": {"type": "number", "minimum": 0, "maximum": 1},
            },
        },
        "novelty": {
            "type": "object",
            "required": ["what", "threshold", "n_points", "levels", "distances"],
            "properties": {
                "what": {"type": "string"},
                "threshold": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                "n_points": {"type": "array", "items": {"type": "number", "minimum": 1}, "minItems": 1},
                "levels": {"type": "array", "items": {"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "minItems": 2},
                "distances": {
                    "type": "array",
                    "items": {"type": "array", "items": {"type": "number", "minimum": 0}},
                    "minItems": 1,
                },
                "figures": {"type": "object"},
            },
        },
        "reliability": {
            "type": "array",
            "items": {"type": "object", "required": ["low", "high", "count", "correct"]},
        },
        "training": {"type": "object"},
        "range": {"type": "object"},
        "figures": {"type": "object"},
        "limits": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
}  # fmt: skip


#: Made once: checking the schema itself takes longer than any card.
_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


class CardError(ValueError):
    """A model that can't be trusted: its card is malformed, or a file is not the one the card describes."""


@dataclass(frozen=True)
class ModelCard:
    """A validated card.json and the folder it stands in. ``data`` is the card as written."""

    folder: Path
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @property
    def version(self) -> str:
        return str(self.data["version"])

    @property
    def title(self) -> str:
        return str(self.data["title"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Output classes in the order of the network."""
        return tuple(self.data["classes"])

    @property
    def recipe_names(self) -> tuple[str, ...]:
        return tuple(self.data["recipes"])

    def recipe(self, name: str | None = None) -> Recipe:
        """The named recipe, or the card's default."""
        chosen = name or self.data["default_recipe"]
        if chosen not in self.data["recipes"]:
            raise CardError(f"{self.name} has no recipe {chosen!r}; it has {', '.join(self.recipe_names)}")
        return Recipe.from_card(self.data["recipes"][chosen])

    @property
    def served(self) -> str:
        """The form of the network that answers when none is asked for: ``float32``, or the name of a variant."""
        return str(self.data.get("served", {}).get("form", FLOAT))

    def file(self, *, fold: int | None = None, variant: str | None = None) -> tuple[bytes, str]:
        """The bytes and SHA-256 of a model file, checked against the card. Raises CardError when they differ."""
        entry = self.entry(fold=fold, variant=variant)
        return checked(self.folder, entry, self.name), str(entry["sha256"])

    @property
    def variants(self) -> Mapping[str, Mapping[str, Any]]:
        """Compressed forms of the same network by name; `FLOAT` names the files that they were made from."""
        found: Mapping[str, Mapping[str, Any]] = self.data["files"].get("variants", {})
        return found

    def has_folds(self, variant: str | None = None) -> bool:
        """Whether fold models of the served file, or of a variant, are there."""
        return bool(self._of(variant).get("folds"))

    def entry(self, *, fold: int | None = None, variant: str | None = None) -> Mapping[str, Any]:
        """What the card says of one file, ``variant`` None for the served form. Raises CardError where it has no such fold or variant."""
        files = self._of(variant)
        if fold is None:
            found: Mapping[str, Any] = files["model"]
            return found
        folds = files.get("folds", [])
        if not 0 <= fold < len(folds):
            of = self.name if variant is None else f"{self.name}, variant {variant},"
            raise CardError(f"{of} has {len(folds)} fold models; there is no fold {fold}")
        return dict(folds[fold])

    def _of(self, variant: str | None) -> Mapping[str, Any]:
        """The model file and the fold models of a form: ``model``, and ``folds`` where they are shipped."""
        form = variant or self.served
        if form == FLOAT:
            files = self.data["files"]
            return {
                "model": {"golden": self.data["golden"]["probabilities"], **files["model"]},
                "folds": files.get("folds", []),
            }
        if form not in self.variants:
            raise CardError(f"{self.name} has no variant {form!r}; it has {', '.join(self.variants) or 'none'}")
        entry = self.variants[form]
        return {"model": entry, "folds": entry.get("folds", [])}


def scores_alike(change: Mapping[str, Any]) -> bool:
    """Whether a compressed form scores as the float network does, on the same objects.

    change : as a model's ``compression.json`` has it for each form. The whole 95 % interval of the paired difference of the
    macro-F1 must lie within `SAME_F1`, and the log-loss be at most `SAME_LOSS` above. Single answers may change.
    """
    furthest = max(abs(end) for end in change["macro_f1_survey"]["interval"])
    return bool(furthest <= SAME_F1 and change["log_loss_flat"]["value"] <= SAME_LOSS)


def checked(folder: Path, entry: Mapping[str, Any], name: str) -> bytes:
    """The bytes of a file that the card of the model ``name`` describes. Raises CardError when it is another one."""
    path = folder / entry["path"]
    if not path.is_file():
        raise CardError(f"{name}: the model file {entry['path']} is missing")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry["sha256"]:
        raise CardError(
            f"{name}: {entry['path']} is not the file its card describes (SHA-256 {digest[:12]}…, "
            f"expected {entry['sha256'][:12]}…). It is not loaded: a changed bit gives wrong answers without a sign."
        )
    return content


def load_card(folder: str | Path) -> ModelCard:
    """Read and validate ``folder``/card.json. Raises CardError naming the field that is wrong."""
    path = Path(folder) / "card.json"
    try:
        data = parsed(path.read_bytes())
    except FileNotFoundError:
        raise CardError(f"no model card at {path}") from None
    except (ValueError, RecursionError) as error:
        raise CardError(f"{path} is not valid JSON: {error}") from None
    try:
        _VALIDATOR.validate(data)
    except jsonschema.ValidationError as error:
        where = "/".join(str(part) for part in error.absolute_path) or "the card"
        raise CardError(f"{path}: {where}: {error.message}") from None
    for name, recipe in data["recipes"].items():
        try:
            if Recipe.from_card(recipe).width < 1:
                raise ValueError("it has no channel")
            _ = Recipe.from_card(recipe).survey
        except (TypeError, ValueError) as error:  # such as a cut, a band or a channel that nobody knows
            raise CardError(f"{path}: recipes/{name}: {error}") from None
    if problem := _calibration_problem(data.get("calibration"), len(data["classes"])):
        raise CardError(f"{path}: calibration/{problem}")
    n_classes = len(data["classes"])
    if data["default_recipe"] not in data["recipes"]:
        raise CardError(f"{path}: default_recipe {data['default_recipe']!r} is not among the recipes")
    if len(data["golden"]["probabilities"]) != n_classes:
        raise CardError(
            f"{path}: golden/probabilities has {len(data['golden']['probabilities'])} numbers for {n_classes} classes"
        )
    form = data.get("served", {}).get("form", FLOAT)
    if form != FLOAT and form not in data["files"].get("variants", {}):
        raise CardError(f"{path}: served/form is {form!r}, which is not among the variants")
    if problem := _novelty_problem(data.get("novelty")):
        raise CardError(f"{path}: novelty/{problem}")
    unknown = set(data["prior"]["weights"]) ^ set(data["classes"]) if data["prior"]["weights"] else set()
    if unknown:
        raise CardError(f"{path}: prior/weights and classes differ in {', '.join(sorted(unknown))}")
    return ModelCard(Path(folder), data)


def _calibration_problem(section: Mapping[str, Any] | None, n_classes: int) -> str:
    """What is wrong with a card's calibration; empty when nothing is, or there is none."""
    if not section:
        return ""
    knots, bias = section["n_points"], section.get("bias")
    if not knots or len(section["temperature"]) != len(knots):
        return f"temperature has {len(section['temperature'])} numbers for {len(knots)} of n_points"
    if any(a >= b for a, b in pairwise(knots)) or not knots[0] > 0:
        return "n_points must rise from above zero"
    if bias is not None and (len(bias) != len(knots) or any(len(row) != n_classes for row in bias)):
        return f"bias must have {len(knots)} rows, as n_points, of {n_classes} numbers, as classes"
    return ""


def _novelty_problem(section: Mapping[str, Any] | None) -> str:
    """What is wrong with the table of a card's novelty; empty when nothing is, or there is none."""
    if section is None:
        return ""
    levels, knots, table = section["levels"], section["n_points"], section["distances"]
    if any(a >= b for a, b in pairwise(levels)) or any(a >= b for a, b in pairwise(knots)):
        return "levels and novelty/n_points must rise"
    if levels[-1] <= 0.95:
        return f"levels ends at {levels[-1]:g}; expected more than 0.95, from where the tail is continued"
    if len(table) != len(knots) or any(len(row) != len(levels) for row in table):
        return f"distances must have {len(knots)} rows, as n_points, of {len(levels)} numbers, as levels"
    if any(a > b for row in table for a, b in pairwise(row)):
        return "distances must not fall within a row"
    return ""


def find_cards(root: str | Path) -> dict[str, Path]:
    """Model folders below ``root`` by name: every folder with a card.json."""
    return {path.parent.name: path.parent for path in sorted(Path(root).glob("*/card.json"))}
