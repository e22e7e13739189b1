"""Score a Kafka stream: ``python -m stream.kafka --bootstrap HOST --topics IN --out-topic OUT --dead-letter-topic DLQ --model t2-ztf``.

Messages are ZTF or LSST alerts: Avro containers, Confluent framing, or JSON. Each scored alert becomes one JSON message
with a key that makes writing it twice harmless; what can't be read goes to the dead-letter topic with the reason. Rows are
written and flushed before the offsets are committed, so that a kill at any moment loses nothing.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pandas as pd

from core.card import CardError
from core.lightcurve import LightCurve
from core.model import Model, Prior, load_model
from core.pipeline import classify_many
from stream.kafka_client import Client, ConfluentClient, KafkaProblem, Record, read_properties
from stream.messages import Contents, DeadLetter, Message, read_message, read_together, row_key, row_value, rows_of
from stream.progress import Progress
from stream.registry import RegistryDown, SchemaRegistry
from stream.score import Stop, prior_of
from stream.selection import SELECTIONS, classify_selected

#: Bytes of messages that are in hand at once, whatever the batch size: large alerts make small batches.
BATCH_BYTES = 64 * 1024 * 1024
#: Longest wait for Kafka in one call; a signal is heard after it.
_WAIT = 0.5


@dataclass
class Stopping:
    """Set by a signal. The second one ends the process at once, which loses nothing either."""

    asked: bool = False

    def __call__(self, number: int, frame: object) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)


@dataclass
class Worker:
    """Reads a batch, scores it, writes it, flushes, commits; and again.

    read : a message to what it holds. together : the same for many, None where ``read`` has to be asked. batch_size, batch_seconds : a batch is as many messages, or what came in that time
    after its first. selection : "published" or "". idle_exit : seconds without a message after which the run ends; None to go on for ever.
    """

    client: Client
    model: Model
    read: Callable[[Message], Contents]
    out_topic: str
    dead_letter_topic: str
    progress: Progress
    prior: Prior | None = None
    fold_models: Sequence[Model] = ()
    batch_size: int = 512
    batch_seconds: float = 1.0
    idle_exit: float | None = None
    selection: str = ""
    together: Callable[[Sequence[Message]], Sequence[Contents | None]] = read_together
    stopping: Stopping = field(default_factory=Stopping)
    messages: int = 0
    dead: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Until a signal, or until nothing came for ``idle_exit`` seconds. Raises KafkaProblem when rows can't be written."""
        last = time.monotonic()
        while not self.stopping.asked:
            if batch := self.gather():
                self.handle(batch)
                last = time.monotonic()
            elif self.idle_exit is not None and time.monotonic() - last > self.idle_exit:
                return

    def gather(self) -> list[Message]:
        """The next batch; empty when nothing came for a moment."""
        batch: list[Message] = []
        size, end = 0, 0.0
        while not self.stopping.asked and len(batch) < self.batch_size and size < BATCH_BYTES:
            left = end - time.monotonic() if batch else _WAIT
            if left <= 0:
                break
            found = self.client.poll(min(64, self.batch_size - len(batch)), min(left, _WAIT))
            if not batch:
                if not found:
                    break
                end = time.monotonic() + self.batch_seconds
            batch += found
            size += sum(len(m.value or b"") for m in found)
        return batch

    def handle(self, batch: Sequence[Message]) -> None:
        """One batch from messages to committed offsets: write, flush, then commit."""
        curves: list[LightCurve] = []
        sources: list[Message] = []
        dead: list[DeadLetter] = []
        for message, together in zip(batch, self.together(batch), strict=True):
            try:
                contents = together or self.patiently_read(message)
            except InterruptedError:
                return  # nothing of this batch is committed; it will be read again
            curves += contents.curves
            sources += [message] * len(contents.curves)
            dead += [] if contents.dead is None else [contents.dead]
        frame, failed, left_out = self.score(curves, sources)
        dead += failed
        for row in rows_of(frame):
            self.client.send(Record(self.out_topic, row_key(row), row_value(row)))
        for letter in dead:
            self.client.send(Record(self.dead_letter_topic, letter.message.key, letter.message.value, letter.headers()))
        self.flush()
        self.client.commit(batch)
        self.messages += len(batch)
        self.dead.update(letter.reason for letter in dead)
        self.progress.excluded.update(left_out)
        for curve in curves:
            self.progress.count_notes(curve)
        self.progress.count(frame)

    def patiently_read(self, message: Message) -> Contents:
        """What a message holds. A registry that is down is waited for: the message is not to blame.

        Raises InterruptedError when the run is stopped meanwhile.
        """
        pause = 1.0
        while True:
            try:
                return self.read(message)
            except RegistryDown as problem:
                print(f"kafka: {problem}; asking again in {pause:.0f} s", file=self.progress.stream)
            end = time.monotonic() + pause
            while time.monotonic() < end:
                if self.stopping.asked:
                    raise InterruptedError
                time.sleep(0.1)
            pause = min(2 * pause, 30.0)

    def score(
        self, curves: Sequence[LightCurve], sources: Sequence[Message]
    ) -> tuple[pd.DataFrame, list[DeadLetter], Counter[str]]:
        """(rows, dead letters, what the selection left out). What breaks the scoring itself costs its own row, not the batch."""
        try:
            frame, left_out = classify_selected(
                curves, self.model, self.selection, prior=self.prior, fold_models=self.fold_models
            )
            return frame, [], left_out
        except Exception as error:  # whatever it is, the stream goes on
            if len(curves) == 1:
                text = f"{curves[0].object_id}: {type(error).__name__}: {error}"
                none = classify_many([], self.model, fold_models=self.fold_models)
                return none, [DeadLetter(sources[0], "error", text)], Counter()
        parts = [self.score([curve], [source]) for curve, source in zip(curves, sources, strict=True)]
        frames = [frame for frame, _, _ in parts if len(frame)] or [parts[0][0]]
        dead = [letter for _, letters, _ in parts for letter in letters]
        return pd.concat(frames, ignore_index=True), dead, sum((left_out for *_, left_out in parts), Counter())

    def flush(self) -> None:
        """Wait until all is written. A dead letter that the broker finds too large is sent without its value.

        Raises KafkaProblem for anything else that was not written.
        """
        failed = self.client.flush()
        large = [f.record for f in failed if f.too_large and f.record.headers]
        others = [f for f in failed if not (f.too_large and f.record.headers)]
        for record in large:
            cut = ("value_bytes", str(len(record.value or b"")).encode())
            self.client.send(Record(record.topic, record.key, None, [*record.headers, cut]))
        if large:
            others += self.client.flush()
        if others:
            raise KafkaProblem(
                f"{len(others):,} messages could not be written to {others[0].record.topic} ({others[0].reason}); "
                "their batch is not committed and will be read again"
            )

    def summary(self) -> str:
        """The last word: what was scored, what was not and why."""
        funnel = self.progress.funnel_summary(selection=bool(self.selection))
        lines = [f"{self.messages:,} messages", funnel]
        if self.dead:
            lines.append("dead letters:")
        lines += [f"  {count:>9,}  {reason}" for reason, count in self.dead.most_common()]
        return "\n".join(lines)


