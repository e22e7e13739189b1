"""The compiled decoder: the same light curves as by fastavro, to the last bit, whatever the bytes are."""

import io
import math
from pathlib import Path

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brokers.files import Caps, avro, iter_file
from core.brokers.files import decoder as compiled
from core.brokers.files.many import iter_files
from core.brokers.files.pieces import pieces
from core.brokers.files.program import NoProgram, program_of
from core.brokers.files.records import decode_records
from core.brokers.files.schemas import checked_schema
from core.brokers.files.ztf_batch import LAYOUT, read_records, ztf_light_curves
from core.funnel import published_selection
from core.lightcurve import LightCurve, Provenance
from core.refusal import BadInput
from tests.core.files.alerts import ZTF_SCHEMA, candidate, container, forced, handmade, zigzag, ztf_packet

DATA = Path(__file__).parents[2] / "data" / "files"
FILES = sorted(path.name for path in DATA.glob("*.avro"))
ZTF_FILES = [name for name in FILES if "ztf" in name]


def told(item):
    """All that an item says, arrays as their bytes."""
    if not isinstance(item, LightCurve):
        return item.where, item.error.reason, item.error.message, item.object_id, item.alert_id
    facts = {**vars(item), **{f"limits.{name}": value for name, value in vars(item.limits).items()}, "limits": None}
    return {
        name: (v.dtype.str, v.tobytes(), v.flags.writeable) if isinstance(v, np.ndarray) else repr(v)
        for name, v in facts.items()
    }


def outcome(data, **options):
    try:
        return [told(item) for item in iter_file(data, "x", **options)]
    except BadInput as error:
        return error.reason, error.message


def by_fastavro(data, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(avro, "_program", lambda text: None)
        return outcome(data, **options)


def same(data, **options):
    read = outcome(data, **options)
    assert read == by_fastavro(data, **options)
    return read


def record(packet, schema=ZTF_SCHEMA):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), packet)
    return out.getvalue()


def changed(schema, name, kind, inside=None):
    """The schema with another type of a field, of the packet or of a record in it."""
    fields = []
    for item in schema["fields"]:
        if inside and item["name"] == inside:
            item = {**item, "type": changed(item["type"], name, kind)}
        elif not inside and item["name"] == name:
            item = {**item, "type": kind}
        fields.append(item)
    return {**schema, "fields": fields}


@pytest.mark.parametrize("name", FILES)
def test_the_same_light_curves_as_by_fastavro(name):
    assert same((DATA / name).read_bytes())


@pytest.mark.parametrize("name", ZTF_FILES)
def test_every_wanted_value_is_the_one_that_fastavro_reads(name):
    with (DATA / name).open("rb") as stream:
        packets = list(fastavro.reader(stream))
        stream.seek(0)
        reader = fastavro.reader(stream)
        schema = checked_schema(reader.writer_schema)
    program = program_of(schema, LAYOUT)
    block = b"".join(record(packet, reader.writer_schema) for packet in packets)
    records = decode_records(program, block, 0, len(packets), len(block))
    assert (len(records), records.status, records.places[-1]) == (len(packets), compiled.OK, len(block))
    for head, packet in zip(records.heads, packets, strict=True):
        for inside, field, _ in program.head:
            here, there = (head[inside], packet[inside]) if inside else (head, packet)
            assert here[field] == there[field] or (there[field] is None and not (here[field] or 0) > 0)
    expected = [row for p in packets for row in [p["candidate"], *(p["prv_candidates"] or [])]]
    table = records.table("prv_candidates")
    assert len(table) == len(expected)
    for i, field in enumerate(LAYOUT.lists["prv_candidates"]):
        if field != "isdiffpos":
            values = [math.nan if row[field] is None else row[field] for row in expected]
            np.testing.assert_array_equal(table[:, i], np.array(values, float))


def test_nothing_of_real_alerts_is_left_to_fastavro():
    for name in ZTF_FILES:
        with (DATA / name).open("rb") as stream:
            header = avro.header_of(stream)
            for block, count in avro.blocks_of(stream, header, avro.Reading("x")):
                curves, places, stopped = read_records(header.program, block, 0, count, 2**23, Provenance())
                assert len(curves) == count and None not in curves and not stopped and places[-1] == len(block)


# --- made packets ----------------------------------------------------------------------------------------------------

