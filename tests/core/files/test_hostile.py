"""Files that mean harm, or were meant for something else: refused in a sentence, quickly, without filling the memory."""

import io
import json
import os
import time
import tracemalloc
import zlib
from pathlib import Path

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brokers.files import LOCAL, UPLOAD, Caps, read_file
from core.refusal import BadInput
from tests.core.files.alerts import (
    ZTF_SCHEMA,
    candidate,
    container,
    handmade,
    lsst_packet,
    lsst_schema,
    packed,
    wire,
    ztf_packet,
)

DATA = Path(__file__).parents[2] / "data" / "files"


def refused(data, reason, **options):
    with pytest.raises(BadInput) as error:
        read_file(data, "x", **options)
    assert error.value.reason == reason, error.value
    return error.value.message


def record(packet=None):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(ZTF_SCHEMA), packet or ztf_packet())
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "reason", "says"),
    [
        (b"", "empty", "0 bytes"),
        (b"\n\n  \n", "empty", "blank"),
        (b"# only a comment\n", "empty", "comment"),
        (b"object_id,mjd,band,flux,flux_err\n", "empty", "no rows"),
        (b"[]", "empty", "empty"),
        (b"\x1f\x8b\x08rest", "format", "gzip"),
        (b"PK\x03\x04rest", "format", "ZIP"),
        (b"SIMPLE  =                    T", "format", "FITS"),
        (b"\x89HDF\r\n", "format", "HDF5"),
        (b"<?xml version='1.0'?>", "format", "XML"),
        (b"\x80\x04\x95pickle", "format", "never opened"),
        (b"\x7fELF\x00\x00", "format", "binary"),
        (b"{not json", "format", "not JSON"),
        (b"[1, 2]", "format", "neither"),
        (b"[" * 100_000, "format", "not JSON"),
        (b"hello world, this is a letter\nnot a table\n", "columns", "Found: hello"),
        (b"PAR1" + bytes(100) + b"PAR1", "damaged", "Parquet"),
        (b"Obj\x01", "truncated", "header"),
        (b"Obj\x01" + b"\xff" * 40, "format", "64 bits"),
    ],
)
def test_what_is_no_photometry_is_named(data, reason, says):
    assert says in refused(data, reason)


def test_the_first_bytes_decide_not_the_name():
    data = container(ZTF_SCHEMA, [ztf_packet()])
    assert read_file(data, "alert.csv").format == "ZTF alerts (Avro)"


def test_a_file_above_the_cap_is_refused_before_it_is_read():
    assert "at most 1 MB" in refused(b"x" * (2**20 + 1), "too_large", caps=Caps(file_bytes=2**20))


@pytest.mark.parametrize("codec", ["deflate", "snappy", "bzip2", "xz", "zstandard"])
def test_a_decompression_bomb_stops_at_the_cap(codec):
    """64 KB to a few hundred bytes, unpacked under a cap of 16 KB, and the same within the cap."""
    data = handmade(ZTF_SCHEMA, codec, (1, None, packed(codec, record() + bytes(65_536))))
    assert "unpacks from" in refused(data, "too_large", caps=Caps(block_bytes=16_384))
    assert len(read_file(handmade(ZTF_SCHEMA, codec, (1, None, packed(codec, record())))).curves) == 1


def test_a_real_bomb_takes_neither_memory_nor_time():
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(bytes(400 * 2**20)) + packer.flush()
    assert len(bomb) < 600_000
    tracemalloc.start()
    start = time.process_time()
    refused(handmade(ZTF_SCHEMA, "deflate", (1, None, bomb)), "too_large")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * UPLOAD.block_bytes
    assert time.process_time() - start < 20


def test_many_small_blocks_are_counted_together():
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(record() * 2000) + packer.flush()
    data = handmade(ZTF_SCHEMA, "deflate", *[(2000, None, block)] * 20)
    content = read_file(data, caps=Caps(total_bytes=5 * 2**20))
    assert content.unreadable[-1].error.reason == "too_large"
    assert 0 < len(content.curves) < 40_000


@pytest.mark.parametrize(
    ("count", "size", "reason"),
    [(1, 2**40, "too_large"), (1, -5, "too_large"), (2**40, None, "format"), (-3, None, "format")],
)
def test_a_block_that_lies_about_itself(count, size, reason):
    refused(handmade(ZTF_SCHEMA, "null", (count, size, record())), reason)


def test_a_record_may_not_claim_the_whole_block():
    big = ztf_packet(cutoutScience={"fileName": "x", "stampData": bytes(200_000)})
    data = handmade(ZTF_SCHEMA, "null", (3, None, record() + record(big) + record()))
    content = read_file(data, caps=Caps(record_bytes=50_000))
    assert len(content.curves) == 1 and content.unreadable[0].where == "records 2 to 3"


