"""What the decoder is to do with the bytes of a schema's records: a program of plain arrays, made once per schema.

A `Layout` says what is wanted of a survey's packets. A schema that keeps it otherwise than as plain values (text where a
number is expected, say) gets no program: its packets are read by fastavro alone, with the same light curves, only slower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.brokers.files import decoder as op

#: Operations of a program, and parts looked at while making one. ZTF's have some 300, LSST's some 1,500.
_MOST = 20_000
_VALUES = {
    "int": op.VARINT,
    "long": op.VARINT,
    "float": op.FLOAT,
    "double": op.DOUBLE,
    "boolean": op.BOOLEAN,
    "string": op.TEXT,
    "bytes": op.BYTES,
}


class NoProgram(Exception):
    """The schema is not one that the decoder is made for."""


@dataclass(frozen=True)
class Words:
    """What a text stands for. meanings : of the known ones. missing : where there is none. other : any text without spaces.

    NaN as ``other``: such a packet is left to fastavro.
    """

    meanings: Mapping[str, float]
    missing: float
    other: float = float("nan")


@dataclass(frozen=True)
class Layout:
    """What is wanted of a packet.

    top : fields of the packet. records : name of a record in it -> fields of it that are kept beside those of ``top``.
    lists : name of a list of records -> names of the columns of its rows. first : record -> list whose first row it is
    (there are as many rows of it as of its list's, and one more). words : columns that are text.
    """

    top: frozenset[str]
    records: Mapping[str, frozenset[str]]
    lists: Mapping[str, tuple[str, ...]]
    first: Mapping[str, str]
    words: Mapping[str, Words]


@dataclass(frozen=True)
class Program:
    """A schema's program. head : (record or "", field, how it is kept) of each column of the packet's own row.

    The arrays are those that `decoder.decode` takes. Table 0 has one row per packet, the tables of ``lists`` follow.
    """

    layout: Layout
    head: tuple[tuple[str, str, int], ...]
    code: NDArray[np.int32]
    jumps: NDArray[np.int32]
    words: NDArray[np.int64]
    meanings: NDArray[np.float64]
    spans: NDArray[np.int64]
    blank: NDArray[np.int64]
    blank_at: NDArray[np.int64]
    widths: NDArray[np.int64]
    first_row: NDArray[np.int64]


def program_of(schema: Mapping[str, Any], layout: Layout) -> Program:
    """The program of a checked writer schema. Raises NoProgram when what is wanted is not there as plain values."""
    return _Compiler(schema, layout).program()


def packed(text: str) -> int:
    """A short text as a number: its length and at most seven bytes."""
    raw = text.encode()
    return (len(raw) << 56) | int.from_bytes(raw, "little") if len(raw) <= 7 else -1


@dataclass
class _Compiler:
    schema: Mapping[str, Any]
    layout: Layout
    code: list[list[int]] = field(default_factory=list)
    jumps: list[int] = field(default_factory=list)
    head: list[tuple[str, str, int]] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)
    looked_at: int = 0

    def __post_init__(self) -> None:
        self.lists = list(self.layout.lists)
        self.table = {name: 1 + i for i, name in enumerate(self.lists)}
        self.record_table = {name: 1 + len(self.lists) + i for i, name in enumerate(self.layout.first)}
        self.vocabulary = {name: op.WORD + i for i, name in enumerate(self.layout.words)}

    def program(self) -> Program:
        self._fields(self.schema, self._top_field)
        self._emit(op.END)
        words: list[int] = []
        meanings: list[float] = []
        spans = [0]
        for word in self.layout.words.values():
            words += [*map(packed, word.meanings), -1]
            meanings += [*word.meanings.values(), word.other]
            spans.append(len(words))
        blanks = [[_blank(keep) for _, _, keep in self.head]]
        blanks += [[_bits(self._missing(column)) for column in self.layout.lists[name]] for name in self.lists]
        starts = np.concatenate([[0], np.cumsum([len(b) for b in blanks])])[:-1]
        shared = [self.table[name] for name in self.layout.first.values()]
        own = list(range(len(blanks)))
        return Program(
            self.layout,
            tuple(self.head),
            np.array(self.code, np.int32),
            np.array([*self.jumps, 0], np.int32),
            np.array(words, np.int64),
            np.array(meanings, np.float64),
            np.array(spans, np.int64),
            np.array([b for row in blanks for b in row], np.int64),
            np.array([starts[t] for t in own + shared], np.int64),
            np.array([len(blanks[t]) for t in own + shared], np.int64),
            np.array([0] + [-1] * len(self.lists) + shared, np.int64),
        )

    # --- what is wanted ----------------------------------------------------------------------------------------------

    def _top_field(self, name: str, kind: Any) -> None:
        if name in self.layout.lists:
            columns = {column: i for i, column in enumerate(self.layout.lists[name])}
            self._list_of_rows(kind, self.table[name], columns)
        elif name in self.layout.records:
            self._single(kind, lambda part: self._fields(part, lambda n, k: self._record_field(name, n, k)))
        elif name in self.layout.top:
            self._head_value("", name, kind)
        else:
            self._skip(kind)

    def _record_field(self, record: str, name: str, kind: Any) -> None:
        first = self.layout.first.get(record)
        columns = self.layout.lists[first] if first else ()
        if name in columns:
            self._column(kind, self.record_table[record], columns.index(name), name)
        elif name in self.layout.records[record]:
            self._head_value(record, name, kind)
        else:
            self._skip(kind)

    def _head_value(self, record: str, name: str, kind: Any) -> None:
        primitive, null = self._plain(kind)
        keep = {op.VARINT: op.WHOLE, op.FLOAT: op.NUMBER, op.DOUBLE: op.NUMBER, op.TEXT: op.PLACE}.get(primitive)
        if keep is None:
            raise NoProgram(name)
        self._emit(primitive, null, 0, keep, 0, len(self.head))
        self.head.append((record, name, keep))

    def _column(self, kind: Any, table: int, slot: int, name: str) -> None:
        primitive, null = self._plain(kind)
        keep = self.vocabulary.get(name, op.NUMBER)
        if (primitive == op.TEXT) != (keep >= op.WORD) or primitive == op.BYTES:
            raise NoProgram(name)
        self._emit(primitive, null, 0, keep, table, slot)

    def _list_of_rows(self, kind: Any, table: int, columns: Mapping[str, int]) -> None:
        def column(name: str, kind: Any) -> None:
            self._column(kind, table, columns[name], name) if name in columns else self._skip(kind)

        def row(part: Any) -> None:
            self._emit(op.ROW, 0, 0, 0, table, 0)
            self._fields(part, column)

        def items(part: Any) -> None:
            self._loop(lambda: self._single(part["items"], row))

        self._single(kind, items, "array")

    def _single(self, part: Any, found: Callable[[Any], None], wanted: str = "record") -> None:
        """A part that is ``wanted``, or a union of one such with null."""
        part = self._resolved(part)
        if isinstance(part, list):
            if [self._kind(p) for p in part if self._kind(p) != "null"] != [wanted]:
                raise NoProgram(f"a union where one {wanted} is expected")
            self._union(part, lambda p: None if self._kind(p) == "null" else found(self._resolved(p)))
        elif self._kind(part) == wanted:
            found(part)
        else:
            raise NoProgram(f"no {wanted}")

    def _plain(self, part: Any) -> tuple[int, int]:
        """(operation, branch of null or -1) of a value that is wanted."""
        part = self._resolved(part)
        null = -1
        if isinstance(part, list):
            kinds = [self._kind(p) for p in part]
            if len(kinds) != 2 or "null" not in kinds:
                raise NoProgram("a union of several values")
            null = kinds.index("null")
            part = self._resolved(part[1 - null])
        kind = self._kind(part)
        if kind not in _VALUES or (isinstance(part, dict) and "logicalType" in part):
            raise NoProgram(f"a {kind} where a plain value is expected")
        return _VALUES[kind], null

    # --- the pieces of a program ---------------------------------------------------------------------------------------

    def _fields(self, part: Mapping[str, Any], each: Callable[[str, Any], None]) -> None:
        names = [f["name"] for f in part["fields"]]
        if len(set(names)) < len(names):
            raise NoProgram("a field twice")
        for item in part["fields"]:
            each(item["name"], item["type"])

    def _skip(self, part: Any) -> None:
        part = self._resolved(part)
        kind = self._kind(part)
        if isinstance(part, list):
            kinds = [self._kind(p) for p in part]
            if len(kinds) == 2 and "null" in kinds and kinds != ["null", "null"]:
                null = kinds.index("null")
                if kinds[1 - null] in _VALUES:
                    self._emit(_VALUES[kinds[1 - null]], null)
                    return
            self._union(part, self._skip)
        elif kind in _VALUES:
            self._emit(_VALUES[kind])
        elif kind in ("record", "error"):
            for item in part["fields"]:
                self._skip(item["type"])
        elif kind == "fixed":
            self._emit(op.FIXED, -1, int(part["size"]))
        elif kind == "enum":
            self._emit(op.ENUM, len(part["symbols"]))
        elif kind == "array":
            self._loop(lambda: self._skip(part["items"]))
        elif kind == "map":
            self._loop(lambda: self._entry(part["values"]))
        elif kind != "null":
            raise NoProgram(kind)

    def _entry(self, value: Any) -> None:
        self._emit(op.TEXT)
        self._skip(value)

    def _union(self, branches: list[Any], each: Callable[[Any], None]) -> None:
        base = len(self.jumps)
        self.jumps += [0] * len(branches)
        self._emit(op.UNION, len(branches), base)
        exits = []
        for i, branch in enumerate(branches):
            self.jumps[base + i] = len(self.code)
            each(branch)
            exits.append(len(self.code))
            self._emit(op.JUMP)
        for place in exits:
            self.code[place][2] = len(self.code)

    def _loop(self, body: Callable[[], None]) -> None:
        place = len(self.code)
        self._emit(op.LIST)
        body()
        self._emit(op.NEXT)
        self.code[place][2] = len(self.code)

    def _emit(self, what: int, null: int = -1, arg: int = 0, keep: int = 0, table: int = 0, slot: int = 0) -> None:
        if len(self.code) >= _MOST or not 0 <= arg < 2**31:
            raise NoProgram("too long")
        self.code.append([what, null, arg, keep, table, slot])

    def _resolved(self, part: Any) -> Any:
        """A part with the names of types, and ``{"type": {...}}`` around others, replaced by what they stand for."""
        self.looked_at += 1
        if self.looked_at > 4 * _MOST:
            raise NoProgram("too many parts")
        while isinstance(part, str) and part in self.definitions:
            part = self.definitions[part]
        if isinstance(part, dict):
            if isinstance(part["type"], dict | list) and "fields" not in part:
                return self._resolved(part["type"])
            if "name" in part:
                self.definitions[part["name"]] = part
        return part

    def _kind(self, part: Any) -> str:
        part = self._resolved(part)
        return "union" if isinstance(part, list) else str(part["type"] if isinstance(part, dict) else part)

    def _missing(self, column: str) -> float:
        words = self.layout.words.get(column)
        return float("nan") if words is None else words.missing


def _blank(keep: int) -> int:
    return _bits(float("nan")) if keep == op.NUMBER else op.MISSING


def _bits(value: float) -> int:
    return int(np.array(value, np.float64).view(np.int64))
