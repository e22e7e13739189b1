"""A TFLite file opened up: its weights by name, put back changed, stripped of what nobody reads, and stored in fewer bits.

Everything here works on the file itself, so a variant of a network is made in milliseconds and without TensorFlow: the
graph stays as `training.export` wrote it, and only the constants are other ones. Weights stored in fewer bits are followed
by one DEQUANTIZE each, which the runtime carries out once when the file is loaded: the arithmetic stays float32.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

FLOAT32 = schema.TensorType.FLOAT32
#: How weights can be stored: name -> bits, and the flatbuffer's type.
STORAGE: dict[str, tuple[int, int]] = {
    "float32": (32, FLOAT32),
    "float16": (16, schema.TensorType.FLOAT16),
    "int8": (8, schema.TensorType.INT8),
    "int4": (4, schema.TensorType.INT4),
}
#: Tensors that core reads by name besides weights.
READ = ("light_curve", "activations", "logits", "probabilities", "attention_scores")


def read(content: bytes) -> Any:
    """The file as an object tree that can be changed."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(content), 0))


def written(model: Any) -> bytes:
    """The object tree as a file."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def weights(content: bytes) -> dict[str, NDArray[np.float32]]:
    """The named float weights of a file of `training.export`, in the layout of the file (dense kernels as (out, in))."""
    model = read(content)
    return {
        _name(tensor): np.frombuffer(bytes(bytearray(data)), "<f4").reshape(tensor.shape).copy()
        for tensor, data in _constants(model)
        if tensor.type == FLOAT32 and is_weight(_name(tensor))
    }


def large_constants(content: bytes, size: int = 256) -> list[str]:
    """Names of the float constants of at least so many numbers: the matrices of a network whose file does not name them."""
    return [_name(t) for t, data in _constants(read(content)) if t.type == FLOAT32 and len(data) >= 4 * size]


def is_weight(name: str) -> bool:
    """Whether a tensor of this name holds weights or the table of positions."""
    return name.endswith(("_kernel", "_bias", "_scale", "_shift", "head_weights")) or name == "positions"


def patched(content: bytes, changed: Mapping[str, NDArray]) -> bytes:
    """The same file with other numbers in some weights. Raises ValueError for a name or a shape that the file has not."""
    model = read(content)
    left = dict(changed)
    for tensor, _ in _constants(model):
        if (values := left.pop(_name(tensor), None)) is None:
            continue
        shape = tuple(int(n) for n in tensor.shape)
        if shape != values.shape:
            raise ValueError(f"{_name(tensor)} has shape {shape} in the file, not {values.shape}")
        _store(model, tensor, np.ascontiguousarray(values, "<f4").tobytes())
    if left:
        raise ValueError(f"the file has no weight {next(iter(left))!r}")
    return written(model)


def lean(content: bytes) -> bytes:
    """The same network without what no runtime needs: names of intermediate results, empty tables, metadata, spare buffers."""
    model = read(content)
    graph = model.subgraphs[0]
    model.metadata, model.metadataBuffer, model.description, model.signatureDefs = None, None, None, None
    kept = [model.buffers[0]]
    place: dict[bytes, int] = {}
    ends = {int(i) for i in (*graph.inputs, *graph.outputs)}
    for index, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is None or not len(data):
            tensor.buffer = 0
        else:
            stored = bytes(bytearray(data))
            if stored not in place:
                place[stored] = len(kept)
                kept.append(model.buffers[tensor.buffer])
            tensor.buffer = place[stored]
        if tensor.quantization is not None and tensor.quantization.scale is None:
            tensor.quantization = None
        if index not in ends:
            tensor.shapeSignature = None
        if not is_weight(_name(tensor)) and _name(tensor) not in READ:
            tensor.name = None
    model.buffers = kept
    graph.name = None
    return written(model)


def packed(content: bytes, storage: Mapping[str, str]) -> bytes:
    """The same network with some weights in fewer bits. storage : weight's name -> a key of `STORAGE`.

    Integers have one scale per tensor, chosen for the smallest squared error; zero stays zero.
    """
    model = read(content)
    graph = model.subgraphs[0]
    unpack = []
    for index, tensor in enumerate(list(graph.tensors)):
        kind = storage.get(_name(tensor), "float32")
        if kind == "float32":
            continue
        values = np.frombuffer(bytes(bytearray(model.buffers[tensor.buffer].data)), "<f4").reshape(tensor.shape)
        small = schema.TensorT()
        small.name, small.shape, small.type, small.buffer = tensor.name, tensor.shape, STORAGE[kind][1], tensor.buffer
        if kind == "float16":
            stored = values.astype("<f2").tobytes()
        else:
            codes, scale = quantised(values, STORAGE[kind][0])
            small.quantization = schema.QuantizationParametersT()
            small.quantization.scale, small.quantization.zeroPoint = [float(scale)], [0]
            stored = two_per_byte(codes) if kind == "int4" else codes.astype(np.int8).tobytes()
        model.buffers[tensor.buffer].data = np.frombuffer(stored, np.uint8)
        tensor.name, tensor.buffer = None, 0
        graph.tensors.append(small)
        operator = schema.OperatorT()
        operator.inputs, operator.outputs = [len(graph.tensors) - 1], [index]
        unpack.append(operator)
    if unpack:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
        # Four-bit input came with the operator's sixth version; the oldest that serves keeps old runtimes able to read it.
        code.version = max(_DEQUANTIZE_VERSION[kind] for kind in storage.values())
        model.operatorCodes.append(code)
        for operator in unpack:
            operator.opcodeIndex = len(model.operatorCodes) - 1
        graph.operators = unpack + list(graph.operators)
    return written(model)


_DEQUANTIZE_VERSION = {"float32": 1, "int8": 2, "float16": 3, "int4": 6}


def quantised(values: NDArray, bits: int) -> tuple[NDArray[np.int64], float]:
    """Integer codes and their scale, the one of smallest squared error. Values that lie on such a grid stay as they are."""
    top = 2 ** (bits - 1) - 1
    largest = float(np.max(np.abs(values))) or 1.0
    # On a grid, the largest value is a whole number of steps; beside those, shares of the range that cut off its ends.
    steps = np.concatenate([np.arange((top + 1) // 2, top + 2), top / np.linspace(0.4, 1.0, 61)])
    scales = (largest / steps).astype(np.float32).astype(float)
    errors = [float(np.sum((codes_of(values, scale, bits) * scale - values) ** 2)) for scale in scales]
    scale = float(scales[int(np.argmin(errors))])
    return codes_of(values, scale, bits), scale


def codes_of(values: NDArray, scale: float, bits: int) -> NDArray[np.int64]:
    """The nearest integers of so many bits, in units of ``scale``."""
    return np.clip(np.round(values / scale), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(np.int64)


def two_per_byte(codes: NDArray[np.int64]) -> bytes:
    """Four-bit integers, the first in the low half of each byte, as TFLite stores them."""
    flat = codes.ravel() & 0xF
    flat = np.append(flat, np.zeros(len(flat) % 2, flat.dtype))
    return (flat[0::2] | flat[1::2] << 4).astype(np.uint8).tobytes()


def bytes_by_tensor(content: bytes) -> dict[str, int]:
    """Where the bytes are: of each named constant, of the unnamed ones together, and of the graph around them."""
    model = read(content)
    out: dict[str, int] = {}
    seen: set[int] = set()
    for tensor, data in _constants(model):
        if tensor.buffer in seen:
            continue
        seen.add(tensor.buffer)
        name = _name(tensor) if is_weight(_name(tensor)) else "other constants"
        out[name] = out.get(name, 0) + len(data)
    return {**dict(sorted(out.items(), key=lambda item: -item[1])), "graph": len(content) - sum(out.values())}


def operators(content: bytes) -> int:
    """Number of operators in the file."""
    return len(read(content).subgraphs[0].operators)


def _constants(model: Any) -> Iterable[tuple[Any, Any]]:
    for tensor in model.subgraphs[0].tensors:
        data = model.buffers[tensor.buffer].data
        if data is not None and len(data):
            yield tensor, data


def _store(model: Any, tensor: Any, content: bytes) -> None:
    """New bytes for a tensor; a buffer that several tensors share is left to the others."""
    if sum(other.buffer == tensor.buffer for other in model.subgraphs[0].tensors) > 1:
        model.buffers.append(schema.BufferT())
        tensor.buffer = len(model.buffers) - 1
    model.buffers[tensor.buffer].data = np.frombuffer(content, np.uint8)


def _name(tensor: Any) -> str:
    return tensor.name.decode() if tensor.name else ""
