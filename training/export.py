"""From a trained Keras network to the TFLite file that core reads: plain operations, named tensors, three outputs.

The graph is written out by hand rather than converted layer by layer: every reshape has one unknown size, so that the
batch stays dynamic without the twenty shape operations that Keras' three-dimensional dense layers bring.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

from training.atx import separable_layers
from training.network import LAYER_NORM_EPSILON, UNSEEN, Shape, block_names, positions
from training.weight_names import name_weights

#: What a card's ``tensors`` says of every file made here: the names are written into the file.
TENSORS: dict[str, str] = {
    "activations": "activations",
    "logits": "logits",
    "probabilities": "probabilities",
    "head_weights": "head_weights",
    "head_bias": "head_bias",
}


def export(model: keras.Model, shape: Shape) -> bytes:
    """A float32 TFLite file of ``model``: outputs logits (B, C), probabilities (B, C), activations (B, L+R, d).

    model : a t2 of `training.network` or an atx of `training.atx`, told apart by its name.
    """
    content = _with_names(converter(model, shape).convert(), _weights(model)["head"])
    return name_weights(content) if model.name == "t2" and shape.blocks == 1 else content


def converter(model: keras.Model, shape: Shape) -> Any:
    """TensorFlow's converter of the plain-operations graph of ``model``, for whoever wants other settings than float32."""
    graph = {"t2": _forward, "atx": _forward_atx}[model.name]
    weights, rows = _weights(model), shape.length + shape.features

    @tf.function(input_signature=[tf.TensorSpec([None, rows, shape.channels], tf.float32, name="light_curve")])
    def forward(values: Any) -> dict[str, Any]:
        return graph(values, weights, shape)

    return tf.lite.TFLiteConverter.from_concrete_functions([forward.get_concrete_function()], forward)


def _weights(model: keras.Model) -> dict[str, list[np.ndarray]]:
    return {layer.name: [np.asarray(w) for w in layer.get_weights()] for layer in model.layers if layer.get_weights()}


def _forward(values: Any, weights: dict[str, list[np.ndarray]], shape: Shape) -> dict[str, Any]:
    rows, d = shape.length + shape.features, shape.d

    def dense(x: Any, name: str) -> Any:
        kernel, bias = weights[name]
        return tf.matmul(x, tf.constant(kernel)) + tf.constant(bias)

    x = _embed(values, weights, shape)
    table = positions(rows, d).reshape(1, rows * d)
    x = tf.reshape(tf.reshape(x, [-1, rows * d]) + tf.constant(table), [-1, d])
    observed = None if shape.coverage is None else _observed_rows(values, shape)
    for of_block in block_names(shape):
        q, k, v = (dense(x, of_block(name)) for name in ("query", "key", "value"))
        attended = dense(_attend(q, k, v, observed, shape), of_block("mix"))
        x = _norm(x + attended, *weights[of_block("norm_attention")])
        forward = dense(tf.nn.relu(dense(x, of_block("widen"))), of_block("narrow"))
        x = _norm(x + forward, *weights[of_block("norm_forward")])
    activations = tf.reshape(x, [-1, rows, d])
    if observed is not None:
        total = tf.maximum(tf.reduce_sum(observed, axis=1, keepdims=True), 1.0)
        activations = activations * (observed * (float(rows) / total))
    logits = dense(tf.reduce_mean(activations, axis=1), "head")
    return {"logits": logits, "probabilities": tf.nn.softmax(logits), "activations": activations}


def _forward_atx(values: Any, weights: dict[str, list[np.ndarray]], shape: Shape) -> dict[str, Any]:
    rows, length = shape.length + shape.features, shape.length
    observed = None if shape.coverage is None else _observed_rows(values, shape)

    def masked(x: Any) -> Any:  # (B L, d) -> (B, L, d)
        x = tf.reshape(x, [-1, length, x.shape[-1]])
        return x if observed is None else x * observed[:, :length]

    def separable(x: Any, name: str) -> Any:
        deep, point, bias = weights[name]
        x = tf.reshape(tf.nn.relu(x), [-1, 1, length, deep.shape[1]])
        x = tf.nn.depthwise_conv2d(x, tf.constant(deep[None]), strides=[1, 1, 1, 1], padding="SAME")
        x = tf.matmul(tf.reshape(x, [-1, deep.shape[1]]), tf.constant(point[0])) + tf.constant(bias)
        return masked(_norm(x, *weights[f"norm_{name}"]))

    kernel, bias = weights["embed"]
    x = tf.nn.conv1d(values[:, :length], tf.constant(kernel), stride=1, padding="SAME") + tf.constant(bias)
    if shape.features:
        kernel, bias = weights["tell_features"]
        told = tf.matmul(tf.reshape(values[:, length:, :1], [-1, shape.features]), tf.constant(kernel))
        x = x + tf.reshape(told + tf.constant(bias), [-1, 1, shape.d])
    x = masked(tf.nn.relu(x))
    names = [name for name, _ in separable_layers(shape)]
    for first, second in zip(names[:-2:2], names[1:-2:2], strict=True):
        x = x + separable(separable(x, first), second)
    activations = separable(separable(x, names[-2]), names[-1])
    if shape.features:
        kernel, bias = weights["embed_features"]
        extra = tf.matmul(tf.reshape(values[:, length:], [-1, shape.channels]), tf.constant(kernel)) + tf.constant(bias)
        extra = tf.reshape(tf.nn.relu(extra), [-1, shape.features, shape.d_ff])
        activations = tf.concat([activations, extra], axis=1)
    if observed is not None:
        total = tf.maximum(tf.reduce_sum(observed, axis=1, keepdims=True), 1.0)
        activations = activations * (observed * (float(rows) / total))
    kernel, bias = weights["head"]
    logits = tf.matmul(tf.reduce_mean(activations, axis=1), tf.constant(kernel)) + tf.constant(bias)
    return {"logits": logits, "probabilities": tf.nn.softmax(logits), "activations": activations}


