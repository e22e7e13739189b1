"""What happened so far in a long run, in a line now and then, and in the last word with reasons and notes."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TextIO

import pandas as pd

from core.lightcurve import LightCurve


@dataclass
class NoteCount:
    """Notes of one kind. curves : light curves that have one. rows : rows they touched. example : the first of them."""

    example: str
    curves: int = 0
    rows: int = 0


@dataclass
class Progress:
    """Counts of what happened so far, and the line on stderr that shows them."""

    stream: TextIO
    quiet: bool = False
    files: int = 0
    read: int = 0
    unreadable: int = 0
    lost_rows: int = 0
    scored: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first_refusal: str = ""
    notes: dict[str, NoteCount] = field(default_factory=dict)
    _start: float = field(default_factory=time.monotonic)
    _shown: float = 0.0

    def count(self, frame: pd.DataFrame) -> None:
        """Count the rows of a scored batch, and show the progress now and then."""
        refusals = frame["refusal"].dropna()
        self.scored += len(frame) - len(refusals)
        self.refused.update(refusals.tolist())
        if len(refusals) and not self.first_refusal:
            self.first_refusal = str(frame["refusal_message"].dropna().iloc[0])
        every = 0.5 if self.stream.isatty() else 10.0
        if not self.quiet and time.monotonic() - self._shown > every:
            self._shown = time.monotonic()
            self.stream.write(self.line() + ("\r" if self.stream.isatty() else "\n"))
            self.stream.flush()

    def count_notes(self, curve: LightCurve) -> None:
        """Count what the readers noted of a light curve, by kind."""
        for note in curve.notes:
            self.notes.setdefault(note.kind, NoteCount(note.message)).rows += note.count
        for kind in {note.kind for note in curve.notes}:
            self.notes[kind].curves += 1

    def line(self) -> str:
        """What happened so far in one line, with the rate of scored light curves."""
        seconds = max(time.monotonic() - self._start, 1e-9)
        refused = sum(self.refused.values())
        return (
            f"{self.scored + refused:,} light curves: {self.scored:,} scored, {refused:,} with a reason why not; "
            f"{self.scored / seconds:,.0f} scored/s, {seconds:,.0f} s"
        )

    def summary(self) -> str:
        """The last word, with the reasons, and with what the readers noted."""
        lines = [self.line()]
        lines += [f"  {count:>9,}  {reason}" for reason, count in self.refused.most_common()]
        if self.lost_rows:
            lines.append(f"  {self.lost_rows:>9,}  table rows could not be read; their light curves are without them")
        if self.notes:
            lines.append("light curves with notes (column notes):")
        for kind, found in sorted(self.notes.items(), key=lambda item: (-item[1].curves, item[0])):
            rows = f", {found.rows:,} row{'' if found.rows == 1 else 's'}" if found.rows else ""
            lines.append(f"  {found.curves:>9,}  {kind}{rows}; first: {found.example}")
        return "\n".join(lines)
