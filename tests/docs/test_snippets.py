"""What the documents tell a person to type exists: commands, their options, goals of make, settings, files."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from core.settings import PREFIX, Settings
from tests.docs.pages import PAGES, ROOT, blocks_of, named, text_of

OURS = ("core", "stream", "training", "bench", "tests")
_COMMAND = re.compile(r"-m ((?:" + "|".join(OURS) + r")[\w.]*)((?:[^\n`\\]|\\\n)*)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def commands_of(page):
    """(module, options) of every command of ours that a page writes, in prose or in a block."""
    return [
        (m[1].rstrip("."), _OPTION.findall(m[2].split(" && ")[0].split("#")[0]))
        for m in _COMMAND.finditer(text_of(page))
    ]


def file_of(module):
    """The file that ``python -m`` runs, None where there is none."""
    place = ROOT / module.replace(".", "/")
    return next((p for p in (place.with_suffix(".py"), place / "__main__.py") if p.is_file()), None)


@cache
def options_of(module):
    """Options that a module's source names, or those of the modules of ours that it imports."""
    seen, wanted, found = set(), [module], set()
    while wanted:
        name = wanted.pop()
        file = None if name in seen else file_of(name)
        seen.add(name)
        if file is None:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found |= {
            node.value for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _OPTION.fullmatch(node.value)
        }  # fmt: skip
        if 'f"--{name}"' in file.read_text(encoding="utf-8"):  # a loop over names that stand there as well
            found |= {
                f"--{node.value}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
        imports = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        wanted += [name for name in imports if name.split(".")[0] == module.split(".")[0]]
    return found | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_exists_with_every_option(page):
    wrong = [module for module, _ in commands_of(page) if file_of(module) is None]
    assert not wrong
    unknown = [(module, o) for module, options in commands_of(page) for o in options if o not in options_of(module)]
    assert not unknown


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_goal_of_make_exists_with_every_variable(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    goals = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"\$\(([A-Z_]+)\)", makefile)) | set(
        re.findall(r"^([A-Z_]+) \?=", makefile, re.MULTILINE)
    )
    code = [*(body for _, body in blocks_of(page)), *re.findall(r"`([^`\n]+)`", text_of(page))]
    typed = [m for text in code for m in re.finditer(r"(?:^|[\s;&])make((?: [A-Z_]+=\S+| [a-z-]+)+)", text)]
    for match in typed:
        words = match[1].split()
        assert {w.split("=")[0] for w in words if "=" in w} <= variables, match[0]
        assert words[0].partition("=")[0] in goals | variables, match[0]


def test_the_options_of_the_command_line_are_those_of_its_page():
    from stream.score import _parser

    known = {option for action in _parser()._actions for option in action.option_strings} - {"-h", "--help"}
    table = set(re.findall(r"^\| `(--[\w-]+)`", text_of(ROOT / "docs/command-line.md"), re.MULTILINE))
    assert known == table


def test_the_settings_are_those_of_their_page():
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    table = re.findall(r"^\| (`T2SCOPE_.+?) \|", text_of(ROOT / "docs/settings.md"), re.MULTILINE)
    assert known == {name for row in table for name in re.findall(r"T2SCOPE_\w+", row)}
    elsewhere = {name for page in PAGES for name in re.findall(r"T2SCOPE_[A-Z_]+[A-Z]", text_of(page))}
    assert elsewhere <= known


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_of_ours_that_a_page_names_is_there(page):
    paths = re.findall(
        r"`((?:core|ui|pages|stream|training|bench|tests|docs|samples|models)/[\w./-]+\.(?:py|md|json|csv|parquet))`",
        text_of(page),
    )
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_in_the_documents_is_python(page):
    for language, body in blocks_of(page):
        if language == "python":
            compile(body, named(page), "exec")


def test_the_broker_of_the_document_on_extending_reads_an_answer():
    namespace: dict = {}
    code = next(body for language, body in blocks_of(ROOT / "docs/extending.md") if language == "python")
    exec(compile(code, "extending", "exec"), namespace)
    source = namespace["ExampleZtf"](base_url="http://127.0.0.1:9")
    row = {"mjd": 59000.0, "fid": 1, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "t"}

    class Played:
        def get(self, path, params):
            assert path == "/objects/ZTF18aannern"
            return {"detections": [row, {**row, "mjd": 59003.0, "fid": 2}]}

    curve = source._read(Played(), source.checked_id("ZTF18aannern"))
    assert len(curve) == 2 and curve.provenance.source == "Example"
