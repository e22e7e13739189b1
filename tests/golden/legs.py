"""The golden vectors and a run of the command line on every Python and runtime that the project names: ``make legs``.

Each leg is a small environment of its own under ``build/legs``, made by uv. A leg whose Python is not here is skipped,
loudly, and so is one that there is no time for. One whose Python is here fails the command when its packages can't be
installed, or when it gives other numbers. Nothing here may hang: every step has its time, and the whole has one.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "legs"
SAMPLES = ROOT / "samples" / "photometry.parquet"
MODEL = "t2-ztf"
LITERT, TFLITE = "ai-edge-litert", "tflite-runtime"


@dataclass(frozen=True)
class Leg:
    """One environment. python : minor version of Python 3. options : of ``uv pip install``. runtime : which has to answer."""

    name: str
    python: int
    options: tuple[str, ...] = ("-r", "requirements.txt")
    runtime: str = LITERT


LEGS = (
    Leg("tflite-runtime", 11, ("-r", "requirements.txt", "-r", "requirements-tflite-runtime.txt"), TFLITE),
    Leg("oldest", 11, ("-r", "requirements.txt", "--resolution", "lowest-direct")),
    Leg("python-3.13", 13),
    Leg("python-3.12", 12),
    Leg("python-3.11", 11),
)


class Skipped(Exception):
    """A leg that can't be tried here: no interpreter, no uv, no time. The message says why."""


class Failed(Exception):
    """A leg whose interpreter is here, and whose packages can't be installed or do not do as they should."""


def main() -> int:
    """Run the legs. Returns 0 when each passed or was skipped, 1 when one failed (with ``--strict``: or was skipped)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="run one leg, by name")
    parser.add_argument("--seconds", type=float, default=420.0, help="time for all of them (default: 420)")
    parser.add_argument("--strict", action="store_true", help="count a skipped leg as a failed one")
    options = parser.parse_args()
    ends, bad = time.monotonic() + options.seconds, 0
    for leg in LEGS:
        if options.only not in (None, leg.name) or (options.only is None and leg.name == own_leg()):
            continue
        start = time.monotonic()
        try:
            said = run(leg, ends)
        except Skipped as skipped:
            print(f"SKIPPED {leg.name}: {skipped}", flush=True)
            bad += options.strict
        except Failed as failed:
            print(f"FAILED {leg.name}: {failed}", flush=True)
            bad += 1
        else:
            print(f"passed {leg.name}: {said}; {time.monotonic() - start:.0f} s", flush=True)
    return 1 if bad else 0


def own_leg() -> str:
    """The leg that the tests themselves are: this Python, with what is installed here."""
    return f"python-{sys.version_info[0]}.{sys.version_info[1]}"


def run(leg: Leg, ends: float) -> str:
    """Set one leg up and try it; what it ran on, in words. Raises Skipped or Failed."""
    python = set_up(leg, ends)
    # Numba's compiled code is kept apart: its index holds one version of numba, and would be thrown away by another.
    at_home = {"NUMBA_CACHE_DIR": str(FOLDER / leg.name / "numba"), "PYTHONDONTWRITEBYTECODE": "1"}
    asked = step([python, "-c", _WHO], ends, at_home)
    found = asked.stdout.split()
    if not found or found[0] != leg.runtime:
        said = asked.stderr.strip().splitlines()[-1:]
        raise Failed(f"the runtime is {found[0] if found else 'none'}, expected {leg.runtime} {' '.join(said)}")
    # What the tests' own conftest needs is not in a leg: only what a user installs, and pytest.
    alone = ["-o", "addopts=-q", "-p", "no:cacheprovider", "--confcutdir", "tests/golden"]
    tests = step([python, "-m", "pytest", *alone, "tests/golden"], ends, at_home)
    if tests.returncode:
        raise Failed("the golden vectors differ\n" + tests.stdout[-3000:] + tests.stderr[-1000:])
    return f"{', '.join(found)}; {tests.stdout.strip().splitlines()[-1]}; {command_line(leg, python, ends, at_home)}"


_WHO = (
    "import sys, numba, numpy, pandas, pyarrow; from core.model import find_interpreter; "
    "print(find_interpreter()[0], 'Python-' + sys.version.split()[0], 'numpy-' + numpy.__version__, "
    "'numba-' + numba.__version__, 'pandas-' + pandas.__version__, 'pyarrow-' + pyarrow.__version__)"
)


def command_line(leg: Leg, python: str, ends: float, at_home: dict[str, str]) -> str:
    """Score the samples from the command line, and look at the rows."""
    out = FOLDER / leg.name / "scores.csv"
    out.unlink(missing_ok=True)
    scored = step(
        [python, "-m", "stream.score", str(SAMPLES), "--model", MODEL, "--out", str(out), "--fresh"], ends, at_home
    )
    if scored.returncode or not out.exists():
        raise Failed(f"the command line left with {scored.returncode}: {scored.stderr[-1500:]}")
    with out.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    answered = [row for row in rows if row["top_class"]]
    sums = [sum(float(value) for name, value in row.items() if name.startswith("p_")) for row in answered]
    if len(answered) < 20 or any(abs(total - 1.0) > 1e-6 for total in sums):
        raise Failed(f"the command line gave {len(answered)} answers in {len(rows)} rows, or sums other than 1")
    return f"{len(answered)} of {len(rows)} light curves scored"


def set_up(leg: Leg, ends: float) -> str:
    """The Python of a leg's environment, with all that the leg asks for. Raises Skipped where there is none, Failed where it can't be filled."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise Skipped("uv is not installed (pip install uv)")
    interpreter = next(iter(interpreters(leg.python)), None)
    if interpreter is None:
        raise Skipped(f"there is no Python 3.{leg.python} here")
    home = FOLDER / leg.name / "venv"
    python = str(home / "bin" / "python")
    steps = [[uv, "venv", "-q", "--allow-existing", "--python", interpreter, str(home)]]
    steps += [[uv, "pip", "install", "-q", "--python", python, *leg.options, "pytest>=8"]]
    if leg.runtime != LITERT:  # both are installed by then, and the newer would answer
        steps += [[uv, "pip", "uninstall", "-q", "--python", python, LITERT]]
    for command in steps:
        done = step(command, ends)
        if done.returncode:
            raise Failed(f"{' '.join(command[1:3])} failed: {' '.join(done.stderr.split())[:400]}")
    return python


def interpreters(minor: int) -> Iterator[str]:
    """Pythons 3.minor that start: of the path, of this process, of pyenv."""
    wanted = (3, minor)
    places = [shutil.which(f"python3.{minor}"), sys.executable if sys.version_info[:2] == wanted else None]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places += sorted(map(str, pyenv.glob(f"versions/3.{minor}.*/bin/python")), reverse=True)
    for place in filter(None, places):
        try:
            asked = subprocess.run(
                [place, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, timeout=30
            )
        except (OSError, subprocess.TimeoutExpired):  # a shim that leads nowhere
            continue
        if asked.stdout.split() == [str(part) for part in wanted]:
            yield place


def step(command: list[str], ends: float, extra: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One command in the project's folder, within the time that is left. Raises Skipped when that is used up."""
    left = ends - time.monotonic()
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    try:
        if left <= 0:
            raise subprocess.TimeoutExpired(command, 0)
        return subprocess.run(
            command, cwd=ROOT, env=environment | (extra or {}), capture_output=True, text=True, timeout=left
        )
    except subprocess.TimeoutExpired:
        raise Skipped("no time left (--seconds)") from None


if __name__ == "__main__":
    sys.exit(main())
