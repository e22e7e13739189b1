"""What a person chose to have scored, for the doors to streams: the published service's cuts, or all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from core.funnel import published_selection
from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.pipeline import Unscored, classify_many

#: What ``--selection`` may say.
SELECTIONS = ("published",)


def classify_selected(
    curves: Sequence[LightCurve | Unscored],
    model: Model,
    selection: str = "",
    *,
    prior: Prior | None = None,
    fold_models: Sequence[Model] = (),
) -> tuple[pd.DataFrame, Counter[str]]:
    """(rows as of `core.pipeline.classify_many`, how many the selection left out for which reason).

    selection : "published", or "" for all. What is left out has its row, with reason, hash and notes.
    """
    if not selection:
        return classify_many(curves, model, prior=prior, fold_models=fold_models), Counter()
    items: list[LightCurve | Unscored] = list(curves)
    left_out: dict[int, LightCurve] = {}
    reasons: Counter[str] = Counter()
    for i, curve in enumerate(curves):
        if isinstance(curve, LightCurve) and (refusal := published_selection(curve)) is not None:
            items[i] = Unscored(curve.object_id, refusal, curve.alert_id)
            left_out[i] = curve
            reasons[refusal.reason] += 1
    frame = classify_many(items, model, prior=prior, fold_models=fold_models)
    for i, curve in left_out.items():
        frame.loc[i, "photometry_sha256"] = curve.photometry_sha256()
        if curve.notes:
            frame.loc[i, "notes"] = "; ".join(note.message for note in curve.notes)
    return frame, reasons
