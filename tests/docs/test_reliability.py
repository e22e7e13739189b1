"""docs/reliability.md says what is so: every test that it names exists, its totals are measured, its bounds are in force."""

from __future__ import annotations

import json
import re

import pytest

from bench import coverage_report, fuzz_report, mutants_report
from bench.reliability_page import with_block
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


def test_the_page_names_many_tests():
    assert len(NAMED) >= 50
    rows = [
        line for line in PAGE.split("## Fuzzing")[0].splitlines() if line.startswith("| ") and "shown by" not in line
    ]
    assert rows and all("`tests/" in row for row in rows), "each fault has its test"


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda value: value)
def test_each_test_that_the_page_names_exists(path, name):
    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("report", [fuzz_report, coverage_report, mutants_report], ids=lambda report: report.__name__)
def test_the_figures_are_those_of_the_last_run(report):
    name = report.__name__.removeprefix("bench.").removesuffix("_report")
    measured = json.loads((ROOT / "bench" / f"{name}.json").read_text(encoding="utf-8"))
    assert with_block(PAGE, name, report.block(measured)) == PAGE, f"run: python -m {report.__name__}"


def test_no_reader_fails_the_fuzzer():
    totals = json.loads((ROOT / "bench" / "fuzz.json").read_text(encoding="utf-8"))
    assert not [name for name, target in totals["targets"].items() if target["failures"]]


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


ADVISED = re.findall(r"^\| (\w+) \| [^|]*CVE[^|]* \| ([\d.]+) \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("package", "mended"), ADVISED)
def test_no_dependency_may_be_older_than_an_advisory_asks(package, mended):
    text = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-train.txt").read_text()
    bounds = re.findall(rf"^{package}>=([\d.]+)", text, re.MULTILINE)
    assert bounds and all(_version(bound) >= _version(mended) for bound in bounds)


def test_advisories_are_read_from_the_page():
    assert {"streamlit", "pyarrow", "plotly", "requests", "urllib3", "tensorflow"} <= {
        package for package, _ in ADVISED
    }
