"""The training of `training.fit` for t2, compiled: observed rows alone, gradients by hand, three times as fast on one core.

For studies that train dozens of networks (`training.ablations`). What is shipped is trained by Keras, which also knows
atx, teachers and appended features; a test holds logits and gradients here against Keras's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
from numba import njit
from numpy.typing import NDArray

from training.fit import Sample, Schedule, class_shares, drawer, one_cycle
from training.network import LAYER_NORM_EPSILON, Shape, build, positions

Array = NDArray[np.float32]
Weights = dict[str, Array]
#: Keras's AdamW.
_BETA_1, _BETA_2, _TINY = 0.9, 0.999, 1e-7
#: Keras clips the gradient of every variable by itself.
_CLIP = 1.0


class Rows(NamedTuple):
    """The observed rows of some light curves, one after the other.

    seen : (N, K·M) each with the rows beside it that the convolution reads. place : (N,) its row on the grid.
    offsets : (B+1,) where each light curve begins.
    """

    seen: Array
    place: NDArray[np.int64]
    offsets: NDArray[np.int64]


@dataclass(frozen=True)
class Observed:
    """Light curves and where their observed rows lie. values : (V, L, M). first, count : (V,)."""

    values: NDArray
    first: NDArray[np.int64]
    count: NDArray[np.int64]

    def rows(self, index: NDArray[np.int64], kernel: int) -> Rows:
        """The observed rows of the light curves ``index``."""
        count, first = self.count[index], self.first[index]
        offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        owner = np.repeat(np.arange(len(index)), count)
        place = first[owner] + np.arange(offsets[-1]) - offsets[owner]
        around = place[:, None] + np.arange(kernel) - kernel // 2
        inside = (around >= 0) & (around < self.values.shape[1])
        seen = self.values[index[owner][:, None], np.where(inside, around, 0)].astype(np.float32)
        return Rows((seen * inside[..., None]).reshape(len(place), -1), place, offsets)


def observed(values: NDArray, covered: NDArray[np.bool_]) -> Observed:
    """Where the observed rows lie. covered : (V, L) bool, one stretch of rows each, as every recipe makes it."""
    count = covered.sum(axis=1).astype(np.int64)
    return Observed(values, np.argmax(covered, axis=1).astype(np.int64), count)


def weights_of(model: keras.Model) -> Weights:
    """The weights of a t2 by layer, kernels as matrices; ``set_weights`` is the way back."""
    out: Weights = {}
    for layer in model.layers:
        for value, kind in zip(layer.get_weights(), ("w", "b"), strict=False):
            out[f"{layer.name}.{kind}"] = np.ascontiguousarray(
                value.reshape(-1, value.shape[-1]) if kind == "w" and value.ndim > 1 else value
            )
    return out


def set_weights(model: keras.Model, weights: Mapping[str, Array]) -> None:
    """Put weights into a Keras t2."""
    for layer in model.layers:
        shapes = [w.shape for w in layer.get_weights()]
        if shapes:
            layer.set_weights([weights[f"{layer.name}.{k}"].reshape(s) for k, s in zip("wb", shapes, strict=True)])


def forward(weights: Weights, rows: Rows, table: Array, heads: int) -> tuple[Array, dict[str, Any]]:
    """Logits (B, C), and what `backward` needs. table : (L, d) position encoding."""
    w = weights
    kept: dict[str, Any] = {}
    embedded = rows.seen @ w["embed.w"] + w["embed.b"]
    kept["embedded"] = embedded > 0
    x = kept["x"] = np.maximum(embedded, 0) + table[rows.place]
    d = x.shape[1]
    scale = np.float32(1 / np.sqrt(d // heads))
    q, k, v = ((x @ w[f"{n}.w"] + w[f"{n}.b"]) for n in ("query", "key", "value"))
    q = q * scale
    length = np.diff(rows.offsets)
    at = np.concatenate([[0], np.cumsum(length * length * heads)])
    share, mixed = np.empty(at[-1], np.float32), np.empty_like(x)
    _attend(q, k, v, rows.offsets, heads, mixed, share, at)
    kept |= {"q": q, "k": k, "v": v, "share": share, "at": at, "mixed": mixed, "scale": scale}
    first, kept["first"] = _normalised(x + mixed @ w["mix.w"] + w["mix.b"], w, "norm_attention")
    wide = np.maximum(first @ w["widen.w"] + w["widen.b"], 0)
    second, kept["second"] = _normalised(first + wide @ w["narrow.w"] + w["narrow.b"], w, "norm_forward")
    pooled = np.add.reduceat(second, rows.offsets[:-1], axis=0) / length[:, None].astype(np.float32)
    kept |= {"normed": first, "wide": wide, "pooled": pooled, "length": length}
    return pooled @ w["head.w"] + w["head.b"], kept


def backward(weights: Weights, rows: Rows, kept: dict[str, Any], wrong: Array, heads: int) -> Weights:
    """Gradient of the loss by weight. wrong : (B, C) its gradient by logit."""
    w, g = weights, {}
    length = kept["length"]

    def dense(name: str, came_in: Array, slope: Array) -> Array:
        g[f"{name}.w"], g[f"{name}.b"] = came_in.T @ slope, slope.sum(axis=0)
        return slope @ w[f"{name}.w"].T

    spread = dense("head", kept["pooled"], wrong) / length[:, None].astype(np.float32)
    slope = _normalised_back(np.repeat(spread, length, axis=0), kept["second"], w, g, "norm_forward")
    wide = dense("narrow", kept["wide"], slope) * (kept["wide"] > 0)
    slope = slope + dense("widen", kept["normed"], wide)
    slope = _normalised_back(slope, kept["first"], w, g, "norm_attention")
    mixed = dense("mix", kept["mixed"], slope)
    dq, dk, dv = (np.zeros_like(mixed) for _ in range(3))
    _attend_back(
        kept["q"], kept["k"], kept["v"], rows.offsets, heads, kept["share"], kept["at"], mixed, dq, dk, dv,
        np.empty(int(length.max()), np.float32),
    )  # fmt: skip
    for name, part in (("query", dq * kept["scale"]), ("key", dk), ("value", dv)):
        slope = slope + dense(name, kept["x"], part)
    embedded = slope * kept["embedded"]
    g["embed.w"], g["embed.b"] = rows.seen.T @ embedded, embedded.sum(axis=0)
    return g


class AdamW:
    """Keras's AdamW with its clipping: kernels decay, biases and norms do not."""

    def __init__(self, weights: Weights, decay: float) -> None:
        self._decay, self._step = decay, 0
        self._mean = {name: np.zeros_like(w) for name, w in weights.items()}
        self._square = {name: np.zeros_like(w) for name, w in weights.items()}

    def step(self, weights: Weights, gradient: Weights, rate: float) -> None:
        """Change ``weights`` in place."""
        self._step += 1
        bias = np.sqrt(1 - _BETA_2**self._step) / (1 - _BETA_1**self._step)
        for name, slope in gradient.items():
            size = float(np.sqrt((slope * slope).sum()))
            slope = slope * np.float32(min(1.0, _CLIP / max(size, 1e-30)))
            w, mean, square = weights[name], self._mean[name], self._square[name]
            if name.endswith(".w") and w.ndim > 1:
                w -= np.float32(rate * self._decay) * w
            mean += (slope - mean) * np.float32(1 - _BETA_1)
            square += (slope * slope - square) * np.float32(1 - _BETA_2)
            w -= np.float32(rate * bias) * mean / (np.sqrt(square) + np.float32(_TINY))


