"""The networks of a model as they were trained: their files, what each may learn from, and the light curves that judge them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from core.model import MODELS, load_model
from core.taxonomy import CLASS_NAMES
from training import fit
from training.compress import flatfile, trial
from training.compress.trial import Trial
from training.compress.tune import Lesson
from training.compress.variants import Network
from training.compress.weights import shape_of
from training.identity import N_FOLDS
from training.network import Shape

#: Light curves whose values set the ranges of full int8.
EXAMPLES = 200


def networks_of(name: str, data: Path, work: Path) -> tuple[list[Network], Trial]:
    """The five fold networks and the final one, and the trial; both from the work folder where they stand there."""
    source = _lsst if name.endswith("-lsst") else _ztf
    make_trial, lesson_of = source(name, data, work)
    objects = trial.kept(work / "compress" / "trial.npz", make_trial)
    rng = np.random.default_rng(0)
    examples = objects.values[rng.choice(len(objects), EXAMPLES, replace=False)]
    folder = MODELS / name
    out = []
    for fold in (*range(N_FOLDS), None):
        path = folder / ("model.tflite" if fold is None else f"folds/{fold}.tflite")
        content = path.read_bytes()
        part = "final" if fold is None else f"fold-{fold}"
        shape = _shape(name, content)
        out.append(
            Network(part, content, shape, _lesson(lesson_of, fold, shape), examples, work / "compress", 50 + len(out))
        )
    return out, objects


def _lesson(
    lesson_of: Callable[[int | None, Shape], Lesson], fold: int | None, shape: Shape | None
) -> Callable[[], Lesson]:
    def lesson() -> Lesson:
        if shape is None:
            raise ValueError("a network whose file does not name its weights can't be taught further")
        return lesson_of(fold, shape)

    return lesson


def _shape(name: str, content: bytes) -> Shape | None:
    if name.startswith("atx"):
        return None
    model = load_model(name)
    recipe = model.recipe
    heads = int(model.card.data["training"]["network"]["heads"])
    return shape_of(
        flatfile.weights(content), length=recipe.length, features=len(recipe.features), heads=heads,
        coverage=recipe.coverage_channel,
    )  # fmt: skip


def _lsst(name: str, data: Path, work: Path) -> tuple[Callable[[], Trial], Callable[[int | None, Shape], Lesson]]:
    from training.corpus_lsst import corpus_of, preparer
    from training.lsst import sample_of, simulated_curves

    recipe = load_model(name).recipe

    @cache
    def curves():
        return simulated_curves(data, work)

    @cache
    def corpus():
        return corpus_of(work, curves(), recipe, 1)

    def lesson_of(fold: int | None, shape: Shape) -> Lesson:
        return Lesson(sample_of(corpus(), fold), shape, preparer(corpus(), recipe.feature_scaling))

    return lambda: trial.simulated_trial(load_model(name), curves()), lesson_of


def _ztf(name: str, data: Path, work: Path) -> tuple[Callable[[], Trial], Callable[[int | None, Shape], Lesson]]:
    from training.datasets import load_real
    from training.designs import DESIGNS
    from training.train import corpus_of, objects_per_class, simulated_curves

    design = DESIGNS[name]

    @cache
    def read():
        return load_real(data), simulated_curves(data, work)

    @cache
    def pool():
        return corpus_of(work, *read(), design.recipe, 1)

    def lesson_of(fold: int | None, shape: Shape) -> Lesson:
        corpus, real = pool(), read()[0]
        use = np.ones(len(corpus.fold), bool) if fold is None else corpus.fold != fold
        has = np.bincount(corpus.label[use], minlength=len(CLASS_NAMES)) > 0
        learned = np.ones(len(real.objects), bool) if fold is None else (real.objects["fold"] != fold).to_numpy()
        objects = objects_per_class(real.take(learned), has)
        return Lesson(fit.Sample(corpus.values[use], corpus.label[use], corpus.weight[use], objects), shape)

    return lambda: trial.trial_of(load_model(name), *read()), lesson_of
