"""Searching a broker for candidates. What is searched for stands in the address; nothing is sent before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from datetime import date
from typing import Any

import streamlit as st

from core.brokers.base import BrokerError
from core.brokers.browse.base import MOST, Browser, Listing, Search
from core.brokers.browse.position import position_of, resolve
from core.brokers.conversation import begun
from core.candidates.lists import CandidateList, list_of_ids, token_of
from ui import resources
from ui.sections.choose import until_done
from ui.wording import plain

#: Fields of a search as they stand in the address. ``most`` is always there: it tells that the button was pressed.
FIELDS = ("what", "minp", "mindet", "first", "last", "pos", "radius", "most")
_APART = " · "
_RADIUS = 60.0
#: What the fields for numbers can show.
_REACH = {"minp": (0.0, 1.0), "mindet": (1, 10_000), "most": (1, MOST), "radius": (0.1, 18_000.0)}


def search_broker(browser: Browser) -> CandidateList | None:
    """The form, and the list that the broker gave to what stands in the address; None when there is none."""
    here = {name: st.query_params[name] for name in FIELDS if name in st.query_params}
    # Once it was sent the form steps aside: the candidates belong above the fold.
    with st.expander(f"Searched: {_in_words(here)}", icon=":material/search:") if "most" in here else st.container():
        _form(browser, here)
    if "most" not in here:
        st.caption(f"Press the button, and {browser.title} is asked, and nobody else.")
        return None
    try:
        search = _search(browser, here)
        listing = until_done(_asked(browser.key, search), f"Searching {browser.title}…")
    except BrokerError as error:
        st.error(plain(f"{error.message} {error.advice}"), icon=":material/cloud_off:")
        _asked.clear()
        st.button("Ask again", icon=":material/refresh:")
        return None
    return _listed(browser, search, listing)


def _in_words(here: Mapping[str, str]) -> str:
    """What is searched for, in a line."""
    words = {"minp": "probability from", "mindet": "detections from", "first": "first seen from", "last": "last seen from",
             "pos": "around", "most": "at most"}  # fmt: skip
    parts = [here["what"]] if here.get("what") else []
    return plain(", ".join([*parts, *(f"{word} {here[name]}" for name, word in words.items() if name in here)]))


def _listed(browser: Browser, search: Search, listing: Listing) -> CandidateList | None:
    if not listing.items:
        st.info(f"{browser.title} has no object of this search. Ask for a lower probability, or a wider range.")
        return None
    more = " There are more of them." if listing.more else ""
    st.caption(plain(f"{browser.title} gave {len(listing.items):,} objects.{more} {' '.join(listing.notes)}"))
    token = token_of(browser.key, repr(search), *(item.object_id for item in listing.items))
    source = resources.sources()[browser.key]
    return resources.shelf().get(token) or resources.shelf().put(
        list_of_ids(token, f"a search of {browser.title}", listing.items, source)
    )


def _form(browser: Browser, here: Mapping[str, str]) -> None:
    # Keyed by what stands in the address, so that Back brings the form back too.
    tag = f"{browser.key} {sorted(here.items())}"
    labels = st.session_state.get(f"_labels_{browser.key}", browser.labels)
    options = [
        f"{label}{_APART}{classifier}" if classifier else label
        for classifier, group in labels.items()
        for label in group
    ]
    chosen = here.get("what", "")
    if chosen and chosen not in options:
        options = [chosen, *options]
    with st.form(f"search_{tag}", border=True):
        top = st.columns([4, 2, 2, 2], vertical_alignment="bottom")
        what = top[0].selectbox(
            "Class", ["", *options], index=(["", *options]).index(chosen), accept_new_options=True,
            format_func=lambda text: text or "any", key=f"what {tag}", help="Choose, or type one that the broker knows",
        )  # fmt: skip
        values: dict[str, Any] = {"what": what}
        if "min_probability" in browser.knows:
            values["minp"] = top[1].number_input(
                "Probability from", 0.0, 1.0, _number(here, "minp"), 0.05, key=f"minp {tag}"
            )
            values["mindet"] = top[2].number_input(
                "Detections from", 1, 10_000, _whole(here, "mindet"), key=f"mindet {tag}"
            )
        values["most"] = top[3].number_input("At most", 1, MOST, _whole(here, "most") or 100, key=f"most {tag}")
        low = st.columns([2, 2, 4, 2], vertical_alignment="bottom")
        if "first_after" in browser.knows:
            values["first"] = low[0].date_input(
                "First seen from", _day(here, "first"), key=f"first {tag}", format="YYYY-MM-DD"
            )
        values["last"] = low[1].date_input("Last seen from", _day(here, "last"), key=f"last {tag}", format="YYYY-MM-DD")
        values["pos"] = low[2].text_input(
            "Around (position or name)", here.get("pos", ""), key=f"pos {tag}", placeholder="187.5 +12.3, 12:30:00 +12:18:00, or M 87",
            help="A name is looked up at CDS in Strasbourg when the button is pressed.",
        )  # fmt: skip
        values["radius"] = low[3].number_input(
            "Radius [arcsec]", 0.1, 18_000.0, _number(here, "radius") or _RADIUS, key=f"radius {tag}"
        )
        if st.form_submit_button("Search", type="primary", icon=":material/search:"):
            if lacking := browser.lacks(label=bool(values["what"]), cone=bool(values["pos"].strip())):
                st.warning(plain(f"{lacking}. Nothing was sent."), icon=":material/edit:")
            else:
                _remember(values)
    _ask_for_labels(browser)


def _remember(values: Mapping[str, Any]) -> None:
    for name in (*FIELDS, "at", "list"):
        st.query_params.pop(name, None)
    if not values.get("pos"):
        values = {name: value for name, value in values.items() if name != "radius"}
    st.query_params.update({name: str(value) for name, value in values.items() if value not in (None, "")})
    st.rerun()


def _ask_for_labels(browser: Browser) -> None:
    if st.button("Ask for its present classes", type="tertiary", icon=":material/sync:", key=f"labels_{browser.key}"):
        try:
            with st.spinner(f"Asking {browser.title}…"):
                st.session_state[f"_labels_{browser.key}"] = browser.current_labels()
        except BrokerError as error:
            st.warning(
                plain(f"{error.message} The classes in the form are those of November 2026."),
                icon=":material/cloud_off:",
            )
            return
        st.rerun()


def _search(browser: Browser, here: Mapping[str, str]) -> Search:
    """The search that an address describes; numbers in it that are none are left out. Raises a `BrokerError`."""
    label, _, classifier = here.get("what", "").partition(_APART)
    cone: dict[str, float] = {}
    if here.get("pos", "").strip():
        ra, dec = position_of(here["pos"]) or _resolved(" ".join(here["pos"].split()))
        cone = {"ra": ra, "dec": dec, "radius": _number(here, "radius") or _RADIUS}
        st.caption(f"Around RA {ra:.5f}° Dec {dec:+.5f}°, {cone['radius']:g}″.")
    knows = {name: name in browser.knows for name in ("min_probability", "min_points", "first_after")}
    return Search(
        classifier=classifier,
        label=label,
        min_probability=_number(here, "minp") if knows["min_probability"] else None,
        min_points=_whole(here, "mindet") if knows["min_points"] else None,
        first_after=_day(here, "first") if knows["first_after"] else None,
        last_after=_day(here, "last"),
        most=_whole(here, "most") or 100,
        **cone,
    )


@st.cache_resource(ttl=86_400, max_entries=200, show_spinner="Looking the name up at CDS…")
def _resolved(name: str) -> tuple[float, float]:
    return resolve(name, base_url=resources.BASE_URLS.get("cds"))


@st.cache_resource(ttl=900, max_entries=64, show_spinner=False)
def _asked(key: str, search: Search) -> Future[Listing]:
    """A search under way, or done within the last quarter of an hour."""
    browser = resources.browsers()[key]
    return begun(lambda: browser.search(search), f"search {key}")


def _number(here: Mapping[str, str], name: str) -> float | None:
    """A number in the address that its field can show; None for any other."""
    low, high = _REACH[name]
    try:
        number = float(here[name])
    except (KeyError, ValueError):
        return None
    return number if low <= number <= high else None


def _whole(here: Mapping[str, str], name: str) -> int | None:
    number = _number(here, name)
    return None if number is None else int(number)


def _day(here: Mapping[str, str], name: str) -> date | None:
    try:
        day = date.fromisoformat(here.get(name, ""))
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2090 else None
