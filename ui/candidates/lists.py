"""Which list: the embedded samples, a person's own photometry, or ids that a broker has light curves of."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from typing import Any

import streamlit as st

from core.brokers.base import BadRequest
from core.brokers.browse.base import Listed
from core.brokers.files.content import UPLOAD
from core.brokers.ids import checked_id
from core.brokers.samples import EMBEDDED
from core.candidates.lists import MOST, CandidateList, list_of_curves, list_of_ids, token_of
from core.refusal import BadInput
from ui import resources
from ui.candidates.search import search_broker
from ui.sections.choose import reading_options
from ui.state import put_right, url_choice
from ui.wording import plain

SAMPLES, FILE, IDS = "sample", "file", "ids"
#: Rows of a table of photometry: ten thousand objects of two hundred points.
CAPS = replace(UPLOAD, rows=2_000_000)
#: So many ids travel in the address itself; a longer list is named by its token.
IN_ADDRESS = 60


def choose_list() -> CandidateList | None:
    """The row of choices on top of the page, and the list that they lead to; None when there is none yet."""
    browsers = resources.browsers()
    titles = {SAMPLES: "Embedded samples", FILE: "Your own photometry", IDS: "A list of ids"}
    titles |= {key: f"Search {browser.title}" for key, browser in browsers.items()}
    put_right("from", "source of candidates", list(titles), titles[SAMPLES])
    left, middle = st.columns([3, 8], vertical_alignment="top")
    with left:
        source = url_choice(
            st.selectbox, "Candidates from", list(titles), "from", SAMPLES,
            format_func=lambda key: titles[key],
        )  # fmt: skip
    with middle:
        return (
            search_broker(browsers[source])
            if source in browsers
            else {SAMPLES: _samples, FILE: _file, IDS: _ids}[source]()
        )


def _samples() -> CandidateList:
    kept = resources.shelf().get(SAMPLES)
    if kept is not None:
        return kept
    source = resources.sources()["sample"]
    ids = [str(oid) for oid in source.catalogue()["object_id"]]
    curves = [source.fetch(oid) for oid in ids]
    return resources.shelf().put(
        list_of_curves(SAMPLES, "the embedded samples", curves, source_key=SAMPLES, otherwise=SAMPLES)
    )


def _file() -> CandidateList | None:
    upload = st.file_uploader(
        "Light curves of up to 10,000 objects: CSV, Parquet, or alerts (Avro)", max_upload_size=50,
        help="One row per measurement: object_id, mjd or jd, band, and flux + flux_err or magpsf + sigmapsf. "
        "Nothing leaves this server.",
    )  # fmt: skip
    if upload is None:
        return _in_memory("Drop a table with one row per measurement, and an object_id in each.")
    reading = reading_options()
    data = upload.getvalue()
    token = token_of(sha256(data).hexdigest(), repr(sorted(reading.items(), key=str)))
    kept = resources.shelf().get(token) or _read(token, data, upload.name, reading)
    if kept is not None:
        st.query_params["list"] = token
    return kept


def _read(token: str, data: bytes, name: str, reading: dict[str, Any]) -> CandidateList | None:
    from core.brokers.files import read_file

    try:
        with st.spinner("Reading the file…"):
            content = read_file(data, name, schemas=resources.settings().schemas, caps=CAPS, **reading)
    except BadInput as error:
        st.error(plain(error.message), icon=":material/error:")
        return None
    notes = [note.message for note in content.notes]
    if lost := len(content.unreadable) + len(content.lost_rows):
        first = (*content.unreadable, *content.lost_rows)[0]
        notes.append(f"{lost:,} rows or records could not be read; the first is {first.where}: {first.error.message}")
    return resources.shelf().put(
        list_of_curves(
            token, content.name, content.curves, source_key="list", otherwise=f"file-{token[:12]}", notes=notes
        )
    )


def _in_memory(otherwise: str) -> CandidateList | None:
    """The list that the address names, which this server read before."""
    token = st.query_params.get("list", "")
    kept = resources.shelf().get(token) if token else None
    if kept is not None:
        st.caption(f"{plain(kept.title)}, as this server read it before.")
    elif token:
        st.warning("The list in the address is no longer in this server's memory. Give it again: verdicts are kept.")
    else:
        st.caption(otherwise)
    return kept


def _ids() -> CandidateList | None:
    brokers = {key: source for key, source in resources.sources().items() if key not in EMBEDDED}
    if not brokers:
        st.info("This server asks no brokers.")
        return None
    left, right = st.columns([5, 3])
    with right:
        key = url_choice(
            st.selectbox, "Light curves from", list(brokers), "broker", next(iter(brokers)),
            format_func=lambda k: brokers[k].title,
        )  # fmt: skip
    with left:
        text = st.text_area(
            "Object ids", value=st.query_params.get("ids", "").replace(",", "\n"), height=90,
            placeholder="\n".join(brokers[key].examples[:3]), help=f"One in a line, or separated by commas; up to {MOST:,}.",
        )  # fmt: skip
    if st.button("Score these", type="primary"):
        _remember(text)
    if not (wanted := st.query_params.get("ids", "")):
        return _in_memory("Paste ids, and press the button: the broker is asked for each of them, and nobody else.")
    return _of_ids(wanted.split(","), brokers[key])


def _remember(text: str) -> None:
    """Put the ids into the address, or a long list on the shelf and its token into the address."""
    ids = list(dict.fromkeys(re.split(r"[\s,;]+", text.strip())))
    for name in ("ids", "list", "at"):
        st.query_params.pop(name, None)
    if ids == [""]:
        st.warning("There is no id in the field.")
    elif len(ids) <= IN_ADDRESS:
        st.query_params["ids"] = ",".join(ids)
    else:
        broker = resources.sources()[
            st.query_params.get("broker", next(k for k in resources.sources() if k not in EMBEDDED))
        ]
        if (made := _of_ids(ids, broker)) is not None:
            st.query_params["list"] = made.token


def _of_ids(ids: list[str], source: Any) -> CandidateList | None:
    good, bad = [], []
    for oid in ids:
        try:
            good.append(checked_id(oid, source.survey, broker=source.title))
        except BadRequest as error:
            bad.append(error)
    if bad:
        st.warning(plain(f"{len(bad):,} left out; the first: {bad[0].message} {bad[0].advice}"), icon=":material/edit:")
    if not good:
        return None
    token = token_of(IDS, source.key, *good)
    kept = resources.shelf().get(token)
    return kept or resources.shelf().put(
        list_of_ids(token, f"{len(good):,} ids, {source.title}", [Listed(oid) for oid in good], source)
    )
