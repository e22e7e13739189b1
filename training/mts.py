"""The same networks on general time series (thesis of T. Allam, appendix A): t2 and atx on sets that packages ship.

`pip download --no-deps aeon` (6 MB; nothing is installed, the sets are read out of the wheel; sktime's wheel will do too), then
`python -m training.mts --sets aeon-*.whl` prints accuracy beside the published. The published figures are 97.57 % (t2) and
97.30 % (atx); they stand beside JapaneseVowels, of whose 370 test series they are 361 and 360. Their settings are not known;
here every set is trained alike, with what is written in `SCHEDULE`, and the test series are looked at once, at the end.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

#: Test accuracy in the thesis.
PUBLISHED = {("JapaneseVowels", "t2"): 0.9757, ("JapaneseVowels", "atx"): 0.9730}
SETS = ("JapaneseVowels", "BasicMotions")
SCHEDULE = {"steps": 800, "batch": 64, "learning_rate": 0.005, "weight_decay": 0.02, "exponent": 1.0}
DROPOUT = 0.2


@dataclass(frozen=True)
class SeriesSet:
    """One half of a set. series : n arrays (rows, channels), of different lengths. label : (n,) texts."""

    series: list[NDArray[np.float64]]
    label: NDArray[np.str_]


def read_ts(lines: Iterable[str], name: str = "the file") -> SeriesSet:
    """A file in the ``.ts`` form: per line the channels, parted by colons, then the label; each a comma-separated series.

    Raises ValueError naming line and value when a line can't be read.
    """
    series, labels, begun = [], [], False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if begun and text:
            *channels, label = text.split(":")
            series.append(_channels(channels, f"{name}, line {number}"))
            labels.append(label.strip())
        begun = begun or text.lower() == "@data"
    if not series:
        raise ValueError(f"{name} has no series below a line @data; expected at least one")
    return SeriesSet(series, np.array(labels))


def _channels(channels: list[str], where: str) -> NDArray[np.float64]:
    try:
        columns = [np.array(channel.split(","), float) for channel in channels]
    except ValueError as error:
        raise ValueError(f"{where}: {error}; expected numbers parted by commas") from None
    if len(lengths := {len(column) for column in columns}) != 1:
        raise ValueError(
            f"{where}: channels of {sorted(lengths)} values; expected one length, and at least one channel"
        )
    return np.stack(columns, axis=1)


def read_half(sets: Path, name: str, half: str) -> SeriesSet:
    """TRAIN or TEST of a set: from a wheel that ships it, or from a folder. Raises FileNotFoundError when it is in neither."""
    file = f"{name}_{half}.ts"
    if sets.is_dir():
        found = sorted(sets.rglob(file))
        if found:
            return read_ts(found[0].read_text().splitlines(), file)
    elif sets.is_file():
        with zipfile.ZipFile(sets) as wheel:
            inside = [entry for entry in wheel.namelist() if PurePosixPath(entry).name == file]
            if inside:
                return read_ts(io.TextIOWrapper(wheel.open(inside[0]), "utf-8"), file)
    raise FileNotFoundError(f"no {file} in {sets}; `pip download --no-deps aeon` fetches a wheel that has it")


def as_tensors(series: list[NDArray], length: int, mean: NDArray, deviation: NDArray) -> NDArray[np.float32]:
    """(n, length, M + 1): standardised, padded with zeros; the last channel is 1 where the series is, 0 where it is padded."""
    values = np.zeros((len(series), length, len(mean) + 1), np.float32)
    for row, one in zip(values, series, strict=True):
        kept = one[:length]
        row[: len(kept), :-1] = (kept - mean) / deviation
        row[: len(kept), -1] = 1.0
    return values


def accuracies(train: SeriesSet, test: SeriesSet, network: str, seeds: Iterable[int]) -> list[float]:
    """Share of test series put into the right class, for each seed. network : t2 or atx."""
    from training import atx, fit
    from training import network as t2

    build = {"t2": t2.build, "atx": atx.build}[network]
    names, label = np.unique(train.label, return_inverse=True)
    points = np.concatenate(train.series)
    length = max(len(one) for one in (*train.series, *test.series))
    scale = points.mean(axis=0), np.maximum(points.std(axis=0), 1e-9)
    values, unseen = (as_tensors(half.series, length, *scale) for half in (train, test))
    shape = t2.Shape(length, 0, values.shape[2], len(names), dropout=DROPOUT, coverage=values.shape[2] - 1)
    counts = np.bincount(label).astype(float)
    sample = fit.Sample(values.astype(np.float16), label, np.ones(len(label)), counts)
    found = []
    for seed in seeds:
        model = fit.train(sample, shape, fit.Schedule(**SCHEDULE), seed=seed, network=build, progress=lambda _: None)
        answer = names[np.argmax(fit.predict(model, unseen), axis=1)]
        found.append(float(np.mean(answer == test.label)))
    return found


@dataclass(frozen=True)
class Row:
    """One network on one set. accuracy : mean over the seeds. published : of the thesis, where it names one."""

    name: str
    network: str
    train: int
    test: int
    accuracy: float
    lowest: float
    highest: float
    published: float | None

    def __str__(self) -> str:
        beside = "" if self.published is None else f"   published {self.published:.2%}"
        spread = f"{self.lowest:.2%} … {self.highest:.2%}"
        return f"{self.name:16s} {self.network:4s} {self.train:4d} / {self.test:<4d} {self.accuracy:.2%} ({spread}){beside}"


def main() -> None:
    """Train both networks on every set, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m training.mts", description=__doc__)
    parser.add_argument(
        "--sets", type=Path, required=True, help="a wheel of aeon or sktime, or a folder with .ts files"
    )
    parser.add_argument("--names", nargs="+", default=list(SETS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON with the same figures")
    args = parser.parse_args()
    from training.fit import one_thread

    one_thread()
    rows = []
    for name in args.names:
        train, test = (read_half(args.sets, name, half) for half in ("TRAIN", "TEST"))
        for network in ("t2", "atx"):
            found = accuracies(train, test, network, range(args.seeds))
            published = PUBLISHED.get((name, network))
            sizes = len(train.label), len(test.label)
            rows.append(Row(name, network, *sizes, float(np.mean(found)), min(found), max(found), published))
            print(rows[-1], flush=True)
    if args.out:
        args.out.write_text(
            json.dumps({"schedule": SCHEDULE, "seeds": args.seeds, "rows": [asdict(r) for r in rows]}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
