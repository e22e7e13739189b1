"""Asking one broker over HTTP, with limits: on time, on size, on where it may send us, and on what counts as JSON.

Every failure leaves as one of the errors of `core.brokers.base`, with a sentence for a person.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from core.brokers.base import BadRequest, BadResponse, BrokerError, NotFound, TimedOut, Unreachable
from core.brokers.statuses import refuse_status
from core.json_text import parsed
from core.lightcurve import Note

#: Largest answer that is read [bytes]; the longest light curves seen are about 1 MB.
MAX_BYTES = 30_000_000
MAX_REDIRECTS = 3
_CHUNK = 16_384
_ERROR_BODY = 65_536
_LOOPBACK = re.compile(r"http://(127(\.[0-9]{1,3}){3}|localhost|\[::1\])(:[0-9]{1,5})?(/[\w.-]+)*/?")


@dataclass(frozen=True)
class Timeouts:
    """How long a broker may take [s].

    connect : until the connection stands. read : between two pieces of an answer. total : for everything that one
    light curve needs, whatever happens on the way.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0


def base_url_of(host: str, replacement: str | None = None) -> str:
    """The address of a broker: its fixed host, or a loopback address that stands in for it in tests.

    Raises ValueError when the replacement is not a plain http address of this machine.
    """
    if replacement is None:
        return host
    if not _LOOPBACK.fullmatch(replacement):
        raise ValueError(f"base_url {replacement!r} may only be a loopback address such as http://127.0.0.1:8080")
    return replacement.rstrip("/")


@dataclass(frozen=True)
class Answer:
    """What a broker sent with a status below 300: body read in full, within the size limit."""

    status_code: int
    url: str
    content: bytes
    _parse: Callable[[bytes], Any]

    def json(self) -> Any:
        """The body as JSON. Raises BadResponse when it is a web page, empty, cut short or not JSON."""
        return self._parse(self.content)