numbers = st.one_of(
    st.none(), st.floats(), st.floats(15, 22), st.sampled_from([-999.0, -99999.0, 0.0, 99.0, -1006.94, 1.0, 40.0])
)
days = st.one_of(st.integers(-30, 30).map(float), st.floats(-30, 30), st.sampled_from([0.0, 1e-6, 1e9, math.nan]))
rows = st.builds(
    candidate,
    days,
    st.sampled_from([1, 2, 3, 1, 2, 0, 7, -999]),
    numbers,
    sigmapsf=st.one_of(st.floats(0.01, 0.9), numbers),
    isdiffpos=st.sampled_from([None, "t", "f", "1", "0", "t", "x", "", "nan", "true", "a long word", "ü"]),
    diffmaglim=numbers,
    ra=numbers,
    candid=st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
)
good_rows = st.builds(candidate, st.integers(-30, 30).map(float), st.sampled_from([1, 2]), st.floats(15, 21))
forced_rows = st.builds(
    forced,
    days,
    st.one_of(st.floats(-1e4, 1e4), st.floats(), st.just(-99999.0)),
    fid=st.sampled_from([1, 2, 3, 9]),
    zero_point=st.one_of(st.floats(25, 27), st.floats(), st.just(-999.0)),
    forcediffimfluxunc=st.one_of(st.floats(1, 100), numbers),
    procstatus=st.sampled_from(["0", "61", "56,61,62,63,64", None, "", " 0", "None", "0\n"]),
)
packets = st.builds(
    lambda first, history, hists, more: ztf_packet(first, *history, fp_hists=hists, **more),
    st.one_of(good_rows, rows),
    st.lists(st.one_of(good_rows, rows), max_size=6),
    st.one_of(st.none(), st.lists(forced_rows, max_size=4)),
    st.fixed_dictionaries(
        {},
        optional={"objectId": st.sampled_from(["", "ZTF18ü", "nan"]), "candid": st.integers(-(2**63), 2**63 - 1)},
    ),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(packets, min_size=1, max_size=5), st.sampled_from(["null", "deflate"]))
def test_made_packets_are_the_same(made, codec):
    same(container(ZTF_SCHEMA, made, codec=codec))


@settings(deadline=None, max_examples=60)
@given(st.lists(packets, min_size=1, max_size=3), st.data())
def test_damaged_records_come_to_the_same_end(made, data):
    """Bytes cut off and changed: the same light curves, or the same reasons, and no crash."""
    block = bytearray(b"".join(record(packet) for packet in made))
    for _ in range(data.draw(st.integers(0, 3))):
        block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    block = block[: data.draw(st.integers(1, len(block)))]
    cap = data.draw(st.sampled_from([2**23, 700, 100]))
    same(handmade(ZTF_SCHEMA, "null", (min(len(made), len(block)), None, bytes(block))), caps=Caps(record_bytes=cap))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_garbage_is_never_more_than_an_error(block):
    program = program_of(checked_schema(ZTF_SCHEMA), LAYOUT)
    records = decode_records(program, block, 0, 5, 2**20)
    assert records.places[-1] <= len(block)
    assert len(ztf_light_curves(records, [Provenance()] * len(records))) == len(records)


def test_a_thousand_real_bytes_flipped_one_by_one():
    """One byte at a time of a real packet, over the fields and over the lengths."""
    path = DATA / "ztf_2018_unversioned.avro"
    with path.open("rb") as stream:
        packet = next(fastavro.reader(stream))
        stream.seek(0)
        schema = fastavro.reader(stream).writer_schema
    good = record(packet, schema)
    rng = np.random.default_rng(0)
    for place in rng.choice(len(good), 300, replace=False):
        bad = bytearray(good)
        bad[place] ^= 1 << rng.integers(8)
        same(handmade(schema, "null", (2, None, bytes(bad) + good)))


# --- other schemas ---------------------------------------------------------------------------------------------------


