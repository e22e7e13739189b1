"""The page of candidates: scored, ranked, vetted, taken home; what is said is kept and what is chosen is in the address."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.verdicts import Verdict, VerdictStore, catalogue_of
from core.verdicts.exchange import as_csv
from ui import resources

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture(autouse=True)
def verdicts(tmp_path, monkeypatch):
    """A file of verdicts of its own for each test, and nothing on the shelf."""
    monkeypatch.setenv("T2SCOPE_VERDICTS", str(tmp_path / "verdicts.sqlite"))
    for shared in (resources.settings, resources.verdicts):
        shared.clear()
    yield VerdictStore(tmp_path / "verdicts.sqlite")
    for shared in (resources.settings, resources.verdicts):
        shared.clear()


def opened(**query):
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.switch_page("pages/candidates.py")
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    return settled(at)


def settled(at):
    """The page once its list is scored, which takes a while on a busy machine."""
    ends = time.monotonic() + 60
    while [e for e in at.get("progress") if "scored" in e.proto.text]:
        assert time.monotonic() < ends, "the list was not scored"
        time.sleep(0.1)
        at.run()
        assert not at.exception, at.exception
    return at


def in_address(at, name):
    value = at.query_params[name]
    return value if isinstance(value, str) else value[-1]


def table_of(at):
    return next(e.value for e in at.dataframe if "object" in e.value)


def here(at):
    return at.subheader[0].value


def press(at, label):
    next(b for b in at.button if b.label.startswith(label) and not b.disabled).click().run()
    assert not at.exception, at.exception
    return at


def said(at):
    return next(e.proto.text for e in at.get("progress") if "vetted" in e.proto.text)


def test_the_embedded_samples_are_scored_and_the_surest_comes_first():
    at = opened()
    table = table_of(at)
    assert len(table) == 25 and table["p"].is_monotonic_decreasing and here(at) == table["object"][0]
    assert all(uri.startswith("data:image/svg+xml;base64,") for uri in table["curve"])
    assert "were not scored: why" in " ".join(e.label for e in at.expander)


@pytest.mark.parametrize(
    "rank", ["margin", "entropy", "novelty", "rise_rate", "magnitude_now", "disagreement", "p_TDE"]
)
def test_the_ranked_quantity_stands_beside_each_candidate(rank):
    at = opened(rank=rank)
    table = table_of(at)
    shown = [float(text.removesuffix(" %").lstrip("<>").replace("−", "-")) for text in table["ranked"] if text != "–"]
    assert shown == sorted(shown, reverse=rank not in ("margin", "magnitude_now")) and len(shown) > 5


def test_what_is_said_is_kept_with_what_the_model_said_and_the_next_candidate_is_there(verdicts):
    at = opened(who="Ann")
    order = table_of(at)["object"].tolist()
    at.text_input(key="vet_note").input("blue, hostless")
    button = next(b for b in at.button if b.key == f"say_{order[0]}_0")
    button.click().run()
    kept = list(verdicts.standing().values())
    assert here(at) == order[1] and in_address(at, "at") == order[1]
    assert (kept[0].object_id, kept[0].kind, kept[0].who, kept[0].note) == (order[0], "class", "Ann", "blue, hostless")
    assert kept[0].top_class() == kept[0].class_name and len(kept[0].model_sha256) == 64
    assert sum(kept[0].probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert order[0] not in table_of(at)["object"].tolist() and "**1 of" in said(at)
    assert at.text_input(key="vet_note").value == ""


def test_undo_brings_the_candidate_back_and_the_history_keeps_both(verdicts):
    at = opened()
    first = here(at)
    press(at, "Junk")
    assert here(at) != first
    press(at, "Undo")
    assert here(at) == first and not verdicts.standing() and len(verdicts.history()) == 2


def test_what_was_said_before_is_hidden_shown_on_request_and_can_be_taken_back(verdicts):
    verdicts.add(Verdict("ZTF20aatqesi", "ztf", "follow up", note="*bright* [x](https://example.org)", who="Bob"))
    assert "ZTF20aatqesi" not in "".join(table_of(opened(rank="p_SNIa"))["object"])
    at = opened(show="vetted")
    assert table_of(at)["object"].tolist() == ["ZTF20aatqesi"] and table_of(at)["said"][0] == "follow up"
    assert any("Bob" in e.value and "\\[x\\]" in e.value for e in at.markdown)
    press(at, "Take back")
    assert not verdicts.standing()


def test_next_and_previous_walk_the_list_and_an_address_leads_to_its_candidate():
    at = opened(rank="entropy")
    order = table_of(at)["object"].tolist()
    press(at, "Next")
    press(at, "Next")
    assert here(at) == order[2]
    press(at, "Previous")
    assert here(at) == order[1]
    assert here(opened(rank="entropy", at=order[7])) == order[7]


def test_only_one_class_and_those_that_were_not_scored_can_be_shown():
    assert set(table_of(opened(only="SNIa"))["class"]) == {"SN Ia"}
    refused = table_of(opened(show="refused"))
    assert refused["why"].str.startswith("Not scored").all() and refused["p"].isna().all()


def photometry(objects, points=12, seed=3):
    rng = np.random.default_rng(seed)
    n = objects * points
    day = np.tile(np.arange(points) * 3.0, objects)
    flux = 1000 * np.exp(-0.5 * ((day - 15) / 9) ** 2) + rng.normal(0, 20, n)
    frame = pd.DataFrame(
        {
            "object_id": np.repeat([f"mine-{i}" for i in range(objects)], points),
            "mjd": 60000 + day + rng.uniform(0, 0.4, n),
            "band": np.tile(["ztf_g", "ztf_r"], n // 2),
            "flux": flux,
            "flux_err": 20.0,
        }
    )
    return frame.to_csv(index=False).encode()


def test_ones_own_table_is_scored_kept_in_the_address_and_opened_on_the_page_of_an_object():
    at = opened(**{"from": "file"})
    at.file_uploader[0].set_value(("mine.csv", photometry(30), "text/csv")).run()
    assert not at.exception
    token = in_address(at, "list")
    again = opened(**{"from": "file", "list": token})
    assert len(table_of(again)) == 25 and here(again).startswith("mine-")
    page = AppTest.from_file(str(APP), default_timeout=60)
    for key, value in {"source": "list", "list": token, "oid": "mine-7"}.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception and page.title[0].value == "mine-7"


def test_a_list_that_the_server_has_forgotten_is_told_as_such():
    at = opened(**{"from": "file", "list": "0" * 32})
    assert "no longer in this server's memory" in at.warning[0].value


def test_verdicts_are_brought_back_once(verdicts, tmp_path):
    other = VerdictStore(tmp_path / "other.sqlite")
    entries = [other.add(Verdict("ZTF20aatqesi", "ztf", "junk")), other.add(Verdict("ZTF18aannern", "ztf", "unsure"))]
    for added, known in ((2, 0), (0, 2)):
        at = opened()
        upload = next(u for u in at.file_uploader if u.key == "bring_back")
        upload.set_value(("verdicts.csv", as_csv(entries).encode(), "text/csv")).run()
        assert any(f"{added} added, {known} known" in e.value for e in at.success)
    assert verdicts.history() == entries


def test_the_matrix_counts_every_verdict_and_a_cell_leads_to_its_candidates(verdicts):
    table = table_of(opened(rank="p_SNIa"))
    first, second = table["object"][:2]
    assert table["class"][0] == "SN Ia"
    verdicts.add(Verdict(first, catalogue_of(first, "sample"), "class", "SNIa"))
    verdicts.add(Verdict(second, catalogue_of(second, "sample"), "class", "TDE"))
    at = opened(only="TDE")
    assert any(e.label.startswith("Verdicts and t2-ztf: agree on 1 of 2 (50 %)") for e in at.expander)
    press(at, "Go there")  # the first cell is one in which they differ
    assert here(at) == second and in_address(at, "show") == "all"


def test_the_way_back_from_an_object_leads_to_the_list_as_it_was():
    at = opened(rank="entropy")
    press(at, "Next")
    oid = here(at)
    at.switch_page("pages/object.py")
    at.query_params.clear()
    at.query_params["source"], at.query_params["oid"] = "sample", oid
    at.run()
    assert not at.exception
    link = next(e for e in at.get("page_link") if e.proto.label == "Back to the candidates")
    assert "rank=entropy" in link.proto.query_string and f"at={oid}" in link.proto.query_string


def test_an_address_and_ids_cannot_put_markup_on_the_page():
    hostile = "![x](https://example.org/a.png) :red[z]"
    at = opened(rank=hostile, only=hostile, show=hostile, at=hostile, model=hostile, who=hostile, **{"from": hostile})
    shown = [e.value for kind in (at.title, at.caption, at.warning, at.error, at.markdown, at.subheader) for e in kind]
    assert not [text for text in shown if "![x](" in text or re.search(r"(?<!\\):red\[", text)]


def test_verdicts_that_cannot_be_kept_are_told_and_the_page_stands(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("T2SCOPE_VERDICTS", str(tmp_path / "file" / "v.sqlite"))
    resources.settings.clear(), resources.verdicts.clear()
    at = opened()
    before = here(at)
    press(at, "Junk")
    assert any("T2SCOPE" in e.value for e in at.error) and here(at) == before and len(table_of(at)) == 25


def test_undo_outlasts_a_reload(verdicts):
    at = opened()
    first = here(at)
    press(at, "Junk")
    press(at, "Unsure")
    at = opened(**{name: in_address(at, name) for name in at.query_params})
    press(at, "Undo")
    press(at, "Undo")
    assert here(at) == first and not verdicts.standing() and len(verdicts.history()) == 4
    assert not [b for b in at.button if b.label == "Undo" and not b.disabled]


def test_an_address_cannot_take_back_what_it_does_not_name(verdicts):
    kept = verdicts.add(Verdict("ZTF20aatqesi", "ztf", "junk"))
    for said in ("", ".", kept.uid[:4], "0" * 12, "*" * 12):
        assert not [b for b in opened(said=said).button if b.label == "Undo" and not b.disabled]


def test_a_list_without_labels_says_that_it_is_not_ranked_by_disagreement():
    at = opened(**{"from": "sample", "rank": "disagreement", "only": "SNIa"})
    labelled = [label for label in table_of(at)["label"] if label.replace("(simulated)", "").strip(" –")]
    said = [e.value for e in at.info if "Not ranked by disagreement" in e.value]
    assert bool(said) != bool(labelled)


def test_what_a_table_shows_is_never_certainty():
    table = table_of(opened())
    assert table["p"].max() <= 99.9 and table["p"].is_monotonic_decreasing


def test_verdicts_go_to_the_evaluation_page_with_their_probabilities(verdicts):
    table = table_of(opened(rank="p_SNIa"))
    for oid, name in zip(table["object"][:3], ("SNIa", "SNIa", "TDE"), strict=True):
        verdicts.add(Verdict(oid, catalogue_of(oid, "sample"), "class", name))
    at = opened(show="all")
    link = next(e for e in at.get("page_link") if "Evaluation page" in e.proto.label)
    assert "upload=verdicts" in link.proto.query_string
    at.switch_page("pages/evaluation.py")
    at.query_params.clear()
    at.query_params["model"], at.query_params["upload"] = "own", "verdicts"
    at.run()
    assert not at.exception and not at.error
    shown = "".join(e.proto.body for e in at.get("html"))
    assert re.search(r"<dt>objects</dt><dd>3", shown) and re.search(r"<dt>accuracy</dt><dd>0.667", shown)
