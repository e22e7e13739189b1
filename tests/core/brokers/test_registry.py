"""The brokers by key, and the doctor that examines them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from core.brokers.base import TimedOut
from core.brokers.doctor import check_all, main, table
from core.brokers.http import Timeouts
from core.brokers.registry import KEYS, cached_sources, sources
from core.refusal import BadInput
from core.settings import Settings
from tests.broker_server import LSST_OWN, ZTF_RECORDED, Play, base_urls, faults, recorded
from tests.core.brokers.conftest import IMPATIENT

ORDER = ["alerce-ztf", "alerce-lsst", "fink-ztf", "fink-lsst", "lasair-ztf", "lasair-lsst"]


def test_all_brokers_in_their_order_with_fixed_https_hosts(tmp_path):
    known = sources(Settings(cache_dir=tmp_path))
    assert list(known) == ORDER == list(KEYS)
    for key, source in known.items():
        assert source.key == key and source.title and source.survey == key.rsplit("-", 1)[1]
        assert source.base_url == source.host and source.host.startswith("https://")
        assert [source.checked_id(example) for example in source.examples] == list(source.examples)


def test_the_owner_may_allow_some_brokers_only():
    assert list(sources(Settings(brokers=("fink-ztf", "alerce-ztf")))) == ["alerce-ztf", "fink-ztf"]
    with pytest.raises(BadInput, match="unknown broker finc; known are alerce-ztf"):
        sources(Settings(brokers=("finc",)))


def test_tokens_and_limits_come_from_the_settings():
    settings = Settings(lasair_token="both", lasair_lsst_token="own", read_timeout=7, max_answer_mb=2)
    known = sources(settings)
    assert [known[key].token for key in ORDER] == ["", "", "", "", "both", "own"]
    assert known["fink-lsst"].timeouts == Timeouts(5, 7, 60) and known["fink-lsst"].max_bytes == 2_000_000
    assert "both" not in repr(settings) and "own" not in repr(settings)


def test_addresses_are_replaced_by_code_only_and_by_loopback_only(healthy, monkeypatch):
    monkeypatch.setenv("T2SCOPE_BASE_URL", healthy.url)
    assert all(source.base_url == source.host for source in sources(Settings()).values())
    with pytest.raises(ValueError, match="loopback"):
        sources(Settings(), base_urls={"fink-ztf": "http://192.0.2.1"})


def test_the_page_gets_a_copy_when_the_broker_falls_silent(serve, tmp_path):
    server = serve({f"/fink-ztf/api/v1/objects?objectId={ZTF_RECORDED}": Play(recorded("fink/ztf_objects.json"))})
    settings = Settings(cache_dir=tmp_path, read_timeout=IMPATIENT.read)
    source = cached_sources(settings, base_urls=base_urls(server.url))["fink-ztf"]
    assert (source.key, source.title, source.survey) == ("fink-ztf", "Fink (ZTF)", "ztf")
    source.fetch(ZTF_RECORDED)
    server.routes = {"/": faults()["hang"]}
    with pytest.raises(TimedOut) as caught:
        cached_sources(settings, base_urls=base_urls(server.url))["fink-ztf"].fetch(ZTF_RECORDED)
    assert len(caught.value.last_good) == 3


def test_the_doctor_finds_who_answers_who_is_silent_and_what_has_gone(serve):
    detections = recorded("fink/lsst_sources_own.json")
    for row in detections:
        del row["r:psfFlux"]
    server = serve({
        "/fink-ztf": Play(recorded("fink/ztf_objects_withupperlim_ZTF26aaaldio.json")),
        "/fink-lsst/api/v1/sources": Play(detections),
        "/fink-lsst/api/v1/fp": Play(recorded("fink/lsst_fp_own.json")),
        "/alerce-lsst": faults()["hang"],
        "/lasair-ztf": faults()["429"],
    })  # fmt: skip
    reports = check_all(Settings(lasair_ztf_token="x"), base_urls=base_urls(server.url), timeouts=Timeouts(5, 0.8, 10))
    by_name = {(report.key, report.endpoint): report for report in reports}
    assert [report.key for report in reports] == sorted((r.key for r in reports), key=ORDER.index)
    assert "r:psfFlux" in by_name["fink-lsst", "detections"].missing
    assert by_name["fink-lsst", "forced photometry"].is_well
    assert by_name["fink-ztf", "light curve"].rows == 55
    assert by_name["alerce-lsst", "object"].state == "fails" and "0.8 s" in by_name["alerce-lsst", "object"].message
    assert by_name["alerce-ztf", "detections"].state == "no rows"
    assert by_name["lasair-ztf", "object"].state == "fails"
    assert by_name["lasair-lsst", "object"].state == "needs a token"
    text = table(reports)
    assert "missing: r:psfFlux" in text and "1 of 12 endpoints answer with all fields." in text and "2026-11" in text


def test_the_doctor_is_well_when_everything_answers(healthy):
    # The player knows its own ids only, so the doctor is shown sources whose example is one of these.
    from core.brokers.doctor import check

    known = sources(Settings(lasair_token="x"), base_urls=base_urls(healthy.url))
    for key in ("alerce-lsst", "fink-lsst", "lasair-lsst"):
        known[key].examples = (LSST_OWN,)
        for endpoint in known[key].endpoints:
            report = check(known[key], endpoint)
            assert report.is_well, report


def test_the_doctor_ends_well_offline():
    """Every request goes to a proxy that is not there, so nothing outside this machine is asked."""
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    environment = os.environ | nowhere | {name.upper(): value for name, value in nowhere.items()}
    command = [sys.executable, "-m", "core.brokers.doctor", "--timeout", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=True)
    assert "0 of 12 endpoints" in done.stdout and "may be offline" in done.stdout
    assert done.stderr == ""


def test_the_doctors_command_line_reads_the_settings(monkeypatch, capsys):
    monkeypatch.setenv("T2SCOPE_BROKERS", "lasair-ztf")
    assert main(["--timeout", "1"]) == 0
    assert "needs a token" in capsys.readouterr().out


def test_the_player_runs_as_a_program():
    command = [sys.executable, "-m", "tests.broker_server", "--fault", "429"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as player:
        try:
            assert list(json.loads(player.stdout.readline())) == ORDER
        finally:
            player.terminate()
