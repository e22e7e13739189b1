"""JSON: alert packets as brokers write them out, lists of them, and lists of flat rows as their web services answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from core.brokers.files.content import MEGABYTE, Reading, Unreadable, listing, packet_ids
from core.brokers.files.grouping import table_curves
from core.brokers.files.packets import light_curve_of, packet_survey
from core.brokers.files.tables import Chunk, RawTable
from core.json_text import parsed
from core.lightcurve import LightCurve, Provenance
from core.refusal import BadInput

_MAX_BYTES = 256 * MEGABYTE
#: The data preview's names for the parts of an LSST packet.
_DP02 = {
    "DiaObject": "diaObject",
    "DiaSourceList": "prvDiaSources",
    "ForcedSourceOnDiaObjectList": "prvDiaForcedSources",
}


def read_json(stream: BinaryIO, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    """Light curves of a JSON file: one per packet, or one per object of a list of rows.

    Raises BadInput when it is not JSON, too large, or neither packets nor rows.
    """
    data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise BadInput("too_large", f"more than {_MAX_BYTES // MEGABYTE} MB of JSON; give a table or Avro instead")
    try:
        content = parsed(data)
    except (ValueError, RecursionError) as error:
        raise BadInput("format", f"the file is not JSON: {str(error)[:120]}") from error
    items = content if isinstance(content, list) else [content]
    if not items:
        raise BadInput("empty", "the JSON list is empty")
    if not all(isinstance(item, Mapping) for item in items):
        raise BadInput("format", "JSON that is neither an alert packet nor a list of rows")
    packets = [_lsst_form(item) for item in items]
    if any(packet_survey(packet) for packet in packets):
        yield from _packets(packets, reading)
    else:
        yield from _rows(content, reading)


def _lsst_form(packet: Mapping[str, Any]) -> Mapping[str, Any]:
    """A packet with LSST's own names of its parts; the newest source stands in for a diaSource that is not there."""
    renamed = {_DP02.get(key, key): value for key, value in packet.items()}
    if "diaSourceId" in renamed and isinstance(renamed.get("candidates"), list):
        renamed["prvDiaSources"] = renamed["candidates"]
    history = renamed.get("prvDiaSources")
    if "diaSource" not in renamed and isinstance(history, list) and history and isinstance(history[-1], Mapping):
        renamed["diaSource"], renamed["prvDiaSources"] = history[-1], history[:-1]
    return renamed


def _packets(packets: Sequence[Mapping[str, Any]], reading: Reading) -> Iterator[LightCurve | Unreadable]:
    reading.format = "alerts (JSON)"
    provenance = Provenance(source=reading.name)
    for index, packet in enumerate(packets, start=1):
        reading.spend(records=1)
        try:
            yield light_curve_of(packet, provenance)
        except BadInput as error:
            yield Unreadable(f"record {index}", error, *packet_ids(packet))


def _rows(content: Any, reading: Reading) -> Iterator[LightCurve | Unreadable]:
    reading.format = "table (JSON)"
    if isinstance(content, Mapping):  # ALeRCE's answer: {"detections": [...], "non_detections": [...]}
        lists = [v for k, v in content.items() if isinstance(v, list) and "detection" in k.lower()]
        content = [row for part in lists for row in part]
        if not content:
            raise BadInput("format", "a JSON object that is neither an alert packet nor holds a list of detections")
    if not all(isinstance(row, Mapping) for row in content):
        raise BadInput("format", f"a JSON list of {listing({type(row).__name__ for row in content})}; expected rows")
    names = list(dict.fromkeys(str(key) for row in content for key in row))
    table = RawTable(names, reading)
    columns = {name: [_cell(row.get(name)) for row in content] for name in table.needed}
    yield from table_curves(table, [Chunk(columns, np.arange(1, len(content) + 1))], reading)


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str) else str(value)
