"""One packet in a hundred is poison: every good one has the row that it has without them, every bad one its dead letter."""

import json

import pandas as pd
import pytest

from core.brokers.files import avro
from core.brokers.files.content import Reading
from tests.core.files.alerts import ZTF_SCHEMA, candidate, handmade, ztf_packet
from tests.core.files.test_decoder import record
from tests.stream.packets import poison, real_message
from tests.stream.test_score import run

GOOD = 600


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Real alerts, one a file, with poison of every kind among them."""
    folder = tmp_path_factory.mktemp("alerts")
    for i in range(GOOD):
        (folder / f"{i:04d}.avro").write_bytes(real_message(i)[0])
    return folder


def letters(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_good_packet_has_its_row(folder, tmp_path):
    clean, dirty = tmp_path / "clean.parquet", tmp_path / "dirty.parquet"
    assert run(folder, "--out", clean)[0] == 0
    bad = {f"{60 * i:04d}_bad.avro": data for i, data in enumerate(poison().values())}
    for name, data in bad.items():
        (folder / name).write_bytes(data)
    code, said = run(folder, "--out", dirty, "--dead-letters", tmp_path / "dead.jsonl")
    assert code == 0, said
    rows, expected = pd.read_parquet(dirty), pd.read_parquet(clean)
    assert len(expected) == GOOD and len(rows) == GOOD + len(bad)
    good = rows[rows["alert_id"].isin(expected["alert_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(good, expected)
    dead = letters(tmp_path / "dead.jsonl")
    assert [letter["file"] for letter in dead] == sorted(bad)
    assert all(letter["reason"] and letter["message"] and letter["offset"] >= 0 for letter in dead)


def test_a_dead_letter_of_a_container_says_at_which_byte_its_block_begins(tmp_path):
    good, wrong = record(ztf_packet(candidate(), candidate(-1, 2))), record(ztf_packet(candidate(), objectId=""))
    blocks = [(2, None, good + good), (3, None, good + wrong + good), (1, None, good), (2, None, good + good[:40])]
    data = handmade(ZTF_SCHEMA, "null", *blocks)
    path = tmp_path / "many.avro"
    path.write_bytes(data[:-20] + bytes(20))
    assert run(path, "--out", tmp_path / "o.parquet", "--dead-letters", tmp_path / "dead.jsonl")[0] == 0
    found = letters(tmp_path / "dead.jsonl")
    assert [letter["reason"] for letter in found] == ["no_id", "format"]
    assert [letter.get("record") for letter in found] == [4, None]
    with path.open("rb") as stream:
        header = avro.header_of(stream)
        stream.seek(found[0]["offset"])
        assert next(avro.blocks_of(stream, header, Reading("x"))) == (good + wrong + good, 3)
        stream.seek(0)
        places = [offset for offset, _ in avro.block_places(stream)]
    assert [letter["offset"] for letter in found] == [places[1], places[3]]
    assert pd.read_parquet(tmp_path / "o.parquet")["refusal"].isin(["no_id", "format"]).sum() == 2
