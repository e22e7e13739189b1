"""Programs that measure: each on a handful of light curves, its record looked at key by key where a document reads it."""

from __future__ import annotations

import json
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

FILES = Path(__file__).resolve().parents[1] / "data/files"
Run = Callable[..., int]


def record(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def alerts(stage: Path) -> dict[str, Path]:
    """Folders of ZTF alerts, of LSST alerts and of the schema that those were written by."""
    import fastavro

    folders = {name: stage / "alerts" / name for name in ("ztf", "lsst", "schemas")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for path in FILES.glob("*ztf*.avro"):
        shutil.copy(path, folders["ztf"])
    with (FILES / "fink_lsst_asteroid.avro").open("rb") as source:
        reader = fastavro.reader(source)
        packets, schema = list(reader), {k: v for k, v in reader.writer_schema.items() if not k.startswith("__")}
    schema["name"] = "lsst.v10_0.alert"  # as the survey's own packets are called
    with (folders["lsst"] / "packets.avro").open("wb") as target:
        fastavro.writer(target, fastavro.parse_schema(schema), packets)
    (folders["schemas"] / "lsst_v10_0.json").write_text(json.dumps(schema), encoding="utf-8")
    return folders


def test_what_becomes_of_every_alert(stage: Path, run: Run, capsys: Any) -> None:
    out = stage / "alerts_table.json"
    run("bench.alerts_table", FILES, "--model", "t2-ztf", "--model", "t2-lsst", "--json", out)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| folder | files |") and len(lines) == 3
    counts = record(out)["folders"]["files"]
    assert counts["records"] == counts["read"] + sum(counts["unreadable"].values())
    assert counts["read"] == counts["scored"] + sum(counts["refused"].values()) and counts["scored"] > 5
    assert min(counts["median_ms"].values()) > 0 and counts["median_ms"].keys() >= {"read", "gp", "explain"}


def test_throughput(stage: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.throughput.ROUNDS", 1)
    monkeypatch.setattr("bench.throughput.TIMED", 200)
    run("bench.throughput", FILES, "--largest", 1000)
    found = record(stage / "bench/results.json")
    ways = found["us_per_classified"]
    assert ways.keys() == {"memory", "columnar", "one at a time", "ours with george", "published"}
    assert all(0 < way["best_us"] <= way["median_us"] for way in ways.values())
    assert found["alerts"]["timed"] == 200 and 0 < found["alerts"]["classified_share"] < 1
    assert [row["alerts"] for row in found["scaling"]] == [1000] and found["workers"].keys() == {"1", "2"}
    assert found["packets"]["classified"] <= found["packets"]["packets"]


def test_packets_stage_by_stage(stage: Path, run: Run, alerts: dict[str, Path]) -> None:
    run("bench.packets", *(part for name, path in alerts.items() for part in (f"--{name}", path)), "--rounds", 1)
    ways = record(stage / "bench/packets.json")["ways"]
    assert list(ways) == ["ZTF, a file each", "ZTF, containers", "ZTF, messages", "LSST, containers", "LSST, messages"]
    assert ways["LSST, containers"]["packets"] == ways["LSST, messages"]["packets"] > 0
    assert all(way["read_per_s"] > 0 and way["mean_bytes"] > 1000 for way in ways.values())


def test_a_large_input(stage: Path, run: Run, alerts: dict[str, Path]) -> None:
    assert run("bench.big_input", alerts["ztf"], "--gigabytes", 0.0005) == 0
    found = record(stage / "bench/big_input.json")
    assert found["rows"] == found["packets"] > 0 and found["bytes"] >= 500_000 and found["scored"] <= found["rows"]


def test_maps_by_deletion(stage: Path, run: Run) -> None:
    run("bench.deletion", "--model", "t2-ztf")
    found = record(stage / "bench/deletion.json")
    assert (
        10 < found["light_curves"] == sum(found["verdicts"].values())
        and found["above_median_draw"] <= found["light_curves"]
    )
    assert 0 < found["without_top"] <= 1


def test_explanations_compared(stage: Path, run: Run, data: Path) -> None:
    run("bench.explanations", "--data", data, "--objects", 5)
    found = record(stage / "bench/explanations.json")
    assert found["objects"] == sum(found["classes"].values()) == 5 and "chance" in found["methods"]
    assert f"--objects {found['objects']}`" in (stage / "docs/explanations.md").read_text(encoding="utf-8")


def test_the_process_against_george(stage: Path, run: Run, data: Path) -> None:
    run("bench.gp_parity", "--data", data)
    found = record(stage / "bench/gp_parity.json")
    assert found["worse_by_1e-6"] == 0 and found["mean_apart_max"] < 1e-3
    assert 50 < found["same_optimum"] <= found["light_curves"]


def test_readers_of_large_sets(stage: Path, run: Run) -> None:
    run("bench.readers", "--objects", 200, "--tensors", 50)
    found = record(stage / "bench/readers.json")
    assert found["objects"] == 200 and found["csv"]["objects_per_s"] > 0 and found["csv_gz"]["objects_per_s"] > 0
    assert 0 < found["tensors"]["pass_the_cuts"] <= found["tensors"]["objects"]


def test_many_alerts_are_all_different(stage: Path, run: Run) -> None:
    run("bench.many_alerts", "--alerts", 100)
    table = pd.read_parquet(stage / "night.parquet")
    assert len(table) == 100


@pytest.mark.parametrize("seed", [1])
def test_killing_the_command_line(stage: Path, run: Run, seed: int) -> None:
    out = stage / "kill.json"
    status = run("bench.kill_resume", "--alerts", 1500, "--kills", 1, "--workers", 1, "--seed", seed, "--json", out)
    found = record(out)
    assert found["in_order"] and found["equal_to_a_run_in_peace"] and found["rows"] == 1500
    assert found["rows_missing"] == found["rows_double"] == 0
    assert status == (0 if found["last_run_went_on"] else 1)


def test_variants_cost(stage: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.compression.ROUNDS", 1)
    monkeypatch.setattr("bench.compression.COLD", 1)
    run("bench.compression", "--model", "atx-ztf")
    rows = record(stage / "bench/compression.json")["models"]["atx-ztf"]["files"]
    assert rows.keys() >= {"float32", "int8-weights"}
    assert all(row["load_ms"] > 0 and row["cold_ms"] > 0 and row["memory_mb"] >= 0 for row in rows.values())


class Exact:
    """A stand-in for an index of faiss: searches them all, whatever it is called."""

    nprobe = 1

    def __init__(self, *_: Any) -> None:
        self.base = np.empty((0, 0))

    def train(self, base: np.ndarray) -> None:
        """Nothing to learn."""

    def add(self, base: np.ndarray) -> None:
        self.base = base

    def search(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        apart = ((self.base[None] - query[:, None]) ** 2).sum(axis=2)
        order = np.argsort(apart, axis=1)[:, :k]
        return np.take_along_axis(apart, order, axis=1), order


def test_neighbour_search(stage: Path, run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """faiss is installed for this program alone, so something as simple stands in for it."""
    kinds = dict.fromkeys(("IndexFlatL2", "IndexLSH", "IndexIVFFlat"), Exact)
    monkeypatch.setitem(sys.modules, "faiss", types.SimpleNamespace(omp_set_num_threads=lambda n: None, **kinds))
    run("bench.neighbour_search", "--data", data, "--count", 2500, "--queries", 3)
    found = record(stage / "bench/neighbour_search.json")
    assert found["embeddings"] == 2500 and found["queries"] == 3
    assert all(row["recall_at_10"] == 1.0 for row in found["indexes"].values())  # since all of them are exact here


def test_blocks_of_the_reliability_page(stage: Path, run: Run) -> None:
    page = stage / "docs/reliability.md"
    counts = {"num_statements": 10, "covered_lines": 8, "num_branches": 10, "covered_branches": 3}
    measured = {"files": {"core/a.py": {"summary": counts}, "app.py": {"summary": counts}}}
    (stage / "coverage.json").write_text(json.dumps(measured), encoding="utf-8")
    run("bench.coverage_report", "--measured", stage / "coverage.json")
    assert "| core | 10 | 80.0 % | 10 | 30.0 % | 55.0 |" in page.read_text(encoding="utf-8")
    assert record(stage / "bench/coverage.json")["packages"]["all"]["statements"] == 20
    before = page.read_text(encoding="utf-8")
    run("bench.coverage_report", "--page")
    run("bench.mutants_report")
    run("bench.fuzz_report")
    assert page.read_text(encoding="utf-8") == before  # made anew from the same records


def test_documents_take_their_figures_from_the_records(stage: Path, run: Run) -> None:
    """The committed records give the committed documents; a record that changes changes its document."""
    from tests.rehearsal.stage import ROOT

    for name in ("bench", "docs"):
        shutil.copytree(ROOT / name, stage / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    run("bench.report")
    pages = ("throughput", "compression", "measured", "explanations", "class-activation-maps")
    assert not [p for p in pages if (stage / f"docs/{p}.md").read_bytes() != (ROOT / f"docs/{p}.md").read_bytes()]
    results = record(stage / "bench/results.json")
    results["ratio_to_published"] = 12345.0
    (stage / "bench/results.json").write_text(json.dumps(results), encoding="utf-8")
    run("bench.report")
    assert "12345 times the published way" in (stage / "docs/throughput.md").read_text(encoding="utf-8")
    assert (stage / "docs/throughput.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
