"""What is fuzzed: each target has valid input to start from, a way to change it, and the law that its reader keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Mutation = Callable[[bytes, Random], bytes]


@dataclass(frozen=True)
class Target:
    """One reader. seeds : valid input. mutate : a small change of one. run : raises whatever breaks the law.

    may_die : the reader is compiled code of others that may end its process; the dashboard reads such files in a child
    process first. weight : its share of the time, beside other targets.
    """

    name: str
    seeds: Callable[[], list[bytes]]
    mutate: Mutation
    run: Callable[[bytes], None]
    may_die: bool = False
    weight: float = 1.0

    def input(self, seeds: list[bytes], number: int) -> bytes:
        """Input ``number``: the same bytes each time, so that a failure is known by its number. The first ones are the seeds."""
        if number < len(seeds):
            return seeds[number]
        random = Random(f"{self.name} {number}")
        data = random.choice(seeds)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            data = self.mutate(data, random)
        return data


def all_targets() -> dict[str, Target]:
    """Every target by name, the cheap ones first."""
    from tests.fuzz import on_answers, on_files, on_tables, on_texts

    found = [*on_texts.TARGETS, *on_tables.TARGETS, *on_answers.TARGETS, *on_files.TARGETS]
    return {target.name: target for target in found}
