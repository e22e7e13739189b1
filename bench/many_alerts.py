"""A file of many ZTF alerts, for trying things out: ``python -m bench.many_alerts --alerts 6000 --out night.parquet``.

A few real alerts, which come with the tests, are repeated under new ids, as Fink's Data Transfer would send them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.stream.many_alerts import many_alerts


def main() -> None:
    """Write the file and say how many it holds."""
    parser = argparse.ArgumentParser(prog="python -m bench.many_alerts", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--alerts", type=int, default=6000)
    parser.add_argument("--out", type=Path, default=Path("night.parquet"))
    options = parser.parse_args()
    print(len(many_alerts(options.out, options.alerts, per_group=4096, compression="none")), "alerts in", options.out)


if __name__ == "__main__":
    main()