def test_windows_over_a_large_block_change_nothing():
    packets = [ztf_packet(candidate(), *[candidate(-k) for k in range(1, n % 7)], candid=n + 1) for n in range(200)]
    data = handmade(ZTF_SCHEMA, "null", (200, None, b"".join(record(p) for p in packets)))
    small, whole = read_file(data, caps=Caps(record_bytes=3_000)), read_file(data)
    assert [c.alert_id for c in small.curves] == [str(n + 1) for n in range(200)]
    assert [c.photometry_sha256() for c in small.curves] == [c.photometry_sha256() for c in whole.curves]


def with_field(kind):
    return {**ZTF_SCHEMA, "fields": [*ZTF_SCHEMA["fields"], {"name": "extra", "type": kind}]}


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ({"type": "array", "items": "null"}, "take no bytes"),
        ({"type": "array", "items": {"type": "record", "name": "nothing", "fields": []}}, "take no bytes"),
        ({"type": "array", "items": {"type": "fixed", "name": "zero", "size": 0}}, "take no bytes"),
        (
            ["null", {"type": "record", "name": "chain", "fields": [{"name": "next", "type": ["null", "chain"]}]}],
            "recursive",
        ),
        ({"type": "no such type"}, "parsed"),
    ],
)
def test_schemas_that_could_run_away(kind, says):
    assert says in refused(handmade(with_field(kind), "null", (1, None, record())), "schema")


def test_a_schema_nested_too_deep():
    kind = "int"
    for _ in range(200):
        kind = {"type": "array", "items": kind}
    assert "deep" in refused(handmade(with_field(kind), "null", (1, None, record())), "schema")


def doubling(depth, leaf, *, width=2):
    """The alert, and records that each hold the one before ``width`` times: width ** depth leaves in a few kilobytes."""
    part = {"type": "record", "name": "own.r0", "fields": [{"name": "leaf", "type": leaf}]}
    parts = [part]
    for i in range(1, depth):
        fields = [{"name": f"f{k}", "type": f"own.r{i - 1}"} for k in range(width)]
        parts.append({"type": "record", "name": f"own.r{i}", "fields": fields})
    extra = [{"name": f"extra{i}", "type": part} for i, part in enumerate(parts)]
    return {**ZTF_SCHEMA, "fields": [*ZTF_SCHEMA["fields"], *extra]}


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (doubling(30, "int"), "deep"),
        (doubling(14, "int", width=50), "do not fit"),  # harmless: 50 ** 13 leaves have that many bytes, or none
        (doubling(14, "null"), "more parts than bytes"),
        (doubling(14, "null", width=50), "more parts than bytes"),
    ],
)
def test_records_that_name_each_other_again_and_again_take_no_time(schema, says):
    start = time.process_time()  # of this process alone, whatever else the machine does
    with pytest.raises(BadInput) as error:
        read_file(handmade(schema, "null", (1, None, record())))
    assert says in error.value.message
    assert time.process_time() - start < 2.0


def test_a_list_of_records_that_are_nearly_free_is_refused():
    """One byte for forty thousand nulls, as often as the file has bytes."""
    free = [{"name": f"n{k}", "type": "null"} for k in range(40_000)]
    item = {"type": "record", "name": "cheap", "fields": [*free, {"name": "a", "type": "int"}]}
    for kind in ({"type": "array", "items": item}, {"type": "map", "values": ["null", item]}):
        assert "next to none" in refused(handmade(with_field(kind), "null", (1, None, record())), "schema")


def test_a_list_of_records_or_nulls_as_spark_writes_it_is_read():
    row = {"type": "record", "name": "row", "fields": [{"name": f"n{k}", "type": ["null", "int"]} for k in range(300)]}
    schema = with_field({"type": "array", "items": ["null", row]})
    packet = {**ztf_packet(), "extra": [None, {f"n{k}": None for k in range(300)}]}
    assert len(read_file(container(schema, [packet])).curves) == 1


def test_a_schema_that_calls_itself_parsed_is_checked_all_the_same():
    kind = {"type": "array", "items": "null"}
    schema = {**with_field(kind), "__fastavro_parsed__": True, "__named_schemas": {}}
    assert "take no bytes" in refused(handmade(schema, "null", (1, None, record())), "schema")


def test_an_unknown_codec_is_named():
    assert "'lzo'" in refused(handmade(ZTF_SCHEMA, "lzo", (1, None, record())), "format")


def test_a_wrong_sync_marker_is_damage():
    data = handmade(ZTF_SCHEMA, "null", (1, None, record()))[:-16] + bytes(16)
    assert "damaged" in refused(data, "format")


