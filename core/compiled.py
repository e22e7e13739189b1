"""The network once more, compiled for many light curves at once: it reads the rows that were observed and no others.

A TFLite file runs all its rows for every light curve. Ours pool over observed rows and attend to them alone, so the rest
is computed for nothing: five sixths of it for an alert with a month of history. Here the observed rows of a whole batch
stand in one matrix, dense layers are one product each, and attention runs light curve by light curve. The weights are
those of the TFLite file, read from it by name; the answers agree with the interpreter's to rounding (a test holds both
to it on real alerts, and `compiled_network` checks it on loading).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
FAST = {"contract", "reassoc", "nsz", "arcp"}
_EPSILON = np.float32(1e-6)
_NAMES = (
    "embed_kernel", "embed_bias", "positions", "query_kernel", "query_bias", "key_kernel", "key_bias", "value_kernel",
    "value_bias", "mix_kernel", "mix_bias", "norm_attention_scale", "norm_attention_shift", "narrow_kernel", "narrow_bias",
    "norm_forward_scale", "norm_forward_shift", "head_weights", "head_bias",
)  # fmt: skip
_WIDEN = ("widen", "widen_normalised")


@dataclass(frozen=True)
class Attention:
    """Who attends to whom. weights : (heads, R, R), asking row by attended row, each asking row sums to 1.

    rows : (R,) which rows of the input these are: the observed ones, then those of appended features.
    """

    weights: Float32
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class CompiledNetwork:
    """A t2 of this project's own export. weights : by the names in the file, dense kernels as (in, out).

    heads : of attention. coverage : the channel that marks observed rows. features : R, appended rows.
    """

    weights: Mapping[str, Float32]
    heads: int
    coverage: int
    features: int

    def logits(self, values: Float32) -> Float32:
        """(B, C) logits of (B, L+R, M) inputs, before calibration."""
        return self.head(self.pooled(values))

    def head(self, pooled: Float32) -> Float32:
        """(B, C) logits of the (B, d) mean over rows: the last layer."""
        return pooled @ self.weights["head_weights"] + self.weights["head_bias"]

    def attention(self, values: Float32) -> Attention:
        """The attention weights of one light curve, (1, L+R, M)."""
        x, rows, _ = self._embedded(values)
        w = self.weights
        d = x.shape[1]
        asked = (x @ w["attention_kernel"] + w["attention_bias"])[:, : 2 * d]
        queries, keys = (part.reshape(len(x), self.heads, -1).transpose(1, 0, 2) for part in np.split(asked, 2, axis=1))
        scores = queries @ keys.transpose(0, 2, 1)
        scores = np.exp(scores - scores.max(axis=2, keepdims=True))
        return Attention(scores / scores.sum(axis=2, keepdims=True), rows)

    def pooled(self, values: Float32) -> Float32:
        """(B, d) mean over the observed rows of (B, L+R, M) inputs: what the last layer reads."""
        w = self.weights
        x, _, offsets = self._embedded(values)
        attended = _attention(x @ w["attention_kernel"] + w["attention_bias"], offsets, self.heads)
        x += attended @ w["mix_kernel"] + w["mix_bias"]
        normalised = _normalise(x)
        scaled = normalised * w["norm_attention_scale"] + w["norm_attention_shift"]
        folded = "widen_normalised_kernel" in w
        name = "widen_normalised" if folded else "widen"
        hidden = (normalised if folded else scaled) @ w[f"{name}_kernel"]
        hidden += w[f"{name}_bias"]
        np.maximum(hidden, 0, out=hidden)
        scaled += hidden @ w["narrow_kernel"]
        scaled += w["narrow_bias"]
        return _mean(_normalise(scaled), offsets) * w["norm_forward_scale"] + w["norm_forward_shift"]

    def _embedded(self, values: Float32) -> tuple[Float32, NDArray[np.int64], NDArray[np.int64]]:
        """(R, d) observed rows of all light curves with their positions, their numbers, and where each light curve starts."""
        w = self.weights
        rows, offsets, windows = _observed(
            values, self.coverage, self.features, w["embed_kernel"].shape[0] // values.shape[2]
        )
        x = np.maximum(windows @ w["embed_kernel"] + w["embed_bias"], 0)
        if self.features:
            appended = rows >= values.shape[1] - self.features
            extra = values[:, values.shape[1] - self.features :].reshape(-1, values.shape[2])
            x[appended] = np.maximum(extra @ w["embed_features_kernel"] + w["embed_features_bias"], 0)
        x += w["positions"][rows]
        return x, rows, offsets


def compiled_network(
    constants: Mapping[str, NDArray], heads: int, coverage: int, features: int
) -> CompiledNetwork | None:
    """The compiled network of a file's named constants; None where the file does not name them all."""
    widen = next((name for name in _WIDEN if f"{name}_kernel" in constants), None)
    names = [*_NAMES, *(["embed_features_kernel", "embed_features_bias"] if features else [])]
    if widen is None or any(name not in constants for name in names):
        return None
    weights = {}
    for name in (*names, f"{widen}_kernel", f"{widen}_bias"):
        value = np.asarray(constants[name], np.float32)
        if name == "embed_kernel":  # (d, 1, width, M) of a two-dimensional convolution -> (width x M, d)
            value = value.reshape(value.shape[0], -1).T
        elif name == "positions":
            value = value.reshape(-1, np.asarray(constants["query_bias"]).size)
        elif name.endswith("_kernel") or name == "head_weights":
            value = value.T
        weights[name] = np.ascontiguousarray(value)
    parts = ("query", "key", "value")
    weights["attention_kernel"] = np.ascontiguousarray(np.hstack([weights[f"{part}_kernel"] for part in parts]))
    weights["attention_bias"] = np.concatenate([weights[f"{part}_bias"] for part in parts])
    return CompiledNetwork(weights, heads, coverage, features)


