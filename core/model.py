"""Model: a card and a TFLite file, from tensor to probabilities, logits and the activations before pooling."""

from __future__ import annotations

import importlib
import logging
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.card import CardError, ModelCard, load_card
from core.compiled import Attention, CompiledNetwork, compiled_network
from core.novelty import Novelty, novelty_of
from core.recipe import Recipe, TensorBatch

#: Models that come with the project.
MODELS = Path(__file__).resolve().parent.parent / "models"
#: Inference in chunks of 32: larger ones overflow the cache and cost half as much again per light curve.
CHUNK = 32
#: The compiled network's chunk: its matrices stay in the cache.
COMPILED_CHUNK = 256
log = logging.getLogger(__name__)
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Inference:
    """What a network says of B light curves.

    logits : (B, C) before calibration. activations : (B, L+R, d) before global average pooling.
    raw : (B, C) the network's own softmax.
    """

    logits: Float32
    raw: Float32
    activations: Float32

    @property
    def pooled(self) -> Float32:
        """(B, d) the embedding: the mean over rows, which is what the last layer reads."""
        return np.mean(self.activations, axis=1)


@dataclass(frozen=True)
class Answers:
    """What many light curves are scored by. logits : (B, C) before calibration. pooled : (B, d), as `Inference.pooled`."""

    logits: Float32
    pooled: Float32


@lru_cache(maxsize=1)
def find_interpreter() -> tuple[str, Any]:
    """Name and class of the first TFLite runtime that works here: ai-edge-litert, else tflite-runtime.

    tflite-runtime imports under NumPy 2 but dies at the first interpreter, so it is only tried under NumPy 1.
    Raises RuntimeError naming what was tried.
    """
    names = ["ai_edge_litert.interpreter", "tflite_runtime.interpreter"]
    if int(np.__version__.split(".")[0]) >= 2:
        names.remove("tflite_runtime.interpreter")
    problems = []
    for name in names:
        try:
            return name.split(".")[0].replace("_", "-"), importlib.import_module(name).Interpreter
        except Exception as error:  # an ABI mismatch is not an ImportError
            problems.append(f"{name}: {error}")
    raise RuntimeError("No TFLite runtime works here. Tried " + "; ".join(problems))


def golden_input(length: int, width: int) -> Float32:
    """The fixed input of the start-up check: (1, L+R, M), smooth, bounded, the same on every machine."""
    grid = np.arange(length * width, dtype=np.float64).reshape(1, length, width)
    return np.sin(0.37 * grid).astype(np.float32)


class _Session:
    """One interpreter with a fixed batch size. Never shared between threads: TFLite is not thread-safe."""

    def __init__(self, content: bytes, tensors: Mapping[str, str], batch: int) -> None:
        _, interpreter_class = find_interpreter()
        self._interpreter = interpreter_class(model_content=content, num_threads=1)
        self.outputs_activations = tensors["activations"] in {d["name"] for d in self._interpreter.get_output_details()}
        if not self.outputs_activations:
            # The published file does not output its activations: keeping all tensors lets them be read by name.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._interpreter = interpreter_class(
                    model_content=content, num_threads=1, experimental_preserve_all_tensors=True
                )
        details = self._interpreter.get_input_details()[0]
        self.input_shape = tuple(int(n) for n in details["shape"][1:])
        self._input = details["index"]
        self._interpreter.resize_tensor_input(self._input, [batch, *self.input_shape])
        self._interpreter.allocate_tensors()
        self.batch = batch
        self._details = {d["name"]: d for d in self._interpreter.get_tensor_details()}
        missing = [name for name in tensors.values() if name not in self._details]
        if missing:
            raise CardError(f"the model file has no tensor {missing[0]!r}, which its card names")
        self._tensors = tensors
        self._index = {role: self._details[name]["index"] for role, name in tensors.items()}

    def constant(self, role: str) -> Float32:
        """A constant that the card names, as float32 whatever the file stores it in."""
        return self._number(self._tensors[role])

    def _number(self, name: str) -> Float32:
        details = self._details[name]
        stored = np.array(self._interpreter.get_tensor(details["index"]))
        stored_as = details["quantization_parameters"]
        scale = stored_as["scales"]
        if not len(scale):
            return stored.astype(np.float32)
        shape = [1] * stored.ndim
        if len(scale) > 1:
            shape[stored_as["quantized_dimension"]] = len(scale)
        zero = stored_as["zero_points"].astype(np.float32).reshape(shape)
        return ((stored.astype(np.float32) - zero) * scale.reshape(shape)).astype(np.float32)

    def named_constants(self) -> dict[str, NDArray]:
        """Weights of a file of this project's own export, by name; the shape of the attention scores among them."""
        ends = ("_kernel", "_bias", "_scale", "_shift", "positions", "head_weights")
        out: dict[str, NDArray] = {name: self._number(name) for name in self._details if name.endswith(ends)}
        if "attention_scores" in self._details:
            out["attention_scores"] = np.asarray(self._details["attention_scores"]["shape"])
        return out

    def run(self, values: Float32) -> tuple[Float32, Float32, Float32]:
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        read = self._interpreter.get_tensor
        return read(self._index["logits"]), read(self._index["probabilities"]), read(self._index["activations"])


