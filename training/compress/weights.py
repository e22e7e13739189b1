"""Between a file's weights and the Keras network they came from, so that a shipped network can be taught further.

The converter folds two things away: the scale of the attention scores into the query, and the first norm's scale and shift into the
layer after it. `to_keras` unfolds them, `from_keras` folds them again; both ways nothing but rounding changes. Clusters
and grids of few bits are made of the folded weights, since those are what the file holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import keras
import numpy as np
from numpy.typing import NDArray

from training.network import Shape, build

Constants = dict[str, NDArray[np.float32]]
#: Layers of one kernel and one bias that the file holds as they are, but transposed.
_DENSE = ("query", "key", "value", "mix", "widen", "narrow", "embed_features", "head")
_NORMS = ("norm_attention", "norm_forward")


def shape_of(
    constants: Mapping[str, NDArray], *, length: int, features: int, heads: int, coverage: int | None
) -> Shape:
    """The sizes of the network whose weights these are; what they don't tell comes from the card's recipe."""
    d, _, kernel, channels = constants["embed_kernel"].shape
    wide = constants.get("widen_normalised_bias", constants.get("widen_bias"))
    if wide is None:
        raise ValueError(f"not the weights of one block of t2: {', '.join(constants)}")
    return Shape(
        length, features, channels, len(constants["head_bias"]), d=d, heads=heads, d_ff=wide.size, kernel=kernel,
        coverage=coverage,
    )  # fmt: skip


def to_keras(constants: Mapping[str, NDArray], shape: Shape) -> keras.Model:
    """The Keras network with the weights of a file."""
    model = build(shape)
    for name, values in unfolded(constants, shape).items():
        model.get_layer(name).set_weights(values)
    return model


def from_keras(model: keras.Model, shape: Shape, like: Mapping[str, NDArray]) -> Constants:
    """The weights of a network as its file holds them. like : weights of a file of the same shape, for names and layout."""
    return folded({layer.name: layer.get_weights() for layer in model.layers if layer.get_weights()}, shape, like)


def folded(layers: Mapping[str, list[NDArray]], shape: Shape, like: Mapping[str, NDArray]) -> Constants:
    """As `from_keras`, from the layers' weights by name."""
    out = {"positions": like["positions"]}
    factor = 1.0 / math.sqrt(shape.d // shape.heads)
    scale, shift = layers["norm_attention"]
    for name in _NORMS:
        out[f"{name}_scale"], out[f"{name}_shift"] = layers[name]
    out["embed_kernel"] = layers["embed"][0].transpose(2, 0, 1)[:, None]  # (width, M, d) -> (d, 1, width, M)
    out["embed_bias"] = layers["embed"][1]
    for name in _DENSE:
        if name not in layers:
            continue
        kernel, bias = layers[name]
        if name == "query":
            kernel, bias = kernel * factor, bias * factor
        stored = name
        if name == "widen" and "widen_normalised_kernel" in like:
            kernel, bias, stored = scale[:, None] * kernel, bias + shift @ kernel, "widen_normalised"
        out["head_weights" if name == "head" else f"{stored}_kernel"] = kernel.T
        out[f"{stored}_bias"] = bias
    return {name: np.ascontiguousarray(out[name], np.float32).reshape(value.shape) for name, value in like.items()}


def unfolded(constants: Mapping[str, NDArray], shape: Shape) -> dict[str, list[NDArray]]:
    """The weights of each Keras layer by its name, from those of a file: what `folded` undoes."""
    factor = math.sqrt(shape.d // shape.heads)
    out = {name: [constants[f"{name}_scale"].ravel(), constants[f"{name}_shift"].ravel()] for name in _NORMS}
    out["embed"] = [constants["embed_kernel"][:, 0].transpose(1, 2, 0), constants["embed_bias"].ravel()]
    scale, shift = out["norm_attention"]
    for name in _DENSE:
        stored = f"{name}_normalised" if f"{name}_normalised_kernel" in constants else name
        key = "head_weights" if name == "head" else f"{stored}_kernel"
        if key not in constants:
            continue
        kernel, bias = constants[key].T, constants[f"{stored}_bias"].ravel()
        if name == "query":
            kernel, bias = kernel * factor, bias * factor
        if stored != name:
            kernel = kernel / scale[:, None]
            bias = bias - shift @ kernel
        out[name] = [kernel, bias]
    return out
