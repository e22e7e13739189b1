"""The file that keeps verdicts: SQLite with a write-ahead log, to which entries are only ever added.

Any number of threads and processes may write at once: each waits for its turn, and an entry that `add` returned from is
on the disk. Nothing is changed or deleted, by a trigger of the database itself; who takes a verdict back adds an entry.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.verdicts.record import (
    WITHDRAWN,
    Key,
    Verdict,
    VerdictError,
    checked,
    probabilities_of,
    probabilities_text,
)

LAYOUT = 1
_COLUMNS = (
    "object_id", "catalogue", "kind", "class_name", "confidence", "note", "who", "model", "model_sha256", "prior",
    "probabilities", "photometry_sha256", "made_at", "uid", "withdraws",
)  # fmt: skip
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    {", ".join(f"{name} TEXT NOT NULL" + (" UNIQUE" if name == "uid" else "") for name in _COLUMNS)}
);
CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON history
    BEGIN SELECT RAISE(ABORT, 'the history of verdicts is never changed'); END;
CREATE TRIGGER IF NOT EXISTS never_deleted BEFORE DELETE ON history
    BEGIN SELECT RAISE(ABORT, 'the history of verdicts is never deleted from'); END;
PRAGMA user_version = {LAYOUT};
"""
_INSERT = f"INSERT INTO history ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


class Standing:
    """Which verdict stands for each object: the latest that nobody took back."""

    def __init__(self) -> None:
        self._said: dict[Key, list[tuple[str, int, Verdict]]] = {}
        self._key_of: dict[str, Key] = {}
        self._withdrawn: set[str] = set()
        self._now: dict[Key, Verdict] = {}
        self.last_number = 0

    def take(self, entries: Iterable[tuple[int, Verdict]]) -> None:
        """Add entries of the history, each with its number."""
        for number, entry in entries:
            self.last_number = max(self.last_number, number)
            if entry.kind == WITHDRAWN:
                self._withdrawn.add(entry.withdraws)
                self._settle(self._key_of.get(entry.withdraws, entry.key))
            else:
                self._key_of[entry.uid] = entry.key
                self._said.setdefault(entry.key, []).append((entry.made_at, number, entry))
                self._settle(entry.key)

    def all(self) -> dict[Key, Verdict]:
        """Object -> the verdict that stands; a copy."""
        return dict(self._now)

    def _settle(self, key: Key) -> None:
        # By the time that they were made, since older ones may be imported later.
        live = [item for item in self._said.get(key, ()) if item[2].uid not in self._withdrawn]
        if live:
            self._now[key] = max(live, key=lambda item: item[:2])[2]
        else:
            self._now.pop(key, None)


class VerdictStore:
    """Verdicts in one file.

    path : made with its folder at the first use. patience : seconds that a writer waits for the others.
    Every method raises VerdictError, with a sentence, when the disk or the file does not play along.
    """

    def __init__(self, path: str | Path, *, patience: float = 15.0) -> None:
        self.path = Path(path)
        self.patience = patience
        self._standing = Standing()
        self._lock = threading.Lock()
        self._ready = False

    def add(self, verdict: Verdict) -> Verdict:
        """Keep a verdict and give it back as it was kept; when this returns, it is on the disk."""
        entry = checked(verdict)
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_INSERT, _values(entry))
            connection.execute("COMMIT")
        return entry

    def add_new(self, verdicts: Iterable[Verdict]) -> tuple[int, int]:
        """Keep those whose uid is not known yet, all or none of them: (how many were added, how many were known)."""
        entries = [checked(verdict) for verdict in verdicts]
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            before = connection.total_changes
            connection.executemany(_INSERT.replace("INSERT", "INSERT OR IGNORE"), [_values(e) for e in entries])
            added = connection.total_changes - before
            connection.execute("COMMIT")
        return added, len(entries) - added

    def withdraw(self, verdict: Verdict, who: str = "") -> Verdict:
        """Take a verdict back by an entry of its own; what stood before it stands again."""
        return self.add(Verdict(verdict.object_id, verdict.catalogue, WITHDRAWN, who=who, withdraws=verdict.uid))

    def history(self, keys: Iterable[Key] | None = None) -> list[Verdict]:
        """All entries in the order in which they were kept, or those of some objects."""
        wanted = None if keys is None else set(keys)
        return [entry for _, entry in self._since(0) if wanted is None or entry.key in wanted]

    def standing(self) -> dict[Key, Verdict]:
        """Object -> the verdict that stands now. Reads only what was added since the last call, by whomever."""
        with self._lock:
            self._standing.take(self._since(self._standing.last_number))
            return self._standing.all()

    def _since(self, number: int) -> list[tuple[int, Verdict]]:
        if self._is_missing():
            return []  # who only looks leaves no file behind
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT number, {', '.join(_COLUMNS)} FROM history WHERE number > ? ORDER BY number", (number,)
            ).fetchall()
        return [(int(row[0]), _verdict(row[1:])) for row in rows]

    def _is_missing(self) -> bool:
        try:
            return not self.path.exists()
        except OSError:  # such as a file where a folder should be: told by the connection
            return False

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # A connection each time: threads share none, and a file that was moved or restored is met anew.
        connection = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(self.path, timeout=self.patience, isolation_level=None)
            self._prepare(connection)
            yield connection
        except sqlite3.IntegrityError as error:
            raise VerdictError(f"The verdict was not kept: {error}.") from error
        except sqlite3.OperationalError as error:
            raise VerdictError(self._sentence(error)) from error
        except sqlite3.DatabaseError as error:
            raise VerdictError(
                f"{self.path.name} can't be read as a file of verdicts ({error}). Move it away, and import the last export."
            ) from error
        except OSError as error:
            raise VerdictError(
                f"Verdicts can't be kept in {self.path.parent}: {error.strerror or error}. Set T2SCOPE_VERDICTS to a file "
                "that can be written."
            ) from error
        finally:
            if connection is not None:
                connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # FULL: an entry is on the disk when the commit returns, whatever happens to the power then.
        connection.execute("PRAGMA synchronous = FULL")
        if self._ready and self.path.stat().st_size > 0:
            return
        layout = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if layout > LAYOUT:
            raise VerdictError(
                f"{self.path.name} has layout {layout}; this version reads up to {LAYOUT}: update t2scope"
            )
        if layout < LAYOUT:
            self._write_ahead(connection)
            connection.executescript(_SCHEMA)
        self._ready = True

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        # The one statement that does not wait for its turn by itself, when two processes make the file at once.
        ends = time.monotonic() + self.patience
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.01)

    def _sentence(self, error: sqlite3.OperationalError) -> str:
        reason = str(error)
        if "locked" in reason or "busy" in reason:
            return f"Others were writing verdicts for more than {self.patience:g} s; this one was not kept. Try again."
        if "readonly" in reason or "unable to open" in reason:
            return f"{self.path} can't be written ({reason}). Set T2SCOPE_VERDICTS to a file that can."
        if "full" in reason:
            return f"The disk that holds {self.path.name} is full; the verdict was not kept."
        return f"The verdict was not kept: {reason}."


def _values(entry: Verdict) -> tuple[str, ...]:
    stored = {name: getattr(entry, name) for name in _COLUMNS}
    return tuple({**stored, "probabilities": probabilities_text(entry.probabilities)}.values())


def _verdict(row: tuple[Any, ...]) -> Verdict:
    fields = dict(zip(_COLUMNS, row, strict=True))
    probabilities = probabilities_of(fields.pop("probabilities"))
    return replace(Verdict(**fields), probabilities=probabilities)
