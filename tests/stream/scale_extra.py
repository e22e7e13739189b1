"""What the tests of Kafka and Spark need beyond the program: without it they skip aloud, in CI they fail."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stream.maven import NoMaven


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def absent(reason: str) -> None:
    """Skip, and say so; in CI that is a failure, because there everything is to be there."""
    if in_ci():
        pytest.fail(f"in CI nothing may be skipped: {reason}")
    pytest.skip(f"NOT TESTED: {reason}")


def need(*modules: str, java: bool = False) -> None:
    """Skip (in CI: fail) without these Python modules, or without Java."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        absent(f"{', '.join(missing)} not installed; make extras installs what Kafka and Spark need")
    if java and shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        absent("no Java; on Debian: apt install default-jre-headless maven")


@contextmanager
def packages() -> Iterator[None]:
    """Skip (in CI: fail) where Java packages can't be had."""
    try:
        yield
    except NoMaven as error:
        absent(str(error))
