"""Messages of a stream: what light curves one holds, how a scored row is written, and which rows are the same.

Knows no Kafka: a message is bytes with a place. Kafka and Spark both read and write through here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from core.brokers.files import Caps, Unreadable, many, read_file
from core.brokers.files.content import MEGABYTE
from core.lightcurve import LightCurve
from core.refusal import BadInput

#: What one message may ask for, before it is a dead letter: the largest real alert has 0.6 MB. Sizes bound the work; a
#: limit in seconds would give good alerts away when the machine stalls.
MESSAGE = Caps(
    file_bytes=16 * MEGABYTE,
    rows=100_000,
    records=1_000,
    block_bytes=32 * MEGABYTE,
    total_bytes=64 * MEGABYTE,
    seconds=None,
    stranger=False,
)
#: First bytes of the formats that are messages: an Avro container, Confluent's framing, JSON.
_FORMATS = (b"Obj\x01", b"\x00", b"{", b"[")
Header = tuple[str, bytes]


@dataclass(frozen=True)
class Message:
    """One message as it came. value : None for a tombstone. timestamp : [ms since 1970], -1 where there is none."""

    value: bytes | None
    key: bytes | None = None
    topic: str = ""
    partition: int = 0
    offset: int = 0
    timestamp: int = -1

    @property
    def place(self) -> str:
        """Where it stands, as a name without dots (a reader takes what follows a dot for an ending)."""
        return f"{self.topic}-{self.partition}-{self.offset}".replace(".", "_")


@dataclass(frozen=True)
class DeadLetter:
    """A message that can't be read or scored, with the reason (a code) and a sentence."""

    message: Message
    reason: str
    text: str

    def headers(self) -> list[Header]:
        """Where the message came from and why it lies here, as Kafka headers."""
        source = self.message
        said = {
            "reason": self.reason,
            "message": self.text[:1000],
            "source_topic": source.topic,
            "source_partition": source.partition,
            "source_offset": source.offset,
            "source_timestamp": source.timestamp,
        }
        return [(name, str(value).encode()) for name, value in said.items()]


@dataclass(frozen=True)
class Contents:
    """What a message holds. curves : to be scored. dead : why the message, or a part of it, is lost; None when fine."""

    curves: list[LightCurve] = field(default_factory=list)
    dead: DeadLetter | None = None


def read_message(
    message: Message, *, survey: str | None = None, default_survey: str | None = None, schemas: Path | None = None
) -> Contents:
    """The light curves of a message, and the dead letter that it becomes if anything in it can't be read. Never raises.

    survey, default_survey, schemas : as in `core.brokers.files.read_file`, whose first bytes decide the format.
    """
    try:
        content = read_file(
            checked(message),
            message.place,
            survey=survey,
            default_survey=default_survey,
            schemas=schemas,
            caps=MESSAGE,
        )
    except BadInput as error:
        return Contents(dead=DeadLetter(message, error.reason, error.message))
    except Exception as error:  # a stranger's bytes must not stop the stream, whatever they found
        return Contents(dead=DeadLetter(message, "error", f"{type(error).__name__}: {error}"))
    lost: list[Unreadable] = content.unreadable
    if not lost:
        return Contents(content.curves)
    more = f" (and {len(lost) - 1:,} more)" if len(lost) > 1 else ""
    text = f"{lost[0].where}: {lost[0].error.message}{more}; {len(content.curves):,} light curves were scored"
    return Contents(content.curves, DeadLetter(message, lost[0].error.reason, text))


def read_together(messages: Sequence[Message]) -> list[Contents | None]:
    """What `read_message` says of each, None where it has to be asked: ZTF alerts in Avro are read many at a time."""
    files = ((m.place, m.value or b"") for m in messages)
    return [Contents(curves) if curves else None for curves in many.read_together(files, MESSAGE)]


def checked(message: Message) -> bytes:
    """The bytes of a message. Raises BadInput for none, and for what no stream of alerts sends (tables, archives)."""
    if not message.value:
        raise BadInput("empty", "the message is empty (0 bytes)")
    head = message.value[:64].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not head.startswith(_FORMATS):
        raise BadInput(
            "format", f"starts with {message.value[:8]!r}; expected an Avro container, Confluent framing or JSON"
        )
    return message.value


# --- scored rows -----------------------------------------------------------------------------------------------------


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Scored rows as plain dictionaries: None for whatever is missing, Python's own numbers."""
    return pa.Table.from_pandas(frame, preserve_index=False).to_pylist()


def row_key(row: Mapping[str, Any]) -> bytes:
    """The key under which a row may be written any number of times: object, alert or else photometry, and model."""
    which = row["alert_id"] if row["alert_id"] is not None else row["photometry_sha256"]
    return json.dumps([row["object_id"], which, row["model_sha256"]], ensure_ascii=False).encode()


def row_value(row: Mapping[str, Any]) -> bytes:
    """A row as JSON, numbers in full."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode()


def unique_rows(messages: Iterable[Message]) -> Iterator[dict[str, Any]]:
    """Scored rows of an output topic, the first of each key: what a consumer of at-least-once messages keeps.

    Holds the keys in memory, about 200 bytes a row; a database does the same with a unique index on the key.
    """
    seen: set[bytes] = set()
    for message in messages:
        if message.value is None or message.key is None or message.key in seen:
            continue
        seen.add(message.key)
        yield json.loads(message.value)
