"""Programs that watch a real dashboard: a few steps each, in a real Chromium."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import _chromium_is_here  # noqa: F401 (skips, or fails in CI, where there is no Chromium)

Run = Callable[..., int]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured here, so nothing needs to have come to rest."""
    monkeypatch.setattr("bench.record.WARM_UP", 0.0)


def record(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_object_page(stage: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = __import__("bench.page_speed", fromlist=["stages"]).stages
    monkeypatch.setattr("bench.page_speed.stages", lambda name: stages(name, repeats=2))
    run("bench.page_speed", "--samples", 2)
    found = record(stage / "bench/page_speed.json")
    assert found["page"]["steps"] == 2 and found["page"]["next_object_drawn_ms"]["p50"] > 0
    assert found["page"]["first_contentful_paint_ms"]["median"] > 0
    assert found["stage_median_ms"].keys() >= {"read", "gp", "inference", "deletion check"}


def test_the_lab(stage: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.lab_speed.SAMPLES", 2)
    run("bench.lab_speed", "--steps", 2)
    found = record(stage / "bench/lab_speed.json")
    assert found["on_screen_ms"]["steps"] == 2 and found["on_screen_ms"]["p50"] > 0
    assert 2 <= found["light_curves"] <= 4 and all(row["median"] > 0 for row in found["server_ms"].values())


def test_the_candidates_page(stage: Path, run: Run) -> None:
    run("bench.candidates_speed", "--objects", 60, "--steps", 1)
    found = record(stage / "bench/candidates_speed.json")
    assert found["objects"] == found["seconds"]["rows"] == 60 and 0 <= found["refused"] < 60
    assert found["step_ms"].keys() == {
        f"{what}, {p}" for what in ("next", "verdict kept, and next") for p in ("p50", "p95")
    }


def test_the_evaluation_page(stage: Path, run: Run) -> None:
    run("bench.evaluation_speed", "--objects", 3000, "--repeats", 1)
    found = record(stage / "bench/evaluation_speed.json")
    assert found["views_drawn_ms"].keys() == {"matrix", "curves", "calibration", "thresholds", "against"}
    assert len(found["clicks_ms"]) == 6 and found["upload_10000_rows_ms"] > 0
    assert found["server_ms"].keys() >= {"answers", "intervals of the areas"}


def test_a_picture(stage: Path, run: Run) -> None:
    from PIL import Image

    from bench.screenshot import LARGEST

    run("bench.screenshot", "samples_page.png", "two_maps.png")
    for name in ("samples_page.png", "two_maps.png"):
        path = stage / "docs" / name
        assert path.stat().st_size < LARGEST and len(Image.open(path).convert("L").getcolors()) > 10
    with pytest.raises(SystemExit):
        run("bench.screenshot", "no_such_page.png")


def test_people_and_alerts_at_once(stage: Path, run: Run) -> None:
    out = stage / "soak.json"
    assert run("bench.soak", "--minutes", 0.15, "--vetters", 3, "--alerts", 500, "--workers", 1, "--json", out) == 0
    found = record(out)
    assert found["dashboard"]["errors"] == 0 and found["dashboard"]["steps"] >= 3
    assert found["alerts"]["exact"] and found["alerts"]["rows"] == 500
