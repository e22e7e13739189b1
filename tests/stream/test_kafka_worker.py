"""The worker's own logic, without Kafka: every message ends in a row or among the dead letters, and only then is done."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pandas as pd
import pytest

import stream.kafka as command
import stream.score
from core.model import load_model
from core.pipeline import classify, row_columns
from core.refusal import Refusal
from stream.kafka import Worker
from stream.kafka_client import Failed, KafkaProblem, Record, next_offsets, read_properties
from stream.messages import Message, read_message, read_together, row_key, row_value, rows_of, unique_rows
from stream.progress import Progress
from stream.registry import RegistryDown, SchemaRegistry
from tests.core.files.alerts import ZTF_SCHEMA, candidate, container, lsst_packet, lsst_schema, wire, ztf_packet
from tests.stream.packets import poison, real_message

MODEL = "t2-published-gr"
OUT, DEAD = "out", "dead"


class Tape:
    """A client that plays a list of messages once and notes what it is asked, in order."""

    def __init__(self, values: Iterable[bytes | None] = (), *, takes: int = 10**9) -> None:
        self.left = [Message(v, f"k{i}".encode(), "in", i % 2, i // 2) for i, v in enumerate(values)]
        self.takes = takes
        self.waiting: list[Record] = []
        self.written: list[Record] = []
        self.did: list[str] = []
        self.done: list[Message] = []
        self.refuse = False

    def poll(self, most: int, seconds: float) -> list[Message]:
        found, self.left = self.left[:most], self.left[most:]
        return found

    def send(self, record: Record) -> None:
        self.did.append("send")
        self.waiting.append(record)

    def flush(self) -> list[Failed]:
        self.did.append("flush")
        if self.refuse:
            return [Failed(r, "timed out") for r in self.waiting]
        large = [r for r in self.waiting if len(r.value or b"") > self.takes]
        self.written += [r for r in self.waiting if r not in large]
        self.waiting = []
        return [Failed(r, "too large", True) for r in large]

    def commit(self, messages: Iterable[Message]) -> None:
        self.did.append("commit")
        self.done += messages

    def close(self) -> None:
        self.did.append("close")

    def rows(self) -> list[dict]:
        return [json.loads(r.value) for r in self.written if r.topic == OUT]

    def dead(self) -> list[dict[str, str]]:
        return [{k: v.decode() for k, v in r.headers} for r in self.written if r.topic == DEAD]


@pytest.fixture(scope="module")
def model():
    return load_model(MODEL)


def worker(tape, model, read=None, **options):
    read = read or (lambda m: read_message(m, default_survey=model.recipe.survey))
    options = {"batch_size": 7, "batch_seconds": 0.05, "idle_exit": 0.0, **options}
    return Worker(tape, model, read, OUT, DEAD, Progress(io.StringIO(), quiet=True), **options)


def one_by_one(messages):
    return [None] * len(messages)


def test_messages_read_together_hold_what_each_holds_alone(model):
    """Good alerts in every framing, of many packets, and poison, in turn."""
    both = container(ZTF_SCHEMA, [ztf_packet(candidate(), candidate(-1, 2)), ztf_packet(objectId="")])
    values = [*poison().values(), None, both, container(lsst_schema(), [lsst_packet()]), container(ZTF_SCHEMA, [])]
    for i in range(40):
        values += [real_message(i)[0], real_message(i, "json")[0], values[i % 13]]
    messages = [Message(value, topic="in", offset=i) for i, value in enumerate(values)]
    together = read_together(messages)
    assert sum(contents is not None for contents in together) >= 40
    for message, contents in zip(messages, together, strict=True):
        alone = read_message(message)
        assert contents is None or (contents.dead is None and alone.dead is None)
        for one, other in zip(contents.curves if contents else [], alone.curves, strict=contents is not None):
            assert {**vars(one), **{n: v.tolist() for n, v in vars(one).items() if hasattr(v, "tolist")}, "limits": 0} == {
                **vars(other), **{n: v.tolist() for n, v in vars(other).items() if hasattr(v, "tolist")}, "limits": 0
            }  # fmt: skip
            assert all(np.array_equal(getattr(one.limits, n), getattr(other.limits, n)) for n in vars(one.limits))


def test_rows_are_the_pages_answers_with_the_contracts_columns(model):
    values = [real_message(i, framing)[0] for i, framing in enumerate(["avro", "json"] * 10)]
    tape = Tape(values)
    worker(tape, model).run()
    rows = tape.rows()
    assert len(rows) == len(tape.done) == 20 and not tape.dead()
    assert all(list(row) == row_columns(model) for row in rows)
    scored = 0
    for value, row in zip(values, rows, strict=True):
        (curve,) = read_message(Message(value)).curves
        answer = classify(curve, model)
        assert (row["object_id"], row["alert_id"]) == (curve.object_id, curve.alert_id)
        if isinstance(answer, Refusal):
            assert row["refusal"] == answer.reason and row["p_SNIa"] is None and row["top_class"] is None
        else:
            scored += 1
            np.testing.assert_allclose([row[f"p_{c}"] for c in model.classes], answer.probabilities, atol=1e-6)
            assert row["top_class"] == answer.top_class and row["refusal"] is None
    assert scored >= 5


def test_each_batch_is_written_flushed_and_only_then_committed(model):
    tape = Tape([real_message(i)[0] for i in range(10)])
    worker(tape, model, batch_size=4).run()
    assert tape.did == [*["send"] * 4, "flush", "commit"] * 2 + [*["send"] * 2, "flush", "commit"]


def test_nothing_is_committed_that_was_not_written(model):
    tape = Tape([real_message(0)[0]])
    tape.refuse = True
    with pytest.raises(KafkaProblem, match="not committed"):
        worker(tape, model).run()
    assert not tape.done


@pytest.mark.parametrize("what", poison())
def test_poison_is_a_dead_letter_with_its_place_and_the_next_alert_is_scored(what, model):
    bad = poison()[what]
    tape = Tape([bad, bad, bad, real_message(3)[0]])
    run = worker(tape, model)
    run.run()
    assert len(tape.rows()) == 1 and len(tape.done) == 4
    heads = tape.dead()
    assert len(heads) == 3 == sum(run.dead.values())
    assert all(h["reason"] and h["message"] and h["source_topic"] == "in" for h in heads)
    assert [(h["source_partition"], h["source_offset"]) for h in heads] == [("0", "0"), ("1", "0"), ("0", "1")]
    letters = [r for r in tape.written if r.topic == DEAD]
    assert [r.value for r in letters] == [bad] * 3 and [r.key for r in letters] == [b"k0", b"k1", b"k2"]
    assert "error" not in run.dead, "the reader met something that it has no word for"


def test_a_tombstone_is_a_dead_letter(model):
    tape = Tape([None])
    worker(tape, model).run()
    assert tape.dead()[0]["reason"] == "empty"


def test_alerts_that_are_refused_keep_their_row(model):
    nan = float("nan")
    storm = ztf_packet(*[candidate(-k, 1, nan, sigmapsf=nan, diffmaglim=nan) for k in range(20)])
    tape = Tape([container(ZTF_SCHEMA, [storm]), container(lsst_schema(), [lsst_packet()])])
    worker(tape, model).run()
    assert [row["refusal"] for row in tape.rows()] == ["no_points", "wrong_survey"] and not tape.dead()
    assert tape.rows()[1]["object_id"] == str(2**53 + 1)


def test_a_message_of_which_a_part_is_lost_gives_rows_and_a_dead_letter(model):
    both = container(ZTF_SCHEMA, [ztf_packet(candidate(), candidate(-1, 2)), ztf_packet(objectId="")])
    tape = Tape([both])
    worker(tape, model).run()
    assert [row["object_id"] for row in tape.rows()] == ["ZTF23aaaaaaa"]
    assert tape.dead()[0]["reason"] == "no_id" and tape.dead()[0]["message"].startswith("record 2:")


def test_a_light_curve_that_breaks_the_scoring_costs_itself_alone(model, monkeypatch):
    real = command.classify_selected

    def breaks(curves, *arguments, **options):
        curves = list(curves)
        if any(c.alert_id == real_message(2)[1] for c in curves):
            raise ZeroDivisionError("numbers")
        return real(curves, *arguments, **options)

    monkeypatch.setattr(command, "classify_selected", breaks)
    tape = Tape([real_message(i)[0] for i in range(5)])
    worker(tape, model).run()
    assert [row["alert_id"] for row in tape.rows()] == [real_message(i)[1] for i in (0, 1, 3, 4)]
    assert tape.dead()[0]["reason"] == "error" and "ZeroDivisionError" in tape.dead()[0]["message"]
    assert len(tape.done) == 5


def test_the_published_selection_is_that_of_the_command_line(model, tmp_path):
    """The same rows, and the same funnel with every reason counted."""
    values = [real_message(i)[0] for i in range(60)]
    folder = tmp_path / "alerts"
    folder.mkdir()
    for i, value in enumerate(values):
        (folder / f"{i:03d}.avro").write_bytes(value)
    out, said = tmp_path / "rows.parquet", io.StringIO()
    options = ["--model", MODEL, "--out", str(out), "--selection", "published"]
    assert stream.score.main([str(folder), *options], stderr=said) == 0
    tape = Tape(values)
    run = worker(tape, model, selection="published")
    run.run()
    found = pd.DataFrame(tape.rows()).set_index("alert_id")
    expected = pd.read_parquet(out).set_index("alert_id").loc[found.index]
    expected = expected[found.columns].astype(object).where(expected.notna(), None)
    p = [c for c in found if c.startswith("p_")]
    assert found.drop(columns=p).astype(object).equals(expected.drop(columns=p))
    np.testing.assert_allclose(found[p].astype(float), expected[p].astype(float), rtol=0, atol=1e-6)
    funnel = said.getvalue().split("funnel:\n")[1].split("written")[0]
    assert funnel in run.summary() + "\n" and "too_old" in funnel


def test_a_dead_letter_that_is_too_large_is_sent_without_its_value(model):
    tape = Tape([b"\x01" * 5000], takes=4000)
    worker(tape, model).run()
    (letter,) = (r for r in tape.written if r.topic == DEAD)
    assert letter.value is None and tape.dead()[0]["value_bytes"] == "5000" and len(tape.done) == 1


def test_a_signal_ends_the_run_after_the_batch_in_hand(model):
    tape = Tape([real_message(i)[0] for i in range(20)])
    run = worker(tape, model, batch_size=5, idle_exit=None)
    handle = run.handle

    def then_signalled(batch):
        handle(batch)
        run.stopping.asked = True

    run.handle = then_signalled
    run.run()
    assert len(tape.rows()) == len(tape.done) == 5


def test_a_registry_that_is_down_is_waited_for_and_costs_no_message(model, monkeypatch):
    value, calls = real_message(0)[0], []
    monkeypatch.setattr(command.time, "sleep", lambda seconds: None)
    clock = iter(range(10**6))
    monkeypatch.setattr(command.time, "monotonic", lambda: float(next(clock)))

    def read(message):
        calls.append(message)
        if len(calls) < 4:
            raise RegistryDown("no answer")
        return read_message(message)

    tape = Tape([value])
    worker(tape, model, read, together=one_by_one).run()
    assert len(calls) == 4 and len(tape.rows()) == 1 and not tape.dead()
    tape = Tape([value])

    def down(message):
        run.stopping.asked = True
        raise RegistryDown("no answer")

    run = worker(tape, model, down, together=one_by_one)
    run.run()
    assert not tape.written and not tape.done


def test_the_key_is_of_object_alert_and_model(model):
    frame = command.classify_many(read_message(Message(real_message(0)[0])).curves, model)
    (row,) = rows_of(frame)
    assert json.loads(row_key(row)) == [row["object_id"], row["alert_id"], row["model_sha256"]]
    without = {**row, "alert_id": None}
    assert json.loads(row_key(without))[1] == row["photometry_sha256"]


def test_a_consumer_keeps_the_first_row_of_each_key():
    def message(key, value):
        return Message(json.dumps(value).encode(), key)

    rows = unique_rows([message(b"a", 1), message(b"b", 2), message(b"a", 3), Message(None, b"c")])
    assert list(rows) == [1, 2]


def test_rows_survive_json_to_the_last_digit(model):
    rows = rows_of(command.classify_many(read_message(Message(real_message(1)[0])).curves, model))
    assert json.loads(row_value(rows[0])) == rows[0]


def test_next_offsets_are_one_past_the_last_of_each_partition():
    batch = [Message(b"", topic="a", partition=p, offset=o) for p, o in ((0, 4), (0, 5), (1, 9))]
    assert next_offsets(batch) == {("a", 0): 6, ("a", 1): 10}


def test_properties_are_read_from_a_file(tmp_path):
    (tmp_path / "p").write_text("# who\nsasl.username = me\n\nsasl.password=a=b\n")
    assert read_properties(tmp_path / "p") == {"sasl.username": "me", "sasl.password": "a=b"}


# --- framed packets and the registry ---------------------------------------------------------------------------------


@pytest.fixture()
def registry():
    """A schema registry that knows schema 701, counts what it is asked, and can be down."""
    asked, state = [], {"down": False}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            known = self.path == "/schemas/ids/701"
            body = json.dumps({"schema": json.dumps(lsst_schema())} if known else {"error_code": 40403}).encode()
            self.send_response(503 if state["down"] else 200 if known else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked, state
    server.shutdown()
    server.server_close()


def test_schemas_come_from_the_registry_once(registry, tmp_path):
    url, asked, _ = registry
    source = SchemaRegistry(url + "/", tmp_path)
    packet = wire(lsst_schema(), lsst_packet())
    for _ in range(3):
        source.provide(packet)
    (curve,) = read_message(Message(packet), schemas=tmp_path).curves
    assert curve.object_id == str(2**53 + 1)
    for _ in range(3):
        source.provide(b"\x00\x00\x06\x79\x32abc")
        source.provide(b"Obj\x01")
        source.provide(None)
    assert asked == ["/schemas/ids/701", "/schemas/ids/424242"]


def test_a_registry_that_is_down_is_not_the_packets_fault(registry, tmp_path):
    url, _, state = registry
    source = SchemaRegistry(url, tmp_path)
    state["down"] = True
    with pytest.raises(RegistryDown, match="701"):
        source.provide(wire(lsst_schema(), lsst_packet()))
    state["down"] = False
    source.provide(wire(lsst_schema(), lsst_packet()))
    assert (tmp_path / "701.json").exists()


def test_a_message_of_an_unknown_schema_says_which(tmp_path):
    dead = read_message(Message(wire(lsst_schema(), lsst_packet(), 999)), schemas=tmp_path).dead
    assert dead is not None and dead.reason == "no_schema" and "schema 999" in dead.text


# --- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"--topics": ","}, "expected the name of a topic"),
        ({"--out-topic": "in"}, "read and written"),
        ({"--topics": "^ztf_.*", "--out-topic": "ztf_scores"}, "read and written"),
        ({"--dead-letter-topic": "out"}, "expected two topics"),
        ({"--schemas": "/no/such/folder"}, "folder of LSST schemas"),
        ({"--registry": "ftp://x"}, "no http or https address"),
        ({"--batch": "0"}, "must be positive"),
        ({"--model": "nope"}, "no model card"),
        ({"--prior": "nope"}, "expected survey, equal"),
        ({"--config": "/no/such/file"}, "No such file"),
    ],
)
def test_bad_arguments_are_one_sentence(changes, says):
    wanted = {
        "--bootstrap": "127.0.0.1:1", "--topics": "in", "--out-topic": "out", "--dead-letter-topic": "dead", "--model": MODEL,
    }  # fmt: skip
    said = io.StringIO()
    code = command.main([word for pair in {**wanted, **changes}.items() for word in pair], stderr=said)
    assert code == 2 and says in said.getvalue() and len(said.getvalue().strip().splitlines()) == 1