def _observed_rows(values: Any, shape: Shape) -> Any:
    """As in `training.network.observed_rows`."""
    observed = values[:, : shape.length, shape.coverage : shape.coverage + 1]
    if not shape.features:
        return observed
    return tf.concat([observed, tf.ones_like(values[:, shape.length :, :1])], axis=1)


def _embed(values: Any, weights: dict[str, list[np.ndarray]], shape: Shape) -> Any:
    """(B, L+R, d): the convolution over the light curve's rows, the dense embedding of the features' rows."""
    kernel, bias = weights["embed"]
    rows = values[:, : shape.length] if shape.features else values
    x = tf.nn.relu(tf.nn.conv1d(rows, tf.constant(kernel), stride=1, padding="SAME") + tf.constant(bias))
    if not shape.features:
        return x
    kernel, bias = weights["embed_features"]
    extra = tf.reshape(values[:, shape.length :], [-1, shape.channels])
    extra = tf.nn.relu(tf.matmul(extra, tf.constant(kernel)) + tf.constant(bias))
    return tf.concat([x, tf.reshape(extra, [-1, shape.features, shape.d])], axis=1)


def _attend(q: Any, k: Any, v: Any, observed: Any, shape: Shape) -> Any:
    depth, rows = shape.d // shape.heads, shape.length + shape.features

    def split(x: Any) -> Any:
        return tf.transpose(tf.reshape(x, [-1, rows, shape.heads, depth]), [0, 2, 1, 3])

    score = tf.matmul(split(q * (1.0 / math.sqrt(depth))), split(k), transpose_b=True)
    if observed is not None:
        score = score - UNSEEN * (1.0 - tf.reshape(observed, [-1, 1, 1, rows]))
    mixed = tf.matmul(tf.nn.softmax(score), split(v))
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, shape.d])


def _norm(x: Any, scale: np.ndarray, shift: np.ndarray) -> Any:
    mean = tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axis=-1, keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + LAYER_NORM_EPSILON) * tf.constant(scale) + tf.constant(shift)


def _with_names(content: bytes, head: list[np.ndarray]) -> bytes:
    """The same file with readable, unique names for the tensors that core reads.

    The converter names tensors after the operations it fused, which changes from version to version.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    graph = model.subgraphs[0]
    by_rank = {len(graph.tensors[i].shape): i for i in graph.outputs}
    made_by_softmax = _outputs_of(model, "SOFTMAX")
    named = {by_rank[3]: "activations"}
    for index in graph.outputs:
        if index != by_rank[3]:
            named[index] = "probabilities" if index in made_by_softmax else "logits"
    kernel, bias = head
    for index, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is None or tensor.type != 0:
            continue
        numbers = np.asarray(data, np.uint8).tobytes()
        if numbers in (kernel.T.astype(np.float32).tobytes(), kernel.astype(np.float32).tobytes()):
            named[index] = "head_weights"
        elif numbers == bias.astype(np.float32).tobytes():
            named[index] = "head_bias"
    if sorted(named.values()) != sorted(TENSORS.values()):
        raise ValueError(f"the converted file has {sorted(named.values())}; expected {sorted(TENSORS.values())}")
    for index, tensor in enumerate(graph.tensors):
        if index in named:
            tensor.name = named[index].encode()
        elif index not in graph.inputs:
            tensor.name = f"t{index}".encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _outputs_of(model: Any, operator: str) -> set[int]:
    """Tensor indices that operators of one kind write."""
    from tensorflow.lite.python import schema_py_generated as schema

    code = getattr(schema.BuiltinOperator, operator)
    graph = model.subgraphs[0]
    kinds = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    return {int(i) for op in graph.operators if kinds[op.opcodeIndex] == code for i in op.outputs}
