"""Spark in local mode: the rows of the command line, whatever the order of the input; streams that go on where they were."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stream.kafka
import stream.score
import stream.spark as command
from core.brokers.files import read_file
from core.model import load_model
from core.pipeline import Classification, classify, row_columns
from stream.messages import unique_rows
from stream.spark_worker import whole_objects
from tests.core.files.alerts import ZTF_SCHEMA, container
from tests.stream.packets import poison, real_message
from tests.stream.scale_extra import need, packages

pytestmark = pytest.mark.scale
DATA = Path(__file__).parents[1] / "data"
CURVES = DATA / "ztf_curves" / "curves.parquet"
FINK = (
    "fink_ztf_2022.parquet",
    "fink_ztf_raw_2020.parquet",
    "fink_ztf_tde_2020.parquet",
    "fink_lsst_float_ids.parquet",
)
MODEL = "t2-ztf"
KEY = ["object_id", "alert_id"]


@pytest.fixture(scope="module", autouse=True)
def spark():
    """One session for the whole file, with the connectors: starting one takes as long as all tests together."""
    need("pyspark", java=True)
    with packages():
        command.jars(command._CONNECTORS, "spark")
    session = command.session("local[2]", connectors=True, **{"spark.ui.showConsoleProgress": "false"})
    yield session
    session.stop()


@pytest.fixture(scope="module")
def model():
    return load_model(MODEL)


def run(*arguments, code=0):
    said = io.StringIO()
    assert command.main([*map(str, arguments), "--model", MODEL], stderr=said) == code, said.getvalue()
    return said.getvalue()


def scored(out):
    """Rows that Spark wrote, in order of their ids."""
    table = pd.read_parquet(out)
    columns = [c for c in table if c not in ("batch", "source_topic", "source_partition", "source_offset")]
    return table[columns].sort_values(KEY, ignore_index=True)


def from_command_line(source, tmp_path, *options):
    out = tmp_path / "command_line.parquet"
    assert stream.score.main([str(source), "--model", MODEL, "--out", str(out), "--quiet", *options]) == 0
    return pd.read_parquet(out).sort_values(KEY, ignore_index=True)


def same(found, expected):
    assert list(found.columns) == list(expected.columns)
    exact = [c for c in expected if not c.startswith("p_")]
    pd.testing.assert_frame_equal(found[exact], expected[exact], check_dtype=False)
    p = [c for c in expected if c.startswith("p_")]
    np.testing.assert_allclose(found[p].to_numpy(float), expected[p].to_numpy(float), rtol=0, atol=1e-6)


def says_the_page(rows, curves, model):
    """Every light curve has the row that the page would show; returns how many are scored."""
    by_id = {(row["object_id"], row["alert_id"] if pd.notna(row["alert_id"]) else None): row for row in rows}
    n = 0
    for curve in curves:
        answer, row = classify(curve, model), by_id[curve.object_id, curve.alert_id]
        if isinstance(answer, Classification):
            n += 1
            np.testing.assert_allclose([row[f"p_{c}"] for c in model.classes], answer.probabilities, rtol=0, atol=1e-6)
        else:
            assert row["refusal"] == answer.reason
    return n


def test_a_table_page_command_line_and_spark(model, tmp_path):
    said = run(CURVES, "--out", tmp_path / "out")
    found = scored(tmp_path / "out")
    assert list(found.columns) == row_columns(model)
    same(found, from_command_line(CURVES, tmp_path))
    curves = read_file(CURVES, default_survey="ztf").curves
    assert says_the_page(found.to_dict("records"), curves, model) >= 30
    assert said.startswith("39 light curves: 34 scored")


@pytest.mark.parametrize("source", [CURVES, DATA / "files" / FINK[0]], ids=["table", "alerts"])
def test_the_published_selection_is_that_of_the_command_line(source, tmp_path):
    said = run(source, "--out", tmp_path / "out", "--selection", "published")
    same(scored(tmp_path / "out"), from_command_line(source, tmp_path, "--selection", "published"))
    loud = io.StringIO()
    again = [str(source), "--model", MODEL, "--out", str(tmp_path / "b.parquet"), "--selection", "published"]
    assert stream.score.main(again, stderr=loud) == 0
    funnel = [line for line in loud.getvalue().splitlines() if line[:11].strip().isdigit() and "in g and in r" in line]
    assert len(funnel) == 1 and funnel[0] in said


@pytest.mark.parametrize("name", FINK)
def test_fink_alerts_page_command_line_and_spark(name, model, tmp_path):
    run(DATA / "files" / name, "--out", tmp_path / "out", "--quiet")
    found = scored(tmp_path / "out")
    same(found, from_command_line(DATA / "files" / name, tmp_path))
    says_the_page(found.to_dict("records"), read_file(DATA / "files" / name).curves, model)


def test_rows_of_an_object_are_brought_together_from_wherever_they_lie(tmp_path):
    table = pd.read_parquet(CURVES)
    mixed = table.iloc[np.random.default_rng(3).permutation(len(table))]
    (tmp_path / "in").mkdir()
    for k in range(4):
        mixed.iloc[k::4].to_parquet(tmp_path / "in" / f"{k}.parquet")
    run(tmp_path / "in", "--out", tmp_path / "out", "--quiet")
    found, expected = scored(tmp_path / "out"), from_command_line(CURVES, tmp_path)
    untold = [c for c in expected if c != "notes"]  # that rows were out of order is a note
    same(found[untold], expected[untold])


def test_rows_that_cannot_be_read_keep_their_reason(tmp_path):
    day = np.arange(60_000.0, 60_008.0)
    good = pd.DataFrame({"oid": "good", "mjd": day, "band": ["ztf_g", "ztf_r"] * 4, "flux": 900.0, "flux_err": 20.0})
    bad = good.assign(oid="bad", band="no_such_band")
    pd.concat([good, bad]).to_parquet(tmp_path / "t.parquet")
    run(tmp_path / "t.parquet", "--out", tmp_path / "out", "--quiet")
    found, expected = scored(tmp_path / "out"), from_command_line(tmp_path / "t.parquet", tmp_path)
    untold = [c for c in expected if c != "refusal_message"]  # it counts the rows of its own batch
    same(found[untold], expected[untold])
    assert found["refusal"].tolist()[0] == "value" and "no_such_band" in found["refusal_message"][0]


def test_a_stream_of_files_scores_each_once(tmp_path):
    inbox, out = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    shutil.copy(DATA / "files" / FINK[0], inbox)
    run(inbox, "--out", out, "--stream", "--once")
    first = scored(out)
    run(inbox, "--out", out, "--stream", "--once")
    same(scored(out), first)
    table = pq.read_table(DATA / "files" / FINK[0])
    pq.write_table(table.slice(0, 4), inbox / "more.parquet")
    run(inbox, "--out", out, "--stream", "--once")
    assert len(scored(out)) == len(first) + 4
    same(first, from_command_line(DATA / "files" / FINK[0], tmp_path))


def test_avro_alerts_through_sparks_own_reader(tmp_path):
    from tests.core.files.alerts import candidate, ztf_packet

    packets = [ztf_packet(*[candidate(-d, 1 + d % 2, 18 + 0.1 * d) for d in range(8)], candid=n) for n in range(3)]
    (tmp_path / "a.avro").write_bytes(container(ZTF_SCHEMA, packets))
    run(tmp_path / "a.avro", "--format", "avro", "--out", tmp_path / "out", "--quiet")
    found, expected = scored(tmp_path / "out"), from_command_line(tmp_path / "a.avro", tmp_path)
    same(found, expected)
    assert found["refusal"].isna().all()


def test_all_four_doors_say_the_same(kafka_broker, model, tmp_path):
    """Page, command line, Kafka worker and Spark on real alerts, from a real broker, with poison among them."""
    from tests.stream.kafka import harness

    address = kafka_broker.address
    harness.make_topics(address, ["doors", "doors_out", "doors_dead"])
    values = [real_message(i)[0] for i in range(60)]
    harness.fill(address, "doors", [*values, *poison().values()])
    folder = tmp_path / "alerts"
    folder.mkdir()
    for i, value in enumerate(values):
        (folder / f"{i:03d}.avro").write_bytes(value)
    expected = from_command_line(folder, tmp_path)

    arguments = ["--bootstrap", address, "--topics", "doors", "--stream", "--once", "--out", tmp_path / "out"]
    run(*arguments)
    run(*arguments)  # goes on from its checkpoint, where nothing is left
    same(scored(tmp_path / "out"), expected)
    dead = pd.read_parquet(tmp_path / "out-dead")
    assert sorted(dead["dead_value"]) == sorted(poison().values())
    assert dead["dead_reason"].ne("error").all() and set(dead["source_topic"]) == {"doors"}

    said = io.StringIO()
    options = ["--topics", "doors", "--out-topic", "doors_out", "--dead-letter-topic", "doors_dead", "--idle-exit", "4"]
    assert stream.kafka.main(["--bootstrap", address, "--model", MODEL, *options], stderr=said) == 0, said.getvalue()
    rows = list(unique_rows(m for m, _ in harness.read_all(address, "doors_out")))
    same(pd.DataFrame(rows).sort_values(KEY, ignore_index=True)[expected.columns], expected)
    assert len(harness.read_all(address, "doors_dead")) == len(poison())

    curves = [curve for value in values for curve in read_file(value).curves]
    assert says_the_page(rows, curves, model) >= 10


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{tmp}/nowhere", "--out", "{tmp}/o"], "can't be read"),
        ([], "either INPUT or"),
        ([str(CURVES), "--bootstrap", "a:1"], "go together"),
        (["--bootstrap", "a:1", "--topics", "t"], "give --stream"),
        ([str(CURVES), "--spread", "--model", "t2-published-gr"], "no fold models"),
        ([str(CURVES), "--prior", "nope"], "expected survey, equal"),
        ([str(CURVES), "--schemas", "{tmp}/no"], "folder of LSST schemas"),
        ([str(CURVES), "--conf", "a"], "NAME=VALUE"),
        (["{tmp}/other.parquet"], "columns missing"),
        (["{tmp}/single.parquet"], "no column of object ids"),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, says, tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    one = {"mjd": [60_000.0], "band": ["ztf_g"], "flux": [1.0], "flux_err": [1.0]}
    pq.write_table(pa.table(one), tmp_path / "single.parquet")
    words = [word.format(tmp=tmp_path) for word in arguments]
    said = io.StringIO()
    code = command.main(["--model", MODEL, "--out", str(tmp_path / "o"), *words], stderr=said)
    assert code == 2 and says in said.getvalue() and len(said.getvalue().strip().splitlines()) == 1


def test_what_is_there_is_not_overwritten_unasked(tmp_path):
    (tmp_path / "out").mkdir()
    assert "already exists" in run(CURVES, "--out", tmp_path / "out", code=1)
    run(CURVES, "--out", tmp_path / "out", "--overwrite", "--quiet")


@given(runs=st.lists(st.integers(1, 9), min_size=1, max_size=12), cut=st.integers(1, 7), size=st.integers(1, 20))
def test_no_object_is_torn_and_no_row_lost_however_the_batches_fall(runs, cut, size):
    ids = [f"o{k}" for k, n in enumerate(runs) for _ in range(n)]
    table = pa.table({"id": ids, "row": range(len(ids))})
    parts = list(whole_objects(table.to_batches(max_chunksize=cut), "id", size))
    assert [r for part in parts for r in part["row"].to_pylist()] == list(range(len(ids)))
    seen = [name for part in parts for name in dict.fromkeys(part["id"].to_pylist())]
    assert len(seen) == len(set(seen)) == len(runs)
