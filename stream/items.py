"""Everything that the files of a run hold, one by one: light curves, and what could not be read with its dead letter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.brokers.files import Unreadable
from core.brokers.files.many import iter_files
from core.lightcurve import LightCurve
from core.model import Prior
from core.pipeline import Unscored
from core.refusal import BadInput, Refusal
from stream.output import Stop
from stream.plan import Unit
from stream.progress import Tally


@dataclass(frozen=True)
class Job:
    """What a worker needs to know; small, and sent to each of them.

    model : as `core.model.load_model` takes it. sha256 : of its file, which must not change on the way. prior : None for the
    card's own. selection : "published" or "". folder : of the parts. source : what file names are told from.
    alone : the input is a single file, and a run without it makes no sense.
    """

    model: str
    sha256: str
    folder: Path
    source: Path
    prior: Prior | None = None
    spread: bool = False
    survey: str | None = None
    flux_unit: str | None = None
    schemas: Path | None = None
    selection: str = ""
    alone: bool = False


@dataclass(frozen=True)
class Item:
    """One thing that was read.

    curve : gets a row; None for a lost row of a table and where there is nothing. letter : its dead letter, a line of JSON.
    said : for the terminal. begins : files. size : [bytes] of the input that it stands for.
    """

    curve: LightCurve | Unscored | None = None
    letter: str = ""
    said: str = ""
    lost_row: bool = False
    begins: int = 0
    size: float = 0.0

    def count(self, tally: Tally) -> None:
        """Count it, but for what becomes of its light curve."""
        tally.files += self.begins
        tally.size += self.size
        tally.lost_rows += self.lost_row
        if self.said:
            tally.say(self.said)
        if isinstance(self.curve, LightCurve):
            tally.read += 1
            tally.count_notes(self.curve)
        elif self.curve is not None:
            tally.unreadable += 1
            tally.unread[self.curve.refusal.reason] += 1


def items(unit: Unit, job: Job, survey: str) -> Iterator[Item]:
    """Everything in the files of a unit, in order: the same items whenever it is read.

    survey : the model's own, for tables that do not tell. Raises Stop when the only file can't be read, or a disk fails.
    """
    begins = unit.piece is None or unit.piece.record == 0
    held: Item | None = None
    options = {"survey": job.survey, "default_survey": survey, "flux_unit": job.flux_unit, "schemas": job.schemas}
    for path, read in iter_files(unit.files, piece=unit.piece, **options):
        fresh, left = begins, float(unit.size if len(unit.files) == 1 else path.stat().st_size)
        for item in _file(path, read, unit, job, alone=job.alone and begins):
            if held is not None:
                yield held
            held = replace(item, begins=int(fresh))
            fresh, left = False, left - item.size
        # The last thing in a file stands for whatever of its size is left.
        held = Item(begins=int(fresh), size=left) if held is None else replace(held, size=held.size + left)
    if held is not None:
        yield held


def _file(path: Path, read: Iterable[LightCurve | Unreadable], unit: Unit, job: Job, *, alone: bool) -> Iterator[Item]:
    name = path.relative_to(job.source).as_posix() if job.source.is_dir() else path.name
    each = unit.size / unit.expected if unit.expected and len(unit.files) == 1 else 0.0
    left = float(unit.size)
    try:
        for found in read:
            amount = len(found) + len(found.limits) if unit.long and isinstance(found, LightCurve) else 1
            size = min(each * amount, left)
            left -= size
            yield Item(found, size=size) if isinstance(found, LightCurve) else _lost(found, name, size)
    except BadInput as error:
        if alone:
            raise Stop(f"{path.name} can't be read: {error.message}") from error
        yield _dead(name, Unscored(path.name, error.refusal()), f"{path.name} can't be read: {error.message}")
    except OSError as error:
        raise Stop(f"{path} can't be read: {error.strerror or error}") from error
    except Exception as error:  # a stranger's bytes must not stop the stream, whatever they found
        refusal = Refusal("error", f"Not read: the rest of {path.name}: {type(error).__name__}: {error}")
        yield _dead(name, Unscored(path.name, refusal), refusal.message)


def _dead(name: str, lost: Unscored, said: str) -> Item:
    letter = {
        "file": name,
        "where": "file",
        "offset": 0,
        "reason": lost.refusal.reason,
        "message": lost.refusal.message,
    }
    return Item(lost, letter=_line(letter), said=f"score: {said}")


def _lost(found: Unreadable, name: str, size: float) -> Item:
    letter: dict[str, Any] = {"file": name, "where": found.where}
    if place := re.fullmatch(r"(record|row)s? (\d+)(?: to (\d+))?", found.where):
        letter[place[1]] = int(place[2])
        if place[3]:
            letter[f"last_{place[1]}"] = int(place[3])
    if found.offset is not None:
        letter["offset"] = found.offset
    letter |= {"object_id": found.object_id or None, "alert_id": found.alert_id}
    letter |= {"reason": found.error.reason, "message": found.error.message}
    if found.row_only:
        return Item(letter=_line(letter), said=f"score: {found.error.message}", lost_row=True, size=size)
    return Item(Unscored(found.object_id, found.refusal, found.alert_id), letter=_line(letter), size=size)


def _line(letter: dict[str, Any]) -> str:
    return json.dumps(letter, ensure_ascii=False) + "\n"
