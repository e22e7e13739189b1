"""One address of a broker: how it is asked, and which fields of its rows are read. Sources and the doctor share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.brokers.http import Fetcher
from core.brokers.rows import Row, require, rows_in


@dataclass(frozen=True)
class Endpoint:
    """How one kind of answer is asked for.

    name : for the doctor's table. path : below the broker's address; ``{oid}`` stands for the id, as in ``params``.
    rows_at : key under which the rows lie, "" when the answer itself is the list; None for a single object.
    required : fields without which there is no photometry. expected : fields that are read where they occur.
    """

    name: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    rows_at: str | None = ""
    required: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()

    def ask(self, fetcher: Fetcher, object_id: str) -> Any:
        """The JSON of this endpoint for one object. Raises a `BrokerError`."""
        path = self.path.format(oid=object_id)
        params = {name: value.format(oid=object_id) for name, value in self.params.items()}
        return fetcher.post(path, params) if self.method == "POST" else fetcher.get(path, params)

    def rows(self, answer: Any, broker: str) -> list[Row]:
        """The rows of an answer, checked for the fields that photometry needs. Raises BadResponse."""
        rows = [answer] if self.rows_at is None else rows_in(answer, self.rows_at, broker=broker)
        require(rows, self.required, broker=broker)
        return rows

    def url(self, base_url: str, object_id: str) -> str:
        """The request that can be repeated, without any token."""
        query = "&".join(f"{name}={value.format(oid=object_id)}" for name, value in self.params.items())
        return base_url + self.path.format(oid=object_id) + (f"?{query}" if query else "")
