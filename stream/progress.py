"""What happened so far in a long run: counts that can be added up and kept, a line now and then, and the last word with
the funnel, reasons and notes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TextIO

import pandas as pd

from core.funnel import STEPS
from core.lightcurve import LightCurve

#: Messages about single records that are shown; of more there is only the count.
MAX_SAID = 20


@dataclass
class NoteCount:
    """Notes of one kind. curves : light curves that have one. rows : rows they touched. example : the first of them."""

    example: str
    curves: int = 0
    rows: int = 0


@dataclass(kw_only=True)
class Tally:
    """Counts of what happened to some light curves. Tallies add up, and go to and from JSON.

    files : begun. read : light curves. unreadable : records that hold none. lost_rows : of tables. refused : reasons of all
    rows without a score. unread : those of them that were not even read. excluded : those that the selection left out.
    first_refusal : a sentence. said : messages for the terminal. size : [bytes] of the input that is done.
    """

    files: int = 0
    read: int = 0
    unreadable: int = 0
    lost_rows: int = 0
    scored: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    first_refusal: str = ""
    notes: dict[str, NoteCount] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    size: float = 0.0

    def count_rows(self, frame: pd.DataFrame) -> None:
        """Count the rows of a scored batch."""
        refusals = frame["refusal"].dropna()
        self.scored += len(frame) - len(refusals)
        self.refused.update(refusals.tolist())
        if len(refusals) and not self.first_refusal:
            self.first_refusal = str(frame["refusal_message"].dropna().iloc[0])

    def count_notes(self, curve: LightCurve) -> None:
        """Count what the readers noted of a light curve, by kind."""
        for note in curve.notes:
            self.notes.setdefault(note.kind, NoteCount(note.message)).rows += note.count
        for kind in {note.kind for note in curve.notes}:
            self.notes[kind].curves += 1

    def say(self, message: str) -> None:
        """Keep a message for the terminal, unless there are many already."""
        if len(self.said) < MAX_SAID:
            self.said.append(message)

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        for name in ("files", "read", "unreadable", "lost_rows", "scored", "size"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("refused", "unread", "excluded"):
            getattr(self, name).update(getattr(other, name))
        self.first_refusal = self.first_refusal or other.first_refusal
        for kind, found in other.notes.items():
            own = self.notes.setdefault(kind, NoteCount(found.example))
            own.curves += found.curves
            own.rows += found.rows
        for message in other.said:
            self.say(message)

    def as_json(self) -> dict[str, Any]:
        """The counts as plain values."""
        values = {f.name: getattr(self, f.name) for f in fields(Tally)}
        return {**values, "notes": {kind: vars(found) for kind, found in self.notes.items()}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Tally:
        """The tally that `as_json` wrote down."""
        counters = {name: Counter(values[name]) for name in ("refused", "unread", "excluded")}
        notes = {kind: NoteCount(**found) for kind, found in values["notes"].items()}
        return cls(**{**values, **counters, "notes": notes})

    def funnel(self, *, selection: bool) -> list[str]:
        """Lines: how many light curves are left after each step, and what it cost."""
        left = self.scored + sum(self.refused.values())
        rows = [(left, "found", Counter[str]())]

        def step(name: str, lost: Counter[str]) -> None:
            nonlocal left
            left -= sum(lost.values())
            rows.append((left, name, lost))

        step("readable", self.unread)
        if selection:
            for reasons, name in STEPS:
                step(name, Counter({r: self.excluded[r] for r in reasons if self.excluded[r]}))
        step("scored", self.refused - self.unread - self.excluded)
        return [f"  {n:>9,}  {name}{_reasons(lost)}" for n, name, lost in rows]


@dataclass
class Progress(Tally):
    """The counts of a run, and the line on stderr that shows them. total : [bytes] of the whole input; 0 when not known."""

    stream: TextIO
    quiet: bool = False
    total: float = 0.0
    _start: float = field(default_factory=time.monotonic)
    _shown: float = 0.0
    _resumed: tuple[int, float] = (0, 0.0)

    def resume(self, done: Tally) -> None:
        """Start from what an earlier run had done: it counts, and its rate does not."""
        self.add(done)
        self._resumed = (self.scored, self.size)

    def count(self, frame: pd.DataFrame) -> None:
        """Count the rows of a scored batch, and show the progress now and then."""
        self.count_rows(frame)
        self.show()

    def show(self) -> None:
        """Write the line when it is time to."""
        every = 0.5 if self.stream.isatty() else 10.0
        if not self.quiet and time.monotonic() - self._shown > every:
            self._shown = time.monotonic()
            self.stream.write(self.line() + ("\x1b[K\r" if self.stream.isatty() else "\n"))
            self.stream.flush()

    def line(self) -> str:
        """What happened so far in one line, with the rate of scored light curves."""
        seconds = max(time.monotonic() - self._start, 1e-9)
        refused = sum(self.refused.values())
        return (
            f"{self.scored + refused:,} light curves: {self.scored:,} scored, {refused:,} with a reason why not; "
            f"{(self.scored - self._resumed[0]) / seconds:,.0f} scored/s, {seconds:,.0f} s{self._left(seconds)}"
        )

    def _left(self, seconds: float) -> str:
        done, here = min(self.size, self.total), self.size - self._resumed[1]
        if not 0 < done < self.total or here <= 0 or seconds < 1:
            return ""
        return f"; {100 * done / self.total:.0f} %, {_duration((self.total - done) * seconds / here)} left"

    def summary(self) -> str:
        """The last word, with the reasons, and with what the readers noted."""
        lines = [self.line()]
        lines += [f"  {count:>9,}  {reason}" for reason, count in self.refused.most_common()]
        return "\n".join(lines + self._remarks())

    def funnel_summary(self, *, selection: bool) -> str:
        """As `summary`, the reasons in order: how many light curves are left after each step, and what it cost."""
        return "\n".join([self.line(), "funnel:", *self.funnel(selection=selection), *self._remarks()])

    def _remarks(self) -> list[str]:
        lines: list[str] = []
        if self.lost_rows:
            lines.append(f"  {self.lost_rows:>9,}  table rows could not be read; their light curves are without them")
        if self.notes:
            lines.append("light curves with notes (column notes):")
        for kind, found in sorted(self.notes.items(), key=lambda item: (-item[1].curves, item[0])):
            rows = f", {found.rows:,} row{'' if found.rows == 1 else 's'}" if found.rows else ""
            lines.append(f"  {found.curves:>9,}  {kind}{rows}; first: {found.example}")
        return lines


def _reasons(lost: Counter[str]) -> str:
    parts: Sequence[str] = [f"{count:,} {reason}" for reason, count in lost.most_common()]
    return f" (without {', '.join(parts)})" if parts else ""


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
