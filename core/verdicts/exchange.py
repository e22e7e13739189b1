"""Verdicts as tables to take away and bring back: CSV that a spreadsheet can't be tricked with, and JSON.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, and loses it again on the way in.
"""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.json_text import parsed
from core.spreadsheet import plain_cell, safe_cell
from core.taxonomy import BY_NAME
from core.verdicts.record import (
    KINDS,
    WITHDRAWN,
    Verdict,
    VerdictError,
    catalogue_of,
    checked,
    probabilities_of,
    probabilities_text,
)

#: Columns of a table of verdicts, in order. The ones after ``who`` may be missing in a table that is brought in.
COLUMNS: tuple[str, ...] = (
    "object_id", "catalogue", "kind", "class", "confidence", "note", "who", "made_at", "model", "model_sha256", "prior",
    "probabilities", "photometry_sha256", "uid", "withdraws",
)  # fmt: skip
FORMAT = "t2scope verdicts"
#: Largest table that is brought in [rows].
MOST_ROWS = 200_000
_ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_NAMESPACE = uuid.UUID("7f3b4a52-2c1e-5d0a-9c7e-6a3f3f2d9b10")


@dataclass(frozen=True)
class BroughtIn:
    """What a file held. verdicts : by the time they were made. refused : a sentence for each row that can't be read."""

    verdicts: list[Verdict]
    refused: list[str]


def as_csv(verdicts: Iterable[Verdict]) -> str:
    """A row for each verdict, with the columns of `COLUMNS`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for verdict in verdicts:
        writer.writerow([safe_cell(text) for text in _row(verdict).values()])
    return out.getvalue()


def as_json(verdicts: Iterable[Verdict]) -> str:
    """The same as JSON, probabilities as numbers."""
    rows = [{**_row(verdict), "probabilities": dict(verdict.probabilities)} for verdict in verdicts]
    return json.dumps({"format": FORMAT, "version": 1, "verdicts": rows}, indent=1, ensure_ascii=False)


def read_verdicts(content: bytes, otherwise: str = "") -> BroughtIn:
    """Verdicts of a CSV or JSON file. Raises VerdictError when it is neither, or lacks a column that is needed.

    otherwise : the catalogue of rows that name none and whose id is of no survey.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise VerdictError(f"The file is not text in UTF-8 (byte {error.start:,}); expected CSV or JSON.") from None
    rows = _json_rows(text) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text)
    verdicts, refused = [], []
    for where, row in rows:
        try:
            verdicts.append(_verdict(row, otherwise))
        except VerdictError as error:
            refused.append(f"{where}: {error.message}")
    return BroughtIn(sorted(verdicts, key=lambda verdict: verdict.made_at), refused)


def _row(verdict: Verdict) -> dict[str, str]:
    stored = {name: getattr(verdict, "class_name" if name == "class" else name) for name in COLUMNS}
    return {**stored, "probabilities": probabilities_text(verdict.probabilities)}


def _csv_rows(text: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise VerdictError(f"The file can't be read as CSV: {error}.") from None
    head = [name.strip().lower() for name in lines[0]] if lines else []
    _need(head)
    body = [(number, cells) for number, cells in enumerate(lines[1:], start=2) if any(cells)]
    _bounded(len(body))
    for number, cells in body:
        yield f"row {number}", dict(zip(head, map(plain_cell, cells), strict=False))


def _json_rows(text: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    try:
        found = parsed(text.encode())
    except (ValueError, RecursionError) as error:
        raise VerdictError(f"The file is not valid JSON: {error}.") from None
    rows = found.get("verdicts") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise VerdictError("The JSON holds no list of verdicts; expected what this page exports.")
    _bounded(len(rows))
    for number, row in enumerate(rows, start=1):
        yield f"verdict {number}", row if isinstance(row, dict) else {}


def _need(head: list[str]) -> None:
    missing = [name for name in ("object_id", "kind") if name not in head]
    if missing:
        found = ", ".join(head[:8]) or "nothing"
        raise VerdictError(
            f"The table has no column {' or '.join(missing)} (it has {found}); expected {', '.join(COLUMNS[:7])}."
        )


def _bounded(count: int) -> None:
    if count > MOST_ROWS:
        raise VerdictError(f"The file has {count:,} verdicts; at most {MOST_ROWS:,} are brought in at once.")


def _class_name(said: str) -> str:
    """The class's name, from its name or its title in any case; raises VerdictError for what is neither."""
    if not said.strip():
        return ""
    spelt = "".join(said.split()).casefold()
    for name, known in BY_NAME.items():
        if spelt in ("".join(name.split()).casefold(), "".join(known.title.split()).casefold()):
            return name
    raise VerdictError(f"class is {said!r}; expected one of {', '.join(BY_NAME)}")


def _verdict(row: Mapping[str, Any], otherwise: str) -> Verdict:
    known = {name: row.get(name) for name in COLUMNS}
    text = {name: "" if value is None else str(value) for name, value in known.items() if name != "probabilities"}
    if _ROUNDED.fullmatch(text["object_id"]):
        raise VerdictError(
            f"object_id is {text['object_id']}, which a spreadsheet has rounded; bring in the file as it was exported"
        )
    text["catalogue"] = text["catalogue"] or catalogue_of(text["object_id"], otherwise)
    given = known["probabilities"]
    probabilities = given if isinstance(given, dict) else probabilities_of("" if given is None else str(given))
    text["class"] = _class_name(text["class"])
    verdict = Verdict(
        **{("class_name" if name == "class" else name): value for name, value in text.items()},
        probabilities=probabilities,
    )
    if verdict.kind not in (*KINDS, WITHDRAWN) and verdict.class_name == "":
        raise VerdictError(f"kind is {verdict.kind!r}; expected one of {', '.join(KINDS)}")
    if not verdict.uid:  # a table made by hand: the same row brought in twice is one verdict
        said = json.dumps([text[name] for name in COLUMNS[:8]])
        verdict = Verdict(**{**verdict.__dict__, "uid": uuid.uuid5(_NAMESPACE, said).hex})
    return checked(verdict)