def train(sample: Sample, covered: NDArray[np.bool_], shape: Shape, schedule: Schedule, *, seed: int) -> keras.Model:
    """What `training.fit.train` returns for a t2 of one block without features, teachers or dropout.

    covered : (V, L) which rows were observed. It comes apart from the values, so that a network can be trained without
    being told.
    """
    if shape.features or shape.dropout or shape.blocks != 1:
        raise ValueError(f"the compiled training knows one block without features and dropout, not {shape}")
    rng = np.random.default_rng(seed)
    model = build(shape, seed)
    weights, table = weights_of(model), positions(shape.length, shape.d)
    curves, one_hot = observed(sample.values, covered), np.eye(shape.classes, dtype=np.float32)
    shares = class_shares(sample.objects, schedule.exponent)
    offset = np.log(np.maximum(shares, 1e-6)).astype(np.float32)
    optimiser, draw = AdamW(weights, schedule.weight_decay), drawer(sample, shares, rng)
    summed, taken = {name: np.zeros(w.shape) for name, w in weights.items()}, 0
    for step in range(schedule.steps):
        index = draw(schedule.batch)
        rows = curves.rows(index, shape.kernel)
        logits, kept = forward(weights, rows, table, shape.heads)
        wrong = (softmax(logits + offset) - one_hot[sample.label[index]]) / np.float32(len(index))
        gradient = backward(weights, rows, kept, wrong, shape.heads)
        optimiser.step(weights, gradient, one_cycle(step, schedule.steps, schedule.learning_rate))
        if step >= (1 - schedule.average_last) * schedule.steps and step % 5 == 0:
            summed = {name: total + weights[name] for name, total in summed.items()}
            taken += 1
    # A run of a few steps may end before any is averaged.
    mean = {name: (total / taken).astype(np.float32) for name, total in summed.items()} if taken else weights
    set_weights(model, mean)
    return model


