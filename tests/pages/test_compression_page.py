"""The compression page shows what was measured, measures anew, and leads to the objects that change."""

import json
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.card import load_card
from core.model import MODELS
from ui.compression.records import records_of
from ui.forms import form_title

PAGE = Path(__file__).resolve().parents[2] / "app.py"
CARD = load_card(MODELS / "t2-ztf")


def opened(page="pages/compression.py", **query):
    at = AppTest.from_file(str(PAGE), default_timeout=120)
    at.switch_page(page)
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    assert not [e.value for e in at.error]
    return at


def html_of(at):
    return "\n".join(e.proto.body for e in at.get("html"))


@pytest.fixture(scope="module")
def page():
    return opened()


def test_every_variant_of_the_table_stands_on_the_page_with_its_size(page):
    shown = html_of(page)
    for row in records_of(CARD).rows:
        assert row.title in shown and f"{row.size / 1000:.1f}" in shown
    assert ">nan<" not in shown and ">None<" not in shown


def test_the_published_table_stands_beside_it_as_published(page):
    assert all(text in html_of(page) for text in ("6,324.145", "clustering + FlatBuffer + quantisation", "0.271"))


def test_figures_are_told_in_words_too(page):
    told = [e.proto.alt for e in page.get("plotly_chart")]
    assert len(told) >= 6 and all(told)


@pytest.mark.parametrize("key", list(CARD.variants))
def test_a_variant_is_chosen_by_its_address_and_its_flips_lead_to_the_object_page(key):
    at = opened(variant=key)
    assert at.selectbox(key="variant").value == key
    flips = pd.read_parquet(CARD.folder / "variants/flips.parquet")
    flips = flips[flips["variant"] == key]
    expected = next(row for row in records_of(CARD).tflite if row.key == key).change["flips"]
    assert len(flips) == expected
    links = [
        json.dumps(dict(e.proto.query_params)) if hasattr(e.proto, "query_params") else str(e.proto)
        for e in at.get("page_link")
    ]
    wanted = [oid for oid in flips["object_id"][:30] if oid.startswith("ZTF")]
    assert all(any(oid in link and key in link for link in links) for oid in wanted)


def test_an_unknown_variant_falls_back_and_says_so():
    at = opened(variant="int9")
    assert "no variant 'int9'" in at.warning[0].value


@pytest.mark.parametrize("key", list(CARD.variants))
def test_the_object_page_opens_a_variant_by_its_address(key):
    at = opened("pages/object.py", source="sample", oid="ZTF20aaynrrh", model="t2-ztf", variant=key)
    if key == CARD.served:  # nothing else than without it
        assert "variant" not in [box.key for box in at.selectbox]
        assert any(form_title(CARD, key) in e.value for e in at.caption)
        assert not any("not the form that is served" in e.value for e in at.caption)
        return
    assert at.selectbox(key="variant").value == key
    assert any(f"{form_title(CARD, key)} (not the form that is served)" in e.value for e in at.caption)
