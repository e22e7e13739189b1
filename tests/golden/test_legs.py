"""An interpreter that is not here is one thing, packages that can't be installed another: only the first may be skipped."""

import subprocess
import sys

import pytest

from tests.golden import legs

LEG = next(leg for leg in legs.LEGS if leg.name != legs.own_leg())


def ran(monkeypatch, interpreters, returncode):
    """The command on one leg, with these interpreters, where every step ends so."""
    monkeypatch.setattr(sys, "argv", ["legs", "--only", LEG.name])
    monkeypatch.setattr(legs.shutil, "which", lambda name, path=None: f"/bin/{name}")
    monkeypatch.setattr(legs, "interpreters", lambda minor: iter(interpreters))
    done = subprocess.CompletedProcess([], returncode, "", "no such package")
    monkeypatch.setattr(legs, "step", lambda *_: done)
    return legs.main()


def test_a_missing_interpreter_is_skipped_loudly(monkeypatch, capsys):
    assert ran(monkeypatch, [], 0) == 0
    assert f"SKIPPED {LEG.name}: there is no Python 3.{LEG.python} here" in capsys.readouterr().out


def test_packages_that_can_t_be_installed_are_a_failure(monkeypatch, capsys):
    assert ran(monkeypatch, ["/bin/python3"], 1) == 1
    said = capsys.readouterr().out
    assert f"FAILED {LEG.name}" in said and "no such package" in said and "SKIPPED" not in said


@pytest.mark.parametrize("strict", [False, True])
def test_no_time_left_is_no_failure_of_a_leg_unless_every_leg_has_to_run(monkeypatch, capsys, strict):
    monkeypatch.setattr(sys, "argv", ["legs", "--only", LEG.name, "--seconds", "0", *(["--strict"] if strict else [])])
    monkeypatch.setattr(legs.shutil, "which", lambda name, path=None: f"/bin/{name}")
    monkeypatch.setattr(legs, "interpreters", lambda minor: iter(["/bin/python3"]))
    assert legs.main() == int(strict)
    assert "SKIPPED" in capsys.readouterr().out
