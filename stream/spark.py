"""Score with Spark: ``python -m stream.spark INPUT --model t2-ztf --out DIR``, or the same with spark-submit.

INPUT is a file or folder of Parquet: alerts as Fink stores them (one row per alert), or a table of photometry as the
command line takes it (one row per point, or lists per object). With --stream, files that arrive in the folder are scored
as they come; with --bootstrap and --topics, Kafka's messages are. The rows are those of the command line.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from core.brokers.files.columns import find_columns
from core.brokers.files.packets import NESTED_FIELDS, TOP_FIELDS, packet_survey
from core.card import CardError
from core.funnel import SELECTION
from core.refusal import BadInput
from stream.maven import NoMaven, jars
from stream.progress import Tally
from stream.score import Stop, prior_of
from stream.selection import SELECTIONS
from stream.spark_worker import (
    LETTER,
    Job,
    message_schema,
    models,
    row_schema,
    scored_alerts,
    scored_messages,
    scored_tables,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

_CONNECTORS = Path(__file__).with_name("connectors.xml")
_ROW = "_row_in_input"


@dataclass(frozen=True)
class Source:
    """An input whose columns are known. columns : what is read of it. id_column : of a table; empty for alerts."""

    path: str
    format: str
    columns: StructType
    id_column: str = ""


# --- session ---------------------------------------------------------------------------------------------------------


def session(master: str | None = None, *, connectors: bool = False, **settings: str) -> SparkSession:
    """A Spark session whose Python workers run one thread each.

    master : ``local[2]`` and the like; what spark-submit said, or else ``local[1]``, when None. connectors : with those
    for Kafka and Avro, fetched through Maven. Raises Stop without PySpark, Java or the connectors.
    """
    try:
        from pyspark import SparkConf
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise Stop("PySpark is not installed; pip install -r requirements-scale.txt") from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf()
    master = master or conf.get("spark.master", None) or "local[1]"
    ours = {
        "spark.app.name": "t2scope",
        "spark.master": master,
        "spark.ui.enabled": "false",
        "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "4096",
        "spark.sql.session.timeZone": "UTC",
    }
    if master.startswith("local"):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        ours |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": "8",
        }
    if connectors and not (conf.get("spark.jars.packages", None) or "spark.jars.packages" in settings):
        try:
            ours["spark.jars"] = ",".join(map(str, jars(_CONNECTORS, "spark")))
        except NoMaven as error:
            raise Stop(f"Spark's connectors for Kafka and Avro: {error}") from error
    for name, value in ours.items():
        conf.setIfMissing(name, value)
    for name, value in settings.items():
        conf.set(name, value)
    try:
        spark = SparkSession.builder.config(conf=conf).getOrCreate()
    except Exception as error:  # no Java, a master that does not answer, a setting that Spark does not know
        raise Stop(f"Spark can't be started: {str(error).splitlines()[0]}") from error
    spark.sparkContext.setLogLevel("ERROR")
    return spark


# --- input -----------------------------------------------------------------------------------------------------------


def find_source(spark: SparkSession, path: str, file_format: str = "parquet") -> Source:
    """What lies at ``path``, by its columns. Raises Stop when it is neither alerts nor a table of light curves."""
    from pyspark.errors import PySparkException

    try:
        schema = spark.read.format(file_format).load(path).schema
    except PySparkException as error:
        raise Stop(f"{path} can't be read: {str(error).splitlines()[0]}") from error
    names = schema.fieldNames()
    if packet_survey(names) is not None:
        return Source(path, file_format, _pruned(schema, TOP_FIELDS))
    try:
        roles = find_columns(names).roles
    except BadInput as error:
        raise Stop(f"{path}: {error.message}") from error
    if "object_id" not in roles:
        raise Stop(f"{path} has no column of object ids, by which its rows could be brought together")
    needed = set(roles.values())
    return Source(path, file_format, type(schema)([f for f in schema if f.name in needed]), roles["object_id"])


def _pruned(part: Any, keep: frozenset[str]) -> Any:
    """A schema with only the fields that a light curve is made of: cut-outs are never read from the disk."""
    from pyspark.sql.types import ArrayType, StructField, StructType

    if isinstance(part, StructType):
        fields = [f for f in part.fields if f.name in keep]
        return StructType([StructField(f.name, _pruned(f.dataType, NESTED_FIELDS), f.nullable) for f in fields])
    if isinstance(part, ArrayType):
        return ArrayType(_pruned(part.elementType, keep), part.containsNull)
    return part


def read_source(spark: SparkSession, source: Source) -> DataFrame:
    """The rows of a source, all at once."""
    return spark.read.format(source.format).schema(source.columns).load(source.path)


# --- scoring ---------------------------------------------------------------------------------------------------------


def scored(rows: DataFrame, job: Job) -> DataFrame:
    """Scored rows: one per alert, or, when the job names a column of ids, one per object.

    The rows of an object are brought together by a shuffle, in the order of the input.
    """
    from pyspark.sql import functions as F

    if not job.id_column:
        return rows.mapInArrow(partial(scored_alerts, job), _spark_schema(row_schema(job)))
    column = F.col(f"`{job.id_column}`")
    together = rows.withColumn(_ROW, F.monotonically_increasing_id()).repartition(column)
    together = together.sortWithinPartitions(column, F.col(_ROW)).drop(_ROW)
    return together.mapInArrow(partial(scored_tables, job), _spark_schema(row_schema(job)))


def scored_kafka(messages: DataFrame, job: Job) -> DataFrame:
    """Rows and dead letters of messages as Spark's Kafka source gives them; a dead letter has a ``dead_reason``."""
    wanted = messages.select("value", "key", "topic", "partition", "offset")
    return wanted.mapInArrow(partial(scored_messages, job), _spark_schema(message_schema(job)))


def _spark_schema(schema: Any) -> StructType:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


# --- batch and stream ------------------------------------------------------------------------------------------------


def write_batch(job: Job, out: str, rows: DataFrame, number: int) -> None:
    """One micro-batch of a stream of files: its folder is written whole, again if need be."""
    scored(rows, job).write.mode("overwrite").parquet(f"{out}/batch={number}")


def write_kafka_batch(job: Job, out: str, dead_letters: str, messages: DataFrame, number: int) -> None:
    """One micro-batch from Kafka: scored rows to ``out``, dead letters beside."""
    letter = [name for name, _ in LETTER]
    both = scored_kafka(messages, job).persist()
    try:
        rows = both.where("dead_reason is null").drop(*letter[3:])
        rows.write.mode("overwrite").parquet(f"{out}/batch={number}")
        dead = both.where("dead_reason is not null").select(letter)
        if not dead.isEmpty():
            dead.write.mode("overwrite").parquet(f"{dead_letters}/batch={number}")
    finally:
        both.unpersist()


def stream(incoming: DataFrame, write: Callable[[DataFrame, int], None], checkpoint: str, *, once: bool) -> None:
    """Run a stream until a signal, or through what is there when ``once``. A batch counts as done when it is written."""
    writer = incoming.writeStream.foreachBatch(write).option("checkpointLocation", checkpoint)
    query = (writer.trigger(availableNow=True) if once else writer).start()
    asked: list[int] = []
    before = {n: signal.signal(n, lambda n, _: asked.append(n)) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        while not query.awaitTermination(1):
            if asked:
                query.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str] | None = None, *, stderr: TextIO | None = None) -> int:
    """Run the job. Returns the exit code: 0 done or stopped, 2 bad arguments or input, 1 anything else Spark met."""
    said = stderr or sys.stderr
    options = _parser().parse_args(arguments)
    try:
        _run(options, said)
    except Stop as stop:
        print(f"spark: {stop}", file=said)
        return 2
    except Exception as error:  # Spark's own errors come in many kinds, with the Java stack behind the first line
        if not type(error).__module__.startswith(("pyspark", "py4j")):
            raise
        print(f"spark: {str(error).strip().splitlines()[0]}", file=said)
        return 1
    return 0


def _run(options: argparse.Namespace, said: TextIO) -> None:
    kafka = options.bootstrap is not None
    _check(options, kafka)
    try:
        model, folds = models(options.model, options.spread)
    except CardError as error:
        raise Stop(str(error)) from error
    if options.spread and not folds:
        raise Stop(f"{model.name} has no fold models, which --spread needs")
    job = Job(
        options.model,
        prior_of(options.prior, model),
        options.spread,
        options.survey,
        options.flux_unit,
        None if options.schemas is None else str(options.schemas.resolve()),
        selection=options.selection or "",
    )
    settings = dict(pair.partition("=")[::2] for pair in options.conf)
    spark = session(options.master, connectors=kafka or options.format == "avro", **settings)
    if kafka:
        _kafka(spark, options, job)
        return
    source = find_source(spark, options.input, options.format)
    job = Job(**{**vars(job), "id_column": source.id_column})
    if options.stream:
        incoming = spark.readStream.format(source.format).schema(source.columns)
        incoming = incoming.option("maxFilesPerTrigger", options.max_per_batch or 100).load(source.path)
        stream(incoming, partial(write_batch, job, options.out), _checkpoint(options), once=options.once)
        return
    scored(read_source(spark, source), job).write.mode("overwrite" if options.overwrite else "error").parquet(
        options.out
    )
    if not options.quiet:
        print(funnel(spark, options.out, selection=bool(job.selection)), file=said)


