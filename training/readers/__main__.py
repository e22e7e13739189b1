"""Read a published set into Parquet parts, or parts into network input: `python -m training.readers --help`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from core.card import load_card
from core.recipe import Recipe
from training.readers import mallorn, plasticc, snana, spcc
from training.readers.tensors import write_tensors
from training.readers.write import Source, file_source, parts, write


def _plasticc(args: argparse.Namespace) -> list[Source]:
    described = plasticc.Metadata(args.metadata)
    return [
        file_source(path, lambda path, start: plasticc.chunks(path, described, start=start)) for path in args.curves
    ]


def _mallorn(args: argparse.Namespace) -> list[Source]:
    log = mallorn.read_log(args.log)
    kind = "train" if "train" in args.log.name else "test"
    paths = sorted(args.folder.glob(f"split_*/{kind}_full_lightcurves.csv"))
    if not paths:
        raise FileNotFoundError(f"no split_*/{kind}_full_lightcurves.csv in {args.folder}; expected twenty splits")
    return [
        Source(f"{p.parent.name}_{kind}", p.stat().st_size, lambda start, p=p: mallorn.chunks(p, log, start=start))
        for p in paths
    ]


def _elasticc2(args: argparse.Namespace) -> list[Source]:
    return [
        Source(
            f"{head.parent.name}_{head.name.split('.')[0]}",
            head.stat().st_size,
            lambda start, head=head, phot=phot: snana.chunks(head, phot, start=start),
        )
        for head, phot in snana.pairs(args.folder)
    ]


def _spcc(args: argparse.Namespace) -> list[Source]:
    return [Source("spcc", len(spcc.files(args.folder)), lambda start: spcc.chunks(args.folder, start=start))]


def recipe_of(path: Path) -> Recipe:
    """The recipe of a model folder, or of a JSON file with one."""
    return load_card(path).recipe() if path.is_dir() else Recipe.from_card(json.loads(path.read_text()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.readers", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name: str, sources: Callable[[argparse.Namespace], list[Source]], what: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=what)
        made.add_argument("--out", type=Path, required=True, help="folder for the parts; an earlier run there goes on")
        made.set_defaults(sources=sources)
        return made

    made = command("plasticc", _plasticc, "PLAsTiCC's CSV files, of Kaggle or of Zenodo")
    made.add_argument("--curves", type=Path, nargs="+", required=True, help="plasticc_test_lightcurves_01.csv.gz …")
    made.add_argument("--metadata", type=Path, nargs="+", required=True, help="plasticc_test_metadata.csv.gz …")
    made = command("mallorn", _mallorn, "MALLORN's CSV files")
    made.add_argument("--folder", type=Path, required=True, help="with split_01 … split_20")
    made.add_argument("--log", type=Path, required=True, help="train_log.csv or test_log.csv")
    made = command("elasticc2", _elasticc2, "SNANA FITS in one folder per model")
    made.add_argument("--folder", type=Path, required=True, help="with ELASTICC2_TRAIN_02_…/")
    made = command("spcc", _spcc, "SPCC's text files")
    made.add_argument("--folder", type=Path, required=True, help="SIMGEN_PUBLIC_DES")
    made = commands.add_parser("tensors", help="parts to network input", description="parts to network input")
    made.add_argument("--parts", type=Path, required=True)
    made.add_argument(
        "--recipe", type=lambda text: recipe_of(Path(text)), required=True, help="a model's folder, or a recipe as JSON"
    )
    made.add_argument("--out", type=Path, required=True)
    made.set_defaults(sources=None)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 and a sentence on stderr when a file can't be read."""
    args = _parser().parse_args(arguments)
    try:
        if args.sources is None:
            n = write_tensors(parts(args.parts), args.recipe, args.out)
        else:
            n = write(args.sources(args), args.out)
    except (ValueError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"\n{n:,} objects in {args.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
