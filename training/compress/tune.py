"""A shipped network taught a little longer while its weights are held to clusters, to zeros or to a grid of few bits.

The budget is small on purpose: `STEPS` steps of the usual training, from the weights of the file, on the same versions of
the same objects, taught by the float network itself. A fold's network sees its own folds alone, as in its training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from training import fit
from training.compress import flatfile
from training.compress.codebook import Hold
from training.compress.weights import Constants, from_keras, to_keras, unfolded
from training.network import Shape, build

#: Steps of a fine-tuning and of a student's training, and the peak of the learning rate of the first.
STEPS, STUDENT_STEPS, LEARNING_RATE = 120, 700, 0.002


@dataclass(frozen=True)
class Lesson:
    """What a network of one fold learns from. prepare : appends feature rows to a batch, or None (`fit.train`)."""

    sample: fit.Sample
    shape: Shape
    prepare: Any = None


def tuned(content: bytes, lesson: Lesson, hold: Hold, *, seed: int, steps: int = STEPS) -> Constants:
    """The weights of a file after a fine-tuning that keeps the promise of ``hold``; the file's own network teaches."""
    like = flatfile.weights(content)

    def keep(model: keras.Model) -> None:
        constants = from_keras(model, lesson.shape, like)
        model_weights(model, lesson.shape, constants | hold(constants))

    schedule = fit.Schedule(steps=steps, learning_rate=LEARNING_RATE, weight_decay=0.0)
    model = fit.train(
        lesson.sample, lesson.shape, schedule, seed=seed, prepare=lesson.prepare,
        teachers=[to_keras(like, lesson.shape)], network=lambda shape, _: to_keras(like, shape), hold=keep,
        progress=partial(print, flush=True),
    )  # fmt: skip
    constants = from_keras(model, lesson.shape, like)
    return constants | hold(constants)


def model_weights(model: keras.Model, shape: Shape, constants: Mapping[str, NDArray]) -> None:
    """Put a file's weights into a network of the same shape."""
    for name, values in unfolded(constants, shape).items():
        model.get_layer(name).set_weights(values)


def student(
    content: bytes, lesson: Lesson, sizes: Mapping[str, int], *, seed: int, steps: int = STUDENT_STEPS
) -> tuple[keras.Model, Shape]:
    """A smaller network from nothing, taught by the network of the file besides the labels. sizes : fields of `Shape`."""
    small = replace(lesson.shape, **sizes)
    model = fit.train(
        lesson.sample, small, fit.Schedule(steps=steps), seed=seed, prepare=lesson.prepare,
        teachers=[to_keras(flatfile.weights(content), lesson.shape)], network=build,
        progress=partial(print, flush=True),
    )  # fmt: skip
    return model, small


def distinct(constants: Mapping[str, NDArray], names: tuple[str, ...]) -> int:
    """The largest number of distinct values in one of the matrices."""
    return max(len(np.unique(constants[name])) for name in names)
