"""What runs in Spark's Python workers: Arrow batches in, Arrow batches of scored rows out.

A module of its own, so that Spark hands over its functions by name and the model is loaded once in each process. The
readers are those of the command line: a batch is written as Parquet into memory and read like a file.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.brokers.files import STREAM, Unreadable, iter_file
from core.brokers.files.content import Reading
from core.funnel import published_selection
from core.lightcurve import LightCurve
from core.model import Model, Prior, load_model
from core.pipeline import BATCH, Unscored, classify_flat, classify_many
from core.refusal import BadInput, Refusal
from stream.flat_tables import flat_table
from stream.messages import DeadLetter, Message, read_message, read_together
from stream.selection import classify_selected

#: What the readers call the rows in hand.
NAME = "spark.parquet"
#: Points of a table that are read together: some hundred objects, a few megabytes.
TABLE_ROWS = 50_000
#: Alerts that are read together.
ALERTS = 512
#: What stands beside the rows of a Kafka stream: where the message lay, and why it is a dead letter.
LETTER = (
    ("source_topic", pa.string()),
    ("source_partition", pa.int32()),
    ("source_offset", pa.int64()),
    ("dead_reason", pa.string()),
    ("dead_message", pa.string()),
    ("dead_value", pa.binary()),
)


@dataclass(frozen=True)
class Job:
    """What a worker needs to know; small, and sent to each of them.

    model : as `core.model.load_model` takes it. prior : None for the card's own. id_column : of a table.
    selection : "published" or "".
    """

    model: str
    prior: Prior | None = None
    spread: bool = False
    survey: str | None = None
    flux_unit: str | None = None
    schemas: str | None = None
    id_column: str = ""
    selection: str = ""


@cache
def models(name: str, spread: bool) -> tuple[Model, tuple[Model, ...]]:
    """(model, its fold models where the spread is asked for), loaded once in a process."""
    model = load_model(name)
    folds = len(model.card.data["files"].get("folds", [])) if spread else 0
    return model, tuple(load_model(name, fold=k) for k in range(folds))


def row_schema(job: Job) -> pa.Schema:
    """Columns and types of a scored row, as `core.pipeline` makes it."""
    model, folds = models(job.model, job.spread)
    frame = classify_many([Unscored("", Refusal("", ""))], model, fold_models=folds)
    schema = pa.Schema.from_pandas(frame, preserve_index=False).remove_metadata()
    return pa.schema([(f.name, pa.string() if _is_text(f.type) else f.type) for f in schema])


def message_schema(job: Job) -> pa.Schema:
    """As `row_schema`, with `LETTER` behind."""
    return pa.schema([*row_schema(job), *(pa.field(name, kind) for name, kind in LETTER)])


# --- alerts and tables -----------------------------------------------------------------------------------------------


def scored_alerts(job: Job, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Scored rows of alerts as Fink stores them, one row per alert."""
    schema = row_schema(job)
    for batch in batches:
        for start in range(0, batch.num_rows, ALERTS):
            yield from _scored(job, pa.Table.from_batches([batch.slice(start, ALERTS)]), schema)


