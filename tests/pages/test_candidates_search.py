"""Searching brokers on the page of candidates: what is asked, what is told when it fails, and how a list goes on."""

from __future__ import annotations

import time

import pytest

from core.verdicts import VerdictStore
from tests.broker_server import BrokerServer, Play, base_urls, faults
from tests.core.brokers.listings import alerce_pages, fink_rows, invented_ids, searched_broker
from tests.pages.test_candidates_page import here, opened, table_of
from ui import resources
from ui.candidates import search

SHARED = ("settings", "verdicts", "browsers", "sources", "shelf")
SEARCH = {"from": "alerce-ztf", "what": "SNIa · lc_classifier", "most": "12"}


@pytest.fixture
def played(tmp_path, monkeypatch):
    """Play brokers: played(routes) -> the server."""
    servers = []

    def forget():
        for name in SHARED:
            getattr(resources, name).clear()
        search._asked.clear(), search._resolved.clear()

    def play(routes):
        server = BrokerServer(routes).__enter__()
        servers.append(server)
        monkeypatch.setattr(resources, "BASE_URLS", {**base_urls(server.url), "cds": f"{server.url}/cds"})
        for name, value in {"VERDICTS": tmp_path / "v.sqlite", "CACHE_DIR": tmp_path, "BROKER_PACE": 500, "READ_TIMEOUT": 1,
                            "TOTAL_TIMEOUT": 2}.items():  # fmt: skip
            monkeypatch.setenv(f"T2SCOPE_{name}", str(value))
        forget()
        return server

    yield play
    monkeypatch.undo()
    forget()
    for server in servers:
        server.__exit__()


def messages(at):
    return " ".join(e.value for kind in (at.error, at.warning, at.info, at.caption) for e in kind)


def test_a_form_that_nobody_sent_asks_nobody(played):
    server = played({})
    for broker in ("alerce-ztf", "alerce-lsst", "fink-ztf", "fink-lsst"):
        assert "is asked, and nobody else" in messages(opened(**{"from": broker}))
    assert not server.asked


def test_a_search_in_the_address_is_listed_scored_and_its_labels_can_be_ranked_by(played):
    played(searched_broker(12))
    at = opened(**SEARCH, rank="disagreement")
    table = table_of(at)
    assert sorted(table["object"]) == invented_ids(12) and set(table["label"]) <= {
        "SN Ia",
        "SNII",
        "SN II",
        "SN Ib/c",
        "SNIbc",
        "SLSN",
        "AGN",
        "SNIa",
    }
    # Shares beyond what two digits can say are shown as ">99 %" and "<1 %".
    shown = [float(text.removesuffix(" %").lstrip("<>")) for text in table["ranked"]]
    assert shown == sorted(shown, reverse=True)
    assert "gave 12 objects" in messages(at)


def test_what_was_said_of_a_broker_object_is_known_in_any_list_that_has_it(played, tmp_path):
    played(searched_broker(12))
    at = opened(**SEARCH)
    next(b for b in at.button if b.label == "Junk").click().run()
    oid = next(iter(VerdictStore(tmp_path / "v.sqlite").standing()))[1]
    again = opened(**{"from": "ids", "broker": "alerce-ztf", "ids": f"{oid},{invented_ids(3)[2]}"}, show="vetted")
    assert here(again) == oid


def test_ids_that_are_none_are_left_out_and_named(played):
    played(searched_broker(3))
    at = opened(**{"from": "ids", "broker": "alerce-ztf", "ids": f"{invented_ids(1)[0]},ZTF1,17"})
    assert "2 left out; the first" in messages(at) and table_of(at)["object"].tolist() == invented_ids(1)


@pytest.mark.parametrize(
    ("fault", "advice"), [("hang", "search through Fink"), ("429", "Wait 37 s"), ("html", "search through Fink")]
)
def test_a_search_that_fails_is_told_with_what_to_do_and_the_form_stays(played, fault, advice):
    played({"/alerce-ztf": faults()[fault]})
    at = opened(**SEARCH)
    assert len(at.error) == 1 and advice in at.error[0].value
    assert any(b.label == "Ask again" for b in at.button) and any(b.label == "Search" for b in at.button)


def test_a_list_whose_broker_goes_down_says_so_and_can_be_resumed(played):
    played({**alerce_pages(invented_ids(12)), "/alerce-ztf/ztf/v1/objects/": faults()["500"]})
    at = opened(**SEARCH)
    assert "failed; resume later" in messages(at) and any(b.label == "Resume" for b in at.button)


def test_a_cone_by_name_asks_cds_and_a_name_that_nobody_knows_is_told(played):
    routes = {
        "/cds/cgi-bin/nph-sesame": Play("%J 10.5 +41.25 = x\n"),
        "/fink-ztf/api/v1/conesearch": Play(fink_rows(invented_ids(2))),
    }
    server = played(routes)
    at = opened(**{"from": "fink-ztf", "pos": "M 31", "radius": "30", "most": "50"})
    cone = next(r for r in server.asked if r.path.endswith("conesearch")).values
    assert (cone["ra"], cone["dec"], cone["radius"]) == ("10.5", "41.25", "30.0") and "RA 10.50000°" in messages(at)
    played({"/cds/cgi-bin/nph-sesame": Play("# nothing\n")})
    at = opened(**{"from": "fink-ztf", "pos": "M 999", "most": "50"})
    assert "no object called" in at.error[0].value and "Type the coordinates" in at.error[0].value


def test_a_search_that_the_broker_would_refuse_is_told_before_anything_is_sent(played):
    server = played({})
    for broker in ("fink-ztf", "fink-lsst"):
        at = opened(**{"from": broker})
        next(b for b in at.button if b.label == "Search").click().run()
        assert "neither is given. Nothing was sent" in messages(at).replace("\\", "") and "most" not in at.query_params
    assert not server.asked


def test_why_ids_could_not_be_fetched_stands_on_the_page_and_they_can_be_asked_for_again(played):
    server = played({"/alerce-ztf": faults()["500"]})
    ids = invented_ids(2)
    at = opened(**{"from": "ids", "broker": "alerce-ztf", "ids": ",".join(ids)})
    assert "2 objects of 2 could not be fetched" in messages(at)
    before = len(server.asked)
    next(b for b in at.button if b.label == "Ask again").click().run()
    assert not at.exception
    ends = time.monotonic() + 20
    while len(server.asked) <= before:
        assert time.monotonic() < ends, "nobody was asked again"
        time.sleep(0.1)
