"""Programs that need Java: a real Kafka broker and Spark, on few alerts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stream.scale_extra import need

Run = Callable[..., int]


@pytest.fixture(autouse=True)
def extras() -> None:
    """Skips, or fails in CI, where Java or the packages are not there."""
    need("pyspark", "confluent_kafka", java=True)


def record(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_same_alerts_through_every_door(stage: Path, run: Run) -> None:
    assert run("bench.doors", Path(__file__).parents[1] / "data/files", "--alerts", 3) == 0
    found = record(stage / "bench/doors.json")
    assert found["scored"] >= 2 and found["difference_to_the_page"].keys() == {"command line", "kafka", "spark"}
    assert found["largest_difference"] <= 1e-6 and found["other_columns_differ"] == []


def test_killing_worker_and_broker(stage: Path, run: Run) -> None:
    assert run("bench.kafka_kill", "--alerts", 600, "--kills", 2, "--poison", 0.02) == 0
    found = record(stage / "bench/kafka_kill.json")
    assert [row["killed"] for row in found["kills"]] == ["worker", "broker"]
    assert found["good"] == found["rows_after_dedup"] == 588 and found["dead_letters_after_dedup"] == 12
    assert found["lost"] == found["strangers"] == found["contradictions"] == 0


def test_spark_rate(stage: Path, run: Run) -> None:
    assert run("bench.spark_rate", "--copies", 8) == 0
    found = record(stage / "bench/spark_rate.json")
    counts = [(found[way]["light_curves"], found[way]["scored"]) for way in ("without", "local[1]", "local[2]")]
    assert counts == [counts[0]] * 3 and 0 < counts[0][1] <= counts[0][0] == 8 * 39
