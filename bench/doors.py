"""Page, command line, Kafka and Spark on the same real alerts: the largest difference of a probability between them.

``python -m bench.doors ALERTS --alerts 500`` takes a folder of ZTF alerts in Avro, one after the other until so many can
be scored, and needs Java and Maven for a real Kafka broker on loopback and for Spark. Writes JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import fastavro
import numpy as np
import pandas as pd

import stream.score
import stream.spark
from core.lightcurve import LightCurve
from core.model import Model, load_model
from core.pipeline import Classification, classify
from core.refusal import Refusal
from stream.messages import Message, read_message, unique_rows
from tests.stream.kafka import harness
from tests.stream.kafka.broker import Broker

KEY = ["object_id", "alert_id"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; exit code 0 when the doors agree to 1e-6."""
    parser = argparse.ArgumentParser(prog="python -m bench.doors", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="ALERTS")
    parser.add_argument("--alerts", type=int, default=500, help="scored alerts to compare")
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--out", type=Path, default=Path("bench/doors.json"))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="t2scope-doors-") as folder:
        result = run(options, Path(folder))
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0 if result["largest_difference"] <= 1e-6 and not result["other_columns_differ"] else 1


def run(options: argparse.Namespace, folder: Path) -> dict:
    """All four doors on the same alerts."""
    model = load_model(options.model)
    values, page = chosen(options.folder, options.alerts, model)
    inbox = folder / "alerts"
    inbox.mkdir()
    for i, value in enumerate(values):
        (inbox / f"{i:06d}.avro").write_bytes(value)
    tables = {"page": page, "command line": from_command_line(inbox, folder, options.model)}
    broker = Broker(folder / "broker")
    broker.start()
    try:
        harness.make_topics(broker.address, [harness.IN, harness.OUT, harness.DEAD])
        harness.fill(broker.address, harness.IN, values)
        tables["kafka"] = from_kafka(broker.address, folder, options.model)
        tables["spark"] = from_spark(broker.address, folder, options.model)
    finally:
        broker.stop()
    return compared(tables, model)


def chosen(folder: Path, number: int, model: Model) -> tuple[list[bytes], pd.DataFrame]:
    """(messages, what the page says of each), up to ``number`` that can be scored."""
    values, rows, found = [], [], 0
    seen = set()
    for value in alerts(folder):
        for curve in read_message(Message(value)).curves:
            if curve.alert_id in seen:
                continue
            seen.add(curve.alert_id)
            answer = classify(curve, model)
            found += isinstance(answer, Classification)
            values.append(value)
            rows.append(page_row(curve, answer, model))
        if found == number:
            break
    return values, pd.DataFrame(rows)


def alerts(folder: Path) -> Iterator[bytes]:
    """Each alert of a folder's Avro files as a message of its own, cut-outs left out."""
    for path in sorted(folder.rglob("*.avro")):
        with path.open("rb") as source:
            if source.read(4) != b"Obj\x01":
                continue
            source.seek(0)
            reader = fastavro.reader(source)
            schema = reader.writer_schema
            fields = [f for f in schema["fields"] if not f["name"].startswith("cutout")]
            small = {**{k: v for k, v in schema.items() if not k.startswith("__")}, "fields": fields}
            for packet in reader:
                out = io.BytesIO()
                fastavro.writer(out, small, [packet])
                yield out.getvalue()


def page_row(curve: LightCurve, answer: Classification | Refusal, model: Model) -> dict:
    """The columns of a scored row that the page shows."""
    row: dict = {"object_id": curve.object_id, "alert_id": curve.alert_id}
    scored = isinstance(answer, Classification)
    row |= {f"p_{c}": answer.probabilities[k] if scored else np.nan for k, c in enumerate(model.classes)}
    return {**row, "top_class": answer.top_class if scored else None, "refusal": None if scored else answer.reason}


def from_command_line(inbox: Path, folder: Path, model: str) -> pd.DataFrame:
    """Rows of stream.score."""
    out = folder / "scores.parquet"
    assert stream.score.main([str(inbox), "--model", model, "--out", str(out), "--quiet"]) == 0
    return pd.read_parquet(out)


def from_kafka(address: str, folder: Path, model: str) -> pd.DataFrame:
    """Rows of stream.kafka."""
    with harness.WorkerProcess(address, folder, "--idle-exit", "6", model=model) as worker:
        worker.start()
        assert worker.wait(600) == 0, worker.said()[-2000:]
    return pd.DataFrame(unique_rows(m for m, _ in harness.read_all(address, harness.OUT)))


def from_spark(address: str, folder: Path, model: str) -> pd.DataFrame:
    """Rows of stream.spark, from the same topic."""
    where = ["--bootstrap", address, "--topics", harness.IN, "--stream", "--once", "--out", str(folder / "spark")]
    assert stream.spark.main([*where, "--model", model, "--master", "local[2]"]) == 0
    return pd.read_parquet(folder / "spark")


def compared(tables: dict[str, pd.DataFrame], model: Model) -> dict:
    """The largest difference of a probability to the page, and whether anything else differs."""
    tables = {name: t.sort_values(KEY, ignore_index=True) for name, t in tables.items()}
    p = [f"p_{c}" for c in model.classes]
    page = tables["page"]
    differences, other = {}, []
    for name, table in tables.items():
        if name == "page":
            continue
        pair = page[p].to_numpy(float), table[p].to_numpy(float)
        if len(table) != len(page) or (np.isnan(pair[0]) != np.isnan(pair[1])).any():
            other.append(f"{name}: rows")
            continue
        differences[name] = float(np.nanmax(np.abs(pair[0] - pair[1])))
        for column in (*KEY, "top_class", "refusal"):
            if (page[column].fillna("").astype(str) != table[column].fillna("").astype(str)).any():
                other.append(f"{name}: {column}")
    doors = [t[p].to_numpy(float) for name, t in tables.items() if name != "page"]
    between = max(float(np.nanmax(np.abs(a - b))) for a in doors for b in doors) if not other else None
    return {
        "model": model.name,
        "alerts": len(page),
        "scored": int(page["refusal"].isna().sum()),
        "difference_to_the_page": differences,
        "difference_between_the_doors": between,
        "largest_difference": max(differences.values(), default=1.0),
        "other_columns_differ": other,
    }


if __name__ == "__main__":
    sys.exit(main())
