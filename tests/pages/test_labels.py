"""What stands beside an object's id about its class: the catalogue's, what the evaluation files know, and doubts."""

import re

import pandas as pd
from streamlit.testing.v1 import AppTest

from core.model import MODELS
from tests.pages.test_evaluation_page import APP

TABLE = pd.read_parquet(MODELS / "t2-ztf/evaluation.parquet", columns=["object_id", "class", "doubt", "shipped"])


def captions(page, oid):
    at = AppTest.from_file(str(APP), default_timeout=120)
    at.switch_page(f"pages/{page}.py")
    at.query_params["source"], at.query_params["oid"] = "judged", oid
    at.run()
    assert not at.exception, at.exception
    return re.sub(r"\\(.)", r"\1", "\n".join(c.value for c in at.caption))


def test_a_doubtful_label_says_so_on_the_objects_page_and_in_the_lab():
    row = TABLE[TABLE["shipped"] & TABLE["doubt"].str.startswith("label lists disagree: ")].iloc[0]
    for page in ("object", "lab"):
        assert f"The label is doubtful: {row['doubt']}." in captions(page, row["object_id"])


def test_a_label_that_nobody_doubts_is_said_without_one():
    row = TABLE[TABLE["shipped"] & (TABLE["doubt"] == "")].iloc[0]
    said = captions("object", row["object_id"])
    assert "known class" in said and "doubtful" not in said
