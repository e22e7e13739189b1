"""Score files from the command line: ``python -m stream.score INPUT --model t2-ztf --out scores.parquet``.

INPUT is a table of photometry (CSV, Parquet), a file of ZTF or LSST alerts (Avro, JSON), a Fink Parquet file, or a
folder of them. One row per light curve comes out, also for those that could not be read or scored: they have their
reason. Memory stays bounded, and the output appears in one piece or not at all.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.brokers.files import Unreadable, iter_file
from core.card import CardError
from core.lightcurve import LightCurve
from core.model import Model, Prior, load_model
from core.pipeline import Unscored, classify_batches, row_columns
from core.refusal import BadInput
from stream.progress import Progress

#: What is taken from a folder; a file that is named is read whatever it is called.
SUFFIXES = (".avro", ".parquet", ".pq", ".csv", ".tsv", ".txt", ".dat", ".json")
#: Light curves that are scored together: enough to fill the network's batches, few enough for any memory.
BATCH = 512


class Stop(Exception):
    """The run can't go on; the message is for the person at the terminal."""


def main(arguments: Sequence[str] | None = None, *, stderr: TextIO | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 2 bad arguments or nothing that could be read."""
    stream = stderr or sys.stderr
    options = _parser().parse_args(arguments)
    signal_before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        score(options, Progress(stream, options.quiet))
    except Stop as stop:
        print(f"score: {stop}", file=stream)
        return 2
    except KeyboardInterrupt:
        print(f"score: interrupted; {options.out} was not written", file=stream)
        return 130
    finally:
        signal.signal(signal.SIGTERM, signal_before)
    return 0


def score(options: argparse.Namespace, progress: Progress) -> None:
    """Read, score and write. Raises Stop with one sentence when the arguments or the input don't allow it."""
    out = _checked_out(options.out)
    if options.schemas is not None and not options.schemas.is_dir():
        raise Stop(f"--schemas {options.schemas}: expected a folder of LSST schemas")
    files = input_files(options.input, out)
    model, folds = _models(options)
    prior = prior_of(options.prior, model)
    curves = _curves(files, options, model, progress)
    with ScoreFile(out, row_columns(model, spread=bool(folds))) as target:
        for frame in classify_batches(curves, model, prior=prior, fold_models=folds, size=BATCH):
            target.write(frame)
            progress.count(frame)
        if not progress.read:
            raise Stop(
                f"nothing in {options.input} could be read: {progress.first_refusal or 'it holds no light curve'}"
            )
        target.commit()
    if not progress.quiet:
        print(progress.summary(), file=progress.stream)
        print(f"written: {out}", file=progress.stream)


# --- input -----------------------------------------------------------------------------------------------------------


def input_files(source: Path, out: Path) -> list[Path]:
    """The files to read, in order of their names; of a folder, those with a known ending. Raises Stop without any."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise Stop(f"{source} does not exist")
    files = [
        p
        for p in sorted(source.rglob("*"))
        if p.suffix.lower() in SUFFIXES and p.is_file() and not p.name.startswith(".")
    ]
    files = [p for p in files if p.resolve() != out.resolve()]
    if not files:
        raise Stop(f"no file in {source} ends in {', '.join(SUFFIXES)}")
    return files


def _curves(
    files: Sequence[Path], options: argparse.Namespace, model: Model, progress: Progress
) -> Iterator[LightCurve | Unscored]:
    """All light curves of all files; what could not be read comes as `Unscored`, so that it keeps its row."""
    for path in files:
        progress.files += 1
        try:
            items = iter_file(
                path,
                survey=options.survey,
                default_survey=model.recipe.survey,
                flux_unit=options.flux_unit,
                schemas=options.schemas,
            )
            for item in items:
                yield from _counted(item, progress)
        except BadInput as error:
            if len(files) == 1:
                raise Stop(f"{path.name} can't be read: {error.message}") from error
            progress.unreadable += 1
            print(f"score: {path.name} can't be read: {error.message}", file=progress.stream)
            yield Unscored(path.name, error.refusal())


def _counted(item: LightCurve | Unreadable, progress: Progress) -> Iterator[LightCurve | Unscored]:
    if isinstance(item, LightCurve):
        progress.read += 1
        progress.count_notes(item)
        yield item
    elif item.row_only:
        progress.lost_rows += 1
        if progress.lost_rows <= 5:
            print(f"score: {item.error.message}", file=progress.stream)
    else:
        progress.unreadable += 1
        yield Unscored(item.object_id, item.refusal, item.alert_id)


# --- model and prior -------------------------------------------------------------------------------------------------


def _models(options: argparse.Namespace) -> tuple[Model, list[Model]]:
    try:
        model = load_model(options.model)
        if not options.spread:
            return model, []
        n_folds = len(model.card.data["files"].get("folds", []))
        if not n_folds:
            raise Stop(f"{model.name} has no fold models, which --spread needs")
        return model, [load_model(options.model, fold=k) for k in range(n_folds)]
    except CardError as error:
        raise Stop(str(error)) from error


def prior_of(choice: str | None, model: Model) -> Prior | None:
    """The prior of ``--prior``: the card's own (None or "survey"), "equal", or a file of weights.

    A file is JSON, ``{"SNIa": 0.6, …}``, or CSV with the columns class and weight; classes it leaves out get weight 0.
    Raises Stop for a model that declares no prior to move from, a file that can't be read, unknown classes, or weights
    that are no weights.
    """
    if choice is None or choice == "survey":
        return None
    path = Path(choice)
    if choice != "equal" and not path.is_file():
        raise Stop(f"--prior {choice}: expected survey, equal, or a file of weights")
    if model.prior.weights is None:
        raise Stop(
            f"--prior {choice}: {model.name} declares no prior of its own, so its probabilities can't be moved to another"
        )
    if choice == "equal":
        return model.equal_prior()
    weights = _weights(path)
    if unknown := [name for name in weights if name not in model.classes]:
        raise Stop(
            f"{path.name} names {unknown[0]!r}, which {model.name} does not know; its classes are {', '.join(model.classes)}"
        )
    values = np.array([weights.get(name, 0.0) for name in model.classes])
    if not np.all(np.isfinite(values)) or np.any(values < 0) or values.sum() <= 0:
        raise Stop(f"{path.name}: weights must be zero or positive, and not all zero")
    return Prior(path.name, values / values.sum())


def _weights(path: Path) -> dict[str, float]:
    try:
        if path.suffix.lower() == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            content = content.get("weights", content)
            return {str(name): float(value) for name, value in content.items()}
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return {row["class"].strip(): float(row["weight"]) for row in csv.DictReader(stream)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Stop(
            f"{path.name} holds no weights ({error}); expected JSON {{class: weight}} or CSV with class, weight"
        ) from error


# --- output ----------------------------------------------------------------------------------------------------------


class ScoreFile:
    """A Parquet or CSV file that appears under its name only when `commit` is called.

    columns : names in order; every batch must have them. The rows gather in a temporary file in the same folder.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.schema = pa.schema([(name, _type_of(name)) for name in columns])
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        self._part = Path(name)
        self._parquet: pq.ParquetWriter | None = None
        self._text: TextIO | None = None
        if path.suffix.lower() == ".csv":
            self._text = self._part.open("w", newline="", encoding="utf-8")
            csv.writer(self._text).writerow(columns)
        else:
            self._parquet = pq.ParquetWriter(self._part, self.schema, compression="zstd")

    def __enter__(self) -> ScoreFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk has been reported already
            self._close()
        self._part.unlink(missing_ok=True)

    def write(self, frame: pd.DataFrame) -> None:
        """Append a batch of rows."""
        frame = frame[self.schema.names]
        try:
            if self._text is not None:
                _harmless(frame).to_csv(self._text, index=False, header=False)
            elif self._parquet is not None:
                self._parquet.write_table(pa.Table.from_pandas(frame, schema=self.schema, preserve_index=False))
        except OSError as error:
            raise Stop(f"{self.path} can't be written: {error.strerror or error}") from error

    def commit(self) -> None:
        """Close the file and put it in its place, atomically."""
        try:
            self._close()
            with self._part.open("rb+") as stream:
                os.fsync(stream.fileno())
            # mkstemp keeps the file to its owner; give it the rights that any new file has.
            mask = os.umask(0)
            os.umask(mask)
            self._part.chmod(0o666 & ~mask)
            self._part.replace(self.path)
        except OSError as error:
            raise Stop(f"{self.path} can't be written: {error.strerror or error}") from error

    def _close(self) -> None:
        if self._text is not None:
            self._text.close()
        if self._parquet is not None:
            self._parquet.close()
            self._parquet = None


def _type_of(column: str) -> pa.DataType:
    if column in ("n_points", "fold"):
        return pa.int64()
    if column.startswith(("p_", "spread_")) or column == "novelty":
        return pa.float64()
    return pa.string()


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula gets a quote in front; ids come from strangers' files."""
    out = frame.copy()
    for name in ("object_id", "alert_id", "refusal_message", "notes"):
        if name in out:
            risky = out[name].str.match(r"[=+@\t\r-]").fillna(False).astype(bool)
            out.loc[risky, name] = "'" + out.loc[risky, name]
    return out


def _checked_out(path: Path) -> Path:
    if path.suffix.lower() not in (".parquet", ".csv"):
        raise Stop(f"--out {path}: expected a name that ends in .parquet or .csv")
    if not path.parent.is_dir():
        raise Stop(f"--out {path}: the folder {path.parent} does not exist")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise Stop(f"--out {path}: can't be written")
    return path


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stream.score", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("input", type=Path, metavar="INPUT", help="a table, a file of alerts, or a folder of them")
    parser.add_argument(
        "--model", required=True, help="name of a model in models/, with @recipe if not its default, or a folder"
    )
    parser.add_argument("--out", required=True, type=Path, help="scores.parquet or scores.csv")
    parser.add_argument(
        "--flux-unit",
        choices=("fluxcal", "ujy", "njy", "mjy", "jy"),
        help="of a flux column whose name does not say; FLUXCAL without",
    )
    parser.add_argument(
        "--survey",
        choices=("ztf", "lsst"),
        help="whose bands bare letters are; otherwise the file's, or else the model's own",
    )
    parser.add_argument("--schemas", type=Path, metavar="DIR", help="LSST schemas, for packets in Confluent framing")
    parser.add_argument(
        "--prior", metavar="survey|equal|FILE", help="how likely each class is beforehand; the model card's own without"
    )
    parser.add_argument("--spread", action="store_true", help="add spread_<class>: how far the fold models disagree")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    return parser


if __name__ == "__main__":
    sys.exit(main())