class Model:
    """A model ready to score: card, recipe, checked file, and one interpreter per thread.

    card : its `ModelCard`. recipe : in force. sha256 : of the file that answers. fold : which fold model, or None.
    variant : name of another form of the same network that was asked for (``float32``: as trained), or None for the one
    that the card serves.
    head_weights (d, C), head_bias (C,) : the last layer, from which the class activation map is made.
    """

    def __init__(
        self, card: ModelCard, *, recipe_name: str | None = None, fold: int | None = None, variant: str | None = None
    ) -> None:
        self.card = card
        self.recipe_name = recipe_name or str(card.data["default_recipe"])
        self.recipe: Recipe = card.recipe(recipe_name)
        self.fold = fold
        self.variant = None if variant == card.served else variant
        self._content, self.sha256 = card.file(fold=fold, variant=self.variant)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._fold_models: dict[int, Model] = {}
        session = self._session(1)
        self.head_weights = self._oriented(session.constant("head_weights"))
        self.head_bias = session.constant("head_bias").ravel()
        #: False where the file does not output what the map is made of, and it is read inside the interpreter.
        self.outputs_activations = session.outputs_activations
        if fold is None:
            self._check_golden(session)
        self._compiled = self._compile(session)
        #: What novelty is measured by; None for a model without its embedding file, and for variants of a file.
        self.novelty_measure: Novelty | None = novelty_of(card) if self.variant is None else None

    @property
    def name(self) -> str:
        return self.card.name

    def fold_of(self, object_id: str) -> int | None:
        """The fold of training that holds an object, by any of its names; None when it was not among them."""
        return _folds_of(self.card.folder).get(object_id)

    def for_object(self, object_id: str) -> Model:
        """The model that answers for an object: the fold model that has not seen it, or this one when none has."""
        fold = self.fold_of(object_id) if self.fold is None and self.card.has_folds(self.variant) else None
        if fold is None:
            return self
        with self._lock:
            if fold not in self._fold_models:
                self._fold_models[fold] = Model(
                    self.card, recipe_name=self.recipe_name, fold=fold, variant=self.variant
                )
        return self._fold_models[fold]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.card.classes

    @property
    def runtime(self) -> str:
        """The TFLite runtime in use, for the page and for benchmark records."""
        return find_interpreter()[0]

    def weights(self) -> dict[str, Float32]:
        """The named weights of the file, as float32 whatever it stores them in; only the head's where it names no others."""
        found = self._session(1).named_constants()
        return {name: values.astype(np.float32) for name, values in found.items() if name != "attention_scores"}

    def infer(self, batch: TensorBatch) -> Inference:
        """Run the network on a batch of tensors."""
        values = with_features(batch.values, batch.features)
        n: int = len(values)
        if n == 1:
            logits, raw, activations = self._session(1).run(values)
            return Inference(logits, raw, activations)
        session = self._session(CHUNK)
        parts = []
        for start in range(0, n, CHUNK):
            chunk = values[start : start + CHUNK]
            if len(chunk) < CHUNK:  # pad rather than resize: allocating costs more than the idle rows
                padded = np.zeros((CHUNK, values.shape[1], values.shape[2]), np.float32)
                padded[: len(chunk)] = chunk
                parts.append(tuple(part[: len(chunk)] for part in session.run(padded)))
            else:
                parts.append(session.run(chunk))
        logits, raw, activations = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Inference(logits, raw, activations)

    def logits(self, batch: TensorBatch) -> Float32:
        """(B, C) logits alone, as `answers` gives them."""
        return self.answers(batch).logits

    def answers(self, batch: TensorBatch) -> Answers:
        """Logits and embedding, as `infer` gives them to rounding: by the compiled network where the file allows it."""
        if self._compiled is None:
            inference = self.infer(batch)
            return Answers(inference.logits, inference.pooled)
        network = self._compiled
        values = with_features(batch.values, batch.features)
        parts = [network.pooled(values[i : i + COMPILED_CHUNK]) for i in range(0, len(values), COMPILED_CHUNK)]
        pooled = np.concatenate(parts) if parts else np.zeros((0, len(self.head_weights)), np.float32)
        return Answers(network.head(pooled), pooled)

    def attention(self, tensor: TensorBatch) -> Attention | None:
        """The attention weights of a batch of one; None where the file does not name the weights they are made of."""
        return (
            None if self._compiled is None else self._compiled.attention(with_features(tensor.values, tensor.features))
        )

    def _compile(self, session: _Session) -> CompiledNetwork | None:
        """The compiled network, when the file names its weights and both answer alike; None otherwise."""
        coverage = self.recipe.coverage_channel
        constants = session.named_constants()
        if coverage is None or "attention_scores" not in constants:
            return None
        heads = int(constants["attention_scores"][1])
        network = compiled_network(constants, heads, coverage, len(self.recipe.features))
        length, width = session.input_shape
        probe = golden_input(length, width)
        probe[:, :, coverage] = np.arange(length) % 7 < 3
        if network is None or np.max(np.abs(network.logits(probe) - session.run(probe)[0])) > 1e-4:
            log.warning("%s is not run by the compiled network: it does not answer as its file does", self.name)
            return None
        return network

    def novelty(self, pooled: NDArray, n_points: NDArray) -> NDArray[np.float64]:
        """(B,) how unlike the training set: share of known objects that lie nearer; NaN where the model has no measure.

        pooled : (B, d) of this network. n_points : (B,) points that entered the Gaussian process.
        """
        if self.novelty_measure is None:
            return np.full(len(pooled), np.nan)
        return self.novelty_measure.score(pooled, n_points, self.fold)

    def calibrate(self, logits: NDArray, n_points: NDArray, prior: Prior | None = None) -> NDArray[np.float64]:
        """(B, C) probabilities under a prior: temperature (and bias) by number of points, then Bayes' rule.

        n_points : (B,) points that entered the Gaussian process. prior : the card's own when None.
        """
        scores = logits.astype(np.float64)
        calibration = self.card.data.get("calibration")
        if calibration:
            # Linear in ln n between the fitted ages, constant outside.
            x = np.log(np.asarray(n_points, dtype=float))
            knots = np.log(np.asarray(calibration["n_points"], dtype=float))
            scores = scores / np.interp(x, knots, calibration["temperature"])[:, None]
            if "bias" in calibration:
                bias = np.asarray(calibration["bias"], dtype=float)
                scores = scores + np.stack([np.interp(x, knots, column) for column in bias.T], axis=1)
        weights = (prior or self.prior).weights
        if weights is not None:
            scores = scores + np.log(np.maximum(weights, 1e-12))
        scores -= scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        return p / p.sum(axis=1, keepdims=True)

    @property
    def prior(self) -> Prior:
        """The prior that the card declares."""
        declared = self.card.data["prior"]
        if not declared["weights"]:
            return Prior(declared["name"], None)
        return Prior(declared["name"], np.array([declared["weights"][c] for c in self.classes], dtype=float))

    def equal_prior(self) -> Prior:
        """Every class as likely as any other before the light curve is seen."""
        return Prior("equal", None if self.prior.weights is None else np.ones(len(self.classes)))

    def _session(self, batch: int) -> _Session:
        sessions = getattr(self._local, "sessions", None)
        if sessions is None:
            sessions = self._local.sessions = {}
        if batch not in sessions:
            sessions[batch] = _Session(self._content, self.card.data["tensors"], batch)
        return sessions[batch]

    def _oriented(self, weights: Float32) -> Float32:
        """The head's weights as (d, C): TFLite stores a dense layer transposed."""
        matrix = weights.reshape(weights.shape[-2], weights.shape[-1])
        return matrix.T if len(matrix) == len(self.classes) else matrix

    def _check_golden(self, session: _Session) -> None:
        entry = self.card.entry(variant=self.variant)
        golden = entry.get("golden")
        if golden is None:
            return
        expected = np.asarray(golden)
        length, width = session.input_shape
        got = session.run(golden_input(length, width))[1][0]
        worst = float(np.max(np.abs(got - expected)))
        # Eight-bit arithmetic rounds differently from runtime to runtime; weights in few bits alone don't.
        tolerance = 0.05 if entry["format"] in ("int8", "dynamic") else 1e-4
        if not worst <= tolerance:
            raise CardError(
                f"{self.name}: the start-up check differs by {worst:.2g} in a probability (at most {tolerance:g} expected): "
                f"the runtime {self.runtime} does not compute this file as its author did"
            )


