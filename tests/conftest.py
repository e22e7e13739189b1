"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, settings
from streamlit.components.v2 import manifest_scanner

# Laws are tried without a clock: a busy machine is no fault of the program.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Where only whether a law fails is asked for, the smallest example is not looked for.
settings.register_profile(
    "brief", settings.get_profile("unhurried"), phases=[Phase.explicit, Phase.generate], database=None
)
settings.load_profile(os.environ.get("LAWS", "unhurried"))


@pytest.fixture(scope="session", autouse=True)
def installed_packages_are_scanned_once() -> Iterator[None]:
    """A server looks through all installed packages for components once; Streamlit's `AppTest` did so at every run of a page.

    That took twice the time of the page itself. What is found is the same: no test installs a package.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield
