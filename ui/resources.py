"""What all sessions share: models, sources, samples. Loaded once, never changed."""

from __future__ import annotations

import importlib
import logging
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.collector import set_aside_what_stays

if TYPE_CHECKING:
    from core.brokers.browse.base import Browser
    from core.candidates.shelf import Shelf
    from core.card import ModelCard
    from core.lightcurve import LightCurve
    from core.model import Model
    from core.neighbours import Index
    from core.settings import ExtraModel, Settings
    from core.verdicts import VerdictStore

log = logging.getLogger(__name__)

DEFAULT_MODEL = "t2-ztf"
#: Addresses that stand in for the brokers' own; set by tests' code alone, loopback only (see the registry).
BASE_URLS: dict[str, str] = {}


@st.cache_resource(show_spinner=False)
def warm_in_background() -> threading.Thread:
    """Load what the first object needs while the first page is still being drawn."""

    def work() -> None:
        from core.gp.warm import warm

        warm()
        # The ALeRCE client takes seconds to import: after the first page is up, before anyone asks ALeRCE.
        time.sleep(20)
        importlib.import_module("alerce.core")

    thread = threading.Thread(target=work, name="warm", daemon=True)
    thread.start()
    return thread


@st.cache_resource(show_spinner=False)
def calm_collector() -> None:
    """Keep the collector of cycles off what stays for ever; once a server."""
    set_aside_what_stays()


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The server's settings: Streamlit's secrets over environment variables."""
    from core.settings import read_settings

    try:
        secrets: dict[str, Any] = dict(st.secrets)
    except Exception:  # st.secrets raises its own error when there is no secrets file
        secrets = {}
    return read_settings(secrets)


@st.cache_resource(show_spinner=False)
def journal() -> None:
    """Start the log and, where the owner wants them, the counters; once a server."""
    from core.journal import start_counters, start_log

    start_log(settings().log)
    if settings().metrics_port:
        try:
            start_counters(settings().metrics_port)
        except OSError as error:
            log.error("no counters on port %d: %s", settings().metrics_port, error)


@st.cache_resource(show_spinner=False)
def sources() -> dict[str, Any]:
    """Brokers by key, each with its cache of last good copies; the embedded samples first, the judged objects last."""
    from core.brokers.registry import cached_sources
    from core.brokers.samples import EMBEDDED

    first, *others = [source() for source in EMBEDDED.values()]
    embedded = {source.key: source for source in others if source.folder.is_dir()}
    return {first.key: first, **cached_sources(settings(), base_urls=BASE_URLS), **embedded}


@st.cache_resource(show_spinner=False)
def browsers() -> dict[str, Browser]:
    """The brokers that can be searched, by the key of their light curves."""
    from core.brokers.registry import browsers as known

    return known(settings(), base_urls=BASE_URLS)


@st.cache_resource(show_spinner=False)
def shelf() -> Shelf:
    """The lists of candidates that this server has in hand, and their scoring."""
    from core.candidates.shelf import Shelf

    return Shelf(per_second=settings().broker_pace)


@st.cache_resource(show_spinner=False)
def verdicts() -> VerdictStore:
    """What people said of candidates."""
    from core.verdicts import VerdictStore

    return VerdictStore(settings().verdicts)


@st.cache_resource(show_spinner=False)
def embedded() -> dict[str, str]:
    """Object id -> the source that has its light curve without a network, the samples before the judged objects."""
    from core.brokers.base import BrokerError
    from core.brokers.samples import EMBEDDED

    found: dict[str, str] = {}
    for key in reversed([key for key in EMBEDDED if key in sources()]):
        try:
            found |= dict.fromkeys(sources()[key].catalogue()["object_id"].astype(str), key)
        except BrokerError:
            log.exception("The light curves of %s can't be read.", key)
    return found


def source_of(object_id: str, broker: str = "alerce-ztf") -> str:
    """Where the light curve of an object comes from: embedded, else a broker of ZTF for a ZTF id, else nowhere."""
    if object_id in embedded():
        return embedded()[object_id]
    return broker if re.fullmatch(r"ZTF\d\d[a-z]{7}", object_id) and broker in sources() else ""


@st.cache_resource(show_spinner=False)
def cards() -> dict[str, ModelCard]:
    """The card of every model that can be trusted, read once, the default model first."""
    from core.card import CardError, find_cards, load_card
    from core.model import MODELS

    found: dict[str, ModelCard] = {}
    for name, folder in {
        **{name: extra.folder for name, extra in extra_models().items()},
        **find_cards(MODELS),
    }.items():
        try:
            found[name] = load_card(folder)
        except CardError:
            log.exception("The model %s is not offered: its card can't be trusted.", name)
    return dict(sorted(found.items(), key=lambda item: _rank(item[0])))


@st.cache_resource(show_spinner=False)
def model_names() -> list[str]:
    """Models that can be chosen, the default first; a published card offers each of its recipes."""
    names: list[str] = []
    for name, card in cards().items():
        rest = [f"{name}@{recipe}" for recipe in card.recipe_names if recipe != card.data["default_recipe"]]
        names += [name, *rest]
    return sorted(names, key=_rank)


def _rank(name: str) -> tuple[bool, bool, str]:
    return name != DEFAULT_MODEL, name.startswith("t2-published"), name


def default_model(curve: LightCurve | None) -> str:
    """The model that is shown when nobody chose one: the first, or the one that reads the light curve's survey."""
    from core.selection import READERS

    names = model_names()
    readers = [READERS[survey] for survey in (curve.surveys if curve is not None else ()) if survey in READERS]
    return next((name for name in readers if name in names), names[0])


@st.cache_resource(show_spinner=False)
def extra_models() -> dict[str, ExtraModel]:
    """Models outside the repository that the server's owner allows, by folder name; no shipped name can be taken."""
    from core.card import find_cards
    from core.model import MODELS

    extra = {extra.folder.name: extra for extra in settings().extra_models}
    for name in extra.keys() & find_cards(MODELS).keys():
        log.error(
            "The model folder %s is not offered: a shipped model has its name. Rename it.", extra.pop(name).folder
        )
    return extra


@st.cache_resource(show_spinner=False, max_entries=32)
def model(name: str, variant: str | None = None) -> Model:
    """A model by name, or a compressed variant of it.

    Raises CardError for a model from outside whose file is not the one that the owner allowed, and for an unknown variant.
    """
    from core.card import CardError
    from core.model import load_model

    short, at, recipe = name.partition("@")
    extra = extra_models().get(short)
    if extra is None:
        return load_model(name, variant=variant)
    whole = load_model(f"{extra.folder}{at}{recipe}")
    if whole.sha256 != extra.sha256:
        raise CardError(f"{short}: the model file is not the one that this server's settings allow")
    return whole


@st.cache_resource(show_spinner=False, max_entries=8)
def fold_models(folder: str) -> tuple[Model, ...]:
    """All fold models of the model in ``folder``, for the spread; empty where it has none."""
    from core.card import load_card
    from core.model import Model

    card = load_card(folder)
    return tuple(Model(card, fold=fold) for fold in range(len(card.data["files"].get("folds", []))))


@st.cache_resource(show_spinner=False, max_entries=8)
def neighbours(folder: str) -> Index | None:
    """The index of training objects of the model in ``folder``; None where it has none, or it can't be trusted."""
    from core.card import CardError, load_card
    from core.neighbours import index_of

    try:
        return index_of(load_card(folder))
    except CardError:
        log.exception("No similar objects: the embedding file can't be trusted.")
        return None