def logits_of(model: keras.Model, values: NDArray, covered: NDArray[np.bool_], shape: Shape) -> Array:
    """(V, C) logits of a t2, over its observed rows."""
    weights, table, curves = weights_of(model), positions(shape.length, shape.d), observed(values, covered)
    parts = np.array_split(np.arange(len(values)), max(1, len(values) // 1024))
    return np.concatenate([forward(weights, curves.rows(i, shape.kernel), table, shape.heads)[0] for i in parts])


def softmax(x: Array) -> Array:
    """(B, C) shares that sum to one."""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _normalised(x: Array, w: Weights, name: str) -> tuple[Array, tuple[Array, Array]]:
    """Layer norm per row, and (the rows before scale and shift, one over their deviation)."""
    centred = x - x.mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.float32(LAYER_NORM_EPSILON))
    unit = centred * inverse
    return unit * w[f"{name}.w"] + w[f"{name}.b"], (unit, inverse)


def _normalised_back(slope: Array, kept: tuple[Array, Array], w: Weights, g: Weights, name: str) -> Array:
    unit, inverse = kept
    g[f"{name}.w"], g[f"{name}.b"] = (slope * unit).sum(axis=0), slope.sum(axis=0)
    scaled = slope * w[f"{name}.w"]
    along = (scaled * unit).mean(axis=1, keepdims=True)
    return (scaled - scaled.mean(axis=1, keepdims=True) - unit * along) * inverse


@njit(cache=True, fastmath=True)
def _attend(q, k, v, offsets, heads, out, share, at):  # type: ignore[no-untyped-def]
    depth = q.shape[1] // heads
    out[:] = 0
    for b in range(offsets.size - 1):
        low, n = offsets[b], offsets[b + 1] - offsets[b]
        for h in range(heads):
            c, base = h * depth, at[b] + h * n * n
            for i in range(n):
                largest, total = np.float32(-1e30), np.float32(0)
                row = share[base + i * n : base + i * n + n]
                for j in range(n):
                    score = np.float32(0)
                    for e in range(depth):
                        score += q[low + i, c + e] * k[low + j, c + e]
                    row[j] = score
                    largest = max(largest, score)
                for j in range(n):
                    row[j] = np.exp(row[j] - largest)
                    total += row[j]
                for j in range(n):
                    row[j] /= total
                    for e in range(depth):
                        out[low + i, c + e] += row[j] * v[low + j, c + e]


@njit(cache=True, fastmath=True)
def _attend_back(q, k, v, offsets, heads, share, at, slope, dq, dk, dv, room):  # type: ignore[no-untyped-def]
    depth = q.shape[1] // heads
    for b in range(offsets.size - 1):
        low, n = offsets[b], offsets[b + 1] - offsets[b]
        for h in range(heads):
            c, base = h * depth, at[b] + h * n * n
            for i in range(n):
                row = share[base + i * n : base + i * n + n]
                mean = np.float32(0)
                for j in range(n):
                    s = np.float32(0)
                    for e in range(depth):
                        s += slope[low + i, c + e] * v[low + j, c + e]
                        dv[low + j, c + e] += row[j] * slope[low + i, c + e]
                    room[j] = s
                    mean += s * row[j]
                for j in range(n):
                    back = row[j] * (room[j] - mean)
                    for e in range(depth):
                        dq[low + i, c + e] += back * k[low + j, c + e]
                        dk[low + j, c + e] += back * q[low + i, c + e]
