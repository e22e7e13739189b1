"""The classification of what was chosen, computed once for all sessions."""

from __future__ import annotations

import streamlit as st

from core.card import CardError
from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.pipeline import Classification, classify
from core.refusal import Refusal
from ui import resources
from ui.wording import plain


def model_for(name: str, fold: int | None) -> Model:
    """The model, or its fold model that has not seen the object; the page ends here when it can't be trusted."""
    try:
        whole = resources.model(name)
        folds = whole.card.data["files"].get("folds", [])
        return resources.model(name, fold) if fold is not None and folds else whole
    except CardError as error:
        st.error(plain(error), icon=":material/gpp_bad:")
        st.stop()


def is_scorable(curve: LightCurve, model: Model) -> bool:
    """Whether the model takes this light curve at all."""
    return not isinstance(model.recipe.select(curve), Refusal)


def scored(curve: LightCurve, model: Model, prior: Prior) -> Classification | Refusal:
    """Classified and explained; the same object, model and prior is computed once.

    The result carries the curve with its notes and provenance: equal photometry alone does not make an equal answer.
    """
    told = (curve.notes, curve.provenance, curve.redshift, curve.redshift_err, sorted(curve.context.items()))
    facts = (curve.object_id, curve.photometry_sha256(), str(len(curve.limits)), repr(told))
    return _scored((*facts, model.sha256, model.recipe_name, prior.name), curve, model, prior)


@st.cache_resource(max_entries=256, show_spinner=False)
def _scored(key: tuple[str, ...], _curve: LightCurve, _model: Model, _prior: Prior) -> Classification | Refusal:
    folds = (
        resources.fold_models(str(_model.card.folder))
        if _model.recipe_name == _model.card.data["default_recipe"]
        else ()
    )
    return classify(_curve, _model, prior=_prior, fold_models=folds)
