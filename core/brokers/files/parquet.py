"""Parquet files: Fink's nested alerts, by column and without cut-outs, and flat tables of photometry.

A Parquet file says in its footer how large everything is; that is read, and refused, before any data is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.brokers.files.content import MEGABYTE, Reading, Unreadable, packet_ids
from core.brokers.files.grouping import table_curves
from core.brokers.files.packets import NESTED_FIELDS, TOP_FIELDS, light_curve_of, packet_survey
from core.brokers.files.probe import probe
from core.brokers.files.tables import Chunk, RawTable
from core.lightcurve import LightCurve, Provenance
from core.refusal import BadInput

MAGIC = b"PAR1"
#: Steps from a file's root to a leaf column: ("candidate", "jd").
ColumnPath = tuple[str, ...]
_ALERTS_PER_BATCH = 256
_ROWS_PER_BATCH = 50_000
_MAX_TEXT = 1000
#: Steps in a column's path that belong to the list, not to the field's name; writers differ.
_LIST_STEPS = {"list", "element", "item", "array", "bag", "array_element", "key_value", "array_tuple"}


def read_parquet(source: BinaryIO, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    """Light curves of a Parquet file, in file order: one per alert, or one per object of a table.

    Raises BadInput for a damaged or oversized file, and for columns that are neither.
    """
    if reading.caps.stranger and not reading.probed:
        probe(source, reading)
    paths = _checked_paths(source, reading)
    survey = packet_survey({path[0] for path in paths})
    if survey is not None and is_alerts(paths):
        yield from _alerts(source, paths, survey, reading)
    else:
        yield from _table(source, paths, reading)


def is_alerts(paths: Sequence[ColumnPath]) -> bool:
    """Whether the leaf columns are those of alerts, one per row, rather than of a table of photometry."""
    nested = {path[0] for path in paths if len(path) > 1}
    return packet_survey({path[0] for path in paths}) is not None and bool(nested & {"candidate", "diaSource"})


def _checked_paths(source: BinaryIO, reading: Reading) -> list[ColumnPath]:
    """Paths of the leaf columns, after a look at the footer: rows, columns, sizes."""
    caps = reading.caps
    with _arrow_errors():
        meta = _open(source).metadata
        paths = [tuple(meta.schema.column(i).path.split(".")) for i in range(min(meta.num_columns, caps.columns + 1))]
    if meta.num_columns > caps.columns:
        raise BadInput("too_large", f"{meta.num_columns:,} columns; at most {caps.columns:,} are read")
    if meta.num_rows == 0:
        raise BadInput("empty", "the Parquet file has no rows")
    if caps.rows is not None and meta.num_rows > caps.rows:
        raise BadInput("too_large", f"{meta.num_rows:,} rows; at most {caps.rows:,} are read")
    return paths


def _wanted(path: ColumnPath) -> bool:
    return path[0] in TOP_FIELDS and (len(path) == 1 or path[-1] in NESTED_FIELDS)


def _alerts(
    source: BinaryIO, paths: list[ColumnPath], survey: str, reading: Reading
) -> Iterator[LightCurve | Unreadable]:
    reading.format = f"Fink {survey.upper()} alerts (Parquet)"
    provenance = Provenance(source=reading.name)
    columns = [".".join(path) for path in paths if _wanted(path)]
    index = reading.piece.record if reading.piece else 0
    for batch in _batches(source, columns, _ALERTS_PER_BATCH, reading):
        reading.spend(records=batch.num_rows)
        for packet in _packets(batch):
            index += 1
            reading.spend()
            try:
                yield light_curve_of(packet, provenance)
            except BadInput as error:
                yield Unreadable(f"record {index}", error, *packet_ids(packet))


def _packets(batch: pa.RecordBatch) -> Iterator[Mapping[str, Any]]:
    """Rows as nested dictionaries. ZTF's short lists as they are, one row at a time to bound the memory."""
    for start in range(0, batch.num_rows, 32):
        with _arrow_errors():
            rows = batch.slice(start, 32).to_pylist()
        yield from rows


def _table(source: BinaryIO, paths: list[ColumnPath], reading: Reading) -> Iterator[LightCurve | Unreadable]:
    reading.format = "table (Parquet)"
    nested = [path for path in paths if len(path) > 1]
    flat = [path[0] for path in paths if len(path) == 1]
    lists = [path for path in nested if set(path[1:]) <= _LIST_STEPS]  # a plain list per row: one row per object
    table = RawTable(flat + [path[0] for path in lists], reading)
    needed = [".".join(path) for path in paths if path[0] in table.needed and (path in lists or len(path) == 1)]

    def chunks() -> Iterator[Chunk]:
        first = 1
        for batch in _batches(source, needed, _ROWS_PER_BATCH, reading):
            with _arrow_errors():
                columns = _flat_columns(batch)
            size = len(next(iter(columns.values())))
            yield Chunk(columns, np.arange(first, first + size))
            first += size

    yield from table_curves(table, chunks(), reading)


