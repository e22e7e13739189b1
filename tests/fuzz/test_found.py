"""What fuzzing has found, each once: it stays mended."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.brokers.base import BadResponse
from core.brokers.browse.alerce import AlerceZtfLists
from core.brokers.browse.base import Search
from core.brokers.browse.position import resolve
from core.brokers.files import UPLOAD, Caps, read_file
from core.brokers.files.any_table import read_table
from core.brokers.samples import SampleSource
from core.brokers.statuses import retry_after
from core.card import CardError, load_card
from core.evaluate.table import checked_evaluation
from core.json_text import parsed
from core.model import MODELS
from core.refusal import BadInput
from core.settings import read_settings
from core.verdicts import VerdictStore
from core.verdicts.exchange import as_json, read_verdicts
from tests.core.brokers.listings import alerce_pages, invented_ids
from tests.core.files.alerts import ZTF_SCHEMA, handmade
from tests.fuzz.on_answers import answering
from ui.lab.state import read_text

SAID = {"object_id": "a", "kind": "class", "class": "SNIa"}


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"probabilities": {"SNIa": 10**400}}, "probability"),  # too large for a float
        ({"probabilities": {"SN\ud800": 0.5}}, "probabilit"),
        ({"made_at": "0001-01-01T00:00:00+23:00"}, "made_at"),  # before the calendar begins, in UTC
        ({"made_at": "9999-12-31T23:59:59-23:00"}, "made_at"),
    ],
)
def test_a_verdict_with_a_number_or_a_time_beyond_all_bounds_is_refused_in_a_sentence(more, field):
    found = read_verdicts(json.dumps([{**SAID, **more}, SAID]).encode(), "x")
    assert len(found.verdicts) == 1 + ("\\ud800" in json.dumps(more))
    assert all(field in text for text in found.refused)
    as_json(found.verdicts).encode()


def test_a_value_without_end_is_cut_in_the_message():
    (text,) = read_verdicts(json.dumps([{**SAID, "kind": "x" * 100_000}]).encode(), "x").refused
    assert len(text) < 600 and text.endswith("…")


@pytest.mark.parametrize("text", ["draw=" + "9" * 400, "kernel=" + "x" * 5000, "fainter=1e400", "without=" + "9" * 400])
def test_a_change_in_an_address_that_has_no_end_is_left_out_in_a_short_sentence(text):
    curve = SampleSource().fetch("ZTF20aatqesi")
    with pytest.raises(BadInput, match="is left out") as error:
        read_text(f"{text};of={curve.object_id}", curve)
    assert len(error.value.message) < 400


def test_half_of_a_surrogate_pair_becomes_a_letter_that_can_be_written(tmp_path):
    store = VerdictStore(tmp_path / "v.sqlite")
    store.add_new(read_verdicts(b'[{"object_id": "a\\ud800", "kind": "junk"}]', "x").verdicts)
    assert store.history()[0].object_id == "a\ufffd"
    row = {"object_id": "x\udfff", "mjd": 60000, "band": "ztf_g", "flux": 1, "flux_err": 1}
    assert read_file(json.dumps([row]).encode()).curves[0].object_id == "x\ufffd"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\ud83d"', "\ufffd"),
        (r'"\ude00x"', "\ufffdx"),
        (r'"\\ud83d"', "\\ud83d"),  # a backslash and five letters
        (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        ('"é"', "é"),
    ],
)
def test_escapes_are_read_as_json_means_them(text, value):
    assert parsed(text.encode()) == value


def test_schemas_whose_parts_are_of_odd_kinds_are_refused():
    for name in (7, None, {"x.y": 1}, ["a"]):
        schema = {**ZTF_SCHEMA, "fields": [*ZTF_SCHEMA["fields"], {"name": name, "type": "int"}]}
        with pytest.raises(BadInput) as error:
            read_file(handmade(schema, "null", (0, None, b"")))
        assert error.value.reason == "schema"
    odd = {"type": "record", "name": {"a.b": 1}, "fields": []}
    schema = {**ZTF_SCHEMA, "fields": [*ZTF_SCHEMA["fields"], {"name": "x", "type": odd}]}
    with pytest.raises(BadInput):
        read_file(handmade(schema, "null", (0, None, b"")))


def test_a_date_beyond_the_calendar_says_nothing_of_how_long_to_wait():
    for zone in ("+99999999999", "-" + "9" * 30):
        assert retry_after(f"Wed, 21 Oct 2026 07:28:00 {zone}", datetime(2026, 11, 21, tzinfo=UTC)) is None


@pytest.mark.parametrize("name", ["SCHEMAS", "CACHE_DIR", "VERDICTS", "EXTRA_MODELS"])
@pytest.mark.parametrize("value", ["~nobodyknowsme/x", "a" * 5000, "a\0b"])
def test_a_setting_that_names_an_impossible_place_is_a_sentence_or_a_path(name, value):
    try:
        read_settings({f"T2SCOPE_{name}": value + ("@" + "0" * 64 if name == "EXTRA_MODELS" else "")}, environ={})
    except BadInput as error:
        assert f"T2SCOPE_{name}" in error.message


def test_cds_can_give_no_position_outside_the_sky():
    with answering(b"%J 18770.5 +12.3\n"), pytest.raises(BadResponse, match="no position"):
        resolve("M 87")


def test_a_list_that_never_ends_is_left_after_the_page_that_brings_nothing_new():
    page = {**next(iter(alerce_pages(invented_ids(3)).values())).body, "has_next": True}
    page["items"].append({"classifier": "a row without an id"})
    with answering(json.dumps(page).encode()):
        listing = AlerceZtfLists().search(Search(label="SNIa", most=100))
    assert len(listing.items) == 3


def test_classes_of_a_classifier_that_are_no_list_are_none():
    body = [{"classifier_name": "a", "classes": 5}, {"classifier_name": "b", "classes": ["SN"]}, {"classes": None}]
    with answering(json.dumps(body).encode()):
        assert AlerceZtfLists().current_labels() == {"a": (), "b": ("SN",), "None": ()}


# --- evaluation tables --------------------------------------------------------------------------------------------------


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table({"class": ["SNIa"], "p_SNIa": [0.5], "p_SNII": [0.5], **columns}), out)
    return out.getvalue()


@pytest.mark.parametrize("caps", [UPLOAD, Caps(stranger=False)])
def test_an_evaluation_table_with_bytes_for_text_is_read(caps):
    table = read_table(parquet(object_id=[b"\xff"]), "x.parquet", rows=10, caps=caps)
    assert checked_evaluation(table, "x").facts["object_id"].tolist() == ["\ufffd"]


def test_an_evaluation_table_is_bounded_before_it_is_unpacked():
    n = 60_000
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), ["x" * 20_000])  # 1.2 GB when unpacked
    long = pa.table({"object_id": texts, "n": pa.array(range(n))})
    out = io.BytesIO()
    pq.write_table(long, out)
    assert len(out.getvalue()) < 500_000
    before = pa.total_allocated_bytes()
    with pytest.raises(BadInput, match="a text of 20,000 bytes"):
        read_table(out.getvalue(), "x.parquet", rows=10**6, caps=Caps(stranger=False))
    assert pa.total_allocated_bytes() - before < 50 * 2**20
    with pytest.raises(BadInput, match="unpacks to more than"):
        read_table(out.getvalue(), "x.parquet", rows=10**6, caps=Caps(stranger=False, total_bytes=2**18))
    with pytest.raises(BadInput, match="at most 10 are read"):
        read_table(out.getvalue(), "x.parquet", rows=10)
    with pytest.raises(BadInput, match="more than 2 rows"):
        read_table(b"object_id\n1\n2\n3\n", "x.csv", rows=2)


def test_a_column_that_stands_there_twice_is_named():
    table = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["object_id", "object_id"])
    out = io.BytesIO()
    pq.write_table(table, out)
    with pytest.raises(BadInput):
        read_table(out.getvalue(), "x.parquet", rows=10, caps=Caps(stranger=False))


# --- model cards --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda card: card["files"]["model"].update(path="../t2-ztf/model.tflite"), "files/model/path"),
        (lambda card: card["files"]["model"].update(path="a/../../model.tflite"), "files/model/path"),
        (lambda card: card["files"]["model"].update(path="/model.tflite"), "files/model/path"),
        (lambda card: card["recipes"]["as-served"].update(evil=1), "recipes/as-served"),
        (lambda card: card["recipes"]["as-served"].update(cuts={"evil": 1}), "recipes/as-served"),
        (lambda card: card["recipes"]["as-served"].update(bands=["x"]), "recipes/as-served"),
        (lambda card: card["recipes"]["as-served"].update(kind="fixed-grid", channels=["noise"]), "recipes/as-served"),
        (lambda card: card.update(calibration={"n_points": [5, 2], "temperature": [1, 1]}), "calibration/n_points"),
        (lambda card: card.update(calibration={"n_points": [2, 5], "temperature": [1]}), "calibration/temperature"),
    ],
)
def test_a_card_that_would_fail_later_is_refused_when_it_is_read(change, says, tmp_path):
    card = json.loads((MODELS / "t2-published-gr" / "card.json").read_text())
    change(card)
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(CardError, match=says):
        load_card(tmp_path)


def test_a_table_whose_texts_are_formulas_goes_home_harmless():
    from core.spreadsheet import plain_cell, safe_table

    table = pd.DataFrame({"object_id": ["=1+1", "a", None], "@x": [1.5, -2.0, float("nan")], "ok": [True, False, True]})
    safe = safe_table(table)
    assert safe["object_id"].tolist()[:2] == ["'=1+1", "a"] and "'@x" in safe and safe["'@x"].iloc[1] == -2.0
    assert plain_cell(safe["object_id"][0]) == "=1+1" and table["object_id"][0] == "=1+1"
