"""docs/streaming.md leaves no option, header or reason of the two streams out, and its Python runs."""

from __future__ import annotations

import re
from pathlib import Path

import stream.kafka
import stream.spark
from stream.messages import DeadLetter, Message, read_message
from tests.stream.packets import poison

PAGE = (Path(__file__).parents[2] / "docs" / "streaming.md").read_text(encoding="utf-8")
KAFKA, SPARK = PAGE.split("\n## Spark\n")


def options(parser):
    return {option for action in parser._actions for option in action.option_strings[-1:]} - {"--help"}


def test_every_option_is_explained():
    assert not [name for name in options(stream.kafka._parser()) if f"`{name}`" not in KAFKA]
    assert not [name for name in options(stream.spark._parser()) if f"`{name}`" not in SPARK]


def test_every_option_that_is_explained_exists():
    assert set(re.findall(r"`(--[a-z-]+)", KAFKA)) <= options(stream.kafka._parser())
    assert set(re.findall(r"`(--[a-z-]+)", SPARK)) <= options(stream.spark._parser())


def test_every_header_and_every_reason_is_explained():
    headers = {name for name, _ in DeadLetter(Message(b""), "", "").headers()} | {"value_bytes"}
    reasons = {read_message(Message(value)).dead.reason for value in poison().values()}
    assert not [word for word in headers | reasons if f"`{word}`" not in KAFKA]


def test_the_python_of_the_page_names_what_exists():
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    compile(block, "docs/streaming.md", "exec")
    for module, names in re.findall(r"from (stream\.\w+) import (.+)", block):
        found = __import__(module, fromlist=["x"])
        assert all(hasattr(found, name.strip()) for name in names.split(","))