def main(arguments: Sequence[str] | None = None, *, stderr: TextIO | None = None) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code: 0 stopped cleanly, 1 Kafka can't be used, 2 bad arguments."""
    stream = stderr or sys.stderr
    options = _parser().parse_args(arguments)
    stopping = Stopping()
    before = {number: signal.signal(number, stopping) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with tempfile.TemporaryDirectory(prefix="t2scope-schemas-") as folder:
            _run(options, stopping, Progress(stream, options.quiet), Path(folder))
    except Stop as stop:
        print(f"kafka: {stop}", file=stream)
        return 2
    except KafkaProblem as problem:
        print(f"kafka: {problem}", file=stream)
        return 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _run(options: argparse.Namespace, stopping: Stopping, progress: Progress, folder: Path) -> None:
    topics = [name for name in options.topics.split(",") if name]
    _check(options, topics)
    model, folds = _models(options)
    prior = prior_of(options.prior, model)
    registry = _registry(options.registry, folder)
    schemas = folder if registry is not None else options.schemas

    def read(message: Message) -> Contents:
        if registry is not None:
            registry.provide(message.value)
        return read_message(message, survey=options.survey, default_survey=model.recipe.survey, schemas=schemas)

    client = _client(options, topics)
    worker = Worker(
        client, model, read, options.out_topic, options.dead_letter_topic, progress, prior=prior, fold_models=folds,
        batch_size=options.batch, batch_seconds=options.batch_seconds, idle_exit=options.idle_exit,
        selection=options.selection or "", stopping=stopping,
    )  # fmt: skip
    try:
        client.check_topics([options.out_topic, options.dead_letter_topic])
        if not options.quiet:
            print(
                f"reading {options.topics} as group {options.group}, writing {options.out_topic}", file=progress.stream
            )
        worker.run()
    finally:
        client.close()
    if not options.quiet:
        print(worker.summary(), file=progress.stream)


def _check(options: argparse.Namespace, topics: Sequence[str]) -> None:
    if not topics:
        raise Stop("--topics: expected the name of a topic, or several with commas")
    for out in (options.out_topic, options.dead_letter_topic):
        if any(re.search(t, out) if t.startswith("^") else t == out for t in topics):
            raise Stop(f"{out} is read and written: its rows would come back as input")
    if options.out_topic == options.dead_letter_topic:
        raise Stop("--out-topic and --dead-letter-topic are the same; expected two topics")
    if options.schemas is not None and not options.schemas.is_dir():
        raise Stop(f"--schemas {options.schemas}: expected a folder of LSST schemas")
    if options.batch < 1 or not options.batch_seconds > 0:
        raise Stop("--batch and --batch-seconds must be positive")


def _models(options: argparse.Namespace) -> tuple[Model, list[Model]]:
    try:
        model = load_model(options.model)
        n_folds = len(model.card.data["files"].get("folds", [])) if options.spread else 0
        if options.spread and not n_folds:
            raise Stop(f"{model.name} has no fold models, which --spread needs")
        return model, [load_model(options.model, fold=k) for k in range(n_folds)]
    except CardError as error:
        raise Stop(str(error)) from error


def _registry(url: str | None, folder: Path) -> SchemaRegistry | None:
    try:
        return None if url is None else SchemaRegistry(url, folder)
    except ValueError as error:
        raise Stop(f"--registry: {error}") from error


def _client(options: argparse.Namespace, topics: Sequence[str]) -> ConfluentClient:
    try:
        extra = {} if options.config is None else read_properties(options.config)
    except OSError as error:
        raise Stop(f"--config {options.config}: {error.strerror or error}") from error
    try:
        return ConfluentClient(options.bootstrap, topics, options.group, extra, timeout=options.timeout)
    except ImportError as error:
        raise Stop("confluent-kafka is not installed; pip install -r requirements-scale.txt") from error
    except Exception as error:  # KafkaException and ValueError: an option that librdkafka does not know
        raise Stop(f"the Kafka client can't be started: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stream.kafka", description=(__doc__ or "").split("\n\n")[1])
    add = parser.add_argument
    add("--bootstrap", required=True, metavar="HOST:PORT", help="a broker, or several with commas")
    add(
        "--topics", required=True, metavar="IN", help="topics to read, with commas; one that starts with ^ is a pattern"
    )
    add("--out-topic", required=True, metavar="OUT", help="where scored rows go, as JSON")
    add("--dead-letter-topic", required=True, metavar="DLQ", help="where messages go that can't be read")
    add("--model", required=True, help="name of a model in models/, with @recipe if not its default, or a folder")
    add("--group", default="t2scope", help="consumer group; workers of one group share the partitions (%(default)s)")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--schemas", type=Path, metavar="DIR", help="schemas of packets in Confluent framing")
    source.add_argument("--registry", metavar="URL", help="a schema registry that has them")
    add(
        "--survey",
        choices=("ztf", "lsst"),
        help="whose bands bare letters are; otherwise the message's, or the model's",
    )
    add(
        "--prior", metavar="survey|equal|FILE", help="how likely each class is beforehand; the model card's own without"
    )
    add("--spread", action="store_true", help="add spread_<class>: how far the fold models disagree")
    add("--selection", choices=SELECTIONS, help="score only what the published service would have scored; all without")
    add("--config", type=Path, metavar="FILE", help="options of librdkafka, name=value a line (security, passwords)")
    add("--batch", type=int, default=512, metavar="N", help="messages scored together (%(default)s)")
    add("--batch-seconds", type=float, default=1.0, metavar="S", help="longest wait to fill a batch (%(default)s)")
    add("--idle-exit", type=float, metavar="S", help="end after so many seconds without a message; never without")
    add("--timeout", type=float, default=300.0, metavar="S", help="give up when Kafka takes no rows (%(default)s)")
    add("--quiet", action="store_true", help="no progress and no summary on stderr")
    return parser


if __name__ == "__main__":
    sys.exit(main())
