"""Brokers played by a local HTTP server: recorded answers, and every fault that a broker on the network can have.

As a module: ``with BrokerServer(routes) as server: sources(settings, base_urls=base_urls(server.url))``.
As a program, for tests in a browser: ``python -m tests.broker_server --fault hang --port 8765``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.brokers.registry import KEYS

DATA = Path(__file__).parent / "data" / "broker_responses"
ZTF_RECORDED = "ZTF26aaaldio"
LSST_OWN = "9007199254740993"
LSST_RECORDED = "170587116732416143"


@dataclass(frozen=True)
class Play:
    """One answer. body : bytes or text as they stand, anything else as JSON.

    fault : "" plays it straight; hang says nothing; drip sends the body a byte at a time; drip_headers never ends
    its headers; drop closes the connection at once; cut closes it half way through the body; endless never stops.
    """

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    def content(self) -> bytes:
        """The body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """One request as it came in. values : its query and form fields together."""

    method: str
    path: str
    values: Mapping[str, str]
    headers: Mapping[str, str]


class BrokerServer:
    """An HTTP server on a free port of 127.0.0.1, playing ``routes`` until the ``with`` block ends.

    routes : "/path" or "/path?name=value" (query or form must have that value) to a `Play`; the longest match wins.
    Whatever matches nothing is a 404. asked : the requests so far.
    """

    def __init__(self, routes: Mapping[str, Play], port: int = 0) -> None:
        self.routes = dict(routes)
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> BrokerServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def find(self, path: str, values: Mapping[str, str]) -> Play:
        """The play for a request."""
        for route in sorted(self.routes, key=len, reverse=True):
            wanted, _, query = route.partition("?")
            if path.startswith(wanted) and all(values.get(k) == v for k, v in parse_qsl(query)):
                return self.routes[route]
        return Play({"message": "Object not found"}, 404)


def base_urls(server_url: str) -> dict[str, str]:
    """Where each source finds its part of the server: ``sources(settings, base_urls=…)``."""
    return {key: f"{server_url}/{key}" for key in KEYS}


def recorded(name: str) -> Any:
    """A file of tests/data/broker_responses, parsed."""
    return json.loads((DATA / name).read_text())


def recorded_routes() -> dict[str, Play]:
    """All brokers in good health: they know `ZTF_RECORDED`, `LSST_OWN` and `LSST_RECORDED`, and nothing else."""
    ztf_record = {"oid": ZTF_RECORDED, "meanra": 187.5, "meandec": 12.25, "ndethist": "53"}
    fink_ztf = recorded(f"fink/ztf_objects_withupperlim_{ZTF_RECORDED}.json")
    alerce_lsst = {
        LSST_OWN: ("lsst_detections_own", "lsst_forced_own", "lsst_object_own"),
        LSST_RECORDED: ("lsst_detections", None, "lsst_object"),
    }
    routes = {
        f"/alerce-ztf/ztf/v1/objects/{ZTF_RECORDED}/lightcurve": Play(
            recorded(f"alerce/ztf_v1_lightcurve_{ZTF_RECORDED}.json")
        ),
        f"/alerce-ztf/ztf/v1/objects/{ZTF_RECORDED}": Play(ztf_record),
        "/alerce-lsst": Play({"detail": "An error occurred"}, 500),
        "/fink-ztf/api/v1/objects": Play([]),
        f"/fink-ztf/api/v1/objects?objectId={ZTF_RECORDED}": Play(fink_ztf),
        "/fink-lsst/api/v1": Play([]),
        f"/fink-lsst/api/v1/sources?diaObjectId={LSST_OWN}": Play(recorded("fink/lsst_sources_own.json")),
        f"/fink-lsst/api/v1/fp?diaObjectId={LSST_OWN}": Play(recorded("fink/lsst_fp_own.json")),
        f"/lasair-ztf/object/?objectId={ZTF_RECORDED}": Play(recorded(f"lasair/ztf_object_{ZTF_RECORDED}.json")),
        f"/lasair-lsst/object/?objectId={LSST_OWN}": Play(recorded("lasair/lsst_object_own.json")),
    }
    for oid, (detections, forced, record) in alerce_lsst.items():
        lightcurve = "/alerce-lsst/lightcurve_api"
        routes[f"{lightcurve}/detections?oid={oid}"] = Play(recorded(f"alerce/{detections}.json"))
        routes[f"{lightcurve}/forced-photometry?oid={oid}"] = Play(recorded(f"alerce/{forced}.json") if forced else [])
        routes[f"/alerce-lsst/object_api/object?oid={oid}"] = Play(recorded(f"alerce/{record}.json"))
    return routes


def faults() -> dict[str, Play]:
    """One play for each fault, by name; the same fault for whatever is asked."""
    row = {"mjd": 61100.4, "fid": 1}
    return {
        "hang": Play(fault="hang"),
        "drip": Play([row] * 1000, fault="drip"),
        "drip_headers": Play(fault="drip_headers"),
        "drop": Play(fault="drop"),
        "cut": Play([row] * 50, fault="cut"),
        "endless": Play(fault="endless"),
        "oversize": Play(b"[" + b" " * 1000, headers={"Content-Length": "99000000"}),
        "404": Play({"message": "Object not found"}, 404),
        "400": Play("{'status': 'error', 'text': 'A value for `objectId` is required.\\n'}", 400),
        "429": Play({"detail": "Request was throttled."}, 429, {"Retry-After": "37"}),
        "500": Play("<!DOCTYPE html><html><body><h1>Internal Server Error</h1></body></html>", 500),
        "html": Play("<!DOCTYPE html><html><body><h1>Service under maintenance</h1></body></html>"),
        "truncated": Play('[{"mjd": 58288.3778, "fid": 1, "magp'),
        "empty": Play(b""),
        "empty_list": Play([]),
        "redirect": Play(b"", 302, {"Location": "http://192.0.2.1/elsewhere"}),
    }


def _handler(server: BrokerServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._play({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self._play(dict(parse_qsl(self.rfile.read(length).decode())))

        def _play(self, form: Mapping[str, str]) -> None:
            parts = urlsplit(self.path)
            values = {**dict(parse_qsl(parts.query)), **form}
            server.asked.append(Asked(self.command, parts.path, values, dict(self.headers)))
            with contextlib.suppress(OSError):  # the client gave up, as it should
                self._answer(server.find(parts.path, values))

        def _answer(self, play: Play) -> None:
            body = play.content()
            self.close_connection = True
            if play.fault == "drop":
                return
            if play.fault == "hang":
                server.closing.wait(60)
                return
            if play.fault == "drip_headers":
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
                self._drip(b"x" * 100_000)
                return
            self.send_response(play.status)
            length = {} if play.fault == "endless" else {"Content-Length": str(len(body))}
            for name, value in {"Content-Type": "application/json", **length, **play.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if play.fault == "drip":
                self._drip(body)
            elif play.fault == "endless":
                while not server.closing.is_set():
                    self.wfile.write(b" " * 65536)
            else:
                self.wfile.write(body[: len(body) // 2] if play.fault == "cut" else body)

        def _drip(self, body: bytes) -> None:
            for byte in body:
                if server.closing.wait(0.02):
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Silent: the tests read `asked`."""

    return Handler


def main() -> None:
    """Serve until interrupted; the first line printed is the base_urls as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.broker_server", description=__doc__.split("\n")[0])
    parser.add_argument("--fault", choices=["none", *faults()], default="none")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    routes = recorded_routes() if arguments.fault == "none" else {"/": faults()[arguments.fault]}
    with BrokerServer(routes, arguments.port) as server:
        print(json.dumps(base_urls(server.url)), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
