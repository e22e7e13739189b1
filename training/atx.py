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
    values = keras.Input((shape.length + shape.features, shape.channels), name="light_curve")
    return keras.Model(values, _connect(_layers(shape, seed), shape, values), name="atx")


def windowed(model: keras.Model, shape: Shape, width: int) -> keras.Model:
    """As `training.network.windowed`; the first row is taken and not needed, as atx has no positions."""
    values = keras.Input((width + shape.features, shape.channels))
    start = keras.Input((1,), dtype="int32")
    return keras.Model([values, start], _connect(model.get_layer, shape, values))


def _layers(shape: Shape, seed: int) -> Callable[[str], keras.layers.Layer]:
    """The layers of a network by name, made when first asked for."""
    made: dict[str, keras.layers.Layer] = {}
    seeds = iter(range(seed * 100, seed * 100 + 100))
    widths = dict(separable_layers(shape))
    dense = {"tell_features": (shape.d, None), "embed_features": (shape.d_ff, "relu"), "head": (shape.classes, None)}

    def initial() -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=next(seeds))

    def make(name: str) -> keras.layers.Layer:
        if name.startswith("norm_"):
            return keras.layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON, name=name)
        if name.startswith("drop"):
            return keras.layers.Dropout(shape.dropout, seed=next(seeds), name=name)
        if name == "embed":
            return keras.layers.Conv1D(shape.d, shape.kernel, padding="same", name=name, kernel_initializer=initial())
        if name in dense:
            units, activation = dense[name]
            return keras.layers.Dense(units, activation=activation, name=name, kernel_initializer=initial())
        return keras.layers.SeparableConv1D(
            widths[name],
            DEPTHWISE,
            padding="same",
            name=name,
            depthwise_initializer=initial(),
            pointwise_initializer=initial(),
        )

    def layer(name: str) -> keras.layers.Layer:
        if name not in made:
            made[name] = make(name)
        return made[name]

    return layer


def _connect(layer: Callable[[str], Any], shape: Shape, values: Any) -> dict[str, Any]:
    """Logits and activations from ``values``, with the layers that ``layer`` names."""
    length = values.shape[1] - shape.features
    observed = None if shape.coverage is None else observed_rows(values, shape)

    def masked(x: Any) -> Any:
        return x if observed is None else x * observed[:, :length]

    def drop(x: Any, name: str) -> Any:
        return layer(f"drop_{name}")(x) if shape.dropout else x

    def separable(x: Any, name: str) -> Any:
        return masked(layer(f"norm_{name}")(layer(name)(keras.ops.relu(x))))

    x = layer("embed")(values[:, :length])
    if shape.features:
        told = keras.layers.Flatten()(values[:, length:, :1])  # a feature is the same number in every channel
        x = x + keras.ops.expand_dims(layer("tell_features")(told), 1)
    x = masked(keras.ops.relu(x))
    names = [name for name, _ in separable_layers(shape)]
    for first, second in zip(names[:-2:2], names[1:-2:2], strict=True):
        x = x + drop(separable(separable(x, first), second), first)
    activations = separable(separable(x, names[-2]), names[-1])
    if shape.features:
        extra = layer("embed_features")(values[:, length:])
        activations = keras.ops.concatenate([activations, extra], axis=1)
    if observed is not None:  # scaled so that the mean over all rows is the mean over the observed ones
        total = keras.ops.maximum(keras.ops.sum(observed, axis=1, keepdims=True), 1.0)
        activations = activations * (observed * values.shape[1] / total)
    pooled = keras.ops.mean(activations, axis=1)
    return {"logits": layer("head")(drop(pooled, "pooled")), "activations": activations}
