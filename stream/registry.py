"""Schemas of Confluent-framed packets from a schema registry, kept in a folder that the readers know how to use."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests

_MAX_BYTES = 4 * 1024 * 1024
#: Seconds for which an id that the registry does not know is not asked for again.
_UNKNOWN_FOR = 60.0
_TIMEOUT = (5.0, 15.0)


class RegistryDown(Exception):
    """The registry does not answer now; the packet is not to blame, so it has to wait."""


class SchemaRegistry:
    """Fetches ``URL/schemas/ids/<id>`` once for each id into ``folder`` as ``<id>.json``.

    url : http or https, of a registry with Confluent's REST interface; a user and password may stand in it.
    """

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http or https address of a schema registry")
        self.url = url.rstrip("/")
        self.folder = folder
        self._unknown: dict[int, float] = {}

    def provide(self, value: bytes | None) -> None:
        """See to it that the folder holds the schema of this packet, if it is framed and the registry has it.

        Raises RegistryDown when the registry can't be asked.
        """
        if not value or len(value) < 5 or value[0] != 0:
            return
        schema_id = int.from_bytes(value[1:5], "big")
        path = self.folder / f"{schema_id}.json"
        if path.exists() or time.monotonic() < self._unknown.get(schema_id, 0.0):
            return
        content = self._ask(schema_id)
        if content is None:
            if len(self._unknown) > 10_000:  # damaged packets make up ids
                self._unknown.clear()
            self._unknown[schema_id] = time.monotonic() + _UNKNOWN_FOR
            return
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)

    def _ask(self, schema_id: int) -> bytes | None:
        """The registry's answer, None when it knows no such schema."""
        try:
            with requests.get(f"{self.url}/schemas/ids/{schema_id}", timeout=_TIMEOUT, stream=True) as answer:
                if answer.status_code in (400, 404, 422):
                    return None
                answer.raise_for_status()
                content = answer.raw.read(_MAX_BYTES + 1, decode_content=True)
            if len(content) > _MAX_BYTES or not isinstance(json.loads(content).get("schema"), str):
                raise RegistryDown(f"the schema registry's answer for id {schema_id} holds no schema")
        except (requests.RequestException, OSError, ValueError, AttributeError) as error:
            raise RegistryDown(f"the schema registry gives no schema {schema_id}: {type(error).__name__}") from error
        return content