class Fetcher:
    """One conversation with one broker about one object, under one clock that starts with the first request.

    broker : name for messages. base_url : the only place that is asked. about : the object's id, for messages.
    advice : what a person can do when the broker fails. token : sent as ``Authorization: Token …`` when not empty.
    """

    def __init__(
        self,
        broker: str,
        base_url: str,
        *,
        about: str = "",
        advice: str = "Try again in a minute.",
        timeouts: Timeouts | None = None,
        max_bytes: int = MAX_BYTES,
        token: str = "",
    ) -> None:
        self.broker = broker
        self.base_url = base_url
        self.about = about
        self.advice = advice
        self.timeouts = timeouts or Timeouts()
        self.max_bytes = max_bytes
        self._token = token
        self._not_numbers = 0
        self._ends: float | None = None

    def notes(self) -> list[Note]:
        """What was strange but readable in the answers so far."""
        count = self._not_numbers
        if not count:
            return []
        return [Note("converted", f"{count} NaN or Infinity in {self.broker}'s answer read as missing", count)]

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON at ``path`` below the broker's address."""
        return self.request("GET", self.base_url + path, params=params).json()

    def post(self, path: str, data: Mapping[str, str]) -> Any:
        """The JSON that answers a form sent to ``path`` below the broker's address."""
        return self.request("POST", self.base_url + path, data=data).json()

    def request(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, data: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, answered in full or refused by a `BrokerError`."""
        if url != self.base_url and not url.startswith(self.base_url + "/"):
            raise BadRequest(self.broker, f"{url} is not below {self.base_url}, and was not asked.", self.advice)
        return self._before_the_end(lambda: self._exchange(method, url, params, data))

    def _before_the_end(self, exchange: Callable[[], Answer]) -> Answer:
        # In a thread of its own, because time-outs of sockets know neither slow name servers nor dripped headers.
        if self._remaining() <= 0:
            raise self._out_of_time()
        outcome: Future[Answer] = Future()

        def work() -> None:
            try:
                outcome.set_result(exchange())
            except BaseException as error:  # handed to the waiting thread, which raises it
                outcome.set_exception(error)

        threading.Thread(target=work, name=f"ask {self.broker}", daemon=True).start()
        try:
            return outcome.result(timeout=max(self._remaining(), 0.001))
        except TimeoutError:
            raise self._out_of_time() from None

    def _exchange(
        self, method: str, url: str, params: Mapping[str, str] | None, data: Mapping[str, str] | None
    ) -> Answer:
        started = time.monotonic()
        read = max(min(self.timeouts.read, self._remaining()), 0.001)
        connect = max(min(self.timeouts.connect, self._remaining()), 0.001)
        try:
            with self._session() as session:
                for _ in range(MAX_REDIRECTS + 1):
                    with session.request(
                        method,
                        url,
                        params=params,
                        data=data,
                        timeout=(connect, read),
                        stream=True,
                        allow_redirects=False,
                    ) as response:
                        target = self._redirect(response, method)
                        if target is None:
                            return self._answer(response)
                        url, params = target, None
            raise BadResponse(self.broker, f"{self.broker} redirected more than {MAX_REDIRECTS} times.", self.advice)
        except requests.RequestException as error:
            raise self._transport_error(error, time.monotonic() - started) from error
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._transport_error(error, time.monotonic() - started) from error

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.headers.update({"Accept": "application/json", "User-Agent": "t2scope"})
        # An auth callable of our own, so that a .netrc never adds credentials. A proxy would not know our loopback.
        session.auth = self._authorise
        session.trust_env = not _LOOPBACK.fullmatch(self.base_url)
        return session

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Token {self._token}"
        return request

    def _redirect(self, response: requests.Response, method: str) -> str | None:
        if not response.is_redirect:
            return None
        here = urlsplit(response.url)
        target = urljoin(response.url, response.headers["location"])
        there = urlsplit(target)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            place = f"{there.scheme}://{there.netloc}"[:100]
            raise BadResponse(self.broker, f"{self.broker} redirected to {place}, which is not followed.", self.advice)
        if method != "GET" and response.status_code not in (307, 308):
            raise BadResponse(
                self.broker, f"{self.broker} answered a form with a redirect ({response.status_code}).", self.advice
            )
        return target

    def _answer(self, response: requests.Response) -> Answer:
        if response.status_code < 300:
            return Answer(response.status_code, response.url, self._body(response, self.max_bytes), self._parse)
        try:
            body = self._body(response, _ERROR_BODY)
        except BadResponse:
            body = b""
        raise refuse_status(
            response.status_code,
            response.headers,
            body,
            broker=self.broker,
            about=self.about,
            advice=self.advice,
            with_token=bool(self._token),
        )

    def _body(self, response: requests.Response, max_bytes: int) -> bytes:
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > max_bytes:
            raise self._too_large(max_bytes)
        pieces, size = [], 0
        # read1 returns what one recv brought: a broker that drips bytes can't hold us between two looks at the clock.
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            size += len(piece)
            if size > max_bytes:
                raise self._too_large(max_bytes)
            if self._remaining() <= 0:
                raise self._out_of_time()
            pieces.append(piece)
        return b"".join(pieces)

    def _parse(self, body: bytes) -> Any:
        if not body.strip():
            raise BadResponse(self.broker, f"{self.broker} answered with nothing (0 bytes).", self.advice)
        if body.lstrip()[:1] == b"<":
            raise BadResponse(self.broker, f"{self.broker} answered with a web page instead of data.", self.advice)
        try:
            return parsed(body, parse_constant=self._missing)
        except (ValueError, RecursionError):
            raise BadResponse(
                self.broker, f"{self.broker}'s answer is cut short or not JSON ({len(body):,} bytes).", self.advice
            ) from None

    def _missing(self, _token: str) -> None:
        self._not_numbers += 1

    def _transport_error(self, error: Exception, waited: float) -> BrokerError:
        cut = next((part for part in error.args if isinstance(part, urllib3.exceptions.IncompleteRead)), None)
        if cut is not None and isinstance(cut.partial, int):
            seen = f"{cut.partial:,} bytes came, {cut.expected or 0:,} are missing"
            return BadResponse(self.broker, f"{self.broker} cut its answer short: {seen}.", self.advice)
        reason = " ".join(str(part) for part in (error, *error.args)).lower()
        if isinstance(error, requests.ConnectTimeout):
            seconds = min(self.timeouts.connect, self.timeouts.total)
            return TimedOut(self.broker, f"{self.broker} could not be connected within {seconds:g} s.", self.advice)
        if isinstance(error, (requests.Timeout, TimeoutError)) or "timed out" in reason:
            return self._out_of_time() if self._remaining() <= 0.01 else self._silent()
        if isinstance(error, requests.exceptions.SSLError):
            return Unreachable(self.broker, f"No secure connection to {self.broker}.", self.advice)
        if isinstance(error, requests.ConnectionError):
            if "name" in reason and "resol" in reason:
                why = "its name is not known here, perhaps this machine is offline"
            elif "refused" in reason:
                why = "the connection was refused"
            else:
                why = f"the connection broke after {waited:.1f} s"
            return Unreachable(self.broker, f"{self.broker} could not be reached: {why}.", self.advice)
        return BadResponse(
            self.broker, f"{self.broker}'s answer broke off or can't be read ({type(error).__name__}).", self.advice
        )

    def _silent(self) -> TimedOut:
        return TimedOut(self.broker, f"{self.broker} did not answer within {self.timeouts.read:g} s.", self.advice)

    def _out_of_time(self) -> TimedOut:
        total = self.timeouts.total
        return TimedOut(self.broker, f"{self.broker} did not answer in full within {total:g} s.", self.advice)

    def _too_large(self, max_bytes: int) -> BadResponse:
        return BadResponse(
            self.broker, f"{self.broker}'s answer is larger than {max_bytes / 1e6:g} MB, and was not read.", self.advice
        )

    def _remaining(self) -> float:
        if self._ends is None:
            self._ends = time.monotonic() + self.timeouts.total
        return self._ends - time.monotonic()


def not_found(broker: str, object_id: str, advice: str) -> NotFound:
    """The error of a broker that answers well, but with nothing about this object."""
    return NotFound(broker, f"{broker} has no light curve of {object_id}.", advice)