def scored_tables(job: Job, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Scored rows of a table in which the rows of an object follow each other, one row per object.

    What is plain in it goes from Arrow's columns to flat arrays; of the rest, light curves are made.
    """
    schema = row_schema(job)
    for table in whole_objects(batches, job.id_column, TABLE_ROWS):
        yield from _scored_table(job, table, schema)


def whole_objects(batches: Iterable[pa.RecordBatch], id_column: str, size: int) -> Iterator[pa.Table]:
    """Tables of about ``size`` points, none of which ends within an object; rows of an object must follow each other."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(_points(part) for part in waiting) < size:
            continue
        table = pa.Table.from_batches(waiting)
        ids = table.column(id_column)
        cut = max(pc.index(ids, ids[-1]).as_py(), 0) if ids[-1].is_valid else 0
        if cut:
            yield table.slice(0, cut)
            waiting = table.slice(cut).combine_chunks().to_batches()
    if sum(part.num_rows for part in waiting):
        yield pa.Table.from_batches(waiting)


def _points(batch: pa.RecordBatch) -> int:
    """Rows of a batch; where they hold lists, the values of the longest."""
    lists = [c for c in batch.columns if pa.types.is_list(c.type) or pa.types.is_large_list(c.type)]
    return max([batch.num_rows, *(len(c.flatten()) for c in lists)])


def _scored_table(job: Job, table: pa.Table, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    if not table.num_rows:
        return
    model, folds = models(job.model, job.spread)
    reading = Reading(NAME, survey=job.survey, default_survey=model.recipe.survey, flux_unit=job.flux_unit, caps=STREAM)
    try:
        flat = flat_table(table, reading)
    except BadInput:  # the other way says what is wrong
        flat = None
    if flat is None:
        yield from _scored(job, table, schema)
        return
    ids = [name for name, plain in zip(flat.object_id, flat.plain, strict=True) if plain]
    refusals = [published_selection(curve) for curve in flat.light_curves()] if job.selection else []
    frame = classify_flat(
        flat.curves, ids, model, refusals=refusals, notes=flat.notes, prior=job.prior, fold_models=folds
    )
    yield _as_batch(frame, schema)
    if not flat.plain.all():
        others = np.repeat(~flat.plain, np.diff(flat.rows))
        yield from _scored(job, table.filter(pa.array(others)), schema)


def _scored(job: Job, table: pa.Table, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    if not table.num_rows:
        return
    model, folds = models(job.model, job.spread)
    curves = _curves(job, model, table)
    while batch := list(islice(curves, BATCH)):
        frame, _ = classify_selected(batch, model, job.selection, prior=job.prior, fold_models=folds)
        yield _as_batch(frame, schema)


def _curves(job: Job, model: Model, table: pa.Table) -> Iterator[LightCurve | Unscored]:
    data = io.BytesIO()
    pq.write_table(table, data, compression="none")
    try:
        for item in iter_file(
            data.getvalue(),
            NAME,
            survey=job.survey,
            default_survey=model.recipe.survey,
            flux_unit=job.flux_unit,
            caps=STREAM,
        ):
            if isinstance(item, LightCurve):
                yield item
            elif isinstance(item, Unreadable) and not item.row_only:
                yield Unscored(item.object_id, item.refusal, item.alert_id)
    except BadInput as error:  # the batch as a whole: each of its objects has its row all the same
        names = [n for n in (job.id_column, "objectId") if n in table.column_names]
        ids = pc.unique(table.column(names[0])).to_pylist() if names else [None] * table.num_rows
        yield from (Unscored("" if i is None else str(i), error.refusal()) for i in ids)


def _as_batch(frame: pd.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pandas(frame, schema=schema, preserve_index=False)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)


# --- messages --------------------------------------------------------------------------------------------------------


def scored_messages(job: Job, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Scored rows and dead letters of Kafka messages (columns value, key, topic, partition, offset)."""
    schema = message_schema(job)
    for batch in batches:
        for start in range(0, batch.num_rows, ALERTS):
            yield _scored_messages(job, _messages(batch.slice(start, ALERTS)), schema)


def _messages(batch: pa.RecordBatch) -> list[Message]:
    names = ("value", "key", "topic", "partition", "offset")
    return [Message(*values) for values in zip(*(batch.column(n).to_pylist() for n in names), strict=True)]


def _scored_messages(job: Job, found: list[Message], schema: pa.Schema) -> pa.RecordBatch:
    model, folds = models(job.model, job.spread)
    curves: list[LightCurve] = []
    sources: list[Message] = []
    dead: list[DeadLetter] = []
    for message, together in zip(found, read_together(found), strict=True):
        contents = together or read_message(
            message,
            survey=job.survey,
            default_survey=model.recipe.survey,
            schemas=None if job.schemas is None else Path(job.schemas),
        )
        curves += contents.curves
        sources += [message] * len(contents.curves)
        dead += [] if contents.dead is None else [contents.dead]
    frame, _ = classify_selected(curves, model, job.selection, prior=job.prior, fold_models=folds)
    rows = pa.Table.from_pandas(frame, schema=pa.schema(list(schema)[: -len(LETTER)]), preserve_index=False)
    places = [(m.topic, m.partition, m.offset) for m in sources]
    letters = [(d.message.topic, d.message.partition, d.message.offset) for d in dead]
    said = [(d.reason, d.text, d.message.value) for d in dead]
    beside = zip(*places, *letters, strict=True) if places or letters else [[], [], []]
    columns: dict[str, pa.Array] = {}
    for field in schema:
        if field.name in rows.column_names:
            values = rows.column(field.name).combine_chunks()
            columns[field.name] = pa.concat_arrays([values, pa.nulls(len(dead), field.type)])
    for (name, kind), values in zip(LETTER[:3], beside, strict=True):
        columns[name] = pa.array(values, kind)
    for k, (name, kind) in enumerate(LETTER[3:]):
        columns[name] = pa.array([None] * len(places) + [words[k] for words in said], kind)
    return pa.RecordBatch.from_pydict(columns, schema=schema)
