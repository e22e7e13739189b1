"""Run the tests against one mutant, in a process that has all other code loaded already."""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import resource
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

from tests.mutation.changes import Mutant

ROOT = Path(__file__).resolve().parents[2]
#: Loaded once, before the first fork; what they start in threads is nothing that a fork could miss.
_LIBRARIES = (
    "numpy", "scipy.stats", "scipy.special", "pandas", "pyarrow.parquet", "numba", "ai_edge_litert.interpreter",
    "astropy.units", "astropy.time", "hypothesis.strategies", "pytest", "anyio.pytest_plugin", "_hypothesis_pytestplugin",
    "sklearn.metrics", "streamlit.components.v2.manifest_scanner", "core.removal", "core.evaluate.selected",
)  # fmt: skip
#: Tests of a mutant may take so many times what they take of the code as it is, and so many seconds more [CPU].
_TIMES, _MORE = 3.0, 10.0
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", ".hypothesis", "shots", ".mypy_cache", ".ruff_cache")
#: Compiling a changed module takes longer than interpreting it a few times; these functions are called from Python alone.
_COMPILED = "@njit(cache=True)\n"


class Bench:
    """A copy of the project in which one module at a time is mutated.

    Tests that noticed a fault before go first, then the quick ones: most faults are noticed by many tests, and cost no
    more than the quickest of them.
    """

    def __init__(self, root: Path, copy: Path) -> None:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(root, copy, ignore=_LEFT_OUT)
        self._copy = copy
        self._seconds: dict[tuple[str, ...], float] = {}
        self._took: dict[str, float] = {}
        self._noticed = Counter[str]()
        sys.path.insert(0, str(copy))
        for name in _LIBRARIES:
            importlib.import_module(name)
        gc.freeze()  # what is loaded by now is never collected, nor copied for a look at it
        self._imports = {
            _name(path.relative_to(copy)): _imports(path) for path in sorted((copy / "core").rglob("*.py"))
        }

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
        kept, at = place.read_bytes(), place.stat()
        limit = _TIMES * self._baseline(tests) + _MORE
        try:
            place.write_text(mutant.source.replace(_COMPILED, ""), encoding="utf-8")
            passed, seconds = self._tests(tests, limit, self._touched(_name(Path(mutant.module))))
        finally:
            place.write_bytes(kept)
            os.utime(place, ns=(at.st_atime_ns, at.st_mtime_ns))  # what was compiled of it is still good
        if passed:
            return "survived"
        return "too slow" if seconds >= limit else "killed"

    def _touched(self, module: str) -> set[str]:
        """A module and all that import it, by whatever way."""
        found = {module}
        while more := {name for name, of in self._imports.items() if of & found} - found:
            found |= more
        return found

    def _tests(self, tests: Sequence[str], limit: float, touched: Set[str] = frozenset()) -> tuple[bool, float]:
        """Whether the tests passed, and the CPU seconds that they took. touched : modules that are loaded anew."""
        sys.stdout.flush()
        report = self._copy / "build-report.json"
        report.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            self._child(tests, limit, touched, report)
        deadline = time.monotonic() + 20 * limit  # a test that waits burns no CPU
        while True:
            pid, status, usage = os.wait4(child, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                os.kill(child, 9)
                _, status, usage = os.wait4(child, 0)
                return False, limit
            time.sleep(0.02)
        if report.exists():
            said = json.loads(report.read_text("utf-8"))
            self._took |= said["took"]
            self._noticed.update(said["failed"])
        return os.waitstatus_to_exitcode(status) == 0, usage.ru_utime + usage.ru_stime

    def _child(self, tests: Sequence[str], limit: float, touched: Set[str], report: Path) -> None:
        """Never returns."""
        code = 70
        try:
            import pytest

            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 5))
            os.chdir(self._copy)
            os.environ["LAWS"] = "brief"
            _forget({name for name in sys.modules if name.split(".")[0] == "tests"} | touched)
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            # Looking for what was never closed takes a second, and no fault is noticed by it.
            without = ("xdist", "cacheprovider", "unraisableexception", "threadexception", "anyio")
            quick = ["-x", "-q", *(f"-pno:{name}" for name in without), "--hypothesis-seed=0", "-W", "ignore"]
            order = _Order(self._took, self._noticed)
            code = int(pytest.main([*quick, *tests], plugins=[order]))
            report.write_text(json.dumps({"took": order.took, "failed": order.failed}), encoding="utf-8")
        finally:
            os._exit(code)


class _Order:
    """Sorts tests, and notes how long each took and which failed: a plugin of pytest."""

    def __init__(self, took: dict[str, float], noticed: Counter[str]) -> None:
        self.took: dict[str, float] = {}
        self.failed: list[str] = []
        self._before, self._noticed = took, noticed

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items.sort(key=lambda item: (-self._noticed[item.nodeid], self._before.get(item.nodeid, 0.0)))

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.took[report.nodeid] = self.took.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


def _forget(names: Set[str]) -> None:
    """Unload modules, so that they are loaded anew; a package keeps a module as its attribute too."""
    for name in names & sys.modules.keys():
        package, _, short = name.rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).pop(short, None)
        del sys.modules[name]


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    """Names of modules that a file imports, and of what it takes from them, wherever it does so."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
