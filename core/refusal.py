"""How the house says no: a `Refusal` for a curve that can't be scored, `BadInput` for input that can't be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why a light curve was not scored. A value, not an exception: pages show it, tables and streams store it.

    reason : a short code for tables (``too_few_points``); stable, one word per cause.
    message : a sentence for a person, with the number that was wrong and the one that was expected.
    """

    reason: str
    message: str


class BadInput(ValueError):
    """Input that can't be understood: the message names the row, column and value, and what was expected.

    reason : short code, as in `Refusal.reason`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def refusal(self) -> Refusal:
        """The same fact as a value, for a table that keeps one row per object."""
        return Refusal(self.reason, self.message)
