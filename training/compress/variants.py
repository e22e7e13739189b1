"""The variants: what is done to the float network, in the order of the table, and how each file is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.compress import flatfile
from training.compress.codebook import Clusters, Grid, Hold, clustered, kernels, pruned_mask
from training.compress.tune import Lesson, student, tuned
from training.compress.weights import Constants, to_keras
from training.export import export
from training.network import Shape

#: Sweeps that need no fine-tuning: distinct values of every matrix, and the share of weights that become zero.
CENTROIDS = (2, 4, 8, 16, 32, 64, 128, 256)
SPARSITIES = (0.011, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9)
#: Sizes of the student: a fifth of the parameters.
STUDENT = {"d": 16, "d_ff": 48}
#: Share of zeros of the variant that is clustered and pruned.
PRUNED = 0.5


@dataclass(frozen=True)
class Network:
    """One of the six networks of a model: a fold's, or the final one. content : its float file as shipped.

    shape : None where the file does not name the weights. lesson : what it may learn from, made when first asked for. examples : light curves for the ranges of full int8.
    work : where finished weights are kept.
    """

    name: str
    content: bytes
    shape: Shape | None
    lesson: Callable[[], Lesson]
    examples: NDArray[np.float32]
    work: Path
    seed: int

    @property
    def constants(self) -> Constants:
        return flatfile.weights(self.content)

    def held(self, key: str) -> bytes:
        """The float file with the weights of a fine-tuning that kept a promise of `holds`."""
        path = self.work / f"{key}-{self.name}.npz"
        if not path.exists():
            print(f"fine-tuning {key}, {self.name}", flush=True)
            np.savez(path, **tuned(self.content, self.lesson(), holds(key, self.constants), seed=self.seed))
        with np.load(path) as arrays:
            return flatfile.patched(self.content, {name: arrays[name] for name in arrays.files})

    def student(self) -> bytes:
        """A smaller network, taught by this one."""
        path = self.work / f"student-{self.name}.tflite"
        if not path.exists():
            print(f"student, {self.name}", flush=True)
            path.write_bytes(export(*student(self.content, self.lesson(), STUDENT, seed=self.seed)))
        return path.read_bytes()


def holds(key: str, constants: Mapping[str, NDArray]) -> Hold:
    """What a fine-tuning keeps, by name."""
    every = tuple(kernels(constants))
    if key == "clustered-last":
        return Clusters(("head_weights",), 16, linear=True)
    if key == "clustered-all":
        return Clusters(every, 16)
    if key == "clustered-pruned":
        return Clusters(every, 16, keep=pruned_mask(constants, every, PRUNED))
    if key == "grid4":
        return Grid(every, 4)
    raise ValueError(f"unknown promise {key!r}")


@dataclass(frozen=True)
class Variant:
    """One row of the table. make : the file of one network. storage : how the card calls its format.

    tuned : whether weights were trained further. saved_model : whether it is also measured as a SavedModel.
    """

    key: str
    title: str
    what: str
    storage: str
    make: Callable[[Network], bytes]
    tuned: bool = False
    saved_model: bool = False


def in_few_bits(content: bytes, matrices: str, positions: str = "int8") -> bytes:
    """A lean file with its matrices and its table of positions in fewer bits; biases and norms stay float32."""
    named = flatfile.weights(content)
    names = kernels(named) if "positions" in named else flatfile.large_constants(content)
    return flatfile.lean(flatfile.packed(content, {**dict.fromkeys(names, matrices), "positions": positions}))


def _half(content: bytes) -> bytes:
    return flatfile.lean(flatfile.packed(content, dict.fromkeys(flatfile.large_constants(content), "float16")))


def _dynamic(content: bytes, shape: Shape | None) -> bytes:
    assert shape is not None
    from training.compress.convert import dynamic_range

    return dynamic_range(to_keras(flatfile.weights(content), shape), shape)


def _full(network: Network) -> bytes:
    assert network.shape is not None
    from training.compress.convert import full_int8

    return full_int8(to_keras(network.constants, network.shape), network.shape, network.examples)


VARIANTS = (
    Variant("float32", "float32, as trained", "The float network, every weight in 32 bits: the baseline of all differences.",
            "float32", lambda n: n.content, saved_model=True),
    Variant("lean", "float32, lean file", "The same numbers without names, metadata and spare tables that no runtime needs.",
            "float32", lambda n: flatfile.lean(n.content)),
    Variant("float16", "float16 weights", "Every matrix and the table of positions in 16 bits; the runtime unpacks them on loading and "
            "computes in float32.", "float16", lambda n: _half(n.content)),
    Variant("int8-weights", "8-bit weights", "Every matrix and the table of positions in 8 bits with one scale each; unpacked on loading, "
            "computed in float32.", "weights-int8", lambda n: in_few_bits(n.content, "int8")),
    Variant("int4-weights", "4-bit weights, not fine-tuned", "Every matrix on a grid of 16 values, rounded without further training.",
            "weights-int4", lambda n: in_few_bits(n.content, "int4")),
    Variant("int4-tuned", "4-bit weights, fine-tuned", "Every matrix on a grid of 16 values, trained on while held to it. The grid of 16 values "
            "is what makes clusters count in the file itself, not in its zip alone.", "weights-int4",
            lambda n: in_few_bits(n.held("grid4"), "int4"), tuned=True),
    Variant("dynamic", "dynamic-range int8 (converter)", "The published quantisation: large matrices in 8 bits, products computed in integers, "
            "the rest float32.", "dynamic", lambda n: _dynamic(n.content, n.shape)),
    Variant("int8-full", "full int8 (converter)", "Weights and activations in 8 bits, ranges from 200 training light curves. One step has to span "
            "the mask of unobserved rows as well, so little is left for the rest.", "int8", _full),
    Variant("clustered-last", "clustered, last layer", "16 clusters from a linear start in the final dense layer, fine-tuned: the published clustering.",
            "float32", lambda n: n.held("clustered-last"), tuned=True, saved_model=True),
    Variant("clustered-last-dynamic", "clustered, last layer, dynamic-range int8", "Clustered and quantised together: the published pair.",
            "dynamic", lambda n: _dynamic(n.held("clustered-last"), n.shape), tuned=True),
    Variant("clustered-all", "clustered, all matrices", "16 clusters in every matrix, fine-tuned, stored as float32: the zip gains, the file does not.",
            "float32", lambda n: n.held("clustered-all"), tuned=True, saved_model=True),
    Variant("clustered-all-int8", "clustered, all matrices, 8-bit weights", "The same, its 16 values stored in 8 bits.",
            "weights-int8", lambda n: in_few_bits(n.held("clustered-all"), "int8"), tuned=True),
    Variant("clustered-pruned", "clustered and half pruned", "16 clusters in every matrix and half of its weights zero, fine-tuned.",
            "float32", lambda n: n.held("clustered-pruned"), tuned=True, saved_model=True),
    Variant("student-float32", "smaller student", "A network with a third of the weights, taught by the float network from nothing.",
            "float32", lambda n: flatfile.lean(n.student()), tuned=True),
    Variant("student-int8", "smaller student, 8-bit weights", "The student's matrices in 8 bits.", "weights-int8",
            lambda n: in_few_bits(n.student(), "int8"), tuned=True),
)  # fmt: skip


def swept(content: bytes) -> dict[str, Any]:
    """Files of the sweeps that need no fine-tuning: (kind, setting) -> file."""
    constants = flatfile.weights(content)
    every = kernels(constants)
    out: dict[tuple[str, float], bytes] = {}
    for k in CENTROIDS:
        out["centroids", k] = flatfile.patched(content, {name: clustered(constants[name], k) for name in every})
    for share in SPARSITIES:
        masks = pruned_mask(constants, every, share)
        out["sparsity", share] = flatfile.patched(content, {name: constants[name] * masks[name] for name in every})
    return out
