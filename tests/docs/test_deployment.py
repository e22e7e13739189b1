"""What the container files and samples name is there, and says what the documents say of it. No engine is needed."""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from pathlib import Path

import pytest

from core.journal import STAGES, Counters
from tests.docs.pages import DOCS, ROOT, blocks_of, text_of

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PAGE = DOCS / "deployment.md"


def instructions(name):
    """Arguments of every instruction of the Dockerfile, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    return re.findall(rf"^{name} (.+)$", joined, re.MULTILINE)


def test_it_is_built_by_goals_of_make_and_checked_by_commands_that_exist():
    goals = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    (made,) = [run for run in instructions("RUN") if "make install" in run]
    assert set(made.split("make ")[1].split()) <= goals
    (check,) = instructions("HEALTHCHECK")
    assert json.loads(check.partition("CMD ")[2])[:3] == [".venv/bin/python", "-m", "core.ready"]


def test_nothing_runs_as_root():
    assert instructions("USER") == ["t2scope"]
    first = DOCKERFILE.index("USER t2scope")
    assert first < DOCKERFILE.index("COPY") and first < DOCKERFILE.index("CMD [")


def test_its_python_is_one_that_the_package_supports():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    (image,) = instructions("FROM")
    minor = int(re.fullmatch(r"python:3\.(\d+)-slim", image)[1])
    low, high = (int(n) for n in re.fullmatch(r">=3\.(\d+),<3\.(\d+)", wanted).groups())
    assert low <= minor < high


def test_what_the_dashboard_needs_travels_into_the_image_and_secrets_do_not():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    ignored = [line for line in lines if line and not line.startswith("#")]
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    needed = {name.split(".")[0] for name in packages} | {
        "app.py", "pages", "models", "samples", "requirements.txt", "pyproject.toml", "Makefile", "README.md", "LICENSE", "NOTICE",
    }  # fmt: skip
    assert all((ROOT / name).exists() for name in needed)
    assert not [name for name in needed if any(fnmatch.fnmatch(name, pattern) for pattern in ignored)]
    assert ".streamlit/secrets.toml" in ignored and ".streamlit" not in ignored


def test_compose_lets_this_machine_in_and_nobody_else():
    yaml = pytest.importorskip("yaml")
    service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["t2scope"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]


def test_both_proxies_send_the_same_headers():
    nginx, caddy = (next(b for lang, b in blocks_of(PAGE) if mark in b) for mark in ("add_header", "reverse_proxy"))
    of_nginx = dict(re.findall(r'add_header (\S+) "([^"]+)" always;', nginx))
    of_caddy = {n: a or b for n, a, b in re.findall(r'^ {8}([A-Z]\S+) (?:"([^"]+)"|(\S+))$', caddy, re.MULTILINE)}
    assert of_nginx == of_caddy and len(of_nginx) >= 6
    assert "https:" not in of_nginx["Content-Security-Policy"] and "*" not in of_nginx["Content-Security-Policy"]


def test_the_largest_upload_is_the_same_wherever_it_is_said():
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert config["server"]["maxUploadSize"] == 50
    assert "client_max_body_size 51m" in text_of(PAGE) and "50 MB at most" in text_of(DOCS / "security.md")


def test_the_counters_are_those_of_the_document():
    counters = Counters()
    counters.answer("t2-ztf", "scored", dict.fromkeys(STAGES, 0.1))
    counters.fetch("sample", "given", 0.1)
    served = set(re.findall(r"^# TYPE (\w+)", counters.text(), re.MULTILINE))
    told = {name.removesuffix("_total") for name in re.findall(r"^\| `(t2scope_\w+)`", text_of(PAGE), re.MULTILINE)}
    assert served == told


def test_the_log_line_of_the_document_is_one():
    (line,) = [body for language, body in blocks_of(PAGE) if language == "json"]
    assert {"time", "level", "object_id", "stages", "outcome"} <= json.loads(line).keys()


def test_make_app_opens_to_this_machine_alone():
    makefile = Path(ROOT / "Makefile").read_text(encoding="utf-8")
    assert "ADDRESS ?= 127.0.0.1" in makefile and "--server.address $(ADDRESS)" in makefile
