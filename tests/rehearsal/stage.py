"""A copy of what the programs write into, and the programs turned towards it."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: What programs write into, besides ``build``: copied. All else of the repository is linked.
WRITTEN = ("models", "docs", "bench", "samples", "README.md")
#: Folders in which nothing may have changed after a rehearsal.
GUARDED = (*WRITTEN, "training")
_LEFT_OUT = {".git", ".venv", "build"}


def build(stage: Path) -> None:
    """Make ``stage`` look like the repository: models, documents, results and samples as copies, the rest as links."""
    for path in ROOT.iterdir():
        if path.name in _LEFT_OUT or path.suffix == ".egg-info":
            continue
        if path.name not in WRITTEN:
            (stage / path.name).symlink_to(path)
        elif path.is_dir():
            shutil.copytree(path, stage / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, stage / path.name)


def load_all(*packages: str) -> None:
    """Import every module of some packages, but those whose own dependencies are not installed."""
    for package in packages:
        found = importlib.import_module(package)
        for module in pkgutil.walk_packages(found.__path__, f"{package}."):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                if str(error.name).split(".")[0] in ("core", "ui", "stream", "training", "bench", "tests"):
                    raise


def redirect(stage: Path, patch: pytest.MonkeyPatch) -> None:
    """Let every path below the repository that a module of it holds, as a constant or as a default, point below ``stage``.

    Code itself stays where it is: paths of Python files and of packages are left alone.
    """
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] not in ("core", "training", "bench", "stream", "ui"):
            continue
        for key, value in list(vars(module).items()):
            if isinstance(value, Path) and moved(value, stage) != value:
                patch.setattr(module, key, moved(value, stage))
            elif isinstance(value, types.FunctionType) and value.__module__ == name:
                _redirect_defaults(value, stage, patch)
            elif isinstance(value, type) and value.__module__ == name:
                for method in vars(value).values():
                    if isinstance(method, types.FunctionType):
                        _redirect_defaults(method, stage, patch)


def moved(path: Path, stage: Path) -> Path:
    """The same path below ``stage``; ``path`` itself where it lies elsewhere or is code."""
    if not path.is_absolute() or path.suffix == ".py" or not path.is_relative_to(ROOT) or path.is_relative_to(stage):
        return path
    return stage / path.relative_to(ROOT)


def _redirect_defaults(function: types.FunctionType, stage: Path, patch: pytest.MonkeyPatch) -> None:
    def seen(value: Any) -> Any:
        return moved(value, stage) if isinstance(value, Path) else value

    if any(isinstance(value, Path) for value in function.__defaults__ or ()):
        patch.setattr(function, "__defaults__", tuple(map(seen, function.__defaults__)))
    if any(isinstance(value, Path) for value in (function.__kwdefaults__ or {}).values()):
        patch.setattr(function, "__kwdefaults__", {k: seen(v) for k, v in function.__kwdefaults__.items()})


def state() -> dict[str, tuple[int, int]]:
    """Size and time of every file that no rehearsal may touch; not of code, which a person may be working on meanwhile."""
    files = [ROOT / name for name in GUARDED if (ROOT / name).is_file()]
    for name in GUARDED:
        files += [
            p for p in (ROOT / name).rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc", ".nbi", ".nbc")
        ]
    return {p.relative_to(ROOT).as_posix(): (p.stat().st_size, p.stat().st_mtime_ns) for p in files}
