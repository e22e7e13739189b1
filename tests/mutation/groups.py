"""What is mutated, which tests must notice, and which mutants change nothing that anyone could see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """modules : files that are mutated, each with the files of tests that are about it."""

    modules: dict[str, tuple[str, ...]]


_SCORES = ("tests/core/test_evaluate.py", "tests/core/test_evaluate_by_hand.py")
_JUDGEMENT = ("tests/core/test_evaluate_judgement.py",)
_EXPLAIN, _ATTRIBUTION, _REMOVAL = (f"tests/core/test_{name}.py" for name in ("explain", "attribution", "removal"))

GROUPS = {
    "photometry": Group({"core/photometry.py": ("tests/core/test_photometry.py",)}),
    "recipe": Group({"core/recipe.py": ("tests/core/test_recipe_channels.py", "tests/core/test_recipe.py")}),
    "explanations": Group(
        {
            "core/explain.py": (_EXPLAIN,),
            "core/attribution.py": (_ATTRIBUTION, _REMOVAL),
            "core/removal.py": (_REMOVAL,),
        }
    ),
    "evaluation": Group(
        {
            "core/evaluate/areas.py": _SCORES,
            "core/evaluate/calibration.py": _SCORES,
            "core/evaluate/judgement.py": _JUDGEMENT,
            "core/evaluate/levels.py": (*_JUDGEMENT, *_SCORES),
            "core/evaluate/paired.py": _SCORES,
            "core/evaluate/ranking.py": _SCORES,
            "core/evaluate/scores.py": _SCORES,
            "core/evaluate/selected.py": _JUDGEMENT,
            "core/evaluate/table.py": ("tests/core/test_evaluate_table.py", *_JUDGEMENT),
        }
    ),
}

#: `Mutant.key` -> why no test can notice: the program does the same.
EQUIVALENT: dict[str, str] = {
    'core/recipe.py: colour = np.empty((length, m - 1)) => colour = np.empty((length, m + 1))': 'room for two colours more, which nobody writes or reads',
    'core/evaluate/levels.py: return q / np.maximum(q.sum(axis=1, keepdims=True), 1e-300) if self.among else q => return q / np.maximum(q.sum(axis=1, keepdims=True), 1e-300)': 'where no class is left out the probabilities sum to one already',
    "core/evaluate/table.py: pq.write_table(arrow.replace_schema_metadata(metadata), path, compression='zstd', compression_level=19) => pq.write_table(arrow.replace_schema_metadata(metadata), path, compression='zstd', compression_level=0)": 'how small a file is, not what it says',
    'core/attribution.py: kept = generator.random((masks, cells + 2)) < 0.5 => kept = generator.random((masks, cells + 3)) < 0.5': 'a column more of random numbers, which no shift reaches',
    'core/attribution.py: def smallest_set(lead: Value, players: int, *, budget: int=6000, batch: int=512) -> SmallestSet | None: => def smallest_set(lead: Value, players: int, *, budget: int=6001, batch: int=512) -> SmallestSet | None:': 'a bound on work, whose last unit nobody counts',
    'core/removal.py: chance = random_curves(removal.value, removal.points, np.random.default_rng([SEED, 9]), orders=_sparing(removal, 10)) => chance = random_curves(removal.value, removal.points, np.random.default_rng([SEED, 10]), orders=_sparing(removal, 10))': 'other random orders of the same law',
    'core/removal.py: SEED = 2021 => SEED = 2022': 'other random masks and orders of the same law',
    'core/removal.py: generator = np.random.default_rng([SEED, 2]) => generator = np.random.default_rng([SEED, 0])': 'other random coalitions of the same law',
    'core/removal.py: maps = tuple((Map(method, importance, features, proof) for (method, importance, features), proof in zip(found, proofs, strict=True))) => maps = tuple((Map(method, importance, features, proof) for (method, importance, features), proof in zip(found, proofs)))': 'one list is made of the other: their lengths are the same',
    'core/removal.py: maps = tuple((Map(method, importance, features, proof) for (method, importance, features), proof in zip(found, proofs, strict=True))) => maps = tuple((Map(method, importance, features, proof) for (method, importance, features), proof in zip(found, proofs, strict=False)))': 'one list is made of the other: their lengths are the same',
    'core/removal.py: BATCH = 512 => BATCH = 513': 'how many light curves are scored at once is a matter of memory alone',
}  # fmt: skip
