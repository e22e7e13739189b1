"""Named ZTF objects from ALeRCE, one at a time and slowly, kept as they come: a run that is stopped goes on where it was.

`python -m training.readers.pull --labels DATA/ztf_labels/labels.parquet --out build/alerce` asks for one object every two seconds
(two requests each, so 10,000 objects take about eight hours), waits as long as the broker says when it says so, longer and longer when
it fails, and stops when it fails for several objects in a row. Cite Förster et al. 2021 for what comes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from core.brokers.alerce import AlerceZtf
from core.brokers.base import BadRequest, BrokerError, LightCurveSource, NotFound, RateLimited
from core.brokers.cache import ObjectCache
from core.lightcurve import LightCurve
from core.refusal import BadInput
from core.taxonomy import class_of
from training.curves import CurveSet, as_table
from training.readers.write import line_of_progress

_UNKNOWN = "without_a_light_curve.txt"
_ROOM = 10**12


@dataclass(frozen=True)
class Pace:
    """How politely a broker is asked.

    between [s] : from one object to the next. attempts : per object. first_wait, longest_wait [s] : after a failure,
    doubled each time; what the broker says in Retry-After is kept to in any case. failures : objects in a row that may
    fail before the run stops.
    """

    between: float = 2.0
    attempts: int = 4
    first_wait: float = 30.0
    longest_wait: float = 900.0
    failures: int = 3


class Stopped(Exception):
    """The broker failed too often; the message says how, and what is kept."""


def pull(
    ids: Sequence[str],
    source: LightCurveSource,
    folder: Path,
    *,
    pace: Pace = Pace(),
    sleep: Callable[[float], None] = time.sleep,
    progress: Callable[[str], None] | None = None,
) -> int:
    """Ask ``source`` for every object that ``folder`` does not hold yet; the number asked for.

    Objects that the broker does not know, or whose photometry can't be read, are listed in a file and not asked for again.
    Raises Stopped.
    """
    progress = progress or line_of_progress()
    kept = ObjectCache(folder / "curves", max_bytes=_ROOM)
    unknown = _unknown(folder)
    wanted = [oid for oid in dict.fromkeys(ids) if oid not in unknown and kept.get(source.key, oid) is None]
    in_a_row = 0
    for number, oid in enumerate(wanted, 1):
        if number > 1:
            sleep(pace.between)
        try:
            kept.put(source.key, oid, _patiently(source, oid, pace, sleep, progress))
            in_a_row = 0
        except (NotFound, BadRequest, BadInput) as error:
            with (folder / _UNKNOWN).open("a") as file:
                file.write(f"{oid}\t{error}\n")
            in_a_row = 0
        except BrokerError as error:
            in_a_row += 1
            if in_a_row >= pace.failures:
                raise Stopped(
                    f"{error.message} So it went for {in_a_row} objects in a row; {number - in_a_row} of {len(wanted)} are "
                    "done and kept. Start again later: it goes on from there."
                ) from error
        progress(
            f"{source.title}  {number:,} of {len(wanted):,}  {oid}  about {_left(len(wanted) - number, pace)} left"
        )
    return len(wanted)


def _patiently(
    source: LightCurveSource, oid: str, pace: Pace, sleep: Callable[[float], None], progress: Callable[[str], None]
) -> LightCurve:
    wait = pace.first_wait
    for attempt in range(1, pace.attempts + 1):
        try:
            return source.fetch(oid)
        except (NotFound, BadRequest):
            raise
        except BrokerError as error:
            if attempt == pace.attempts:
                raise
            said = error.retry_after if isinstance(error, RateLimited) else None
            pause = max(said or 0.0, min(wait, pace.longest_wait))
            progress(f"{error.message} Waiting {pause:.0f} s (attempt {attempt} of {pace.attempts}).")
            sleep(pause)
            wait *= 2
    raise AssertionError("a Pace has at least one attempt")


def collect(labels: pd.DataFrame, folder: Path, key: str = AlerceZtf.key) -> CurveSet:
    """The light curves that a folder holds, with their labels.

    labels : object_id, type, and, where there are, class, redshift, iau_name, uncertain, class_conflict. The class is that of
    the type; "" where lists disagree or the type is doubtful.
    """
    kept = ObjectCache(folder / "curves", max_bytes=_ROOM)
    found = [(row, kept.get(key, str(row["object_id"]))) for row in labels.to_dict("records")]
    pairs = [(row, curve) for row, curve in found if curve is not None and len(curve.mjd)]
    curves = [curve for _, curve in pairs]
    empty = [np.empty(0)]
    return CurveSet(
        objects=pd.DataFrame([_facts(row, curve) for row, curve in pairs]),
        offsets=np.concatenate([[0], np.cumsum([len(c.mjd) for c in curves])]).astype(np.int64),
        mjd=np.concatenate([c.mjd for c in curves] or empty).astype(np.float64),
        flux=np.concatenate([c.flux for c in curves] or empty).astype(np.float32),
        flux_err=np.concatenate([c.flux_err for c in curves] or empty).astype(np.float32),
        band=np.concatenate([c.band for c in curves] or empty).astype(np.int8),
        detected=~np.concatenate([c.forced for c in curves] or empty).astype(bool),
    )


def _facts(row: dict[str, object], curve: LightCurve) -> dict[str, object]:
    doubtful = bool(row.get("uncertain")) or bool(row.get("class_conflict"))
    name = class_of(row.get("type")) or class_of(row.get("class")) or ""
    return {
        "key": f"alerce:{curve.object_id}", "object_id": curve.object_id, "source": "alerce", "class": "" if doubtful else name,
        "type": str(row.get("type") or ""), "label_source": str(row.get("source") or ""), "simulated": False, "origin": "alert",
        "redshift": _number(row.get("redshift")), "redshift_err": np.nan, "ra": _number(curve.ra), "dec": _number(curve.dec),
        "iau_name": str(row.get("iau_name") or ""), "retrieved": curve.provenance.retrieved,
    }  # fmt: skip


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


def _unknown(folder: Path) -> set[str]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _UNKNOWN
    return {line.split("\t")[0] for line in path.read_text().splitlines()} if path.exists() else set()


def _left(objects: int, pace: Pace) -> str:
    minutes = objects * (pace.between + 1.0) / 60  # an answer takes about a second
    return f"{minutes / 60:.1f} h" if minutes > 90 else f"{minutes:.0f} min"


def main(arguments: Sequence[str] | None = None, source: LightCurveSource | None = None) -> int:
    """Pull and collect; 1 and a sentence when the broker fails for good. source : in place of ALeRCE, for tests."""
    parser = argparse.ArgumentParser(prog="python -m training.readers.pull", description=__doc__)
    parser.add_argument("--labels", type=Path, required=True, help="Parquet or CSV with object_id and type")
    parser.add_argument("--out", type=Path, required=True, help="what is there already is not asked for again")
    parser.add_argument(
        "--between", type=float, default=Pace.between, help="seconds from one object to the next (at least 1)"
    )
    parser.add_argument("--limit", type=int, help="only the first so many")
    args = parser.parse_args(arguments)
    labels = pd.read_parquet(args.labels) if args.labels.suffix == ".parquet" else pd.read_csv(args.labels)
    labels = labels.drop_duplicates("object_id").head(args.limit or len(labels))
    status = 0
    try:
        pull(
            labels["object_id"].astype(str).tolist(), source or AlerceZtf(), args.out, pace=Pace(max(args.between, 1.0))
        )
    except (Stopped, KeyboardInterrupt) as error:
        print(f"\n{error or 'Stopped.'}", file=sys.stderr)
        status = 1
    curves = collect(labels, args.out)
    if len(curves):
        pq.write_table(as_table(curves), args.out / "curves.parquet", compression="zstd")
    print(f"\n{len(curves):,} light curves in {args.out / 'curves.parquet'}", file=sys.stderr)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
