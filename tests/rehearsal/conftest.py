"""Every program of ``training`` and ``bench`` on very little data, from its own command line, all that it writes in a folder
of the test's own.

Run by ``make rehearsal``, or ``pytest tests/rehearsal``. ``make test`` leaves it out: it takes minutes and TensorFlow. A marker
in pytest's options would not do, since ``-m`` on the command line replaces that, so the files are not even read unless
they are asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out unless their folder, or one of its files, was named."""
    named = [Path(config.invocation_params.dir, str(argument).split("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in named) else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are rehearsals."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("rehearsal")


@pytest.fixture(scope="package", autouse=True)
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which all programs run, and below which all that they write must lie; the repository stays as it was."""
    pytest.importorskip("tensorflow")
    from tests.rehearsal import stage as stages

    before = stages.state()
    folder = tmp_path_factory.mktemp("stage")
    stages.build(folder)
    stages.load_all("core", "stream", "training", "bench")
    with pytest.MonkeyPatch.context() as patch:
        stages.redirect(folder, patch)
        # A network for each width is three more graphs to build, several seconds every training; tests/training has them.
        patch.setattr("training.fit.WIDTHS", ())
        patch.chdir(folder)
        patch.setenv("PYTHONPATH", str(stages.ROOT))
        yield folder
    after = stages.state()
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    assert not changed, f"a rehearsal wrote into the repository: {', '.join(changed)}"


@pytest.fixture(scope="package")
def data(stage: Path) -> Path:
    """The small DATA folder."""
    from tests.rehearsal import data_folder

    data_folder.write(stage / "data")
    return stage / "data"


@pytest.fixture
def run(stage: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``run("training.train", "--steps", 2)``: the program's ``main`` with these arguments; its exit status."""
    return runner(monkeypatch)


def runner(patch: pytest.MonkeyPatch) -> Callable[..., int]:
    """As the fixture `run`, for fixtures of a wider scope."""

    def call(name: str, *arguments: object) -> int:
        patch.setattr(sys, "argv", [name, *map(str, arguments)])
        return sys.modules[name].main() or 0

    return call
