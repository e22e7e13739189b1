"""Ids are matched before anything is asked; values are read whatever form a broker gives them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.brokers.base import BadRequest
from core.brokers.ids import checked_id
from core.brokers.registry import KEYS
from core.brokers.rows import known_text, median_position, newest, number
from tests.core.brokers.conftest import source_at


@given(st.from_regex(r"ZTF[0-9]{2}[a-z]{7}", fullmatch=True), st.sampled_from(["", " ", "\t", "\n  "]))
def test_ztf_ids_pass_unchanged_but_for_spaces_around_them(oid, space):
    assert checked_id(space + oid + space, "ztf") == oid


@given(st.integers(1, 2**63 - 1))
def test_lsst_ids_keep_every_digit(oid):
    assert checked_id(oid, "lsst") == str(oid) == checked_id(f" 0{oid}"[: 1 + 20], "lsst").strip()


@given(st.text(max_size=30))
def test_whatever_passes_as_an_id_can_be_a_file_name_and_a_path_segment(text):
    for survey in ("ztf", "lsst"):
        try:
            oid = checked_id(text, survey)
        except BadRequest as error:
            assert error.advice.startswith("Expected ") and len(error.message) < 250
        else:
            assert oid.isascii() and oid.isalnum()


@pytest.mark.parametrize(
    "oid",
    ["", "0", "-1", "1.5", "1e5", "9223372036854775808", "123456789012345678901", "٣٤٥", "12 34", "null", None, "../1"],
)
def test_what_is_no_lsst_id_is_refused_by_name(oid):
    with pytest.raises(BadRequest, match="is not an id of LSST") as caught:
        checked_id(oid, "lsst")
    assert "a whole number from 1 to 9223372036854775807" in caught.value.advice


@pytest.mark.parametrize(
    "oid", ["", "ZTF1", "ztf18abcdefg", "ZTF18ABCDEFG", "ZTF18abcdefgh", "ZTF18abcdef/", "ZTF１８abcdefg", "x" * 10_000]
)
def test_what_is_no_ztf_id_is_refused_by_name(oid):
    with pytest.raises(BadRequest, match="is not an id of ZTF") as caught:
        checked_id(oid, "ztf")
    assert "seven small letters" in caught.value.advice


@pytest.mark.parametrize("key", KEYS)
def test_a_malformed_id_asks_nobody(healthy, key):
    before = len(healthy.asked)
    with pytest.raises(BadRequest):
        source_at(healthy, key).fetch("1 OR 1=1")
    assert len(healthy.asked) == before


@pytest.mark.parametrize(
    "value",
    [None, "", "nan", "NaN", "null", "None", -999, -999.0, "-999.0", -99999, math.inf, "inf", [], {}, "x", 10**400],
)
def test_what_means_missing_is_not_a_number(value):
    assert math.isnan(number(value))


@given(st.floats(-900, 1e12, allow_nan=False))
def test_numbers_are_read_from_text_as_from_numbers(value):
    assert number(value) == number(repr(value)) == value


@pytest.mark.parametrize("value", [None, "", "Unknown", "Fail", "Fail 503", "nan", "None", "\ufffd"])
def test_labels_that_say_nothing_are_empty(value):
    assert known_text(value) == ""


def test_the_newest_known_value_wins_whatever_the_order_of_rows():
    rows = [{"t": 3, "x": None}, {"t": 1, "x": 5}, {"t": 2, "x": 6}, {"t": None, "x": 7}, {"t": 9, "x": -999.0}]
    assert newest(rows, "x", time="t") == 6
    assert newest(rows, "y", time="t") is None
    assert newest([], "x", time="t") is None


@given(st.lists(st.floats(-1e-3, 1e-3), min_size=1, max_size=9))
def test_positions_around_zero_hours_do_not_average_to_twelve(offsets):
    ra, _ = median_position([{"ra": offset % 360.0, "dec": 0.0} for offset in offsets])
    assert min(ra, 360 - ra) <= 1.1e-3
