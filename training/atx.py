"""The convolutional network atx in Keras: a small one-dimensional Xception, pooled by a mean (Allam & McEwen 2021, appendix).

Kept of it: depthwise-separable convolutions in residual blocks (Chollet 2017), a wider exit, a mean over rows, a linear
head. What differs, and why: no strides and no max-pooling, so that each row of the map is a row of the input; a layer norm
per row in place of batch normalisation, whose averages would hold rows where nothing was measured; widths 32 and 96 in
place of 182 and 512 (20 thousand parameters, not 613 thousand), so that it stands beside t2 at the same size.

Which rows reach the answer: the observed ones, and the ``kernel // 2`` rows beside them that the stem reads; never more,
however deep the network, as every layer sets the rows that were not observed back to zero. That is t2's reach, so a recipe
needs no wider margin for atx.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from training.network import LAYER_NORM_EPSILON, Shape, observed_rows

#: Residual blocks of two separable convolutions each, and the rows that each convolution reads.
BLOCKS = 3
DEPTHWISE = 9


def separable_layers(shape: Shape) -> tuple[tuple[str, int], ...]:
    """Name and width of the separable convolutions, in order: two per block, then the two of the exit."""
    middle = [(f"block{b}_{i}", shape.d) for b in range(BLOCKS) for i in range(2)]
    return (*middle, ("exit_0", (shape.d + shape.d_ff) // 2), ("exit_1", shape.d_ff))


def build(shape: Shape, seed: int = 0) -> keras.Model:
    """An untrained atx: (B, L+R, M) -> {"logits": (B, C), "activations": (B, L+R, d_ff)}, activations before pooling.

    Takes the shape of `training.network.build`: ``d`` is the width of the blocks, ``d_ff`` that of the activations,
    ``heads`` is not used. The R appended features are rows of their own at the end, and are added to every observed row
    after the stem: a mean over rows alone could not say that a shape means something else at another redshift.
    """
    made = iter(range(seed * 100, seed * 100 + 100))

    def initial() -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=next(made))

    def drop(x: Any) -> Any:
        return keras.layers.Dropout(shape.dropout, seed=next(made))(x) if shape.dropout else x

    values = keras.Input((shape.length + shape.features, shape.channels), name="light_curve")
    observed = None if shape.coverage is None else observed_rows(values, shape)

    def masked(x: Any) -> Any:
        return x if observed is None else x * observed[:, : shape.length]

    def separable(x: Any, name: str, width: int) -> Any:
        x = keras.layers.SeparableConv1D(
            width,
            DEPTHWISE,
            padding="same",
            name=name,
            depthwise_initializer=initial(),
            pointwise_initializer=initial(),
        )(keras.ops.relu(x))
        return masked(keras.layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON, name=f"norm_{name}")(x))

    def dense(width: int, name: str, activation: str | None = None) -> Callable[[Any], Any]:
        return keras.layers.Dense(width, activation=activation, name=name, kernel_initializer=initial())

    rows = values[:, : shape.length]
    x = keras.layers.Conv1D(shape.d, shape.kernel, padding="same", name="embed", kernel_initializer=initial())(rows)
    if shape.features:
        told = keras.layers.Flatten()(values[:, shape.length :, :1])  # a feature is the same number in every channel
        x = x + keras.ops.expand_dims(dense(shape.d, "tell_features")(told), 1)
    x = masked(keras.ops.relu(x))
    *middle, (narrow, narrow_width), (wide, wide_width) = separable_layers(shape)
    for (first, width), (second, _) in zip(middle[::2], middle[1::2], strict=True):
        x = x + drop(separable(separable(x, first, width), second, width))
    activations = separable(separable(x, narrow, narrow_width), wide, wide_width)
    if shape.features:
        extra = dense(shape.d_ff, "embed_features", "relu")(values[:, shape.length :])
        activations = keras.layers.Concatenate(axis=1)([activations, extra])
    if observed is not None:  # scaled so that the mean over all rows is the mean over the observed ones
        total = keras.ops.maximum(keras.ops.sum(observed, axis=1, keepdims=True), 1.0)
        activations = activations * (observed * (shape.length + shape.features) / total)
    logits = dense(shape.classes, "head")(drop(keras.ops.mean(activations, axis=1)))
    return keras.Model(values, {"logits": logits, "activations": activations}, name="atx")
