"""What every record of a speed begins with, and how it is written down."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

#: Seconds until a fresh dashboard has done what it does in the background after its first page (the ALeRCE client is imported).
WARM_UP = 25.0


def head(command: str) -> dict[str, Any]:
    """By which command, on what machine, on which day, and how busy that machine was before."""
    return {
        "command": command,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
        "load_before": round(os.getloadavg()[0], 1),
    }


def warm_up() -> None:
    """Wait until a dashboard whose first page stands does nothing else any more."""
    time.sleep(WARM_UP)


def write(out: Path, result: dict[str, Any]) -> None:
    """Keep a record and show it."""
    text = json.dumps(result, indent=1)
    out.write_text(text + "\n", encoding="utf-8")
    print(text)
