"""Run the tests against one mutant, in a process that has the libraries loaded already."""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.changes import Mutant

ROOT = Path(__file__).resolve().parents[2]
#: Loaded once, before the first fork; what they start in threads is nothing that a fork could miss.
_LIBRARIES = (
    "numpy", "scipy.stats", "scipy.special", "pandas", "pyarrow.parquet", "numba", "ai_edge_litert.interpreter",
    "astropy.units", "astropy.time", "hypothesis.strategies", "pytest", "sklearn.metrics",
    "streamlit.components.v2.manifest_scanner",
)  # fmt: skip
#: Tests of a mutant may take so many times what they take of the code as it is, and so many seconds more [CPU].
_TIMES, _MORE = 3.0, 10.0
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", ".hypothesis", "shots", ".mypy_cache", ".ruff_cache")


class Bench:
    """A copy of the project in which one module at a time is mutated."""

    def __init__(self, root: Path, copy: Path) -> None:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(root, copy, ignore=_LEFT_OUT)
        self._root, self._copy = root, copy
        self._seconds: dict[tuple[str, ...], float] = {}
        for name in _LIBRARIES:
            importlib.import_module(name)

    def _baseline(self, tests: tuple[str, ...]) -> float:
        """CPU seconds that the tests take of the code as it is; RuntimeError when they fail."""
        if tests not in self._seconds:
            self._tests(tests, 600.0)  # what is compiled when it is first called is compiled now
            passed, self._seconds[tests] = self._tests(tests, 600.0)
            if not passed:
                raise RuntimeError(f"the tests fail before anything is changed: pytest {' '.join(tests)}")
        return self._seconds[tests]

    def outcome(self, mutant: Mutant, tests: tuple[str, ...]) -> str:
        """``killed``, ``too slow`` or ``survived``."""
        place = self._copy / mutant.module
        limit = _TIMES * self._baseline(tests) + _MORE
        try:
            place.write_text(mutant.source, encoding="utf-8")
            passed, seconds = self._tests(tests, limit)
        finally:
            shutil.copy2(self._root / mutant.module, place)
        if passed:
            return "survived"
        return "too slow" if seconds >= limit else "killed"

    def _tests(self, tests: Sequence[str], limit: float) -> tuple[bool, float]:
        """Whether the tests passed, and the CPU seconds that they took."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            self._child(tests, limit)
        deadline = time.monotonic() + 20 * limit  # a test that waits burns no CPU
        while True:
            pid, status, usage = os.wait4(child, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                os.kill(child, 9)
                _, status, usage = os.wait4(child, 0)
                return False, limit
            time.sleep(0.05)
        return os.waitstatus_to_exitcode(status) == 0, usage.ru_utime + usage.ru_stime

    def _child(self, tests: Sequence[str], limit: float) -> None:
        """Never returns."""
        code = 70
        try:
            import pytest

            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 5))
            os.chdir(self._copy)
            os.environ["LAWS"] = "brief"
            sys.path.insert(0, str(self._copy))
            for name in [name for name in sys.modules if name.split(".")[0] in ("tests", "core")]:
                del sys.modules[name]
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            quick = ["-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-W", "ignore"]
            code = int(pytest.main([*quick, *tests]))
        finally:
            os._exit(code)
