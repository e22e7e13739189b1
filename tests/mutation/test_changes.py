"""Faults are small, differ from the code, and are the same each time; texts and annotations are left alone."""

import ast

import pytest

from tests.mutation.changes import mutant, places, statements
from tests.mutation.groups import EQUIVALENT, GROUPS
from tests.mutation.trial import ROOT

TOY = '''
def share(part: int | None, whole: float = 2.0) -> float | int:
    """A docstring with 1 + 1."""
    if part is None or whole <= 0:
        raise ValueError(f"no share of {whole + 1}")
    total = sum([part, 3], start=0)
    total += 1
    return -total / whole if not part else min(part, 7)
'''
MUTANTS = [mutant(place, TOY) for place in places("toy.py", TOY)]


def test_every_fault_changes_the_program_and_leaves_it_a_program():
    sources = [ast.unparse(ast.parse(m.source)) for m in MUTANTS]
    assert len(set(sources)) == len(sources) and ast.unparse(ast.parse(TOY)) not in sources
    assert all(m.before != m.after for m in MUTANTS)


def test_every_kind_of_change_is_made():
    afters = {m.after for m in MUTANTS}
    for after in (
        "if part is not None or whole <= 0:", "if part is None or whole < 0:", "if part is None or whole > 0:",
        "if part is None and whole <= 0:", "if not (part is None or whole <= 0):", "pass", "total -= 1", "total += 2",
        "total = sum([part, 3])", "total = sum([part, 4], start=0)", "return total / whole if not part else min(part, 7)",
        "return -total * whole if not part else min(part, 7)", "return -total / whole", "return min(part, 7)",
        "return -total / whole if part else min(part, 7)", "return -total / whole if not part else max(part, 7)",
    ):  # fmt: skip
        assert after in afters, after


def test_annotations_and_texts_stay_as_they_are():
    for m in MUTANTS:
        assert "part: int | None" in m.source and "-> float | int" in m.source
        assert "1 + 1" in m.source and ("whole + 1" in m.source or m.after == "pass")


@pytest.mark.parametrize("name", GROUPS)
def test_groups_name_files_that_are_there(name):
    for module, tests in GROUPS[name].modules.items():
        assert all((ROOT / path).is_file() for path in (module, *tests))


@pytest.mark.parametrize("key", EQUIVALENT)
def test_what_is_called_equivalent_is_still_in_the_code(key):
    module, fault = key.split(": ", 1)
    assert fault.split(" => ")[0] in statements((ROOT / module).read_text(encoding="utf-8"))
