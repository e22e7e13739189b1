"""Names for the weights inside an exported file, so that `core.compiled` finds them whatever the converter fused."""

from __future__ import annotations

from typing import Any

from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils


def name_weights(content: bytes) -> bytes:
    """The same file, its weights named by what they do: embed, query, key, value, mix, widen, narrow, norms, positions.

    Roles follow from the graph: the two products of attention tell query, key and value; the dense layers after them
    stand in order. Scales that the converter folded into a layer stay folded: the names say what the file computes.
    Raises ValueError for a graph that is not `training.export`'s.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    graph = _Graph(model)
    score, mix = graph.all("BATCH_MATMUL")
    named: dict[int, str] = {}
    dense = graph.all("FULLY_CONNECTED")
    traced = {
        "query": graph.above(score.inputs[0], "FULLY_CONNECTED"),
        "key": graph.above(score.inputs[1], "FULLY_CONNECTED"),
        "value": graph.above(mix.inputs[1], "FULLY_CONNECTED"),
    }
    rest = [op for op in dense if op not in traced.values()]
    features = [op for op in rest if graph.position(op) < graph.position(score)]
    traced |= dict(zip(["embed_features"] * len(features), features, strict=True))
    after = [op for op in rest if op not in features]
    traced |= dict(zip(("mix", "widen", "narrow"), after[:3], strict=True))
    traced["embed"] = graph.all("CONV_2D")[0]
    if graph.kind(graph.made_by[int(after[1].inputs[0])]) != "ADD":
        traced["widen_normalised"] = traced.pop("widen")  # the norm's scale and shift are folded into this layer
    for role, op in traced.items():
        named[op.inputs[1]], named[op.inputs[2]] = f"{role}_kernel", f"{role}_bias"
    for index in range(len(model.subgraphs[0].tensors)):
        if graph.size(index) == graph.size_of_positions and graph.is_constant(index):
            named[index] = "positions"
    for role, root in zip(("norm_attention", "norm_forward"), graph.all("RSQRT"), strict=True):
        scaled = [op for op in graph.ops[graph.position(root) :] if graph.kind(op) in ("MUL", "ADD")]
        constants = [
            (graph.kind(op), i) for op in scaled for i in op.inputs if graph.is_constant(i) and graph.size(i) > 1
        ]
        named[next(i for kind, i in constants if kind == "MUL")] = f"{role}_scale"
        named[next(i for kind, i in constants if kind == "ADD")] = f"{role}_shift"
    named[score.outputs[0]] = "attention_scores"  # its shape tells the number of heads
    for index, name in named.items():
        model.subgraphs[0].tensors[index].name = name.encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


class _Graph:
    """A flatbuffer's only graph: operators by kind, and the way up from a tensor."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.subgraphs[0]
        self.ops = list(self.graph.operators)
        self.names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
        self.made_by = {int(i): op for op in self.ops for i in op.outputs}
        embed = self.all("CONV_2D")
        if len(embed) != 1 or len(self.all("BATCH_MATMUL")) != 2 or len(self.all("RSQRT")) != 2:
            raise ValueError("not a graph of training.export: expected one convolution, one attention and two norms")
        query = self.above(self.all("BATCH_MATMUL")[0].inputs[0], "FULLY_CONNECTED")
        adds = [op for op in self.ops[: self.position(query)] if self.kind(op) == "ADD"]
        self.size_of_positions = max(self.size(i) for op in adds for i in op.inputs if self.is_constant(i))

    def kind(self, op: Any) -> str:
        code = self.model.operatorCodes[op.opcodeIndex]
        return self.names[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def all(self, kind: str) -> list[Any]:
        return [op for op in self.ops if self.kind(op) == kind]

    def position(self, op: Any) -> int:
        return next(i for i, other in enumerate(self.ops) if other is op)

    def above(self, tensor: int, kind: str) -> Any:
        """The operator of a kind that a tensor comes from, through operators that only rearrange or scale."""
        op = self.made_by[int(tensor)]
        while self.kind(op) != kind:
            if self.kind(op) not in ("TRANSPOSE", "RESHAPE", "MUL"):
                raise ValueError(f"not a graph of training.export: {self.kind(op)} where a dense layer was expected")
            op = self.made_by[int(op.inputs[0])]
        return op

    def is_constant(self, tensor: int) -> bool:
        return self.model.buffers[self.graph.tensors[tensor].buffer].data is not None

    def size(self, tensor: int) -> int:
        total = 1
        for n in self.graph.tensors[tensor].shape:
            total *= int(n)
        return total
