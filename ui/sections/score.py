"""The classification of what was chosen, computed once for all sessions."""

from __future__ import annotations

import streamlit as st

from core.card import CardError
from core.journal import note_answer
from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.pipeline import Classification, classify
from core.refusal import Refusal
from ui import resources
from ui.wording import plain


def model_for(name: str, object_id: str, variant: str | None = None) -> Model:
    """The model, or its fold model that has not seen the object; the page ends here when it can't be trusted.

    variant : a compressed form of the model, None for the file that is served.
    """
    try:
        return resources.model(name, variant).for_object(object_id)
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
    return _scored(result_key(curve, model, prior), curve, model, prior, source_asked())


def source_asked() -> str:
    """The source that the address names, one that is known; ``file`` for a visitor's own, whose ids are nobody's business."""
    source = st.query_params.get("source", "sample")
    return source if source in resources.sources() else "file"


def result_key(curve: LightCurve, model: Model, prior: Prior) -> tuple[str, ...]:
    """All that an answer depends on, and all that it carries along."""
    told = (curve.notes, curve.provenance, curve.redshift, curve.redshift_err, sorted(curve.context.items()))
    facts = (curve.object_id, curve.photometry_sha256(), str(len(curve.limits)), repr(told))
    return (*facts, model.sha256, model.recipe_name, prior.name)


@st.cache_resource(max_entries=256, show_spinner=False)
def _scored(
    key: tuple[str, ...], _curve: LightCurve, _model: Model, _prior: Prior, _source: str
) -> Classification | Refusal:
    folds = (
        resources.fold_models(str(_model.card.folder))
        if _model.recipe_name == _model.card.data["default_recipe"] and _model.variant is None
        else ()
    )
    result = classify(_curve, _model, prior=_prior, fold_models=folds)
    refused = result.reason if isinstance(result, Refusal) else ""
    stages = {} if isinstance(result, Refusal) else result.timings
    note_answer(_model.name, _source, _curve.object_id, refused=refused, stages=stages)
    return result
