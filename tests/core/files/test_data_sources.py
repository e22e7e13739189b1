"""Every file that tests read is named with its source and licence, and every licence has its text."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "data"
FILES = [p for p in sorted(HERE.rglob("*")) if p.suffix in (".avro", ".parquet", ".json", ".csv")]
LICENCES = "Apache-2.0|MIT|BSD-3-Clause"


def named_in(readme: str) -> dict[str, str]:
    """File, or pattern of files, to the line of the table that names it."""
    lines = re.findall(r"^\| (\S[^|]*\.(?:avro|parquet|json|csv)) \|.*$", readme, re.MULTILINE)
    rows = {line.split("|")[1].strip(): line for line in readme.splitlines() if line.startswith("| ")}
    return {name.strip(): rows[cell.strip()] for cell in lines for name in cell.split(",")}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_file_has_its_source_and_licence(path):
    folder = HERE / path.relative_to(HERE).parts[0]
    named = named_in((folder / "README.md").read_text(encoding="utf-8"))
    line = next((line for name, line in named.items() if path.relative_to(folder).match(name)), "")
    assert line, f"{path.name} is not in {folder.name}/README.md"
    assert re.search(LICENCES, line) and re.search(r"[\w-]+/[\w-]+|this project", line.split("|")[3])


def test_every_source_has_its_licence_text():
    texts = (HERE / "LICENCES.md").read_text(encoding="utf-8")
    for readme in HERE.glob("*/README.md"):
        for line in named_in(readme.read_text(encoding="utf-8")).values():
            source = line.split("|")[3].strip()
            repository = re.match(r"(?:packets: )?([\w-]+/[\w-]+)", source)
            if "Apache-2.0" not in line:
                assert repository and f"## {repository[1]}: " in texts, source