@pytest.mark.uncompiled
def test_parts_of_every_kind_are_stepped_over():
    entry = {"type": "record", "name": "own.entry", "fields": [{"name": "a", "type": ["null", "int", "string"]}]}
    extra = {
        "e": {"type": "enum", "name": "own.e", "symbols": ["x", "y"]},
        "f": {"type": "fixed", "name": "own.f", "size": 7},
        "m": {"type": "map", "values": {"type": "array", "items": ["null", "boolean", "double"]}},
        "r": ["null", entry],
        "l": {"type": "array", "items": "own.entry"},
        "n": "null",
        "again": "own.e",
        "longs": {"type": "array", "items": "long"},
    }
    value = {
        "e": "y", "f": b"1234567", "m": {"k": [None, True, 2.0], "": []}, "r": {"a": "word"}, "n": None,
        "l": [{"a": 5}, {"a": None}, {"a": "w"}], "again": "x", "longs": [1, -(2**62)],
    }  # fmt: skip
    fields = [{"name": name, "type": kind} for name, kind in extra.items()]
    schema = {**ZTF_SCHEMA, "fields": [fields[0], *ZTF_SCHEMA["fields"], *fields[1:]]}
    made = [{**ztf_packet(candidate(), candidate(-2, 2)), **value} for _ in range(3)]
    program = program_of(checked_schema(schema), LAYOUT)
    block = b"".join(record(packet, schema) for packet in made)
    assert decode_records(program, block, 0, 3, 2**20).places[-1] == len(block)
    assert len(same(container(schema, made))) == 3


@pytest.mark.uncompiled
def test_the_candidate_may_stand_behind_its_history_and_lists_may_come_in_blocks_of_known_size():
    order = ["fp_hists", "prv_candidates", "candidate", "objectId", "candid", "cutoutScience", "cutoutTemplate"]
    fields = {item["name"]: item for item in ZTF_SCHEMA["fields"]}
    schema = {**ZTF_SCHEMA, "fields": [fields[name] for name in order]}
    same(container(schema, [ztf_packet(candidate(mag=17.0), candidate(-2, 2, None), candidate(-3))]))

    packet = ztf_packet(candidate(), candidate(-2, 2), candidate(-3))
    prv = fields["prv_candidates"]["type"][1]["items"]
    one, two = (record(row, {**prv, "name": "own.prv"}) for row in packet["prv_candidates"])
    whole = record(packet)
    plain = zigzag(2) + one + two + zigzag(0)
    assert plain in whole
    blocks = zigzag(-1) + zigzag(len(one)) + one + zigzag(1) + two + zigzag(0)
    (read,) = same(handmade(ZTF_SCHEMA, "null", (1, None, whole.replace(plain, blocks))))
    assert read == outcome(handmade(ZTF_SCHEMA, "null", (1, None, whole)))[0]


@pytest.mark.uncompiled
@pytest.mark.parametrize(
    ("name", "kind", "inside", "value"),
    [
        ("objectId", "bytes", None, b"ZTF1"),
        ("candid", ["null", "long", "string"], None, "17"),
        ("jd", "string", "candidate", "2460000.5"),
        ("isdiffpos", "int", "candidate", 1),
        ("fid", {"type": "long", "logicalType": "timestamp-millis"}, "candidate", 2),
    ],
)
def test_a_schema_that_keeps_them_otherwise_is_read_by_fastavro(name, kind, inside, value):
    schema = changed(ZTF_SCHEMA, name, kind, inside)
    with pytest.raises(NoProgram):
        program_of(checked_schema(schema), LAYOUT)
    packet = ztf_packet(candidate(**{name: value})) if inside else ztf_packet(**{name: value})
    same(container(schema, [packet]))


# --- bytes that mean harm --------------------------------------------------------------------------------------------


@pytest.mark.uncompiled
def test_a_list_can_neither_be_endless_nor_larger_than_its_bytes():
    empty = {"type": "record", "name": "own.empty", "fields": []}
    schema = {**ZTF_SCHEMA, "fields": [{"name": "x", "type": {"type": "array", "items": empty}}, *ZTF_SCHEMA["fields"]]}
    program = program_of(schema, LAYOUT)  # which `checked_schema` refuses
    for count in (2**62, -(2**63), 2):
        block = zigzag(count) + zigzag(0) * 40
        assert decode_records(program, block, 0, 1, 2**20).status in (compiled.UNUSUAL, compiled.ERROR)
    for length in (2**62, -1, 10**6):
        same(handmade(ZTF_SCHEMA, "null", (1, None, zigzag(length) + b"ZTF" * 100)))


