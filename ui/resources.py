"""What all sessions share: models, sources, samples. Loaded once, never changed."""

from __future__ import annotations

import importlib
import threading
import time
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from core.model import Model
    from core.settings import Settings

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
def settings() -> Settings:
    """The server's settings: Streamlit's secrets over environment variables."""
    from core.settings import read_settings

    try:
        secrets: dict[str, Any] = dict(st.secrets)
    except Exception:  # st.secrets raises its own error when there is no secrets file
        secrets = {}
    return read_settings(secrets)


@st.cache_resource(show_spinner=False)
def sources() -> dict[str, Any]:
    """Brokers by key, each with its cache of last good copies, and the embedded samples first."""
    from core.brokers.registry import cached_sources
    from core.brokers.samples import SampleSource

    sample = SampleSource()
    return {sample.key: sample, **cached_sources(settings(), base_urls=BASE_URLS)}


@st.cache_resource(show_spinner=False)
def model_names() -> list[str]:
    """Models that can be chosen, the default first; a published card offers each of its recipes."""
    from core.card import find_cards, load_card
    from core.model import MODELS

    names: list[str] = []
    for name, folder in find_cards(MODELS).items():
        card = load_card(folder)
        rest = [f"{name}@{recipe}" for recipe in card.recipe_names if recipe != card.data["default_recipe"]]
        names += [name, *rest]
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, name.startswith("t2-published"), name))


@st.cache_resource(show_spinner=False, max_entries=32)
def model(name: str, fold: int | None = None) -> Model:
    """A model by name, or its fold model that has not seen a certain object."""
    from core.model import load_model

    return load_model(name, fold=fold)


@st.cache_resource(show_spinner=False, max_entries=8)
def fold_models(name: str) -> tuple[Model, ...]:
    """All fold models of a model, for the spread; empty where it has none."""
    count = len(model(name).card.data["files"].get("folds", []))
    return tuple(model(name, fold) for fold in range(count))