def test_caps_on_rows_and_records_keep_what_was_read():
    text = "object_id,mjd,band,flux,flux_err\n" + "a,60000,ztf_g,1,1\n" * 50
    assert "more than 20 rows" in refused(text.encode(), "too_large", caps=Caps(rows=20))
    content = read_file(container(ZTF_SCHEMA, [ztf_packet()] * 30, sync_interval=2000), caps=Caps(records=20))
    assert 0 < len(content.curves) <= 20 and "more than 20 alerts" in content.unreadable[-1].error.message


def test_time_runs_out():
    refused(container(ZTF_SCHEMA, [ztf_packet()]), "too_slow", caps=Caps(seconds=-1.0))


def test_a_parquet_file_that_ends_the_process_of_its_reader():
    """pyarrow 26 aborts on these bytes, where Python can't catch it: a child process takes the fall."""
    assert "damaged" in refused((DATA / "damaged_statistics.parquet").read_bytes(), "damaged")
    assert refused((DATA / "damaged_statistics.parquet").read_bytes(), "damaged", caps=LOCAL)


def test_a_parquet_file_that_takes_too_long_is_given_up():
    data = (DATA / "fink_ztf_2022.parquet").read_bytes()
    assert "longer than" in refused(data, "too_slow", caps=Caps(seconds=0.01))


def test_a_child_process_changes_nothing():
    data = (DATA / "fink_ztf_2022.parquet").read_bytes()
    careful, quick = read_file(data, "x"), read_file(data, "x", caps=LOCAL)
    assert [c.photometry_sha256() for c in careful.curves] == [c.photometry_sha256() for c in quick.curves]
    assert careful.notes == quick.notes


def test_parquet_says_in_its_footer_how_large_it_is():
    n = 2_000_000
    table = pa.table({"object_id": pa.array(np.zeros(n, np.int64)), "mjd": np.zeros(n), "band": pa.array(["ztf_g"] * n).dictionary_encode(),
                      "flux": np.zeros(n), "flux_err": np.ones(n)})  # fmt: skip
    out = io.BytesIO()
    pq.write_table(table, out)
    assert len(out.getvalue()) < 100_000
    assert "2,000,000 rows" in refused(out.getvalue(), "too_large")
    assert "unpacks to" in refused(out.getvalue(), "too_large", caps=Caps(rows=None, total_bytes=2**20))


def test_a_long_text_repeated_in_parquet_is_not_unpacked():
    n = 5_000
    base = {"mjd": 60000.0 + np.arange(n) * 1e-3, "band": ["ztf_g"] * n, "flux": np.ones(n), "flux_err": np.ones(n)}
    out = io.BytesIO()
    pq.write_table(pa.table({"object_id": pa.array(["x" * 20_000] * n).dictionary_encode(), **base}), out)
    before = pa.total_allocated_bytes()
    assert "a text of 20,000 bytes" in refused(out.getvalue(), "too_large")
    assert pa.total_allocated_bytes() - before < 50 * 2**20


def test_a_long_text_inside_alerts_is_not_unpacked():
    row = {"jd": 2460000.5, "fid": 1, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "t" * 5000, "diffmaglim": 20.0}
    out = io.BytesIO()
    pq.write_table(
        pa.table({"objectId": ["a"], "candid": [1], "candidate": [row], "prv_candidates": [[row] * 50]}), out
    )
    assert "a text of 5,000 bytes" in refused(out.getvalue(), "too_large")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    try:
        read_file(data, "noise")
    except BadInput as error:
        assert error.message and error.reason


GOOD = container(ZTF_SCHEMA, [ztf_packet(candidate(), candidate(-1, 2, None)) for _ in range(3)], codec="deflate")
WIRE = wire(lsst_schema(), lsst_packet())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 3))
def test_any_flipped_byte_is_read_or_refused(where, value, cut):
    data = bytearray(GOOD)
    data[where] = value
    try:
        read_file(bytes(data[: len(data) - 50 * cut]), "flipped")
    except BadInput as error:
        assert error.message


@pytest.fixture(scope="module")
def schema_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schemas")
    (folder / "lsst_v7_1.json").write_text(json.dumps(lsst_schema()))
    return folder


@settings(max_examples=100, deadline=None)
@given(where=st.integers(5, len(WIRE) - 1), value=st.integers(0, 255))
def test_any_flipped_byte_in_a_framed_packet(schema_folder, where, value):
    data = bytearray(WIRE)
    data[where] = value
    try:
        read_file(bytes(data), schemas=schema_folder)
    except BadInput as error:
        assert error.message


def test_random_megabytes_are_refused_at_once():
    start = time.process_time()
    for head in (b"", b"Obj\x01", b"PAR1", b"\x00\x00\x00\x02\xbd"):
        with pytest.raises(BadInput):
            read_file(head + os.urandom(2**20), "noise")
    assert time.process_time() - start < 10
