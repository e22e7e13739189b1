"""The tutorial on a million alerts, followed to the letter with its small number: each block prints what it says."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.docs.pages import DOCS, ROOT, blocks_of

PAGE = DOCS / "tutorials" / "score-a-million.md"


def test_the_tutorial_ends_where_it_says(tmp_path):
    blocks = blocks_of(PAGE)
    steps = [body for language, body in blocks[:-1] if language == "sh"]
    printed = [body for language, body in blocks if language == "text"]
    assert blocks[-1] == ("sh", "ALERTS=1000000\n") and len(steps) >= 5 and len(printed) >= 4
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(steps)], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "".join(printed)
