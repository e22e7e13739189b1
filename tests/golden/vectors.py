"""Golden vectors of one model under one recipe: samples, the tensors made of them, and what the network says of those.

``python -m tests.golden`` writes them; a test reads them, here and in every leg of ``make legs``. They hold what the
machine that wrote them computed with ai-edge-litert, in float32.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.brokers.samples import EMBEDDED, SampleSource
from core.card import find_cards, load_card
from core.lightcurve import LightCurve
from core.model import MODELS, Model, load_model
from core.recipe import TensorBatch
from core.refusal import Refusal

FOLDER = Path(__file__).parents[1] / "data" / "golden"
#: Samples a recipe, of different classes where there are such; few enough to stay small.
SAMPLES = 4


@dataclass(frozen=True)
class Vectors:
    """What was computed. sha256 : of the model file. object_id : (B,). n_points : (B,) that entered the Gaussian process.

    values : (B, L, M) and features : (B, R), the recipe's channels. logits, probabilities : (B, C), the latter
    calibrated under the card's own prior.
    """

    sha256: NDArray[np.str_]
    object_id: NDArray[np.str_]
    n_points: NDArray[np.int64]
    values: NDArray[np.float32]
    features: NDArray[np.float32]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]

    @property
    def tensor(self) -> TensorBatch:
        """The stored channels as input of a network; what else belongs to a tensor is not stored, and zero here."""
        n = len(self.values)
        return TensorBatch(self.values, np.zeros((n, 1)), self.features, *(np.zeros(n) for _ in range(5)), 0.0)


def names() -> list[str]:
    """Every shipped model under every recipe of its card, as ``model@recipe``."""
    cards = (load_card(folder) for folder in find_cards(MODELS).values())
    return [f"{card.name}@{recipe}" for card in cards for recipe in card.recipe_names]


def path_of(name: str) -> Path:
    """Where the vectors of ``model@recipe`` lie."""
    return FOLDER / f"{name}.npz"


def read(name: str) -> Vectors:
    """The committed vectors of ``model@recipe``."""
    with np.load(path_of(name), allow_pickle=False) as stored:
        return Vectors(**{key: stored[key] for key in Vectors.__dataclass_fields__})


def write(name: str, vectors: Vectors) -> None:
    """Commit vectors to their file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path_of(name), **asdict(vectors))


def compute(model: Model, object_ids: list[str]) -> Vectors:
    """The vectors of these samples, through selection, recipe, network and calibration, by the model file itself."""
    curves = selected(model, object_ids)
    tensor = model.recipe.apply(curves)
    n_points = np.array([len(curve) for curve in curves])
    logits = model.infer(tensor).logits
    return Vectors(
        sha256=np.array(model.sha256),
        object_id=np.array(object_ids),
        n_points=n_points,
        values=tensor.values,
        features=tensor.features,
        logits=logits,
        probabilities=model.calibrate(logits, n_points),
    )


def selected(model: Model, object_ids: list[str]) -> list[LightCurve]:
    """What the model's recipe takes from each of these samples, none of which it refuses."""
    found = []
    for oid in object_ids:
        chosen = model.recipe.select(light_curve_of(oid))
        if isinstance(chosen, Refusal):
            raise AssertionError(f"{model.name} refuses the sample {oid}: {chosen.message}")
        found.append(chosen.curve)
    return found


def suited(model: Model) -> list[str]:
    """The first embedded objects of different classes that the model's recipe takes, as many as there are up to `SAMPLES`."""
    found: dict[str, str] = {}
    for source in sources():
        catalogue = source.catalogue()
        catalogue = catalogue[catalogue["survey"] == model.recipe.survey].sort_values("simulated", kind="stable")
        for row in catalogue.itertuples():
            if row.true_class in found or len(found) == SAMPLES:
                continue
            if not isinstance(model.recipe.select(source.fetch(row.object_id)), Refusal):
                found[row.true_class] = row.object_id
    return list(found.values())


@cache
def sources() -> tuple[SampleSource, ...]:
    """Where embedded light curves are: the samples first, the judged objects after them."""
    return tuple(source() for source in EMBEDDED.values())


def light_curve_of(oid: str) -> LightCurve:
    """An embedded light curve, by id."""
    of = {source: set(source.catalogue()["object_id"]) for source in sources()}
    return next(source.fetch(oid) for source, ids in of.items() if oid in ids)


def load(name: str) -> Model:
    """The model of ``model@recipe``."""
    return load_model(name)
