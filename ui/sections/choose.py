"""Which object: from the samples, from a broker, or from a file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, cast

import streamlit as st

from core.brokers.base import BadRequest, BrokerError
from core.brokers.conversation import begun
from core.brokers.ids import checked_id
from core.brokers.samples import EMBEDDED
from core.card import FLOAT
from core.journal import note_fetch
from core.lightcurve import LightCurve
from core.refusal import BadInput
from ui import resources
from ui.arrival import note_object
from ui.forms import SERVED, form_title, served_title
from ui.shell import candidates_page
from ui.state import go_to, put_right, url_choice
from ui.wording import hint_for_id, plain, sample_label

FILE = "file"
#: A list of the Candidates page, named by its token in the address.
LIST = "list"
_UPLOAD, _GIVEN = "upload", "_upload_given"
#: Seconds between two looks at whether a broker has answered.
BEAT = 0.1


@dataclass(frozen=True)
class Chosen:
    """What the person asked for. curve : None when it could not be had; then the page has already said why.

    source : key. ids : neighbours in the list. reading : options with which a file was read.
    variant : a compressed form of the model, None for the file that is served.
    """

    source: str
    curve: LightCurve | None
    model: str = ""
    variant: str | None = None
    ids: tuple[str, ...] = ()
    reading: Mapping[str, str | None] = field(default_factory=dict)


def choose() -> Chosen:
    """The row of choices on top of the page, and the light curve that they lead to."""
    _way_back()
    sources = resources.sources()
    titles = {key: source.title for key, source in sources.items()} | {FILE: "Your file"}
    if st.query_params.get(LIST):
        titles[LIST] = "Your list of candidates"
    names = resources.model_names()
    put_right("source", "source", list(titles), titles["sample"])
    put_right("model", "model", names, "a model that reads the light curve")
    with st.container(key="choose"):
        left, middle, right = st.columns([3, 5, 3], vertical_alignment="top")
        with left:
            source = url_choice(
                st.selectbox, "Source", list(titles), "source", "sample", format_func=lambda key: titles[key]
            )
        with middle:
            if source in EMBEDDED:
                chosen = _sample(source)
            elif source == FILE:
                chosen = _file()
            elif source == LIST:
                chosen = _listed()
            else:
                oid = _ask_for_id(sources[source])
    if source not in (*EMBEDDED, FILE, LIST):
        if not oid:
            _say_what_to_do(sources[source])
        chosen = Chosen(source, _from_broker(sources[source], oid) if oid else None)
    note_object(st.query_params.get("oid", ""))
    with right:
        default = resources.default_model(chosen.curve)
        model = url_choice(st.selectbox, "Model", names, "model", default)
        return replace(chosen, model=model, variant=_variant(model))


def _variant(model: str) -> str | None:
    """The compressed variant that the address asks for; shown, and left again, where it does."""
    if "variant" not in st.query_params:
        return None
    card = resources.cards().get(model.partition("@")[0])
    titles = {"": SERVED}
    if card:
        if st.query_params["variant"] == card.served:
            del st.query_params["variant"]
            return None
        titles = {"": f"{served_title(card)} ({SERVED})"}
        titles |= {name: form_title(card, name) for name in (FLOAT, *card.variants) if name != card.served}
    put_right("variant", "variant of this model", list(titles), "the model as served")
    chosen = url_choice(
        st.selectbox,
        "Form of the network",
        list(titles),
        "variant",
        "",
        format_func=lambda name: titles.get(name, str(name)),
    )
    return chosen or None


def _way_back() -> None:
    """The way back to the list, as it was, for the candidate that one came from."""
    left = st.session_state.get("_candidates_at")
    if left is not None and left["at"] == st.query_params.get("oid"):
        st.page_link(candidates_page(), label="Back to the candidates", icon=":material/arrow_back:", query_params=left)


def _sample(key: str) -> Chosen:
    catalogue = _catalogue(key)
    ids = tuple(catalogue)
    wanted = st.query_params.get("oid", "")
    oid = url_choice(
        st.selectbox, "Sample", ids, "oid", ids[0],
        format_func=lambda i: catalogue[i], help="Type to search: a class, an id, real or simulated",
    )  # fmt: skip
    sample = resources.sources()[key]
    if wanted and wanted not in catalogue:
        st.warning(
            f"{plain(repr(wanted))} is not among the {len(ids):,} {sample.title.lower()}. Choose a broker to ask for it."
        )
        return Chosen(key, None, ids=ids)
    return Chosen(key, sample.fetch(oid), ids=ids)


@st.cache_resource(show_spinner=False)
def _catalogue(key: str) -> dict[str, str]:
    """Sample id -> how the list shows it: class, id, real or simulated, and what is special about it."""
    table = resources.sources()[key].catalogue()
    out = {}
    for row in table.itertuples():
        label = sample_label(row.true_class, simulated=bool(row.simulated))
        out[str(row.object_id)] = f"{row.object_id} · {label} · {row.title}"
    return out


def _ask_for_id(source: Any) -> str:
    key = f"oid_{source.key}"
    st.session_state[key] = st.query_params.get("oid", "")

    def push() -> None:
        go_to(st.session_state[key].strip())

    st.text_input("Object id", key=key, on_change=push, placeholder=f"for example {source.examples[0]}")
    return str(st.query_params.get("oid", "")).strip()


def _say_what_to_do(source: Any) -> None:
    st.title("Which object?")
    st.write(f"Type an id above and press Enter: {source.title} will be asked for its light curve, and nobody else.")
    with st.container(horizontal=True):
        for example in source.examples[:3]:
            st.button(example, on_click=go_to, args=(example,), key=f"example_{example}")
    st.caption("No network? Choose *Embedded samples* above.")


def _from_broker(source: Any, oid: str) -> LightCurve | None:
    try:
        checked_id(oid, source.survey, broker=source.title)
    except BadRequest as error:  # nobody is asked, so nobody need be asked again
        st.error(plain(f"{error.message} {hint_for_id(oid) or error.advice}"), icon=":material/edit:")
        return None
    try:
        with st.spinner(f"Asking {source.title} for {plain(oid)}…", show_time=True):
            return _answer(source.key, oid)
    except BrokerError as error:
        return _explain(error, source, oid)
    except BadInput as error:
        st.error(f"{source.title} answered with photometry that can't be read. {plain(error.message)}")
        return None


def _answer(key: str, oid: str) -> LightCurve:
    """What the broker says. The page can be left while it is silent: each beat lets a click through."""
    try:
        return until_done(_asking(key, oid))
    except Exception:
        _asking.clear(key, oid)  # a failure is told once and never kept
        raise


def until_done(asked: Future[Any], says: str = "") -> Any:
    """The result of a conversation in another thread, while which the page can be left. Raises as the conversation does."""
    with st.spinner(says, show_time=True) if says else nullcontext():
        beat = st.empty()
        while not asked.done():
            wait([asked], timeout=BEAT)
            beat.empty()
    return asked.result()


@st.cache_resource(ttl=300, max_entries=64, show_spinner=False)
def _asking(key: str, oid: str) -> Future[LightCurve]:
    """A conversation with a broker, under way or done."""
    source = resources.sources()[key]

    def ask() -> LightCurve:
        clock = time.monotonic()
        try:
            curve = source.fetch(oid)
        except BaseException as error:
            note_fetch(key, oid, time.monotonic() - clock, failed=type(error).__name__)
            raise
        note_fetch(key, oid, time.monotonic() - clock)
        return cast(LightCurve, curve)

    return begun(ask, f"ask {key}")


def _explain(error: BrokerError, source: Any, oid: str) -> LightCurve | None:
    """Say what went wrong and what to do next; hand on the last good copy, marked with its date."""
    last_good = getattr(error, "last_good", None)
    if last_good is None:
        st.error(plain(f"{error.message} {error.advice}"), icon=":material/cloud_off:")
    else:
        from core.brokers.cache import shown_copy

        st.warning(plain(f"{error.message} {shown_copy(last_good)} {error.advice}"), icon=":material/history:")
    with st.container(horizontal=True):
        st.button("Ask again", key="retry", icon=":material/refresh:")
        for other in resources.sources().values():
            if other.survey == source.survey and other.key not in (*EMBEDDED, source.key):
                st.button(
                    f"Ask {other.title}",
                    key=f"ask_{other.key}",
                    on_click=go_to,
                    args=(oid,),
                    kwargs={"source": other.key},
                )
    return last_good


def _file() -> Chosen:
    upload = st.file_uploader(
        "Light curves: CSV, Parquet, or alerts (Avro)", max_upload_size=50, key=_UPLOAD, on_change=_forget,
        help="One row per measurement: object_id, mjd or jd, band, and flux + flux_err or magpsf + sigmapsf. "
        "Many objects may share one file. Nothing leaves this server.",
    )  # fmt: skip
    given = _given(upload)
    if given is None:
        st.caption(
            "Columns are read tolerantly: object_id, mjd, band, flux, flux_err, or magnitudes. Units: FLUXCAL, µJy or nJy. "
            "The file is not kept: after a reload, drop it again."
        )
        return Chosen(FILE, None)
    reading = reading_options()
    try:
        content = _read(sha256(given.content).hexdigest(), given.content, given.name, tuple(reading.items()))
    except BadInput as error:
        st.error(plain(error.message), icon=":material/error:")
        return Chosen(FILE, None)
    _report(content)
    if not content.curves:
        st.error(f"No light curve in {plain(given.name)} could be read.")
        return Chosen(FILE, None)
    ids = tuple(dict.fromkeys(_labels(content.curves)))
    chosen = url_choice(st.selectbox, f"Object ({len(ids):,} in the file)", ids, "oid", ids[0])
    return Chosen(FILE, content.curves[_labels(content.curves).index(chosen)], ids=ids, reading=reading)


def _listed() -> Chosen:
    candidates = resources.shelf().get(st.query_params.get(LIST, ""))
    if candidates is None:
        st.warning("This list is no longer in the server's memory. Open it again on the Candidates page.")
        return Chosen(LIST, None)
    at_hand = {curve.object_id: curve for curve in candidates.curves if curve is not None}
    if not at_hand:
        st.warning("No light curve of this list is at hand yet. Go back to it, and wait for the first ones.")
        return Chosen(LIST, None)
    ids = tuple(at_hand)
    oid = url_choice(st.selectbox, f"Object ({len(ids):,} in {plain(candidates.title)})", ids, "oid", ids[0])
    return Chosen(LIST, at_hand[oid], ids=ids)


@dataclass(frozen=True)
class _Given:
    """A file as this visit gave it."""

    name: str
    content: bytes


def _given(upload: Any) -> _Given | None:
    """The file in the field, or the one that this visit gave on another page: a field forgets when its page is left."""
    if upload is not None:
        st.session_state[_GIVEN] = _Given(upload.name, upload.getvalue())
    given: _Given | None = st.session_state.get(_GIVEN)
    if upload is None and given is not None:
        st.caption(f"Shown: {plain(given.name)}, which you gave before.")
    return given


def _forget() -> None:
    """The file was taken out of the field, or another one put in."""
    st.session_state.pop(_GIVEN, None)


def _labels(curves: list[LightCurve]) -> list[str]:
    """An alert packet is one light curve per alert: its id alone would not tell them apart."""
    return [c.object_id if c.alert_id is None else f"{c.object_id} · alert {c.alert_id}" for c in curves]


def reading_options() -> dict[str, str | None]:
    """Asked of the person: arguments of `read_file`: what the file does not say by itself."""
    with st.popover("How to read it"):
        survey = st.selectbox("Survey of bare band letters", ["the file says", "ztf", "lsst"], key="survey")
        unit = st.selectbox("Unit of fluxes", ["the column says", "fluxcal", "ujy", "njy"], key="flux_unit")
    return {
        "survey": None if survey == "the file says" else survey,
        "default_survey": "ztf",
        "flux_unit": None if unit == "the column says" else unit,
    }


@st.cache_resource(max_entries=8, scope="session", show_spinner="Reading the file…")
def _read(digest: str, _content: bytes, name: str, reading: tuple[tuple[str, Any], ...]) -> Any:
    from core.brokers.files import read_file

    return read_file(_content, name, schemas=resources.settings().schemas, **dict(reading))


def _report(content: Any) -> None:
    """What was lost, row by row, without drowning the page."""
    lost = [*content.unreadable, *content.lost_rows]
    for note in content.notes[:3]:
        st.caption(plain(note.message))
    if lost:
        with st.expander(f"{len(lost):,} rows or records could not be read"):
            for item in lost[:20]:
                st.text(f"{item.where}: {item.error.message}")
