"""The readiness check says yes for the right answers, and no, with a sentence, for wrong ones."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest

from core import ready
from core.model import MODELS


@pytest.fixture
def settled(monkeypatch, tmp_path):
    """Verdicts that may be written."""
    monkeypatch.setenv("T2SCOPE_VERDICTS", str(tmp_path / "verdicts.sqlite"))
    return tmp_path


def test_the_shipped_model_is_ready(settled, capsys):
    assert ready.main([]) == 0
    said = capsys.readouterr().out
    assert "answers ZTF18aannern as when it was judged (SNIa" in said and "verdicts are kept" in said


def test_as_a_program_it_says_so_by_its_exit_status(settled):
    done = subprocess.run(
        [sys.executable, "-m", "core.ready"], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_model_that_answers_otherwise_is_not_ready(settled, capsys):
    folder = settled / "model"
    shutil.copytree(MODELS / "t2-ztf", folder, ignore=shutil.ignore_patterns("evaluation"))
    table = pd.read_parquet(folder / "evaluation.parquet")
    names = [name for name in table.columns if name.startswith("p_")]
    table[names] = table[names].to_numpy()[:, ::-1]
    table.to_parquet(folder / "evaluation.parquet")
    assert ready.main(["--model", str(folder)]) == 1
    assert "when it was judged; expected a difference of at most 0.001" in capsys.readouterr().err


def test_a_changed_file_is_not_ready(settled, capsys):
    folder = settled / "model"
    shutil.copytree(MODELS / "t2-ztf", folder, ignore=shutil.ignore_patterns("evaluation"))
    for path in folder.rglob("*.tflite"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert ready.main(["--model", str(folder)]) == 1
    assert "is not the file its card describes" in capsys.readouterr().err


def test_verdicts_that_can_not_be_kept_are_not_ready(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("T2SCOPE_VERDICTS", str(tmp_path / "file" / "verdicts.sqlite"))
    assert ready.main([]) == 1
    assert capsys.readouterr().err.startswith("not ready: ")


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_a_server_is_asked_for_its_health(status, code, capsys):
    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/vet/_stcore/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert ready.main(["--quick", "--server", f"http://127.0.0.1:{server.server_port}/vet/"]) == code
    finally:
        server.shutdown()
        server.server_close()
    assert ("answers" if code == 0 else "does not answer") in "".join(capsys.readouterr())


def test_an_address_that_is_none_is_refused(capsys):
    assert ready.main(["--quick", "--server", "file:///etc/passwd"]) == 1
    assert "expected an address" in capsys.readouterr().err
