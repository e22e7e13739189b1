"""Records of a block decoded many at a time into tables: what lies between the compiled decoder and the light curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.brokers.files import decoder
from core.brokers.files.decoder import MISSING, NUMBER, PLACE
from core.brokers.files.program import Program

#: Records decoded in one call, and rows of each list that there is room for: what a block of small alerts fills.
RECORDS = 256
_ROWS = 16_384
_ROWS_EACH = 256
#: How many times that, where it was not enough.
_MORE = (1, 16, 256)
_MOST_ROWS = 32 * _ROWS


@dataclass(frozen=True)
class Records:
    """B records in tables. data : the bytes they came from. places : (B+1,) where each begins in them.

    rows : (B+1, T) rows of each table before each record. status : what ended the run (`decoder.OK`, …).
    """

    program: Program
    data: bytes
    places: NDArray[np.int64]
    rows: NDArray[np.int64]
    status: int
    _cells: NDArray[np.int64]
    _rooms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places) - 1

    def table(self, name: str) -> NDArray[np.float64]:
        """(N, columns) the rows of a list of all records, one after the other."""
        return self._table(self.number(name)).view(np.float64)

    def number(self, name: str) -> int:
        """Which column of ``rows`` counts a list."""
        return 1 + list(self.program.layout.lists).index(name)

    @cached_property
    def heads(self) -> list[dict[str, Any]]:
        """What each record says of itself, as fastavro gives it: a dictionary, the single records in it likewise."""
        cells = self._table(0)
        out = []
        for whole, numbers in zip(cells.tolist(), cells.view(np.float64).tolist(), strict=True):
            head: dict[str, Any] = {record: {} for record in self.program.layout.records}
            for i, (record, name, keep) in enumerate(self.program.head):
                value = numbers[i] if keep == NUMBER else None if whole[i] == MISSING else whole[i]
                if keep == PLACE and value is not None:
                    value = self._text(value)
                (head[record] if record else head)[name] = value
            out.append(head)
        return out

    def _table(self, t: int) -> NDArray[np.int64]:
        start, width, rows = int(self._rooms[t]), int(self.program.widths[t]), int(self.rows[-1, t])
        return self._cells[start : start + rows * width].reshape(rows, width)

    def _text(self, place: int) -> str:
        start, length = place >> decoder.LENGTH_BITS, place & ((1 << decoder.LENGTH_BITS) - 1)
        return self.data[start : start + length].decode("ascii")


@dataclass(frozen=True)
class Joined:
    """Records of several blocks, to be made light curves together."""

    parts: Sequence[Records]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def table(self, name: str) -> NDArray[np.float64]:
        """As `Records.table`, for all parts."""
        return np.concatenate([part.table(name) for part in self.parts])

    @property
    def rows(self) -> NDArray[np.int64]:
        """As `Records.rows`, for all parts."""
        steps = [part.rows[1:] - part.rows[:-1] for part in self.parts]
        return np.concatenate([np.zeros_like(steps[0][:1]), np.cumsum(np.concatenate(steps), axis=0)])

    @property
    def heads(self) -> list[dict[str, Any]]:
        """As `Records.heads`, for all parts."""
        return [head for part in self.parts for head in part.heads]


def decode_records(program: Program, data: bytes, start: int, count: int, cap: int) -> Records:
    """Up to `RECORDS` of the ``count`` records that begin at ``start``. cap : bytes that each may take.

    Fewer than asked for when a record is unusual, broken or too long for the tables: the next one is for fastavro.
    """
    count = min(count, RECORDS)
    for many in _MORE:
        room = np.full(len(program.widths), min(_MOST_ROWS, many * min(_ROWS, _ROWS_EACH * count)))
        room[0] = count
        room[1 + len(program.layout.lists) :] = 0
        rooms = np.concatenate([[0], np.cumsum(room * program.widths)])
        cells = np.empty(rooms[-1], np.int64)
        places, rows = np.empty(count + 1, np.int64), np.empty((count + 1, len(room)), np.int64)
        done, status, _ = decoder.decode(
            np.frombuffer(data, np.uint8), start, cap, count, program.code, program.jumps, program.words,
            program.meanings, program.spans, program.blank, program.blank_at, program.widths, rooms, program.first_row,
            cells, cells.view(np.float64), places, rows,
        )  # fmt: skip
        if done or status != decoder.FULL:
            break
    return Records(program, data, places[: done + 1], rows[: done + 1], status, cells, rooms)
