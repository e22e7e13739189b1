"""The time-series transformer t2 in Keras: one encoder block, mean pooling, a linear head (Allam & McEwen 2021, §3.4).

What differs from the published network, and why: a short convolution embeds the rows (a kernel of one sees no slopes),
four heads instead of sixteen (the softmax over rows was three quarters of the forward pass), fifteen classes, and
attention to and pooling over the observed rows alone: a fixed grid reaches past the light curve on both sides, and a
mean over all rows puts most of the activation map where nothing was measured. What makes the map exact is kept: a mean over
rows, then one dense layer.
"""

from __future__ import annotations

import math
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
    coverage: int | None = None


def positions(length: int, d: int) -> NDArray[np.float32]:
    """(L, d) sinusoidal position encoding, base 10000, even columns sine, odd cosine (Vaswani et al. 2017, §3.5)."""
    rate = 10000.0 ** (-(np.arange(d) // 2 * 2) / d)
    angle = np.arange(length)[:, None] * rate[None, :]
    return np.where(np.arange(d) % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32)


@keras.saving.register_keras_serializable("t2")
class Positions(keras.layers.Layer):
    """Add the position encoding; no weights."""

    def call(self, x: Any) -> Any:
        return x + keras.ops.convert_to_tensor(positions(x.shape[1], x.shape[2]))


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
    """(B, L+R, 1): 1 on rows that the light curve covers and on appended features, 0 on the rest."""
    observed = values[:, : shape.length, shape.coverage : shape.coverage + 1]
    if shape.features:
        extra = keras.ops.ones_like(values[:, shape.length :, :1])
        observed = keras.ops.concatenate([observed, extra], axis=1)
    return observed


def build(shape: Shape, seed: int = 0) -> keras.Model:
    """An untrained t2: (B, L+R, M) -> {"logits": (B, C), "activations": (B, L+R, d)}, activations before pooling.

    The last R rows are appended features, each tiled over the channels; they have their own embedding, so that the
    convolution never mixes a redshift into the last days of a light curve.
    """
    initial = keras.initializers.GlorotUniform
    made = iter(range(seed * 100, seed * 100 + 100))

    def dense(units: int, name: str, activation: str | None = None) -> keras.layers.Dense:
        return keras.layers.Dense(units, activation=activation, name=name, kernel_initializer=initial(seed=next(made)))

    def norm(name: str) -> keras.layers.LayerNormalization:
        return keras.layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON, name=name)

    def drop(x: Any) -> Any:
        return keras.layers.Dropout(shape.dropout, seed=next(made))(x) if shape.dropout else x

    values = keras.Input((shape.length + shape.features, shape.channels), name="light_curve")
    rows = values[:, : shape.length] if shape.features else values
    x = keras.layers.Conv1D(
        shape.d,
        shape.kernel,
        padding="same",
        activation="relu",
        name="embed",
        kernel_initializer=initial(seed=next(made)),
    )(rows)
    if shape.features:
        extra = dense(shape.d, "embed_features", "relu")(values[:, shape.length :])
        x = keras.layers.Concatenate(axis=1)([x, extra])
    x = Positions(name="positions")(x)
    q, k, v = (dense(shape.d, name)(x) for name in ("query", "key", "value"))
    observed = None if shape.coverage is None else observed_rows(values, shape)
    attention = Attention(shape.heads, name="attention")
    attended = dense(shape.d, "mix")(attention(q, k, v) if observed is None else attention(q, k, v, observed))
    x = norm("norm_attention")(x + drop(attended))
    forward = dense(shape.d, "narrow")(dense(shape.d_ff, "widen", "relu")(x))
    activations = norm("norm_forward")(x + drop(forward))
    if observed is not None:  # scaled so that the mean over all rows is the mean over the observed ones
        total = keras.ops.maximum(keras.ops.sum(observed, axis=1, keepdims=True), 1.0)
        activations = activations * (observed * (shape.length + shape.features) / total)
    pooled = keras.ops.mean(activations, axis=1)
    logits = dense(shape.classes, "head")(drop(pooled))
    return keras.Model(values, {"logits": logits, "activations": activations}, name="t2")


def parameter_count(model: keras.Model) -> int:
    """Trainable numbers of a network."""
    return int(sum(math.prod(w.shape) for w in model.trainable_weights))
