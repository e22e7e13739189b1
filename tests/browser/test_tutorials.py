"""The tutorials followed to the letter: each ends where it says."""

from __future__ import annotations

import csv

import pytest

from tests.browser.conftest import running_app
from tests.browser.following import DOCS, Follower, phrases_of, steps_of


@pytest.fixture
def fresh(tmp_path):
    """A dashboard of a newcomer: no verdicts yet."""
    with running_app(T2SCOPE_VERDICTS=str(tmp_path / "verdicts.sqlite"), T2SCOPE_CACHE_DIR=str(tmp_path)) as url:
        yield url


def follower(visit, url, tmp_path):
    """Someone with a browser, who has not opened anything yet."""
    return Follower(visit(f"{url}/models", wait="h1").page, url, tmp_path)


def test_vetting_a_night_ends_with_three_verdicts_in_a_file(fresh, visit, tmp_path):
    person = follower(visit, fresh, tmp_path)
    person.follow("tutorials/vet-a-night.md")
    (path,) = person.downloads
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert path.name == "verdicts.csv"
    assert sorted(row["kind"] for row in rows) == ["class", "junk", "unsure"]
    assert [row["class"] for row in rows if row["kind"] == "class"] == ["SNIa"]


def test_finding_out_why_ends_with_the_reason(app, visit, tmp_path):
    follower(visit, app, tmp_path).follow("tutorials/why-misread.md")


@pytest.mark.parametrize("name", sorted(path.name for path in (DOCS / "tutorials").glob("[!s]*.md")))
def test_every_step_of_a_tutorial_can_be_acted_on(name):
    for step in steps_of((DOCS / "tutorials" / name).read_text(encoding="utf-8")):
        assert phrases_of(step)


def test_a_mark_that_nobody_acts_on_is_an_error():
    with pytest.raises(ValueError, match="nobody acts"):
        phrases_of("Look at *Something*, then press `j`.")
    with pytest.raises(ValueError, match="nothing is to be done"):
        phrases_of("Look at it.")
    assert phrases_of("Then press `j`, and choose *SN Ia* under *Class*.") == [
        ("press", {"key": "j"}),
        ("choose", {"option": "SN Ia", "label": "Class"}),
    ]
