"""Rows of a table gathered into objects: all in memory when they fit, object after object when they don't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from core.brokers.files.bare_bands import settled
from core.brokers.files.columns import CONTEXT
from core.brokers.files.content import Reading, Unreadable
from core.brokers.files.tables import DETECTION, DROPPED, LIMIT, LOST, Chunk, RawTable, Rows
from core.lightcurve import LightCurve, Note, Provenance, light_curve, upper_limits
from core.refusal import BadInput


def table_curves(table: RawTable, chunks: Iterable[Chunk], reading: Reading) -> Iterator[LightCurve | Unreadable]:
    """Light curves of a table, in the order in which objects first occur; lost rows as they are met.

    Rows of one object may lie anywhere, as long as the table fits into memory; beyond that they must lie together.
    """
    grouping = Grouping(reading, time_scale=table.time_scale)
    for chunk in chunks:
        reading.spend(rows=len(chunk.numbers))
        rows = table.read(chunk)
        yield from rows.lost
        yield from grouping.add(rows)
    yield from grouping.finish()


class Grouping:
    """Collects rows and hands on finished objects.

    time_scale : of the table's times. Beyond the cap of rows in memory, every object but the last is handed on and closed.
    """

    def __init__(self, reading: Reading, *, time_scale: str) -> None:
        self.reading = reading
        self.time_scale = time_scale
        self._parts: list[Rows] = []
        self._lost: dict[str, list[Unreadable]] = {}
        self._closed: set[int] = set()

    def add(self, rows: Rows) -> Iterator[LightCurve | Unreadable]:
        """Take rows; objects that had to be closed to stay within memory come out."""
        for lost in rows.lost:
            self._lost.setdefault(lost.object_id, []).append(lost)
        self._parts.append(rows)
        if sum(len(part) for part in self._parts) > self.reading.caps.rows_in_memory:
            yield from self._flush(keep_last=True)

    def finish(self) -> Iterator[LightCurve | Unreadable]:
        """The objects that are left. Raises BadInput ("empty") when the table had no rows at all."""
        if not self._parts or not sum(len(part) for part in self._parts):
            if self._closed:
                return
            raise BadInput("empty", "the table has a header and no rows")
        yield from self._flush(keep_last=False)

    def _flush(self, *, keep_last: bool) -> Iterator[LightCurve | Unreadable]:
        rows = _joined(self._parts)
        names: dict[str, int] = {}
        codes = np.array([names.setdefault(name, len(names)) for name in rows.object_id.tolist()], dtype=np.int64)
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(names)))
        last = codes[-1] if keep_last and len(names) > 1 else -1
        for code, name in enumerate(names):
            members = order[(ends[code - 1] if code else 0) : ends[code]]
            if code == last:
                continue
            self.reading.spend()
            yield self._object(name, rows, members)
            if keep_last:
                self._closed.add(hash(name))
        self._parts = [_taken(rows, np.flatnonzero(codes == last))] if last >= 0 else []

    def _object(self, name: str, rows: Rows, members: np.ndarray) -> LightCurve | Unreadable:
        lost = self._lost.pop(name, [])
        if hash(name) in self._closed:
            message = f"rows of {name} do not lie together, in a table too large to hold; sort it by object"
            return Unreadable(f"object {name}", BadInput("scattered", message), name)
        state = rows.state[members]
        if np.all(state == LOST):
            more = f" (and {len(lost) - 1} more rows)" if len(lost) > 1 else ""
            return Unreadable(f"object {name}", BadInput(lost[0].error.reason, lost[0].error.message + more), name)
        found, limit = members[state == DETECTION], members[state == LIMIT]
        try:
            band = rows.band[members]
            band[state != LOST] = settled(band[state != LOST], name, self.reading.default_survey)
            return light_curve(
                name,
                rows.mjd[found],
                rows.flux[found],
                rows.flux_err[found],
                band[state == DETECTION],
                forced=rows.forced[found],
                limits=upper_limits(rows.mjd[limit], rows.flux[limit], band[state == LIMIT]),
                time_scale=self.time_scale,
                context=_context(rows, members),
                provenance=Provenance(source=self.reading.name),
                notes=[*self.reading.notes, *_notes(state, lost)],
                **{key: _first(rows, key, members) for key in ("redshift", "redshift_err", "ra", "dec")},
            )
        except BadInput as error:
            return Unreadable(f"object {name}", error, name)


_COLUMNS = ("object_id", "mjd", "flux", "flux_err", "band", "forced", "state", "number")


def _joined(parts: list[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
    return Rows(**columns, extra={key: np.concatenate([part.extra[key] for part in parts]) for key in parts[0].extra})


def _taken(rows: Rows, members: np.ndarray) -> Rows:
    columns: dict[str, Any] = {name: getattr(rows, name)[members] for name in _COLUMNS}
    return Rows(**columns, extra={key: values[members] for key, values in rows.extra.items()})


def _first(rows: Rows, key: str, members: np.ndarray) -> float | None:
    """The first finite value of an object's extra column; None when there is none."""
    if key not in rows.extra:
        return None
    values = rows.extra[key][members]
    finite = values[np.isfinite(values)]
    return float(finite[0]) if len(finite) else None


def _context(rows: Rows, members: np.ndarray) -> dict[str, float]:
    found = {key: _first(rows, key, members) for key in CONTEXT}
    return {key: value for key, value in found.items() if value is not None}


def _notes(state: np.ndarray, lost: list[Unreadable]) -> list[Note]:
    notes = []
    for code, why in DROPPED.items():
        if count := int(np.sum(state == code)):
            notes.append(Note("dropped", f"{count:,} row{'' if count == 1 else 's'} dropped: {why}", count))
    if lost:
        first = lost[0].error.message
        notes.append(
            Note("dropped", f"{len(lost):,} row{'' if len(lost) == 1 else 's'} not read; first: {first}", len(lost))
        )
    return notes
