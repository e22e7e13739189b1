"""A large file of alerts in pieces that can be read apart: runs of Avro blocks or of Parquet row groups.

A table can't be cut: the rows of one object may lie anywhere in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq

from core.brokers.files import avro, parquet
from core.brokers.files.content import Piece
from core.refusal import BadInput


def pieces(path: Path, records: int) -> list[Piece]:
    """The pieces of a file of alerts, of at least ``records`` alerts each but the last; none when it can't be cut."""
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
            stream.seek(0)
            if magic == parquet.MAGIC:
                return list(_joined(_row_groups(stream), records))
            return list(_joined(avro.block_places(stream), records)) if magic == avro.MAGIC else []
    except (BadInput, OSError, ValueError):  # whoever reads it says what is wrong
        return []


def _row_groups(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    meta = pq.ParquetFile(stream, pre_buffer=False).metadata
    if parquet.is_alerts([tuple(meta.schema.column(i).path.split(".")) for i in range(meta.num_columns)]):
        for i in range(meta.num_row_groups):
            yield 0, meta.row_group(i).num_rows


def _joined(parts: Iterator[tuple[int, int]], records: int) -> Iterator[Piece]:
    first, offset, before, inside, number = 0, 0, 0, 0, -1
    for number, (place, count) in enumerate(parts):
        if inside >= records:
            yield Piece(first, number, offset, before, inside)
            first, before, inside = number, before + inside, 0
        if number == first:
            offset = place
        inside += count
    if number >= 0:
        yield Piece(first, number + 1, offset, before, inside)
