"""Avro schemas: checked before they are trusted, cut down to what is read, and found for packets that carry only an id.

No LSST schemas are shipped here (their licence is the GPL); a survey's registry or that package has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastavro
import fastavro.schema

from core.brokers.files.content import listing
from core.brokers.files.packets import NESTED_FIELDS, TOP_FIELDS
from core.json_text import parsed
from core.refusal import BadInput

_MAX_FILES = 2000
_MAX_DEPTH = 16
#: Pieces that a byte may stand for (wrapping records, nulls): the largest real alert has less than one.
_WORK_PER_BYTE = 32
_MAX_WEIGHT = 1000


def checked_schema(raw: object) -> dict[str, Any]:
    """A schema parsed and found harmless: a record, not recursive, in which every piece of work is paid for in bytes.

    Otherwise a few bytes keep the decoder busy for ever, or deep enough to end the process. Raises BadInput ("schema").
    """
    if not isinstance(raw, dict) or raw.get("type") != "record":
        raise BadInput("schema", f"the Avro schema is {str(raw)[:60]!r}; expected a record, one alert")
    try:
        parsed = fastavro.parse_schema(_defined_once(raw, set()))
    except Exception as error:  # fastavro lets many kinds of error out for a hostile schema
        raise BadInput("schema", f"the Avro schema can't be parsed: {str(error)[:200]}") from error
    definitions: dict[str, Any] = {}
    _collect_names(parsed, definitions)
    weight, _ = _Walk(definitions).weigh(parsed)
    if weight > _MAX_WEIGHT:
        raise BadInput("schema", f"the Avro schema has {weight:,} more parts than bytes could fill; alerts have none")
    return parsed  # type: ignore[return-value]


@lru_cache(maxsize=16)
def schema_and_reader(text: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """(writer schema, reader schema) of a container's header. Kept, because a night's alerts all carry the same one.

    Raises BadInput ("schema") when it is not JSON or not harmless.
    """
    try:
        raw = parsed(text)
    except (ValueError, RecursionError) as error:
        raise BadInput("schema", f"the Avro schema in the header is not JSON: {str(error)[:100]}") from error
    try:
        schema = checked_schema(raw)
        return schema, pruned(schema)
    except (TypeError, LookupError, AttributeError, RecursionError) as error:  # parts of a kind that fastavro lets pass
        raise BadInput("schema", f"the Avro schema can't be understood: {str(error)[:100]}") from error


def pruned(schema: dict[str, Any]) -> dict[str, Any]:
    """A reader schema with only the fields that a light curve is made of, so that cut-outs are skipped, not unpacked."""
    definitions: dict[str, Any] = {}
    emitted: set[str] = set()

    def prune(part: Any, keep: frozenset[str]) -> Any:
        if isinstance(part, list):
            return [prune(p, keep) for p in part]
        if isinstance(part, str):
            # A named type whose definition may have been cut away: define it again at its first use.
            return prune(definitions[part], keep) if part in definitions and part not in emitted else part
        if part["type"] == "array":
            return {"type": "array", "items": prune(part["items"], keep)}
        if part["type"] in ("record", "error"):
            definitions[part["name"]] = part
            emitted.add(part["name"])
            fields = [
                {"name": f["name"], "type": prune(f["type"], NESTED_FIELDS)}
                for f in part["fields"]
                if f["name"] in keep
            ]
            return {"type": "record", "name": part["name"], "fields": fields}
        if "name" in part:
            emitted.add(part["name"])
        return part

    _collect_names(schema, definitions)
    return fastavro.parse_schema(prune(schema, TOP_FIELDS))  # type: ignore[return-value]


@lru_cache(maxsize=64)
def schema_for_id(schema_id: int, folder: Path | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(writer schema, reader schema) of a registry id; for LSST that is 100 × major + minor, so 701 is version 7.1.

    A folder may hold ``701.avsc`` or ``701.json``, files with the version in their names (``lsst_v7_1.json``,
    ``lsst.v7_1.alert.avsc`` beside the records it names), or the layout ``7/1/`` of lsst-alert-packet.
    Raises BadInput ("no_schema") that names the id and what to provide.
    """
    major, minor = divmod(schema_id, 100)
    name = f"schema {schema_id} (LSST version {major}.{minor})"
    if folder is not None:
        folder = Path(folder)
        if not folder.is_dir():
            raise BadInput("no_schema", f"the folder of schemas {folder} does not exist")
        for path in _candidates(folder, schema_id):
            schema = _load(path)
            return schema, pruned(schema)
    packaged = _from_package(major, minor)
    if packaged is not None:
        return packaged, pruned(packaged)
    place = f"is not in {folder}" if folder is not None else "is needed to read this packet"
    raise BadInput(
        "no_schema",
        f"{name} {place}: packets in Confluent framing carry no schema. Give a folder that holds lsst_v{major}_{minor}.json "
        f"or {schema_id}.avsc (--schemas), or install lsst-alert-packet",
    )


def _candidates(folder: Path, schema_id: int) -> Iterator[Path]:
    """Files that may be the alert schema of this id, the surest first."""
    major, minor = divmod(schema_id, 100)
    version = re.compile(rf"v{major}_{minor}(?!\d)")
    files = [
        p for i, p in zip(range(_MAX_FILES), sorted(folder.rglob("*")), strict=False) if p.suffix in (".json", ".avsc")
    ]
    yield from (p for p in files if p.stem == str(schema_id))
    versioned = [p for p in files if version.search(p.stem)]
    yield from (p for p in versioned if p.stem.endswith("alert"))
    yield from (p for p in versioned if "." not in p.stem)


