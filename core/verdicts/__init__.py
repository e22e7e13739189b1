"""What a person said of an object: kept in SQLite as a history that only grows, taken out and brought back as tables.

>>> from core.verdicts import Verdict, VerdictStore
"""

from core.verdicts.record import CONFIDENCES, KINDS, WITHDRAWN, Key, Verdict, VerdictError, catalogue_of
from core.verdicts.store import Standing, VerdictStore

__all__ = [
    "CONFIDENCES",
    "KINDS",
    "WITHDRAWN",
    "Key",
    "Standing",
    "Verdict",
    "VerdictError",
    "VerdictStore",
    "catalogue_of",
]
