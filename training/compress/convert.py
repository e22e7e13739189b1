"""Forms of a network that TensorFlow makes: SavedModel, and files that its converter quantises as published."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from training.compress import flatfile
from training.export import converter
from training.network import Shape


def saved_model(model: keras.Model, folder: Path) -> None:
    """Write the network as a SavedModel: what the published baseline is."""
    model.export(folder, format="tf_saved_model", verbose=False)


def folder_size(folder: Path) -> tuple[int, int]:
    """Bytes of a folder's files, and of the same files by DEFLATE at its highest level (the published "Huffman")."""
    contents = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    return sum(map(len, contents)), sum(len(zlib.compress(content, 9)) for content in contents)


def dynamic_range(model: keras.Model, shape: Shape) -> bytes:
    """Large matrices in eight bits, quantised activations computed on the fly: the published quantisation.

    One scale per tensor, since the older runtime can't read scales per channel.
    """
    made = converter(model, shape)
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    made._experimental_disable_per_channel = True
    return with_names(made.convert())


def full_int8(model: keras.Model, shape: Shape, examples: NDArray[np.float32]) -> bytes:
    """Weights and activations in eight bits, their ranges from the ``examples`` (E, L+R, M); input and output stay float32."""

    def representative() -> Iterable[list[NDArray[np.float32]]]:
        return ([example[None]] for example in examples)

    made = converter(model, shape)
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    made.representative_dataset = representative
    made.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    made._experimental_disable_per_channel = True
    return with_names(made.convert())


def with_names(content: bytes) -> bytes:
    """A converted file with names for the tensors that core reads, found by what they do in the graph.

    Raises ValueError for a graph that does not end in a dense layer, its logits and their softmax.
    """
    model = flatfile.read(content)
    graph = model.subgraphs[0]
    made_by = {int(i): op for op in graph.operators for i in op.outputs}

    def kind(operator: object) -> int:
        code = model.operatorCodes[operator.opcodeIndex]
        return max(code.builtinCode, code.deprecatedBuiltinCode)

    def above(tensor: int, wanted: int) -> object:
        found = made_by.get(int(tensor))
        while found is not None and kind(found) != wanted:
            found = made_by.get(int(found.inputs[0]))
        if found is None:
            raise ValueError("not a graph of training.export: its outputs don't come from a dense layer")
        return found

    operators = schema.BuiltinOperator
    named: dict[int, str] = {}
    for index in graph.outputs:
        if len(graph.tensors[index].shape) == 3:
            named[int(index)] = "activations"
            continue
        last = made_by[int(index)]
        while kind(last) in (operators.DEQUANTIZE, operators.QUANTIZE):
            last = made_by[int(last.inputs[0])]
        named[int(index)] = "probabilities" if kind(last) == operators.SOFTMAX else "logits"
        if kind(last) != operators.SOFTMAX:
            dense = above(index, operators.FULLY_CONNECTED)
            named[int(dense.inputs[1])], named[int(dense.inputs[2])] = "head_weights", "head_bias"
    if len(named) != 5:
        raise ValueError(f"the converted file has {sorted(named.values())}; expected five tensors to name")
    for index, tensor in enumerate(graph.tensors):
        if index not in graph.inputs:
            tensor.name = named[index].encode() if index in named else None
    return flatfile.written(model)