def _load(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(raw, dict) and isinstance(raw.get("schema"), str):  # the answer of a schema registry
            raw = json.loads(raw["schema"])
        try:
            fastavro.schema.parse_schema(raw)
        except fastavro.schema.UnknownType:
            raw = fastavro.schema.load_schema(str(path))  # the records it names lie beside it, one file each
    except BadInput:
        raise
    except Exception as error:  # JSON, Avro and file errors alike: the folder is the user's
        raise BadInput("no_schema", f"the schema in {path.name} can't be read: {str(error)[:150]}") from error
    return checked_schema(raw)


def _from_package(major: int, minor: int) -> dict[str, Any] | None:
    try:
        from lsst.alert.packet import get_schema_path
    except ImportError:
        return None
    path = Path(get_schema_path(major, minor)) / f"lsst.v{major}_{minor}.alert.avsc"
    return _load(path) if path.is_file() else None


def _defined_once(part: Any, seen: set[str]) -> Any:
    """The schema without fastavro's own marks ("already parsed, trust me") and with repeated definitions as references.

    Expanded LSST schemas, as fastavro writes them, define diaSource twice.
    """
    if isinstance(part, list):
        return [_defined_once(p, seen) for p in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") in ("record", "error", "enum", "fixed") and "." in str(part.get("name", "")):
        if str(part["name"]) in seen:
            return part["name"]
        seen.add(str(part["name"]))
    return {
        key: _defined_once(value, seen) if key in ("fields", "type", "items", "values") else value
        for key, value in part.items()
        if not key.startswith("__")
    }


def _collect_names(part: Any, definitions: dict[str, Any], depth: int = 0) -> None:
    if depth > 4 * _MAX_DEPTH:
        raise BadInput("schema", f"the Avro schema is nested more than {_MAX_DEPTH} deep")
    if isinstance(part, list):
        for item in part:
            _collect_names(item, definitions, depth + 1)
    elif isinstance(part, dict):
        if "name" in part and part.get("type") in ("record", "error", "enum", "fixed"):
            definitions[part["name"]] = part
        for field in part.get("fields", ()):
            if not isinstance(field["name"], str):
                raise BadInput(
                    "schema", f"the Avro schema has a field called {str(field['name'])[:40]!r}; expected a text"
                )
            _collect_names(field["type"], definitions, depth + 1)
        for key in ("items", "values", "type"):
            if isinstance(part.get(key), dict | list):
                _collect_names(part[key], definitions, depth + 1)


class _Walk:
    """Every part of a schema weighed once, however often it is named.

    The weight of a part is the work it can make beyond `_WORK_PER_BYTE` pieces for each byte that it takes: as long as no
    list holds items of a positive weight, decoding takes time in proportion to the bytes. Raises BadInput ("schema").
    """

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self._known: dict[str, tuple[int, int]] = {}

    def weigh(self, part: Any, inside: tuple[str, ...] = ()) -> tuple[int, int]:
        """(weight, depth) of ``part``, which lies in the named records and lists ``inside``."""
        name = part if isinstance(part, str) else str(part.get("name", "")) if isinstance(part, dict) else ""
        if name in inside:
            raise BadInput("schema", f"the Avro schema is recursive ({name} holds itself); alerts are not")
        weight, depth = self._known[name] if name in self._known else self._weigh(part, inside)
        if len(inside) + depth > _MAX_DEPTH:
            raise BadInput("schema", f"the Avro schema is nested more than {_MAX_DEPTH} deep")
        if name in self.definitions:
            self._known[name] = weight, depth
        return weight, depth

    def _weigh(self, part: Any, inside: tuple[str, ...]) -> tuple[int, int]:
        if len(inside) > _MAX_DEPTH:
            return 0, 1
        if isinstance(part, list):
            branches = [self.weigh(item, inside) for item in part]
            return _primitive(1) + max((w for w, _ in branches), default=0), max((d for _, d in branches), default=0)
        if isinstance(part, str):
            return self.weigh(self.definitions[part], inside) if part in self.definitions else (_primitive(part), 0)
        kind = part["type"]
        if kind in ("record", "error"):
            fields = [self.weigh(f["type"], (*inside, part["name"])) for f in part["fields"]]
            return 1 + sum(w for w, _ in fields), 1 + max((d for _, d in fields), default=0)
        if kind in ("array", "map"):
            item = part["items"] if kind == "array" else part["values"]
            weight, depth = self.weigh(item, (*inside, f"{kind} of"))
            if weight + (0 if kind == "array" else _primitive(1)) > 0:
                raise BadInput(
                    "schema",
                    f"the Avro schema has a list of {listing([item])}, which take no bytes or next to none; alerts have none",
                )
            return _primitive(1), 1 + depth
        if kind == "fixed":
            return _primitive(part["size"]), 0
        if isinstance(kind, dict | list):
            return self.weigh(kind, inside)
        return _primitive(kind), 0


def _primitive(kind: object) -> int:
    """The weight of something without parts: by its name, or by the bytes that it takes at least."""
    size = kind if isinstance(kind, int) else 0 if kind == "null" else 1
    return 1 - _WORK_PER_BYTE * size
