"""Searches are asked as the brokers' servers read them, and every answer is a list of objects or a sentence."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.brokers.base import BadRequest, BadResponse, BrokerError, NotFound
from core.brokers.browse.base import Listed, Search, mjd_of, once
from core.brokers.browse.position import position_of, resolve
from core.brokers.http import Timeouts
from core.brokers.registry import BROWSERS, browsers
from core.settings import Settings
from tests.broker_server import BrokerServer, Play, base_urls, faults
from tests.core.brokers.listings import alerce_item, alerce_pages, fink_rows, invented_ids

QUICK = Settings(connect_timeout=1.0, read_timeout=0.5, total_timeout=1.0)


def asked(routes, key, search, settings=QUICK):
    with BrokerServer(routes) as server:
        return browsers(settings, base_urls=base_urls(server.url))[key].search(search), server.asked


def test_alerce_is_asked_with_the_names_that_its_server_reads_and_all_pages_are_taken():
    ids = invented_ids(250)
    search = Search("lc_classifier", "SNIa", 0.5, 6, date(2023, 2, 25), date(2023, 3, 1), 10.0, -5.0, 30.0, most=230)
    found, requests = asked(alerce_pages(ids), "alerce-ztf", search)
    assert [item.object_id for item in found.items] == ids[:230] and found.more
    assert [r.values["page"] for r in requests] == ["1", "2", "3"]
    expected = {
        "classifier": "lc_classifier", "class": "SNIa", "probability": "0.5", "ndet": "6", "firstmjd": "60000",
        "lastmjd": "60004", "ra": "10.0", "dec": "-5.0", "radius": "30.0", "order_by": "probability", "ranking": "1",
    }  # fmt: skip
    assert {name: requests[0].values.get(name) for name in expected} == expected
    assert found.items[0] == Listed(ids[0], "SNIa", "lc_classifier", 0.99, 10.0, -5.0, 20, 60000.0, 60040.0)


def test_what_is_not_asked_for_is_not_in_the_request():
    _, requests = asked(alerce_pages(invented_ids(3)), "alerce-ztf", Search(last_after=date(2023, 3, 1)))
    assert set(requests[0].values) == {"lastmjd", "order_by", "order_mode", "page_size", "page"}


def test_an_lsst_object_named_by_two_classifiers_stands_once_and_its_id_keeps_every_digit():
    row = {
        "oid": 313629129709715483,
        "meanra": 11.0,
        "meandec": -43.5,
        "n_det": 40,
        "class_name": "VS",
        "probability": 0.98,
    }
    body = {"items": [{**row, "classifier_name": "a"}, {**row, "classifier_name": "b"}], "has_next": False}
    found, requests = asked({"/alerce-lsst/object_api/list_objects": Play(body)}, "alerce-lsst", Search(label="VS"))
    assert [item.object_id for item in found.items] == ["313629129709715483"] and "several classifiers" in found.notes[
        0
    ]
    assert requests[0].values["survey"] == "lsst" and requests[0].values["class_name"] == "VS"


def test_fink_lists_alerts_and_each_object_stands_once():
    ids = invented_ids(3)
    routes = {"/fink-ztf/api/v1/latests?class=SN candidate": Play(fink_rows([*ids, ids[0]]))}
    found, requests = asked(routes, "fink-ztf", Search(label="SN candidate", last_after=date(2024, 1, 2), most=4))
    assert [item.object_id for item in found.items] == ids and found.more and found.notes == ("4 alerts of 3 objects.",)
    assert requests[0].values["startdate"] == "2024-01-02" and requests[0].values["n"] == "4"
    assert found.items[0].last_mjd == 60324.0 and found.items[0].label == "SN candidate"


def test_fink_is_asked_for_a_cone_of_lsst():
    rows = [{"r:diaObjectId": 170587116732416143, "r:ra": 1.0, "r:dec": 2.0, "v:separation_degree": 0.001}]
    found, requests = asked(
        {"/fink-lsst/api/v1/conesearch": Play(rows)}, "fink-lsst", Search(ra=1.0, dec=2.0, radius=5.0)
    )
    assert found.items[0].object_id == "170587116732416143" and not found.more
    assert requests[0].values["radius"] == "5.0" and "tag" not in requests[0].values


@pytest.mark.parametrize("browser", BROWSERS, ids=lambda b: b.key)
@pytest.mark.parametrize("fault", ["hang", "429", "500", "html", "truncated", "empty", "drop", "404"])
def test_a_broker_that_fails_is_told_by_the_errors_of_all_brokers(browser, fault):
    with pytest.raises(BrokerError) as error:
        asked({"/": faults()[fault]}, browser.key, Search(label=next(iter(browser.labels.values()))[0]))
    assert error.value.message.endswith((".", "”.")) and error.value.broker == browser.broker


@pytest.mark.parametrize("browser", BROWSERS, ids=lambda b: b.key)
def test_an_empty_answer_is_an_empty_list(browser):
    body = {"items": [], "has_next": False} if browser.broker == "ALeRCE" else []
    found, _ = asked({f"/{browser.key}": Play(body)}, browser.key, Search(label="SN"))
    assert found.items == () and not found.more


@pytest.mark.parametrize("body", [{"rows": []}, [1, 2], {"items": [{"id": 3}]}, "x"])
def test_an_answer_laid_out_otherwise_is_refused(body):
    with pytest.raises(BadResponse):
        asked({"/alerce-ztf": Play(body)}, "alerce-ztf", Search(label="SN"))


@pytest.mark.parametrize(
    ("key", "search", "words"),
    [
        ("alerce-ztf", Search(ra=1.0, radius=3.0), "needs a right ascension"),
        ("alerce-ztf", Search(ra=400.0, dec=0.0, radius=3.0), "expected 0 to 360"),
        ("alerce-ztf", Search(ra=4.0, dec=0.0, radius=99_999.0), "expected up to 18,000"),
        ("alerce-ztf", Search(min_probability=7.0), "expected 0 to 1"),
        ("alerce-ztf", Search(most=5000), "expected 1 to 1,000"),
        ("fink-ztf", Search(label="x", min_probability=0.5), "can't be searched by min_probability"),
        ("fink-ztf", Search(), "either by a class or by a cone"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused_and_nobody_is_asked(key, search, words):
    with BrokerServer({}) as server:
        with pytest.raises(BadRequest, match=words):
            browsers(QUICK, base_urls=base_urls(server.url))[key].search(search)
        assert not server.asked


def test_the_classes_are_the_brokers_own():
    routes = {
        "/alerce-ztf/ztf/v1/classifiers": Play(
            [{"classifier_name": "new", "classifier_version": "1", "classes": ["SN"]}]
        ),
        "/fink-ztf/api/v1/classes": Play({"Fink classifiers": ["A", "B"], "Cross-match with TNS": ["(TNS) SN Ia"]}),
        "/fink-lsst/api/v1/tags": Play(["in_tns"]),
    }
    with BrokerServer(routes) as server:
        known = browsers(QUICK, base_urls=base_urls(server.url))
        assert known["alerce-ztf"].current_labels() == {"new": ("SN",)}
        assert known["fink-ztf"].current_labels() == {"": ("A", "B", "(TNS) SN Ia")}
        assert known["fink-lsst"].current_labels() == {"": ("in_tns",)}


def test_once_keeps_the_order_and_fills_in_what_only_a_later_row_says():
    assert once([Listed("b"), Listed("a", "SN"), Listed("b", "AGN", ra=1.0)]) == (
        Listed("b", "AGN", ra=1.0),
        Listed("a", "SN"),
    )
    assert Listed(alerce_item("x", 1)["oid"]).object_id == "x" and mjd_of(date(2023, 2, 25)) == 60000


@given(st.floats(0, 359.999), st.floats(-89.9, 89.9))
def test_positions_are_read_in_degrees_and_sexagesimal(ra, dec):
    assert position_of(f"{ra:.6f} {dec:+.6f}") == pytest.approx((ra, dec), abs=1e-6)
    hours, minutes = divmod(ra / 15 * 60, 60)
    sign, size = ("-" if dec < 0 else "+"), abs(dec)
    text = f"{int(hours)}:{int(minutes)}:{(minutes % 1) * 59.9:.4f} {sign}{int(size)}:{int(size * 60 % 60)}:{(size * 60 % 1) * 59.9:.4f}"
    found = position_of(text)
    assert found is not None and abs(found[0] - ra) < 0.01 and abs(found[1] - dec) < 0.001


def test_what_is_no_position_is_a_name_or_refused():
    assert position_of("M 31") is None and position_of("NGC 4258") is None
    assert position_of("12:30:00 -00:30:00") == pytest.approx((187.5, -0.5))
    for text in ("400 10", "10 95", "12:61:00 +10:00:00"):
        with pytest.raises(BadRequest):
            position_of(text)


def test_a_name_is_resolved_and_who_is_offline_is_told_to_type_coordinates():
    answer = "# M31\n#=S=Simbad: 1\n%@ 1575544\n%J 10.6847083 +41.2687500 = 00:42:44.33 +41:16:07.5\n"
    with BrokerServer({"/cgi-bin/nph-sesame": Play(answer)}) as server:
        assert resolve("M 31", base_url=server.url) == (10.6847083, 41.26875)
    with BrokerServer(
        {"/cgi-bin/nph-sesame": Play("# nothing\n#!SIMBAD: No known catalog could be found\n")}
    ) as server:
        with pytest.raises(NotFound, match="no object called 'M 31'"):
            resolve("M 31", base_url=server.url)
        url = server.url
    with pytest.raises(BrokerError) as error:
        resolve("M 31", base_url=url, timeouts=Timeouts(0.5, 0.5, 1.0))
    assert "Type the coordinates instead" in error.value.advice
