"""Every fault that a broker on the network can have ends in one kind of error, with one sentence, in time."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.brokers.base import (
    BadRequest,
    BadResponse,
    BrokerError,
    NeedsToken,
    NotFound,
    RateLimited,
    TimedOut,
    Unreachable,
)
from core.brokers.http import Fetcher, Timeouts, base_url_of
from core.brokers.registry import BROKERS, KEYS
from core.brokers.statuses import retry_after, what_it_said
from tests.broker_server import LSST_OWN, ZTF_RECORDED, Play, faults
from tests.core.brokers.conftest import IMPATIENT, PATIENT, source_at

EXPECTED = {
    "hang": (TimedOut, "did not answer within 0.2 s"),
    "drip": (TimedOut, "did not answer in full within 0.4 s"),
    "drip_headers": (TimedOut, "did not answer in full within 0.4 s"),
    "drop": (Unreachable, "the connection broke"),
    "cut": (BadResponse, "cut its answer short"),
    "endless": (BadResponse, "larger than 0.5 MB"),
    "oversize": (BadResponse, "larger than 0.5 MB"),
    "404": (NotFound, "does not know"),
    "400": (BadRequest, "A value for `objectId` is required"),
    "429": (RateLimited, "limits how often"),
    "500": (BadResponse, "failed with status 500"),
    "html": (BadResponse, "a web page instead of data"),
    "truncated": (BadResponse, "cut short or not JSON"),
    "empty": (BadResponse, "answered with nothing"),
    "redirect": (BadResponse, "redirected to http://192.0.2.1"),
}


def example(key: str) -> str:
    return LSST_OWN if key.endswith("lsst") else ZTF_RECORDED


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("fault", EXPECTED)
def test_each_fault_of_each_broker_ends_in_its_error(serve, key, fault):
    kind, words = EXPECTED[fault]
    timeouts = IMPATIENT if kind is TimedOut else PATIENT
    source = source_at(serve({"/": faults()[fault]}), key, timeouts=timeouts, max_bytes=500_000)
    with pytest.raises(BrokerError) as caught:
        source.fetch(example(key))
    assert type(caught.value) is kind
    assert words in caught.value.message
    assert caught.value.broker == source.broker and caught.value.broker in caught.value.message
    assert caught.value.advice.endswith(".") and caught.value.message.endswith(".")
    assert "\n" not in caught.value.message and "Traceback" not in caught.value.message


@pytest.mark.parametrize("key", ["alerce-lsst", "fink-ztf", "fink-lsst"])
def test_an_empty_list_means_that_the_object_is_unknown(serve, key):
    with pytest.raises(NotFound, match="has no light curve of"):
        source_at(serve({"/": Play([])}), key).fetch(example(key))


@pytest.mark.parametrize("key", KEYS)
def test_a_refused_connection_says_so(key):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    broker = next(broker for broker in BROKERS if broker.key == key)
    with pytest.raises(Unreachable, match="could not be reached: the connection was refused"):
        broker(base_url=f"http://127.0.0.1:{port}", token="x", timeouts=IMPATIENT).fetch(example(key))


def test_a_name_that_is_not_known_says_that_this_machine_may_be_offline():
    fetcher = Fetcher("Nobody", "http://broker.invalid", timeouts=Timeouts(2, 2, 4))
    with pytest.raises((Unreachable, TimedOut)):
        fetcher.get("/")


def test_retry_after_is_read_as_seconds_and_as_a_date(serve):
    with pytest.raises(RateLimited) as caught:
        source_at(serve({"/": faults()["429"]}), "fink-ztf").fetch(ZTF_RECORDED)
    assert caught.value.retry_after == 37
    assert caught.value.advice == "Wait 37 s, then try again."
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    with pytest.raises(RateLimited) as caught:
        source_at(serve({"/": Play({}, 429, {"Retry-After": date})}), "lasair-ztf").fetch(ZTF_RECORDED)
    assert 80 < caught.value.retry_after <= 90


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("", None), ("soon", None), ("-5", None), ("nan", None), ("inf", None), ("120", 120.0), ("0", 0.0)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2020 07:28:00 GMT", 0.0),
        ("Wed, 99 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_never_trips_over_what_a_server_writes(header, seconds):
    assert retry_after(header, datetime(2026, 10, 21, 7, 27, tzinfo=UTC)) == seconds


def test_a_redirect_within_the_host_is_followed(serve):
    path = f"/alerce-ztf/ztf/v1/objects/{ZTF_RECORDED}"
    server = serve({path: Play({"moved": True}, 308, {"Location": path + "/"}), path + "/": Play({"here": 1})})
    assert Fetcher("B", server.url).get(path) == {"here": 1}


@pytest.mark.parametrize(
    "location", ["https://127.0.0.1/x", "http://127.0.0.2:{port}/", "//example.org/x", "ftp://127.0.0.1:{port}/"]
)
def test_a_redirect_to_another_host_or_scheme_is_not_followed(serve, location):
    server = serve({})
    port = server.url.rsplit(":", 1)[1]
    server.routes["/"] = Play(b"", 302, {"Location": location.format(port=port)})
    with pytest.raises(BadResponse, match="which is not followed"):
        Fetcher("B", server.url).get("/x")
    assert len(server.asked) == 1


def test_redirects_in_a_circle_end(serve):
    server = serve({"/": Play(b"", 302, {"Location": "/again"})})
    with pytest.raises(BadResponse, match="more than 3 times"):
        Fetcher("B", server.url).get("/x")


def test_nothing_but_the_brokers_own_address_is_asked(serve):
    server = serve({"/": Play({})})
    for url in ("http://127.0.0.1:9/x", server.url + "0/x", server.url.replace("http", "https")):
        with pytest.raises(BadRequest, match="was not asked"):
            Fetcher("B", server.url).request("GET", url)
    assert server.asked == []


@pytest.mark.parametrize(
    "address",
    [
        *(
            "http://example.org",
            "https://api.alerce.online.evil.org",
            "http://127.0.0.1@evil.org",
            "http://10.0.0.1:80",
        ),
        *(
            "file:///etc/passwd",
            "http://127.0.0.1:80\\@evil.org",
            "http://169.254.169.254",
            "http://localhost.evil.org",
        ),
        *("http://127.0.0.1:80/?x=http://evil.org", "", "http://0.0.0.0:80"),
    ],
)
def test_only_this_machine_may_stand_in_for_a_broker(address):
    for broker in BROKERS:
        with pytest.raises(ValueError, match="loopback"):
            broker(base_url=address)


def test_loopback_addresses_may_stand_in():
    for address in ("http://127.0.0.1:8080", "http://localhost/alerce-ztf/", "http://[::1]:99"):
        assert base_url_of("https://real.example", address) == address.rstrip("/")
    assert base_url_of("https://real.example") == "https://real.example"


def test_nan_tokens_count_as_missing_and_are_noted(serve):
    rows = (
        '[{"i:jd": 2461100.5, "i:fid": 1, "i:magpsf": NaN, "i:sigmapsf": 0.1, "i:isdiffpos": "t", "i:diffmaglim": 20},'
    )
    rows += ' {"i:jd": 2461101.5, "i:fid": 1, "i:magpsf": 19.5, "i:sigmapsf": 0.1, "i:isdiffpos": "t", "i:diffmaglim": -Infinity}]'
    curve = source_at(serve({"/": Play(rows)}), "fink-ztf").fetch(ZTF_RECORDED)
    assert len(curve) == 1
    messages = [note.message for note in curve.notes]
    assert "2 NaN or Infinity in Fink's answer read as missing" in messages
    assert "1 row dropped: no magnitude (magpsf) and no limit (diffmaglim)" in messages


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"\xff\xfe\x00", b'{"a":', b"9" * 10_000, b'"' + b"\\ud800" * 2 + b'"x']
)
def test_hostile_json_is_a_bad_response(serve, body):
    with pytest.raises(BadResponse, match="not JSON"):
        Fetcher("B", serve({"/": Play(body)}).url).get("/")


def test_compressed_answers_count_by_what_they_unfold_to(serve):
    import gzip

    bomb = Play(gzip.compress(b" " * 5_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(BadResponse, match="larger than 1 MB"):
        Fetcher("B", serve({"/": bomb}).url, max_bytes=1_000_000).get("/")
    fine = Play(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})
    assert Fetcher("B", serve({"/": fine}).url).get("/") == {"a": 1}


def test_lasair_without_a_token_says_what_to_do_and_asks_nobody(serve):
    server = serve({})
    with pytest.raises(NeedsToken) as caught:
        source_at(server, "lasair-ztf", token="").fetch(ZTF_RECORDED)
    assert "T2SCOPE_LASAIR_TOKEN" in caught.value.advice
    assert server.asked == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_told_from_a_missing_one(serve, status):
    server = serve({"/": Play({"detail": "Invalid token."}, status)})
    with pytest.raises(BadRequest, match="refused the token"):
        source_at(server, "lasair-lsst").fetch(LSST_OWN)
    with pytest.raises(NeedsToken, match="asks for a token"):
        source_at(server, "fink-ztf").fetch(ZTF_RECORDED)


def test_the_token_goes_in_a_header_and_never_into_an_address(healthy):
    curve = source_at(healthy, "lasair-ztf", token="s3cret").fetch(ZTF_RECORDED)
    asked = healthy.asked[-1]
    assert asked.headers["Authorization"] == "Token s3cret"
    assert "s3cret" not in asked.path + str(asked.values) + str(curve.provenance)


def test_lasairs_error_inside_a_good_status_is_an_error(serve):
    with pytest.raises(BadResponse, match=r"Lasair could not give .*: “Max radius is 1000 arcsec.”"):
        source_at(serve({"/": Play({"error": "Max radius is 1000 arcsec."})}), "lasair-ztf").fetch(ZTF_RECORDED)


def test_alerces_ambiguous_500_for_lsst_is_explained(serve):
    with pytest.raises(BadResponse, match="the same of an LSST id that it does not know") as caught:
        source_at(serve({"/": Play({"detail": "An error occurred"}, 500)}), "alerce-lsst").fetch("12345")
    assert caught.value.advice.startswith("Check the id.")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "answer",
    [
        *(
            {},
            [],
            7,
            "text",
            None,
            [1, 2],
            {"detections": 5},
            {"candidates": [1]},
            [{"unexpected": 1}],
            {"candidates": None},
        ),
        {"detections": [{"mjd": 1}], "non_detections": []},
        {"diaSourcesList": [{"band": "g"}]},
    ],
)
def test_json_of_another_shape_is_a_broker_error_not_a_traceback(serve, key, answer):
    with pytest.raises((BadResponse, NotFound)):
        source_at(serve({"/": Play(answer)}), key).fetch(example(key))


def test_an_answer_that_lost_a_field_names_it(serve):
    rows = [{"i:jd": 2461100.5, "i:fid": 1, "i:sigmapsf": 0.1, "i:isdiffpos": "t", "i:diffmaglim": 20}]
    with pytest.raises(BadResponse, match="rows have no i:magpsf") as caught:
        source_at(serve({"/": Play(rows)}), "fink-ztf").fetch(ZTF_RECORDED)
    assert "2026-11" in caught.value.advice


def test_error_bodies_are_quoted_in_one_short_line():
    assert what_it_said(b"{'status': 'error', 'text': 'A value\\nis required \\n'}") == "A value is required"
    assert what_it_said(b'{"detail": "x' + b"y" * 500 + b'"}').endswith("…")
    assert what_it_said(b"<html>secret</html>") == ""
    assert what_it_said(b"bad\x1b[31m\nthing") == "bad [31m thing"


def test_an_address_from_the_clients_environment_is_not_asked(serve, monkeypatch, tmp_path):
    server = serve({"/": Play({})})
    config = tmp_path / "alerce.json"
    config.write_text('{"ztf": {"ZTF_API_URL": "http://192.0.2.1", "ZTF_ROUTES": {"lightcurve": "@192.0.2.1/%s"}}, '
                      '"multisurvey": {"URL_MS": "", "ROUTES_MS": {}}, "stamps": {"STAMP_URL": "", "AVRO_ROUTES": {}}, '
                      '"stamps_ztf": {"AVRO_URL": "", "AVRO_ROUTES": {}}}')  # fmt: skip
    monkeypatch.setenv("ALERCE_CONFIG_PATH", str(config))
    with pytest.raises(BrokerError):
        source_at(server, "alerce-ztf").fetch(ZTF_RECORDED)
    assert server.asked == []
