"""A first reading of a stranger's Parquet file in a process of its own, which may die of it.

Arrow is compiled code: among files with a few changed bytes, some end the process instead of raising an error, and with
it the dashboard of everyone else. What a child process survives, under a limit of memory and time, is then read here.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from core.brokers.files.content import MEGABYTE, Caps, Reading
from core.refusal import BadInput

_MEMORY = 4096 * MEGABYTE
_SECONDS = 120.0


def probe(stream: BinaryIO, reading: Reading) -> None:
    """Read the file in a child process. Raises BadInput with the child's verdict, or when it did not survive."""
    stream.seek(0)
    data = stream.read()
    stream.seek(0)
    terms: dict[str, Any] = {
        "name": reading.name,
        "survey": reading.survey,
        "default_survey": reading.default_survey,
        "flux_unit": reading.flux_unit,
        "caps": asdict(reading.caps),
    }
    _ask_child(terms, data, reading.caps.seconds or _SECONDS)


def probe_table(content: bytes, name: str, rows: int, caps: Caps) -> None:
    """As `probe`, for `any_table.read_table`."""
    _ask_child({"name": name, "rows": rows, "caps": asdict(caps)}, content, caps.seconds or _SECONDS)


def _ask_child(terms: dict[str, Any], data: bytes, seconds: float) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", "core.brokers.files.probe", json.dumps(terms)]
    root = Path(__file__).parents[3]
    try:
        child = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=seconds,
            cwd=root,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadInput("too_slow", f"took longer than {seconds:.0f} s to read") from None
    if child.returncode != 0:
        raise BadInput("damaged", f"the Parquet file is damaged: its reader ended with code {child.returncode}")
    verdict = json.loads(child.stdout or b"null")
    if verdict:
        raise BadInput(*verdict)


def main(terms: str) -> None:
    """The child: read standard input, say the error on standard output, if there was one."""
    from core.brokers.files.any_table import read_table
    from core.brokers.files.parquet import read_parquet

    _limit_memory()
    said = json.loads(terms)
    caps = Caps(**{**said.pop("caps"), "stranger": "rows" not in said})
    verdict, data = None, sys.stdin.buffer.read()
    try:
        if "rows" in said:
            read_table(data, **said, caps=caps)
        else:
            for _ in read_parquet(io.BytesIO(data), Reading(**said, caps=caps, probed=True)):
                pass
    except BadInput as error:
        verdict = (error.reason, error.message)
    print(json.dumps(verdict))


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1])