@njit(cache=True)
def _observed(values, coverage, features, width):
    """Row numbers, first row of each light curve, and windows of ``width`` rows around each, of all observed rows."""
    n, length, m = values.shape
    curve_rows = length - features
    offsets = np.zeros(n + 1, np.int64)
    for b in range(n):
        count = features
        for i in range(curve_rows):
            count += values[b, i, coverage] > 0.5
        offsets[b + 1] = offsets[b] + count
    rows = np.empty(offsets[n], np.int64)
    windows = np.zeros((offsets[n], width * m), np.float32)
    half = width // 2
    at = 0
    for b in range(n):
        for i in range(curve_rows):
            if values[b, i, coverage] > 0.5:
                rows[at] = i
                for k in range(width):
                    row = i + k - half
                    if 0 <= row < curve_rows:  # zero beyond the ends, as the convolution pads
                        for c in range(m):
                            windows[at, k * m + c] = values[b, row, c]
                at += 1
        for i in range(curve_rows, length):
            rows[at] = i
            at += 1
    return rows, offsets, windows


@njit(cache=True, fastmath=FAST)
def _attention(x, offsets, heads):
    """(R, d) scaled dot-product attention within each light curve. x : (R, 3 d) queries (scaled), keys, values."""
    d = x.shape[1] // 3
    depth = d // heads
    out = np.zeros((x.shape[0], d), np.float32)
    longest = 0
    for b in range(offsets.size - 1):
        longest = max(longest, offsets[b + 1] - offsets[b])
    score = np.empty(longest, np.float32)
    keys = np.empty((d, longest), np.float32)
    for b in range(offsets.size - 1):
        lo, n = offsets[b], offsets[b + 1] - offsets[b]
        for j in range(n):
            for c in range(d):
                keys[c, j] = x[lo + j, d + c]
        for h in range(heads):
            first = h * depth
            for i in range(n):
                for j in range(n):
                    score[j] = np.float32(0.0)
                for c in range(first, first + depth):
                    q = x[lo + i, c]
                    for j in range(n):
                        score[j] += q * keys[c, j]
                top = score[0]
                for j in range(1, n):
                    top = max(top, score[j])
                total = np.float32(0.0)
                for j in range(n):
                    score[j] = np.exp(score[j] - top)
                    total += score[j]
                for j in range(n):
                    weight = score[j] / total
                    for c in range(depth):
                        out[lo + i, first + c] += weight * x[lo + j, 2 * d + first + c]
    return out


@njit(cache=True, fastmath=FAST)
def _normalise(x):
    """Layer norm without its scale and shift."""
    out = np.empty_like(x)
    d = x.shape[1]
    for i in range(x.shape[0]):
        mean = np.float32(0.0)
        for c in range(d):
            mean += x[i, c]
        mean /= np.float32(d)
        variance = np.float32(0.0)
        for c in range(d):
            variance += (x[i, c] - mean) * (x[i, c] - mean)
        factor = np.float32(1.0) / np.sqrt(variance / np.float32(d) + _EPSILON)
        for c in range(d):
            out[i, c] = (x[i, c] - mean) * factor
    return out


@njit(cache=True, fastmath=FAST)
def _mean(x, offsets):
    """(B, d) mean of each light curve's rows."""
    out = np.zeros((offsets.size - 1, x.shape[1]), np.float32)
    for b in range(offsets.size - 1):
        for i in range(offsets[b], offsets[b + 1]):
            for c in range(x.shape[1]):
                out[b, c] += x[i, c]
        for c in range(x.shape[1]):
            out[b, c] /= np.float32(max(offsets[b + 1] - offsets[b], 1))
    return out
