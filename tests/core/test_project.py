"""What the project says of itself is so: make's goals have rules, and the rooms that import-linter watches exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def test_every_goal_of_make_has_a_rule():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)[1].split()
    rules = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    assert set(phony) == rules


def test_every_command_of_make_exists():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    ours = re.findall(r"-m ((?:core|training|bench|stream)\.[\w.]+)", text)
    assert len(ours) >= 8
    places = [ROOT / name.replace(".", "/") for name in ours]
    missing = [p for p in places if not (p.with_suffix(".py").is_file() or (p / "__main__.py").is_file())]
    assert not missing


def test_every_room_is_watched_by_the_import_linter():
    rooms = {path.parent.name for path in ROOT.glob("[a-z]*/*.py")} - {"tests", "build"}
    assert set(LINTER["root_packages"]) == rooms


@pytest.mark.parametrize("contract", LINTER["contracts"], ids=lambda c: c["name"])
def test_every_module_of_core_that_a_contract_names_exists(contract):
    named = contract.get("layers", []) + contract.get("source_modules", []) + contract.get("forbidden_modules", [])
    modules = [m.strip() for entry in named for m in entry.split("|") if m.strip().startswith("core.")]
    missing = [m for m in modules if not any((ROOT / (m.replace(".", "/") + end)).exists() for end in (".py", "/"))]
    assert not missing


def test_every_module_of_core_has_a_place_in_the_layers_or_stands_aside_by_a_contract():
    layers = next(c for c in LINTER["contracts"] if c["name"] == "inside core, upward only")["layers"]
    placed = {m.strip() for entry in layers for m in entry.split("|")} | {"core.brokers", "core.settings"}
    found = {
        f"core.{p.stem}" for p in (ROOT / "core").iterdir() if (p.suffix == ".py" or p.is_dir()) and p.stem[0] != "_"
    }
    assert found == placed
