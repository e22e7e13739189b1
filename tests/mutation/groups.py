"""What is mutated, which tests must notice, and which mutants change nothing that anyone could see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """modules : files that are mutated. tests : the files of tests that are about them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = {
    "photometry": Group(
        ("core/photometry.py",),
        ("tests/core/test_photometry.py",),
    ),
    "recipe": Group(
        ("core/recipe.py",),
        ("tests/core/test_recipe.py", "tests/core/test_cosmology.py"),
    ),
    "explanations": Group(
        ("core/explain.py", "core/attribution.py", "core/removal.py"),
        ("tests/core/test_attribution.py", "tests/core/test_removal.py", "tests/core/test_pipeline.py"),
    ),
    "evaluation": Group(
        (
            "core/evaluate/areas.py", "core/evaluate/calibration.py", "core/evaluate/judgement.py",
            "core/evaluate/levels.py", "core/evaluate/paired.py", "core/evaluate/ranking.py",
            "core/evaluate/scores.py", "core/evaluate/selected.py", "core/evaluate/table.py",
        ),
        (
            "tests/core/test_evaluate.py", "tests/core/test_evaluate_judgement.py", "tests/core/test_evaluate_table.py",
            "tests/core/test_evaluation_files.py",
        ),
    ),
}  # fmt: skip

#: `Mutant.key` -> why no test can notice: the program does the same.
EQUIVALENT: dict[str, str] = {}