def _flat_columns(batch: pa.RecordBatch) -> dict[str, Any]:
    """Columns as NumPy arrays; where some are lists, every other value is repeated along them."""
    columns = {name: batch.column(i) for i, name in enumerate(batch.schema.names)}
    lists = {n: c for n, c in columns.items() if pa.types.is_list(c.type) or pa.types.is_large_list(c.type)}
    if lists:
        lengths = {n: c.value_lengths().fill_null(0) for n, c in lists.items()}
        first = next(iter(lengths.values()))
        for name, length in lengths.items():
            if not length.equals(first):
                raise BadInput(
                    "shape", f"lists in {name} and {next(iter(lengths))} differ in length; expected one value per point"
                )
        parent = pa.array([i for i, k in enumerate(first.to_pylist()) for _ in range(k)], pa.int64())
        columns = {n: c.flatten() if n in lists else c.take(parent) for n, c in columns.items()}
    return {name: _plain(column) for name, column in columns.items()}


def _plain(column: pa.Array) -> Any:
    if pa.types.is_dictionary(column.type):
        values = [*column.dictionary.to_pylist(), None]
        return [values[i] for i in column.indices.fill_null(-1).to_pylist()]
    kind = column.type
    if pa.types.is_integer(kind) and column.null_count:
        return column.to_pylist()  # as Python integers: a float would lose digits of an id
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return column.to_numpy(zero_copy_only=False)
    return column.to_pylist()


def _batches(source: BinaryIO, columns: list[str], size: int, reading: Reading) -> Iterator[pa.RecordBatch]:
    """Batches of the named leaf columns, read through dictionaries: a long text repeated a million times stays one."""
    if not columns:
        raise BadInput("columns", f"{reading.name} has no column that a light curve is made of")
    with _arrow_errors():
        file = _open(source, read_dictionary=columns)
        if reading.caps.stranger:
            _check_row_groups(file.metadata, set(columns), reading)
        groups = range(file.num_row_groups) if reading.piece is None else range(reading.piece.first, reading.piece.stop)
        # One group after the other: each has its own dictionaries, which Arrow can't join in nested columns.
        batches = (
            batch
            for group in groups
            for batch in file.iter_batches(size, row_groups=[group], columns=columns, use_threads=False)
        )
    while True:
        with _arrow_errors():
            batch = next(batches, None)
        if batch is None:
            return
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            check_texts(name, column)
        reading.spend(unpacked=batch.nbytes)
        yield batch


def check_texts(name: str, column: pa.Array) -> None:
    """Refuse texts that no id or band has: each is held once in the file, and once per row in Python."""
    if pa.types.is_struct(column.type):
        for i in range(column.type.num_fields):
            check_texts(name, column.field(i))
    elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        check_texts(name, column.values)
    elif pa.types.is_dictionary(column.type) and len(column.dictionary):
        kind = column.dictionary.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)):
            return
        longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
        if longest > _MAX_TEXT:
            raise BadInput(
                "too_large", f"column {name} holds a text of {longest:,} bytes; at most {_MAX_TEXT:,} are read"
            )


def _check_row_groups(meta: pq.FileMetaData, columns: set[str], reading: Reading) -> None:
    cap = reading.caps.total_bytes or 4096 * MEGABYTE
    # For strangers' files only, and after a child process survived it: Arrow 26 ends the process here when the statistics
    # of a column are damaged, and reading the column raises a proper error.
    for i in range(meta.num_row_groups):
        group = meta.row_group(i)
        chunks = [group.column(j) for j in range(group.num_columns)]
        size = sum(c.total_uncompressed_size for c in chunks if c.path_in_schema in columns)
        # Eight bytes a value: a run of equal values takes next to nothing in the file, and all of that in memory.
        values = 8 * sum(c.num_values for c in chunks if c.path_in_schema in columns)
        if max(size, values) > cap:
            raise BadInput(
                "too_large",
                f"row group {i + 1} unpacks to {max(size, values) // MEGABYTE:,} MB; at most {cap // MEGABYTE:,} MB are read",
            )


def _open(source: BinaryIO, read_dictionary: list[str] | None = None) -> pq.ParquetFile:
    source.seek(0)
    return pq.ParquetFile(source, read_dictionary=read_dictionary, pre_buffer=False)


class _arrow_errors:
    """Turn whatever Arrow raises for a damaged file into one `BadInput`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(
            error, pa.ArrowException | OSError | ValueError | TypeError | LookupError | MemoryError
        ) and not isinstance(error, BadInput):
            raise BadInput(
                "damaged",
                f"the Parquet file can't be read: {(str(error).splitlines() or [type(error).__name__])[0][:200]}",
            ) from error
