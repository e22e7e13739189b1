"""Evaluation tables: objects with a known class and probabilities, checked row by row when they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.evaluate.calibration import uncalibrated
from core.refusal import BadInput
from core.taxonomy import CLASS_NAMES, class_of

#: Where a file's own description stands in its Parquet metadata.
METADATA_KEY = b"t2scope.evaluation"
#: How far a row of probabilities may be from summing to one.
SUM_TOLERANCE = 1e-3
#: Numbers of an object that scores are looked at against; any of them may be missing.
QUANTITIES = ("n_points", "span_days", "peak_magnitude", "redshift", "snr")
#: Most rows that a table may have.
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Evaluation:
    """Objects with known classes, and what a model says of them.

    truth : (V,) indices into `CLASS_NAMES`. p : (V, C) probabilities, C = len(CLASS_NAMES), zero for classes that the
    model does not have. facts : (V) rows, object_id and whatever else is known. about : what the file says of itself.
    prior : (C,) under which ``p`` holds, None where nobody says.
    """

    truth: NDArray[np.int64]
    p: NDArray[np.float64]
    facts: pd.DataFrame
    about: Mapping[str, Any]
    prior: NDArray[np.float64] | None = None
    prior_name: str = "as given"

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def counts(self) -> NDArray[np.int64]:
        """(C,) objects of each class."""
        return np.bincount(self.truth, minlength=len(CLASS_NAMES))

    def take(self, keep: NDArray) -> Evaluation:
        """The objects that a mask or a list of places names."""
        return replace(
            self, truth=self.truth[keep], p=self.p[keep], facts=self.facts.loc[_rows(keep)].reset_index(drop=True)
        )

    def under(self, name: str) -> Evaluation:
        """The same answers under another prior: ``equal``, ``sample`` (the mix of these objects) or the file's own.

        Bayes' rule on the outputs. Raises ValueError where the file does not say which prior it holds under.
        """
        if name == self.prior_name:
            return self
        if self.prior is None:
            raise ValueError(f"no prior {name!r}: the table does not say under which prior its probabilities hold")
        mix = np.ones(len(CLASS_NAMES)) if name == "equal" else self.counts / len(self)
        p = self.p * (mix / np.maximum(self.prior, 1e-12))
        return replace(self, p=p / p.sum(axis=1, keepdims=True), prior=mix, prior_name=name)

    def before_calibration(
        self, classes: Sequence[str], calibration: Mapping[str, Any] | None, n_points: NDArray
    ) -> Evaluation:
        """The same answers without a card's calibration: the softmax of the network, then Bayes' rule to the prior in force.

        classes : the model's. n_points : (V,) points that entered the fit. Raises ValueError where no prior is known.
        """
        if self.prior is None:
            raise ValueError(
                "calibration can't be taken off: the table does not say under which prior its probabilities hold"
            )
        columns = [CLASS_NAMES.index(name) for name in classes]
        raw = uncalibrated(self.p[:, columns], n_points, calibration, self.prior[columns]) * self.prior[columns]
        p = np.zeros_like(self.p)
        p[:, columns] = raw / raw.sum(axis=1, keepdims=True)
        return replace(self, p=p)


def read_evaluation(path: str | Path, columns: list[str] | None = None) -> Evaluation:
    """An evaluation file of a model. columns : beyond the probabilities, the ones to read; all when None.

    Raises BadInput naming the file, and the row, the column and the value that are wrong.
    """
    path = Path(path)
    try:
        schema = pq.read_schema(path)
        wanted = None
        if columns is not None:
            needed = ("object_id", "class", *columns)
            wanted = [name for name in schema.names if name in needed or name.startswith("p_")]
        table = pq.read_table(path, columns=wanted).to_pandas()
        about = json.loads((schema.metadata or {}).get(METADATA_KEY, b"{}"))
    except (OSError, ValueError, TypeError, LookupError, MemoryError, RecursionError, pa.ArrowException) as error:
        raise BadInput("unreadable", f"{path.name} can't be read as Parquet: {error}") from error
    return checked_evaluation(table, path.name, about)


def checked_evaluation(table: pd.DataFrame, name: str, about: Mapping[str, Any] | None = None) -> Evaluation:
    """A table as an `Evaluation`, or the first thing that is wrong with it.

    table : object_id, class (a class of this project or a type that maps to one) and p_<class> for at least two classes.
    name : how messages call it. about : may hold ``prior`` {name, weights by class}.
    Raises BadInput: missing columns, unknown classes, probabilities that are none or don't sum to one, duplicates.
    """
    about = dict(about or {})
    table = table.rename(columns={"true_class": "class"}) if "class" not in table else table
    _check_columns(table, name)
    ids = table["object_id"].astype(str)
    truth = _truth(table["class"], ids, name)
    p = _probabilities(table, ids, name)
    if (twice := ids.duplicated()).any():
        row = int(np.flatnonzero(twice)[0])
        first = int(np.flatnonzero(ids == ids.iloc[row])[0])
        raise BadInput(
            "duplicate",
            f"{name}, row {row + 1}: object_id {ids.iloc[row]!r} stands in row {first + 1} already; expected once",
        )
    facts = table[[c for c in table.columns if not c.startswith("p_")]].assign(object_id=ids).reset_index(drop=True)
    for quantity in QUANTITIES:
        if quantity in facts:
            facts[quantity] = _numbers(facts[quantity], quantity, ids, name)
    prior = about.get("prior") or {}
    weights = prior.get("weights")
    return Evaluation(
        truth,
        p,
        facts,
        about,
        None if not weights else np.array([float(weights.get(c, 0.0)) for c in CLASS_NAMES]),
        str(prior.get("name", "as given")),
    )


def write_evaluation(table: pd.DataFrame, path: Path, about: Mapping[str, Any]) -> None:
    """An evaluation file with its description. Raises BadInput where `checked_evaluation` would."""
    checked_evaluation(table, path.name, about)
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    metadata = {**(arrow.schema.metadata or {}), METADATA_KEY: json.dumps(dict(about)).encode()}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(arrow.replace_schema_metadata(metadata), path, compression="zstd", compression_level=19)


def _check_columns(table: pd.DataFrame, name: str) -> None:
    for needed in ("object_id", "class"):
        if needed not in table:
            has = ", ".join(map(str, table.columns[:12])) or "none"
            raise BadInput("missing_column", f"{name} has no column {needed!r}; its columns are {has}")
    given = [c for c in table.columns if str(c).startswith("p_")]
    if unknown := [c for c in given if c[2:] not in CLASS_NAMES]:
        raise BadInput(
            "unknown_class",
            f"{name} has a column {unknown[0]!r} of a class that is not known; known are p_ and {', '.join(CLASS_NAMES)}",
        )
    if len(given) < 2:
        raise BadInput(
            "missing_column", f"{name} has {len(given)} columns of probabilities (p_SNIa, …); expected two or more"
        )
    if not 0 < len(table) <= MOST_ROWS:
        raise BadInput("size", f"{name} has {len(table):,} rows; expected 1 to {MOST_ROWS:,}")


def _truth(given: pd.Series, ids: pd.Series, name: str) -> NDArray[np.int64]:
    """Class indices; a type as TNS or BTS writes it counts as its class."""
    which, texts = pd.factorize(given.astype(str))
    known = [text if text in CLASS_NAMES else class_of(text) for text in texts]
    index = np.array([-1 if name is None else CLASS_NAMES.index(name) for name in known], np.int64)[which]
    if (index < 0).any():
        row = int(np.flatnonzero(index < 0)[0])
        raise BadInput(
            "unknown_class",
            f"{name}, row {row + 1} (object_id {ids.iloc[row]!r}): class is {given.iloc[row]!r}; "
            f"expected one of {', '.join(CLASS_NAMES)}",
        )
    return index


def _probabilities(table: pd.DataFrame, ids: pd.Series, name: str) -> NDArray[np.float64]:
    p = np.zeros((len(table), len(CLASS_NAMES)))
    for column in (c for c in table.columns if str(c).startswith("p_")):
        values = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
        # Written so that NaN counts as wrong.
        wrong = ~((values >= -SUM_TOLERANCE) & (values <= 1 + SUM_TOLERANCE))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise BadInput(
                "probability",
                f"{name}, row {row + 1} (object_id {ids.iloc[row]!r}): {column} is {table[column].iloc[row]!r}; expected 0 to 1",
            )
        p[:, CLASS_NAMES.index(column[2:])] = np.clip(values, 0.0, 1.0)
    total = p.sum(axis=1)
    off = np.abs(total - 1.0) > SUM_TOLERANCE
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise BadInput(
            "sum",
            f"{name}, row {row + 1} (object_id {ids.iloc[row]!r}): its probabilities sum to {total[row]:.4f}; expected 1",
        )
    return p / total[:, None]


def _numbers(values: pd.Series, column: str, ids: pd.Series, name: str) -> NDArray[np.float64]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(float)
    lost = np.isnan(numbers) & values.notna().to_numpy()
    if lost.any():
        lost[lost] = (values[lost].astype(str).str.strip().str.lower() != "nan").to_numpy()
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        raise BadInput(
            "number",
            f"{name}, row {row + 1} (object_id {ids.iloc[row]!r}): {column} is {values.iloc[row]!r}; expected a number",
        )
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _rows(keep: NDArray) -> NDArray[np.int64]:
    keep = np.asarray(keep)
    return np.flatnonzero(keep) if keep.dtype == bool else keep
