"""A real object gets today the probabilities that it got when the shipped model was judged.

``evaluation.parquet`` was written by `training.validate`: every training object with a ZTF light curve through
`core.pipeline`, all points that the recipe uses, the fold model that has not seen it, the card's own (survey) prior,
and the redshift where one is known. A change of the engine, of the recipe, of the selection, of the calibration or of
which fold answers shows here, and means that the model's figures have to be measured again.
"""

import numpy as np
import pandas as pd
import pytest

from core.brokers.samples import SampleSource
from core.card import find_cards
from core.model import MODELS, load_model
from core.pipeline import Classification, classify
from core.taxonomy import CLASS_NAMES
from tests.curves import real_curves

#: The models for LSST are judged on simulated light curves, which don't come with the program.
OWN = [
    name
    for name in sorted(find_cards(MODELS))
    if name.startswith("t2-ztf") and (MODELS / name / "evaluation.parquet").exists()
]
P = [f"p_{name}" for name in CLASS_NAMES]
#: Samples that show another photometry than the one that was judged, told apart by the hash of their photometry when
#: this list was made: a short alert packet of an object whose whole history was judged, or an alert packet with total
#: instead of difference flux.
OTHER_PHOTOMETRY = {
    "ZTF18abkdczc", "ZTF19abxdvsa", "ZTF19acnfjyw", "ZTF20aavrzha", "ZTF20abvtozi", "ZTF20abxmwwd", "ZTF20acdqjeq",
}  # fmt: skip


def judged_curves(name):
    """Light curves that come with the program and stand in the evaluation table, as they were judged."""
    source = SampleSource()
    catalogue = source.catalogue()
    real = catalogue[(catalogue["survey"] == "ztf") & ~catalogue["simulated"]]
    curves = {i: source.fetch(i) for i in real["object_id"] if i not in OTHER_PHOTOMETRY}
    if not load_model(name).recipe.features:  # the test data has no redshifts
        curves = {c.object_id: c for c in real_curves()} | curves
    table = pd.read_parquet(MODELS / name / "evaluation.parquet").set_index("object_id")
    return [(curve, table.loc[i]) for i, curve in curves.items() if i in table.index]


@pytest.mark.parametrize("name", OWN)
def test_judged_objects_get_the_probabilities_of_the_evaluation(name):
    model, judged = load_model(name), judged_curves(name)
    assert len(judged) >= 45 and len({row["class"] for _, row in judged}) >= 10
    for curve, row in judged:
        answer = classify(curve, model)
        assert isinstance(answer, Classification), curve.object_id
        assert answer.prior.name == "survey"
        assert answer.model.fold == row["fold"], curve.object_id
        assert len(answer.selection.curve) <= answer.selection.used.sum() == row["n_points"], curve.object_id
        assert np.max(np.abs(answer.probabilities - row[P].to_numpy(float))) < 1e-3, curve.object_id


@pytest.mark.parametrize("name", OWN)
def test_the_final_model_would_have_answered_otherwise(name):
    """The comparison can tell one model from another: the one that was trained on these objects differs."""
    judged = judged_curves(name)
    model = load_model(name)
    chosen = [model.recipe.select(curve).curve for curve, _ in judged]
    logits = model.infer(model.recipe.apply(chosen)).logits
    seen = model.calibrate(logits, np.array([len(curve) for curve in chosen]))
    unseen = np.array([row[P].to_numpy(float) for _, row in judged])
    assert np.median(np.max(np.abs(seen - unseen), axis=1)) > 5e-3
