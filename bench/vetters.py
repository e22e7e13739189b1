"""People at the dashboard, played over its own protocol: a WebSocket that asks for a run of a page and reads until it is done.

Twenty browsers would load a small machine more than the server does, and would measure themselves. What a browser does after the
server's last message is not in these times; ``python -m bench.page_speed`` measures that, one page at a time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

#: A run that takes longer counts as failed [s].
PATIENCE = 60.0


@dataclass(frozen=True)
class Step:
    """One thing that a person did. what : page and act. at : seconds since the start. seconds : until the page was done.

    trouble : what the page or the connection said instead; empty when all was well.
    """

    what: str
    at: float
    seconds: float
    trouble: str = ""


@dataclass
class Session:
    """One open page of the dashboard. url : ws://…/_stcore/stream."""

    url: str
    query: str = ""
    buttons: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open = ExitStack()
        opened = connect(self.url, subprotocols=["streamlit"], max_size=None, open_timeout=PATIENCE)
        self._socket = self._open.enter_context(opened)

    def run(self, page: str, query: str, press: str = "") -> str:
        """Run a page and read until it is done. press : id of a button. Returns what went wrong, "" for nothing."""
        ask = BackMsg()
        ask.rerun_script.page_name = page
        ask.rerun_script.query_string = query
        self.query = query
        if press:
            ask.rerun_script.widget_states.widgets.append(WidgetState(id=press, trigger_value=True))
        self.buttons, self.text = {}, []
        trouble = ""
        self._socket.send(ask.SerializeToString())
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(self._socket.recv(timeout=max(deadline - time.monotonic(), 0.01)))
            kind = answer.WhichOneof("type")
            if kind == "delta":
                trouble = self._element(answer) or trouble
            elif kind == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            elif kind == "page_not_found":
                trouble = f"no page {page}"
            elif kind == "script_finished":
                # A rerun in between ends early and is followed by another; a part of a page that repeats itself has its own end.
                if answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return trouble
                if answer.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    return "the script does not compile"

    def _element(self, answer: ForwardMsg) -> str:
        element = answer.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "button":
            self.buttons[element.button.label] = element.button.id
        elif kind == "markdown":
            self.text.append(element.markdown.body)
        elif kind == "exception":
            return f"{element.exception.type}: {element.exception.message}"[:200]
        elif kind == "alert" and "This page failed" in element.alert.body:
            return element.alert.body[:200]
        return ""

    def close(self) -> None:
        self._open.close()


def looks_at_objects(ids: list[str], chance: random.Random) -> Iterator[tuple[str, str, str, str]]:
    """One object after another, some of them in the Lab: (what, page, query, label of the button)."""
    while True:
        oid = chance.choice(ids)
        yield "object", "object", f"source=sample&oid={oid}", ""
        if chance.random() < 0.15:
            yield "lab", "lab", f"source=sample&oid={oid}", ""


def vets_candidates(rank: str, name: str, chance: random.Random) -> Iterator[tuple[str, str, str, str]]:
    """The samples in some order, each with a verdict or the next one; the query is where the page has led."""
    yield "candidates, opened", "candidates", f"rank={rank}&who={name}&show=all", ""
    while True:
        yield "candidates, a key", "candidates", "", chance.choice(["Next", "Next", "Unsure", "Junk", "Follow up"])


def evaluates(chance: random.Random) -> Iterator[tuple[str, str, str, str]]:
    """Cells of the matrix, and the other questions of the page."""
    classes = ["SNIa", "SNII", "SNIbc", "SLSN-I", "TDE"]
    while True:
        truth, answer = chance.sample(classes, 2)
        yield "evaluation, a cell", "evaluation", f"truth={truth}&answer={answer}", ""
        if chance.random() < 0.3:
            yield (
                "evaluation, another view",
                "evaluation",
                f"view={chance.choice(['curves', 'calibration', 'thresholds'])}",
                "",
            )


def play(
    url: str, acts: Iterator[tuple[str, str, str, str]], chance: random.Random, *, pause: float, end: Event,
    start: float, told: Callable[[Step], None],
) -> None:  # fmt: skip
    """Act until the end, thinking ``pause`` seconds on average between two steps. Every step is told."""
    session: Session | None = None
    for what, page, query, label in acts:
        if end.wait(chance.expovariate(1.0 / pause)):
            break
        clock, trouble = time.monotonic(), ""
        try:
            session = session or Session(url)
            press = session.buttons.get(label, "")
            if label and not press:
                query, label = session.query or "rank=top&show=all", ""
            trouble = session.run(page, query or session.query, press)
        except (WebSocketException, OSError, TimeoutError) as error:
            trouble, session = f"{type(error).__name__}: {error}"[:200], None
        told(Step(what, clock - start, time.monotonic() - clock, trouble))
    if session is not None:
        session.close()