@lru_cache(maxsize=16)
def _folds_of(folder: Path) -> dict[str, int]:
    """Name of a training object -> its fold, from a model folder's seen.parquet; empty where a model has no fold models."""
    table = folder / "seen.parquet"
    if not table.is_file() or not (folder / "folds").is_dir():
        return {}
    columns = pq.read_table(table, columns=["name", "fold"])
    return {str(oid): int(fold) for oid, fold in zip(*(c.to_pylist() for c in columns.columns), strict=True)}


@dataclass(frozen=True)
class Prior:
    """How likely each class is before the light curve is seen. weights : (C,), or None where a card declares none."""

    name: str
    weights: NDArray[np.float64] | None


def with_features(values: Float32, features: Float32) -> Float32:
    """(B, L+R, M): each appended feature becomes one more row, tiled over the channels (Allam & McEwen 2021, §3.4)."""
    if not features.shape[1]:
        return values
    rows = np.repeat(features[:, :, None], values.shape[2], axis=2)
    return np.concatenate([values, rows], axis=1).astype(np.float32)


def load_model(
    name: str | Path, *, root: str | Path = MODELS, fold: int | None = None, variant: str | None = None
) -> Model:
    """A model by name (``t2-ztf``), by name and recipe (``t2-published-gr@as-trained``), or by folder.

    Raises CardError when there is no such model, its card is malformed, or its file is not the one described.
    """
    text, _, recipe_name = str(name).partition("@")
    folder = Path(text) if Path(text).is_dir() and (Path(text) / "card.json").exists() else Path(root) / text
    return Model(load_card(folder), recipe_name=recipe_name or None, fold=fold, variant=variant)
