"""Score files from the command line: ``python -m stream.score INPUT --model t2-ztf --out scores.parquet``.

INPUT is a table of photometry (CSV, Parquet), a file of ZTF or LSST alerts (Avro, JSON), a Fink Parquet file, or a
folder of them. One row per light curve comes out, also for those that could not be read or scored: they have their
reason. Memory stays bounded, the output appears in one piece or not at all, and a run that was killed goes on when the
same command is given again.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import numpy as np

from core.model import Model, Prior
from core.pipeline import row_columns
from stream.items import Job
from stream.lane import BATCH, PART, Lane, Scorer, load_models
from stream.output import ScoreFile, Stop, checked_out, checked_place, put_in_place, unwritable
from stream.parts import Parts
from stream.plan import SUFFIXES, Unit, input_files, units
from stream.progress import Progress, Tally
from stream.workers import run_lanes

__all__ = ["BATCH", "SUFFIXES", "Stop", "main", "prior_of", "score"]


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
        kept = "; the same command goes on from here" if work_folder(options.out).exists() else ""
        print(f"score: interrupted; {options.out} was not written{kept}", file=stream)
        return 130
    finally:
        signal.signal(signal.SIGTERM, signal_before)
    return 0


def score(options: argparse.Namespace, progress: Progress) -> None:
    """Read, score and write. Raises Stop with one sentence when the arguments or the input don't allow it."""
    out = checked_out(options.out)
    if options.dead_letters is not None:
        checked_place(options.dead_letters, "--dead-letters")
    if options.schemas is not None and not options.schemas.is_dir():
        raise Stop(f"--schemas {options.schemas}: expected a folder of LSST schemas")
    if options.workers < 1:
        raise Stop(f"--workers {options.workers}: expected 1 or more")
    folder = work_folder(out)
    files = input_files(options.input, [p for p in (out, folder, options.dead_letters) if p is not None])
    model, folds = load_models(options.model, options.spread)
    job = Job(
        model=options.model,
        sha256=model.sha256,
        folder=folder,
        source=options.input,
        prior=prior_of(options.prior, model),
        spread=options.spread,
        survey=options.survey,
        flux_unit=options.flux_unit,
        schemas=options.schemas,
        selection=options.selection or "",
        alone=len(files) == 1,
    )
    with closing(Parts(folder)) as parts:
        changed = parts.open(fingerprint(job, model, folds, files), fresh=options.fresh)
        if changed and not progress.quiet:
            what = " and ".join(", ".join(changed).rsplit(", ", 1))
            print(
                f"score: not the run that {folder.name} was left by ({what} changed); starting afresh",
                file=progress.stream,
            )
        work = units(files)
        progress.total = sum(unit.size for unit in work)
        lanes = remaining(work, parts, options.workers, progress)
        told = _teller(progress)
        if options.workers == 1 or not lanes:
            scorer = Scorer(job, model, folds, told)
            for lane in lanes:
                scorer.run(lane)
        else:
            run_lanes(lanes, job, options.workers, told)
        if not progress.read:
            parts.remove()
            raise Stop(
                f"nothing in {options.input} could be read: {progress.first_refusal or 'it holds no light curve'}"
            )
        _assemble(parts, out, row_columns(model, spread=bool(folds)), options.dead_letters)
        parts.remove()
    if not progress.quiet:
        print(progress.funnel_summary(selection=bool(job.selection)), file=progress.stream)
        print(f"written: {out}", file=progress.stream)


def work_folder(out: Path) -> Path:
    """Where the finished parts of a run wait for the rest: beside the output, under its name."""
    return out.with_name(f"{out.name}.parts")


def remaining(work: Sequence[Unit], parts: Parts, workers: int, progress: Progress) -> list[Lane]:
    """What an earlier run left to do; what it did is counted. A unit that can't be cut is shared by all workers."""
    found = parts.finished()
    done = Tally()
    for part in found.values():
        done.add(part.tally)
    progress.resume(done)
    if found and not progress.quiet:
        rows = done.scored + sum(done.refused.values())
        print(f"going on after {rows:,} light curves of an earlier run", file=progress.stream)
    by_unit: dict[int, list[int]] = {}
    for unit_number, number in found:
        by_unit.setdefault(unit_number, []).append(number)
    lanes = []
    for unit in work:
        there = frozenset(by_unit.get(unit.number, ()))
        last = next((n for n in there if found[unit.number, n].last), None)
        if last is not None and len(there) == last + 1:
            continue
        of = workers if len(work) < workers else 1
        lanes += [Lane(unit, turn, of, there) for turn in range(of)]
    return lanes


def fingerprint(job: Job, model: Model, folds: Sequence[Model], files: Sequence[Path]) -> dict[str, Any]:
    """Everything that the rows depend on, under the names that a person is told when one of them changed."""
    prior = (
        None
        if job.prior is None
        else [job.prior.name, None if job.prior.weights is None else job.prior.weights.tolist()]
    )
    schemas = [] if job.schemas is None else sorted(p for p in job.schemas.rglob("*") if p.is_file())
    card = hashlib.sha256(json.dumps(model.card.data, sort_keys=True, default=str).encode()).hexdigest()
    return {
        "the input": _stamps(files),
        "the model": [job.model, model.sha256, card, [fold.sha256 for fold in folds]],
        "--prior": prior,
        "--spread": job.spread,
        "--survey": job.survey,
        "--flux-unit": job.flux_unit,
        "--schemas": _stamps(schemas),
        "--selection": job.selection,
        "t2scope": [_version(), BATCH, PART],
    }


def _version() -> str:
    try:
        return metadata.version("t2scope")
    except metadata.PackageNotFoundError:  # run from a folder that was never installed
        return ""


def _stamps(files: Sequence[Path]) -> str:
    """A hash over the names, sizes and times of change of files, of which there may be millions."""
    digest = hashlib.sha256()
    for path in files:
        found = path.stat()
        digest.update(f"{path.resolve()}\0{found.st_size}\0{found.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _teller(progress: Progress) -> Any:
    def told(tally: Tally) -> None:
        before = len(progress.said)
        progress.add(tally)
        for message in progress.said[before:]:
            print(message, file=progress.stream)
        progress.show()

    return told


def _assemble(parts: Parts, out: Path, columns: Sequence[str], dead_letters: Path | None) -> None:
    """Join the parts to one file, after the dead letters, so that the output is the last thing to appear."""
    if dead_letters is not None:
        temporary = dead_letters.with_name(f".{dead_letters.name}.{os.getpid()}.part")
        try:
            with temporary.open("w", encoding="utf-8") as stream:
                stream.writelines(parts.dead_letters())
            put_in_place(temporary, dead_letters)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise unwritable(dead_letters, error) from error
    with ScoreFile(out, columns) as target:
        for table in parts.tables():
            target.write(table)
        target.commit()


# --- prior -----------------------------------------------------------------------------------------------------------


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


# --- arguments ---------------------------------------------------------------------------------------------------------


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
    parser.add_argument(
        "--selection",
        choices=("published",),
        help="score only what the published service would have scored; all without",
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes that share the work; 1 without")
    parser.add_argument(
        "--dead-letters", type=Path, metavar="FILE", help="where to list what could not be read, as lines of JSON"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier run that was killed had done")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    return parser


if __name__ == "__main__":
    sys.exit(main())
