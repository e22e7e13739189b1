"""One unit of the input from file to finished parts: read, select, score, write. Runs in the process of a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count, islice

import pandas as pd
import pyarrow as pa

from core.card import CardError
from core.funnel import published_selection
from core.lightcurve import LightCurve
from core.model import Model, load_model
from core.pipeline import Unscored, classify_batches, row_columns
from stream.items import Item, Job, items
from stream.output import Stop, row_schema
from stream.parts import Part, Parts
from stream.plan import Unit
from stream.progress import Tally

#: Light curves that are scored together: enough to fill the network's batches, few enough for any memory.
BATCH = 512
#: Rows of a part: what a kill may cost each worker.
PART = 2048


@dataclass(frozen=True)
class Lane:
    """The share of a unit that one worker does: every ``of``-th part, from ``turn`` on. done : parts that are there."""

    unit: Unit
    turn: int = 0
    of: int = 1
    done: frozenset[int] = frozenset()

    def is_due(self, part: int) -> bool:
        """Whether this lane makes the part."""
        return part % self.of == self.turn and part not in self.done


def load_models(name: str, spread: bool) -> tuple[Model, list[Model]]:
    """The model, and its fold models where the spread is asked for. Raises Stop."""
    try:
        model = load_model(name)
        if not spread:
            return model, []
        n_folds = len(model.card.data["files"].get("folds", []))
        if not n_folds:
            raise Stop(f"{model.name} has no fold models, which --spread needs")
        return model, [load_model(name, fold=k) for k in range(n_folds)]
    except CardError as error:
        raise Stop(str(error)) from error


@dataclass
class Scorer:
    """Does lanes. tell : is given the counts of each batch as it is done."""

    job: Job
    model: Model
    folds: list[Model]
    tell: Callable[[Tally], None]
    _parts: Parts = field(init=False)
    _schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        self._parts = Parts(self.job.folder)
        self._schema = row_schema(row_columns(self.model, spread=bool(self.folds)))

    def run(self, lane: Lane) -> None:
        """Read a unit and write the parts of it that are due. Raises Stop."""
        source = items(lane.unit, self.job, self.model.recipe.survey)
        head = next(source, None)
        for number in count():
            chunk = islice(chain([] if head is None else [head], source), PART)
            if lane.is_due(number):
                table, letters, tally = self._scored(chunk)
                head = next(source, None)
                self._parts.write(Part(lane.unit.number, number, head is None, tally), table, letters)
            else:
                for _ in chunk:
                    pass
                head = next(source, None)
            if head is None:
                return

    def _scored(self, chunk: Iterator[Item]) -> tuple[pa.Table, list[str], Tally]:
        """The rows of a part, its dead letters, and what was counted."""
        tables: list[pa.Table] = []
        letters: list[str] = []
        total = Tally()
        while batch := list(islice(chunk, BATCH)):
            letters += [item.letter for item in batch if item.letter]
            tally = Tally()
            tables += self._score(batch, tally)
            total.add(tally)
            self.tell(tally)
        return pa.concat_tables(tables) if tables else self._schema.empty_table(), letters, total

    def _score(self, batch: list[Item], tally: Tally) -> list[pa.Table]:
        curves: list[LightCurve | Unscored] = []
        left_out: list[tuple[int, LightCurve]] = []
        for item in batch:
            item.count(tally)
            if item.curve is None:
                continue
            refusal = None
            if self.job.selection and isinstance(item.curve, LightCurve):
                refusal = published_selection(item.curve)
            if refusal is None:
                curves.append(item.curve)
            else:
                assert isinstance(item.curve, LightCurve)
                tally.excluded[refusal.reason] += 1
                left_out.append((len(curves), item.curve))
                curves.append(Unscored(item.curve.object_id, refusal, item.curve.alert_id))
        tables = []
        for frame in classify_batches(curves, self.model, prior=self.job.prior, fold_models=self.folds, size=BATCH):
            _describe(frame, left_out)
            tally.count_rows(frame)
            tables.append(pa.Table.from_pandas(frame, schema=self._schema, preserve_index=False))
        return tables


def _describe(frame: pd.DataFrame, left_out: list[tuple[int, LightCurve]]) -> None:
    """Give the rows of light curves that were left out what they have in common with all others: hash and notes."""
    for row, curve in left_out:
        frame.loc[row, "photometry_sha256"] = curve.photometry_sha256()
        if curve.notes:
            frame.loc[row, "notes"] = "; ".join(note.message for note in curve.notes)