def _kafka(spark: SparkSession, options: argparse.Namespace, job: Job) -> None:
    pattern = options.topics.startswith("^")
    reader = spark.readStream.format("kafka").option("kafka.bootstrap.servers", options.bootstrap)
    reader = reader.option("subscribePattern" if pattern else "subscribe", options.topics)
    reader = reader.option("startingOffsets", "earliest")
    reader = reader.option("maxOffsetsPerTrigger", options.max_per_batch or 20_000)
    dead = options.dead_letters or f"{options.out.rstrip('/')}-dead"
    stream(reader.load(), partial(write_kafka_batch, job, options.out, dead), _checkpoint(options), once=options.once)


def funnel(spark: SparkSession, out: str, *, selection: bool = False) -> str:
    """What became of the light curves in ``out``: how many are left after each step, and what it cost."""
    from pyspark.sql import functions as F

    said = F.coalesce(F.col("refusal_message"), F.lit(""))
    unread, left_out = said.startswith("Not read:"), said.contains(SELECTION)
    tally = Tally()
    for row in spark.read.parquet(out).groupBy("refusal", unread, left_out).count().collect():
        reason, is_unread, is_left_out, count = row
        if reason is None:
            tally.scored += count
            continue
        tally.refused[reason] += count
        tally.unread[reason] += count * is_unread
        tally.excluded[reason] += count * is_left_out
    total = tally.scored + sum(tally.refused.values())
    lines = [f"{total:,} light curves: {tally.scored:,} scored", "funnel:", *tally.funnel(selection=selection)]
    return "\n".join([*lines, f"written: {out}"])


def _checkpoint(options: argparse.Namespace) -> str:
    return options.checkpoint or f"{options.out.rstrip('/')}/_checkpoint"


def _check(options: argparse.Namespace, kafka: bool) -> None:
    if kafka != (options.topics is not None):
        raise Stop("--bootstrap and --topics go together")
    if kafka == (options.input is not None):
        raise Stop("expected either INPUT or --bootstrap with --topics")
    if kafka and not options.stream:
        raise Stop("Kafka is read as a stream: give --stream, and --once to end when all is read")
    if options.schemas is not None and not options.schemas.is_dir():
        raise Stop(f"--schemas {options.schemas}: expected a folder of LSST schemas")
    if wrong := next((pair for pair in options.conf if "=" not in pair), None):
        raise Stop(f"--conf {wrong}: expected NAME=VALUE")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stream.spark", description=(__doc__ or "").split("\n\n")[1])
    add = parser.add_argument
    add("input", nargs="?", metavar="INPUT", help="a file or folder of Parquet (or Avro with --format avro)")
    add("--model", required=True, help="name of a model in models/, with @recipe if not its default, or a folder")
    add("--out", required=True, metavar="DIR", help="folder of Parquet files; a stream writes one batch=N in it each")
    add("--overwrite", action="store_true", help="replace what is in --out")
    add("--format", choices=("parquet", "avro"), default="parquet", help="of INPUT (%(default)s)")
    add("--stream", action="store_true", help="go on with what arrives in INPUT, or in Kafka")
    add("--once", action="store_true", help="with --stream: end when all that is there is scored")
    add("--bootstrap", metavar="HOST:PORT", help="a Kafka broker, instead of INPUT")
    add("--topics", metavar="IN", help="topics to read, with commas; one that starts with ^ is a pattern")
    add("--dead-letters", metavar="DIR", help="where Kafka's messages go that can't be read; OUT-dead without")
    add("--checkpoint", metavar="DIR", help="where a stream keeps what it has done; in --out without")
    add("--max-per-batch", type=int, metavar="N", help="messages (20,000) or files (100) of one batch of a stream")
    add("--survey", choices=("ztf", "lsst"), help="whose bands bare letters are; otherwise the file's, or the model's")
    add("--flux-unit", choices=("fluxcal", "ujy", "njy", "mjy", "jy"), help="of a flux column whose name does not say")
    add("--schemas", type=Path, metavar="DIR", help="schemas of Kafka's packets in Confluent framing")
    add(
        "--prior", metavar="survey|equal|FILE", help="how likely each class is beforehand; the model card's own without"
    )
    add("--spread", action="store_true", help="add spread_<class>: how far the fold models disagree")
    add("--selection", choices=SELECTIONS, help="score only what the published service would have scored; all without")
    add("--master", help="local[2] and the like; otherwise what spark-submit says, or local[1]")
    add("--conf", action="append", default=[], metavar="NAME=VALUE", help="a setting of Spark; may be given again")
    add("--quiet", action="store_true", help="no summary on stderr")
    return parser


if __name__ == "__main__":
    sys.exit(main())
