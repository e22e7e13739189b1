"""Follow the numbered steps of a tutorial to the letter: what the document says is done, in a real browser.

A step is prose with phrases that are acted on. Within the steps, text between single asterisks or backticks belongs to such a
phrase; anything else that is so marked is an error, and so is a step without any.

    Open `http://localhost:8501/…`      choose *option* under *label*      switch to *view*      click *name*
    click beside the fields      press `key`      reload the page      go back      download *name*      the page says *text*
"""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import idle

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: Where the dashboard runs by itself, which the documents write.
HOME = "http://localhost:8501"
WAIT = 60_000

PHRASES = {
    "open": r"open `(?P<address>[^`]+)`",
    "choose": r"choose \*(?P<option>[^*]+)\* under \*(?P<label>[^*]+)\*",
    "switch": r"switch to \*(?P<view>[^*]+)\*",
    "click": r"click \*(?P<name>[^*]+)\*",
    "beside": r"click beside the fields",
    "press": r"press `(?P<key>[^`]+)`",
    "reload": r"reload the page",
    "back": r"go back",
    "download": r"download \*(?P<file>[^*]+)\*",
    "says": r"says \*(?P<said>[^*]+)\*",
}
_PHRASE = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in PHRASES.items()), re.IGNORECASE)
_MARKED = re.compile(r"(?<!\*)\*(?!\*)[^*]+\*|`[^`]+`")
_STEP = re.compile(r"^\d+\. (.+(?:\n(?!\d+\. |#).*)*)", re.MULTILINE)


def steps_of(text: str) -> list[str]:
    """The numbered steps of a document, each as one line, without its pictures and notes."""
    found = [" ".join(step.split("\n\n")[0].split()) for step in _STEP.findall(text)]
    if not found:
        raise ValueError("the document has no numbered steps")
    return found


def phrases_of(step: str) -> list[tuple[str, dict[str, str]]]:
    """What is to be done in a step: (name of `PHRASES`, its parts). Raises ValueError for a mark that no phrase holds."""
    found = list(_PHRASE.finditer(step))
    held = {mark for phrase in found for mark in _MARKED.findall(phrase[0])}
    if loose := [mark for mark in _MARKED.findall(step) if mark not in held]:
        raise ValueError(f"nobody acts on {', '.join(loose)} in the step {step!r}")
    if not found:
        raise ValueError(f"nothing is to be done in the step {step!r}")
    return [(_name(m), {k: v for k, v in m.groupdict().items() if v and k not in PHRASES}) for m in found]


def _name(match: re.Match[str]) -> str:
    return next(name for name in PHRASES if match[name] is not None)


class Follower:
    """A person who does what the document says. url : of the dashboard. folder : where downloads go."""

    def __init__(self, page: Page, url: str, folder: Path) -> None:
        self.page, self.url, self.folder = page, url, folder
        self.downloads: list[Path] = []

    def follow(self, document: str) -> None:
        """Every step of ``docs/<document>``; a step that can't be done fails with its number."""
        for number, step in enumerate(steps_of((DOCS / document).read_text(encoding="utf-8")), start=1):
            for name, parts in phrases_of(step):
                try:
                    getattr(self, f"_{name}")(**parts)
                except Exception as error:
                    raise AssertionError(f"{document}, step {number}, {name} {parts}: {error}") from error

    def _open(self, address: str) -> None:
        assert address.startswith(HOME), f"{address} is not on the dashboard"
        self.page.goto(self.url + address.removeprefix(HOME))
        self.page.wait_for_selector("h1", timeout=WAIT)
        self._settle()

    def _choose(self, option: str, label: str) -> None:
        box = self.page.get_by_role("combobox", name=re.compile(re.escape(label))).first
        box.focus()
        box.press("Enter")
        box.type(option)
        # Beside the name an option may say more: "SN Ia (23)".
        choice = self.page.get_by_role("option", name=re.compile(rf"^{re.escape(option)}( [(·].*)?$")).first
        choice.wait_for(timeout=WAIT)
        choice.click()
        self._settle()

    def _switch(self, view: str) -> None:
        # A segmented control is a set of radio buttons, or of plain ones, as Streamlit's release has it.
        radio = self.page.get_by_role("radio", name=view, exact=True)
        (radio if radio.count() else self.page.get_by_role("button", name=view, exact=True)).first.click()
        self._settle()

    def _click(self, name: str) -> None:
        page, pattern = self.page, re.compile(re.escape(name))
        found = page.get_by_role("link", name=pattern).or_(page.get_by_role("button", name=pattern))
        found.or_(page.locator("summary", has_text=pattern)).first.click(timeout=WAIT)
        self._settle()

    def _beside(self) -> None:
        """A field that has just been used keeps the keys to itself."""
        self.page.get_by_role("heading", level=1).click()

    def _press(self, key: str) -> None:
        """A key of the vetting panel brings another candidate, or another page: waited for."""
        heading = "document.querySelector('.st-key-vet h3')?.innerText"
        before = self.page.evaluate(heading)
        self.page.keyboard.press(key)
        self.page.wait_for_function(f"before => {heading} !== before", arg=before, timeout=WAIT)
        self._settle()

    def _reload(self) -> None:
        self.page.reload()
        self.page.wait_for_selector("h1", timeout=WAIT)
        self._settle()

    def _back(self) -> None:
        self.page.go_back()
        self._settle()

    def _download(self, file: str) -> None:
        # A press while the page is being drawn anew asks for a file that is no longer held.
        self._settle()
        with self.page.expect_download(timeout=WAIT) as caught:
            self.page.get_by_role("button", name=file).click()
        self.downloads.append(self.folder / caught.value.suggested_filename)
        caught.value.save_as(self.downloads[-1])

    def _says(self, said: str) -> None:
        expect(self.page.get_by_text(said).filter(visible=True).first).to_be_visible(timeout=WAIT)

    def _settle(self) -> None:
        self.page.wait_for_timeout(300)  # the run that an action asks for begins a moment later
        idle(self.page)
