"""Write simulated light curves, streamed to Parquet: `python -m training.simulate --data DATA --out FILE`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pyarrow.parquet as pq

from core.taxonomy import CLASS_NAMES
from training.curves import as_table
from training.simulate import DATA_FREE, MODELS, simulate
from training.simulate.lsst import LsstSky
from training.simulate.spectra import Templates
from training.simulate.survey import Sky

#: Share of ZTF transients that a spectroscopic survey would have followed up.
SELECTIONS = {"bts": 1.0, "deep": 0.0, "both": 0.5}


def main() -> None:
    """Simulate every class in turn, writing as it goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with templates/; without it only classes that need none")
    parser.add_argument("--survey", choices=("ztf", "lsst"), default="ztf")
    parser.add_argument("--selection", choices=list(SELECTIONS), default="both",
                        help="ztf: as bright as the Bright Transient Survey's (peak < 19), to the alerts' depth, or half of each")  # fmt: skip
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-class", type=int, default=3000)
    parser.add_argument("--classes", nargs="+", choices=list(MODELS), help="default: all that can be made")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    templates = Templates(args.data / "templates") if args.data else None
    cadence = args.data / "templates/cadence" if args.data else None
    if args.survey == "lsst" and cadence is None:
        parser.error("--survey lsst needs --data: its visits come from the cadence table")
    sky = LsstSky(cadence) if args.survey == "lsst" else Sky(cadence, bright_share=SELECTIONS[args.selection])
    classes = args.classes or (CLASS_NAMES if templates else DATA_FREE)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    writer = None
    for name in classes:
        began = time.monotonic()
        for curves in simulate(name, args.per_class, seed=args.seed, sky=sky, templates=templates):
            table = as_table(curves)
            writer = writer or pq.ParquetWriter(args.out, table.schema, compression="zstd")
            writer.write_table(table)
        seconds = time.monotonic() - began
        print(
            f"{name:10s} {args.per_class} light curves in {seconds:.1f} s: {args.per_class / seconds:.0f}/s", flush=True
        )
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    main()
