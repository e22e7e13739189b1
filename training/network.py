"""The time-series transformer t2 in Keras: one encoder block, mean pooling, a linear head (Allam & McEwen 2021, §3.4).

What differs from the published network, and why: a short convolution embeds the rows (a kernel of one sees no slopes),
four heads instead of sixteen (the softmax over rows was three quarters of the forward pass), fifteen classes, and
attention to and pooling over the observed rows alone: a fixed grid reaches past the light curve on both sides, and a
mean over all rows puts most of the activation map where nothing was measured. What makes the map exact is kept: a mean over
rows, then one dense layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

LAYER_NORM_EPSILON = 1e-6
#: Taken from the attention score of a row that was not observed. Scores of some tens do occur, and 30 let such rows
#: through; this leaves none, and still fits in half precision.
UNSEEN = 1e4


@dataclass(frozen=True)
class Shape:
    """Sizes of a network: L rows in time, R appended features, M channels, C classes, d, heads, d_ff, kernel width.

    blocks : of attention and feed-forward, one after the other; more than one runs through the interpreter alone.
    coverage : the channel that marks observed rows, over which the network pools; None pools over all.
    """

    length: int
    features: int
    channels: int
    classes: int
    d: int = 32
    heads: int = 4
    d_ff: int = 96
    kernel: int = 5
    dropout: float = 0.0
    blocks: int = 1
    coverage: int | None = None


def positions(length: int, d: int) -> NDArray[np.float32]:
    """(L, d) sinusoidal position encoding, base 10000, even columns sine, odd cosine (Vaswani et al. 2017, §3.5)."""
    rate = 10000.0 ** (-(np.arange(d) // 2 * 2) / d)
    angle = np.arange(length)[:, None] * rate[None, :]
    return np.where(np.arange(d) % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32)


@keras.saving.register_keras_serializable("t2")
class Positions(keras.layers.Layer):
    """Add the position encoding; no weights. In a window of a light curve, ``start`` (B, 1) is its first row."""

    def __init__(self, rows: int, features: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rows, self.features = rows, features

    def call(self, x: Any, start: Any = None) -> Any:
        table = keras.ops.convert_to_tensor(positions(self.rows + self.features, x.shape[2]))
        if start is None:
            return x + table
        window = x.shape[1] - self.features
        index = keras.ops.concatenate(
            [start + np.arange(window)[None], keras.ops.zeros_like(start) + self.rows + np.arange(self.features)[None]],
            axis=1,
        )
        return x + keras.ops.take(table, index, axis=0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rows": self.rows, "features": self.features}


@keras.saving.register_keras_serializable("t2")
class Attention(keras.layers.Layer):
    """Scaled dot-product attention over rows in ``heads`` heads; no weights, those are in separate dense layers."""

    def __init__(self, heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads

    def call(self, q: Any, k: Any, v: Any, observed: Any = None) -> Any:
        rows, d = q.shape[1], q.shape[2]
        depth = d // self.heads

        def split(x: Any) -> Any:
            return keras.ops.transpose(keras.ops.reshape(x, (-1, rows, self.heads, depth)), (0, 2, 1, 3))

        score = keras.ops.matmul(split(q) / math.sqrt(depth), keras.ops.transpose(split(k), (0, 1, 3, 2)))
        if observed is not None:  # (B, L+R, 1): no attention to rows where nothing was observed
            score = score - UNSEEN * (1.0 - keras.ops.transpose(observed, (0, 2, 1))[:, None])
        mixed = keras.ops.matmul(keras.ops.softmax(score, axis=-1), split(v))
        return keras.ops.reshape(keras.ops.transpose(mixed, (0, 2, 1, 3)), (-1, rows, d))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads}


def observed_rows(values: Any, shape: Shape) -> Any:
    """(B, rows, 1): 1 on rows that the light curve covers and on appended features, 0 on the rest."""
    rows = values.shape[1] - shape.features
    observed = values[:, :rows, shape.coverage : shape.coverage + 1]
    if shape.features:
        extra = keras.ops.ones_like(values[:, rows:, :1])
        observed = keras.ops.concatenate([observed, extra], axis=1)
    return observed


def build(shape: Shape, seed: int = 0) -> keras.Model:
    """An untrained t2: (B, L+R, M) -> {"logits": (B, C), "activations": (B, L+R, d)}, activations before pooling.

    The last R rows are appended features, each tiled over the channels; they have their own embedding, so that the
    convolution never mixes a redshift into the last days of a light curve.
    """
    values = keras.Input((shape.length + shape.features, shape.channels), name="light_curve")
    return keras.Model(values, _connect(_layers(shape, seed), shape, values), name="t2")


def windowed(model: keras.Model, shape: Shape, width: int) -> keras.Model:
    """The same network, sharing its weights, on ``width`` of the rows: [(B, W+R, M), (B, 1) first row] -> as `build`.

    Rows that were not observed don't reach the answer, so a window that holds the observed rows and half a kernel on
    either side gives the same logits as all rows, in a fraction of the time (see `fit.windows`).
    """
    values = keras.Input((width + shape.features, shape.channels))
    start = keras.Input((1,), dtype="int32")
    return keras.Model([values, start], _connect(model.get_layer, shape, values, start))


def block_names(shape: Shape) -> list[Callable[[str], str]]:
    """For each block, the names of its layers from those of the first."""
    return [lambda name, b=b: f"{name}_{b + 1}" if b else name for b in range(shape.blocks)]  # type: ignore[misc]


def _layers(shape: Shape, seed: int) -> Callable[[str], keras.layers.Layer]:
    """The layers of a network by name, made when first asked for."""
    made: dict[str, keras.layers.Layer] = {}
    seeds = iter(range(seed * 100, seed * 100 + 100))
    wide = {of_block("widen"): shape.d_ff for of_block in block_names(shape)}
    units = {"head": shape.classes, **wide}
    activation = {"embed_features": "relu", **dict.fromkeys(wide, "relu")}

    def make(name: str) -> keras.layers.Layer:
        if name == "positions":
            return Positions(shape.length, shape.features, name=name)
        if name.startswith("attention"):
            return Attention(shape.heads, name=name)
        if name.startswith("norm"):
            return keras.layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON, name=name)
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        if name.startswith("drop"):
            return keras.layers.Dropout(shape.dropout, seed=next(seeds), name=name)
        if name == "embed":
            return keras.layers.Conv1D(
                shape.d, shape.kernel, padding="same", activation="relu", name=name, kernel_initializer=start
            )
        return keras.layers.Dense(
            units.get(name, shape.d), activation=activation.get(name), name=name, kernel_initializer=start
        )

    def layer(name: str) -> keras.layers.Layer:
        if name not in made:
            made[name] = make(name)
        return made[name]

    return layer


def _connect(layer: Callable[[str], Any], shape: Shape, values: Any, start: Any = None) -> dict[str, Any]:
    """Logits and activations from ``values``, with the layers that ``layer`` names."""

    def drop(x: Any, name: str) -> Any:
        return layer(name)(x) if shape.dropout else x

    rows = values.shape[1] - shape.features
    x = layer("embed")(values[:, :rows] if shape.features else values)
    if shape.features:
        x = keras.ops.concatenate([x, layer("embed_features")(values[:, rows:])], axis=1)
    x = layer("positions")(x) if start is None else layer("positions")(x, start)
    observed = None if shape.coverage is None else observed_rows(values, shape)
    for of_block in block_names(shape):
        q, k, v = (layer(of_block(name))(x) for name in ("query", "key", "value"))
        attend = layer(of_block("attention"))
        mixed = attend(q, k, v) if observed is None else attend(q, k, v, observed)
        x = layer(of_block("norm_attention"))(x + drop(layer(of_block("mix"))(mixed), of_block("drop_attention")))
        forward = layer(of_block("narrow"))(layer(of_block("widen"))(x))
        x = layer(of_block("norm_forward"))(x + drop(forward, of_block("drop_forward")))
    activations = x
    if observed is not None:  # scaled so that the mean over all rows is the mean over the observed ones
        total = keras.ops.maximum(keras.ops.sum(observed, axis=1, keepdims=True), 1.0)
        activations = activations * (observed * values.shape[1] / total)
    pooled = keras.ops.mean(activations, axis=1)
    return {"logits": layer("head")(drop(pooled, "drop_pooled")), "activations": activations}


def parameter_count(model: keras.Model) -> int:
    """Trainable numbers of a network."""
    return int(sum(math.prod(w.shape) for w in model.trainable_weights))