def test_a_history_longer_than_the_tables_is_read_all_the_same():
    long = ztf_packet(candidate(), *[candidate(-k / 1000, 1 + k % 2) for k in range(1, 20_000)])
    (read,) = same(handmade(ZTF_SCHEMA, "null", (1, None, record(long))))
    assert len(read["mjd"][1]) == 8 * 20_000
    same(handmade(ZTF_SCHEMA, "null", (5, None, record(ztf_packet()) * 2 + record(long) + record(ztf_packet()) * 2)))


# --- pieces, and what the published selection asks ---------------------------------------------------------------------


def test_pieces_carry_what_the_published_selection_asks_exactly_as_by_fastavro(tmp_path):
    """Solar System distances, Fink's flags, SIMBAD's labels and the day of the first alert, there, missing and stand-ins."""
    maybe = {"jdstarthist": ["null", "double"], "ssdistnr": ["null", "double"]}
    top = {
        "roid": ["null", "int"],
        "cdsxmatch": ["null", "string"],
        "Plx": ["null", "float"],
        "e_Plx": ["null", "float"],
    }
    head = next(item for item in ZTF_SCHEMA["fields"] if item["name"] == "candidate")["type"]
    more = [{"name": name, "type": kind} for name, kind in maybe.items()]
    schema = changed(ZTF_SCHEMA, "candidate", {**head, "fields": [*head["fields"], *more]})
    schema["fields"] += [{"name": name, "type": kind} for name, kind in top.items()]
    choices = {
        "roid": [0, 3, None, 2], "cdsxmatch": ["Star", "Unknown", None, "Galaxy", ""], "Plx": [None, 0.25, -1.5],
        "e_Plx": [0.5, None], "jdstarthist": [None, 2_460_000.25, 2_459_000.5, -999.0], "ssdistnr": [-999.0, 3.0, None, 0.0],
    }  # fmt: skip
    made = []
    for k in range(120):
        values = {name: choice[k // (1 + i) % len(choice)] for i, (name, choice) in enumerate(choices.items())}
        first = candidate(fid=1 + k % 2, **{name: values.pop(name) for name in maybe})
        made.append(ztf_packet(first, candidate(-2, 2 - k % 2), objectId=f"o{k}" if k != 77 else "", **values))
    path = tmp_path / "many.avro"
    path.write_bytes(container(schema, made, sync_interval=4000, codec="deflate"))
    assert program_of(checked_schema(schema), LAYOUT)
    cut = pieces(path, 20)
    assert len(cut) > 3
    whole = same(path)
    assert [read for piece in cut for read in same(path, piece=piece)] == whole
    curves = [item for item in iter_file(path) if isinstance(item, LightCurve)]
    asked = {"mjdstarthist", "ssdistnr", "roid", "simbad_other", "parallax", "parallax_err"}
    assert asked <= {name for curve in curves for name in curve.context}
    reasons = {refusal.reason for curve in curves if (refusal := published_selection(curve))}
    assert {"too_old", "solar_system", "galactic"} <= reasons


# --- many files ------------------------------------------------------------------------------------------------------


def test_files_read_together_give_what_each_gives_alone(tmp_path):
    """Files of one packet, of many, truncated, of another survey and of no alerts, in turn."""
    files = {name: (DATA / name).read_bytes() for name in FILES}
    for k in range(3):
        files[f"own_{k}.avro"] = container(ZTF_SCHEMA, [ztf_packet(candidate(k), candidate(-k - 1, 2), candid=k + 1)])
    files["wrong.avro"] = container(ZTF_SCHEMA, [ztf_packet(), ztf_packet(objectId=""), ztf_packet(candidate(fid=9))])
    files["cut.avro"] = files["own_1.avro"][:-30]
    files["text.avro"] = b"hello"
    paths = []
    for name, data in sorted(files.items()):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)

    def outcomes(files):
        for path, items in files:
            try:
                yield from ((path.name, told(item)) for item in items)
            except BadInput as error:
                yield path.name, error.reason, error.message

    assert list(outcomes(iter_files(iter(paths)))) == list(outcomes((path, iter_file(path)) for path in paths))


def test_a_file_that_is_gone_is_missed_where_it_is_read(tmp_path):
    path = tmp_path / "own.avro"
    path.write_bytes(container(ZTF_SCHEMA, [ztf_packet()]))
    read = iter_files([tmp_path / "gone.avro", path])
    with pytest.raises(BadInput, match=r"gone\.avro"):
        list(next(read)[1])
    assert len(list(next(read)[1])) == 1
