"""A stranger's table as it stands, whatever its columns are: CSV or Parquet to a data frame, without harm."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.brokers.files.content import MEGABYTE, UPLOAD, Caps
from core.brokers.files.parquet import check_texts
from core.brokers.files.probe import probe_table
from core.refusal import BadInput

_MAGIC = b"PAR1"
#: Columns that stay text though they look like numbers.
_TEXTS = ("object_id", "class", "true_class", "type")


def read_table(content: bytes, name: str, *, rows: int, caps: Caps = UPLOAD) -> pd.DataFrame:
    """The table in a CSV or Parquet file; the first bytes decide. Texts are texts, whatever they were stored as.

    rows : most that are read. caps : ``total_bytes``, ``columns`` and ``seconds`` count; where ``stranger`` is set, a child
    process reads a Parquet file first, since Arrow may end the process. Raises BadInput.
    """
    try:
        if content.startswith(_MAGIC):
            if caps.stranger:
                probe_table(content, name, rows, caps)
            table = _parquet(content, rows, caps)
        else:
            table = pd.read_csv(io.BytesIO(content), comment="#", dtype=dict.fromkeys(_TEXTS, str), nrows=rows + 1)
    except BadInput:
        raise
    except (ValueError, TypeError, LookupError, OSError, OverflowError, MemoryError, pa.ArrowException) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise BadInput("damaged", f"{name} can't be read as CSV or Parquet: {why}") from error
    if len(table) > rows:
        raise BadInput("too_large", f"{name} has more than {rows:,} rows")
    if len(table.columns) > caps.columns:
        raise BadInput("too_large", f"{name} has {len(table.columns):,} columns; at most {caps.columns:,} are read")
    table.columns = [str(column) for column in table.columns]
    for column in set(_TEXTS) & set(table.columns):
        try:
            table[column] = [_text(value) for value in table[column]]
        except (ValueError, TypeError) as error:
            raise BadInput("columns", f"column {column!r} of {name} holds lists; expected one text a row") from error
    return table


def _parquet(content: bytes, rows: int, caps: Caps) -> pd.DataFrame:
    # Through dictionaries: a long text repeated a million times stays one until it was looked at.
    names = pq.ParquetFile(io.BytesIO(content)).schema_arrow.names
    file = pq.ParquetFile(io.BytesIO(content), read_dictionary=names)
    meta, cap = file.metadata, caps.total_bytes or 4096 * MEGABYTE
    if meta.num_rows > rows:
        raise BadInput("too_large", f"the Parquet file has {meta.num_rows:,} rows; at most {rows:,} are read")
    if meta.num_columns > caps.columns:
        raise BadInput("too_large", f"{meta.num_columns:,} columns; at most {caps.columns:,} are read")
    if 8 * meta.num_rows * meta.num_columns > cap:
        raise BadInput("too_large", f"unpacks to more than {cap // MEGABYTE:,} MB")
    tables, size = [], 0
    for batch in file.iter_batches(50_000, use_threads=False):
        size += batch.nbytes
        for column_name, column in zip(batch.schema.names, batch.columns, strict=True):
            check_texts(column_name, column)
        if size > cap:
            raise BadInput("too_large", f"unpacks to more than {cap // MEGABYTE:,} MB; the rest was not read")
        tables.append(batch)
    table = pa.Table.from_batches(tables, file.schema_arrow)
    if len(set(table.column_names)) < table.num_columns:
        twice = next(n for n in table.column_names if table.column_names.count(n) > 1)
        raise BadInput("columns", f"column {twice!r} stands there twice; expected once")
    found = table.to_pandas(ignore_metadata=True)
    coded = {name: object for name, kind in found.dtypes.items() if isinstance(kind, pd.CategoricalDtype)}
    return found.astype(coded)


def _text(value: Any) -> Any:
    """A cell as text; None and NaN as they are, since they are no text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or value != value or isinstance(value, str) else str(value)
