"""Train one network: AdamW, one-cycle, classes drawn ∝ n^0.4 and corrected for, weights averaged over the last quarter."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import atx
from training import network as t2
from training.network import Shape

#: No variable's gradient is longer than this.
CLIP = 1.0
#: Rows that training cuts light curves to: most have few observed rows, and the rest don't reach the answer.
WIDTHS = (8, 14, 22)


@dataclass(frozen=True)
class Schedule:
    """Hyper-parameters of a training. exponent : classes are drawn ∝ n^exponent.

    soft : share of the loss that is measured against the teachers, where there are any.
    """

    steps: int = 1800
    batch: int = 256
    learning_rate: float = 0.015
    weight_decay: float = 0.01
    exponent: float = 0.4
    average_last: float = 0.25
    soft: float = 0.7


@dataclass(frozen=True)
class Sample:
    """What a training draws from. values : (V, L, M). label : (V,). weight : (V,). objects : (C,) per class."""

    values: NDArray[np.float16]
    label: NDArray[np.int64]
    weight: NDArray[np.float64]
    objects: NDArray[np.float64]


def one_thread() -> None:
    """Keep TensorFlow to one thread; must come before it runs anything."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def strategy_here() -> tf.distribute.Strategy:
    """All GPUs at once where there are several (or several logical CPUs, for trying that out), else the one device."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def one_cycle(step: int, steps: int, peak: float) -> float:
    """Learning rate: a cosine rise over the first fifth, a cosine fall to a thousandth (Smith & Topin 2019)."""
    rise = 0.2 * steps
    if step < rise:
        return peak * (0.04 + 0.96 * 0.5 * (1 - np.cos(np.pi * step / rise)))
    return peak * (0.001 + 0.999 * 0.5 * (1 + np.cos(np.pi * (step - rise) / (steps - rise))))


def class_shares(objects: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """(C,) share of draws per class, ∝ n^exponent, zero where a class has no object."""
    shares = np.where(objects > 0, np.maximum(objects, 1e-9) ** exponent, 0.0)
    return shares / shares.sum()


def train(
    sample: Sample,
    shape: Shape,
    schedule: Schedule,
    *,
    seed: int,
    prepare: Callable[[NDArray, NDArray, np.random.Generator], NDArray] | None = None,
    teachers: Sequence[keras.Model] = (),
    network: Callable[[Shape, int], keras.Model] = t2.build,
    hold: Callable[[keras.Model], None] | None = None,
    progress: Callable[[str], None] = print,
    keep_losses: Callable[[NDArray[np.float32]], None] | None = None,
) -> keras.Model:
    """A trained network whose logits stand for equal priors: the shares of the draws are added before the loss.

    prepare(values, indices, rng) : called on every batch, e.g. to append feature rows; float32 in and out.
    teachers : trained networks whose mean answer is learned besides the label, on the very batch that is drawn
    (distillation: Hinton, Vinyals & Dean 2015). network : `training.network.build` (t2) or `training.atx.build`, or what
    gives a network that goes on from where it stands. hold : called after every step and at the end, to keep weights in
    their clusters or on a grid. keep_losses : given the loss of every step (S,) at the end (`training.losses`). Several devices (`strategy_here`) share each batch and give the same network as one.
    """
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    strategy = strategy_here()
    with strategy.scope():
        model = network(shape, seed)
        optimiser = keras.optimizers.AdamW(schedule.learning_rate, weight_decay=schedule.weight_decay)
        optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        optimiser.build(model.trainable_variables)
    shares = class_shares(sample.objects, schedule.exponent)
    offset = tf.constant(np.log(np.maximum(shares, 1e-6)), tf.float32)
    step_once = _step([model, *teachers], shape, optimiser, offset, schedule.soft if teachers else 0.0, strategy)
    draw = drawer(sample, shares, rng)
    one_hot = np.eye(len(shares), dtype=np.float32)
    averaged = [np.zeros(w.shape) for w in model.get_weights()]
    keep = hold or (lambda _: None)
    keep(model)
    taken, losses, clock = 0, [], time.perf_counter()
    for step in range(schedule.steps):
        index = draw(schedule.batch)
        values = sample.values[index].astype(np.float32)
        if prepare is not None:
            values = prepare(values, index, rng)
        optimiser.learning_rate.assign(one_cycle(step, schedule.steps, schedule.learning_rate))
        losses.append(step_once(values, one_hot[sample.label[index]]))
        keep(model)
        if step >= (1 - schedule.average_last) * schedule.steps and step % 5 == 0:
            averaged = [a + w for a, w in zip(averaged, model.get_weights(), strict=True)]
            taken += 1
        if (step + 1) % 300 == 0 or step + 1 == schedule.steps:
            recent = float(np.mean([float(x) for x in losses[-100:]]))
            progress(f"  step {step + 1}/{schedule.steps}  loss {recent:.3f}  {time.perf_counter() - clock:.0f} s")
    if keep_losses is not None:
        keep_losses(np.array([float(x) for x in losses], np.float32))
    if taken:  # a run of a few steps may end before any is averaged
        model.set_weights([a / taken for a in averaged])
    keep(model)
    return model


def predict(model: keras.Model, values: NDArray, *, chunk: int = 1024) -> NDArray[np.float32]:
    """(V, C) logits."""
    run = tf.function(lambda x: model(x, training=False)["logits"], reduce_retracing=True)
    parts = [run(tf.constant(values[i : i + chunk].astype(np.float32))) for i in range(0, len(values), chunk)]
    return np.concatenate([np.asarray(p) for p in parts])


def widths_of(shape: Shape) -> tuple[int, ...]:
    """The `WIDTHS` that fit into a grid, which may be shorter than the widest."""
    return tuple(width for width in WIDTHS if width <= shape.length)


def windows(values: NDArray[np.float32], target: NDArray, shape: Shape) -> list[tf.Tensor]:
    """A batch cut to the rows that reach the answer, by width: values, first rows and targets for each of `widths_of`, then all rows.

    values : (B, L+R, M). Half a kernel beyond the observed rows is kept, so the logits are those of the whole grid. A part
    that would be empty, which a convolution can't take, holds a light curve whose target is zero and counts for nothing.
    """
    if shape.coverage is None:
        return [tf.constant(values), tf.constant(target)]
    length, margin = shape.length, shape.kernel // 2
    seen = values[:, :length, shape.coverage] > 0
    first = np.maximum(np.argmax(seen, axis=1) - margin, 0)
    last = np.minimum(length - 1 - np.argmax(seen[:, ::-1], axis=1) + margin, length - 1)
    widths = widths_of(shape)
    bucket = np.searchsorted(widths, last - first + 1)
    parts = []
    for k, width in enumerate(widths):
        here, aimed = _or_idle(bucket == k, target)
        start = np.minimum(first[here], length - width)
        rows = start[:, None] + np.arange(width)
        rows = np.concatenate(
            [rows, np.broadcast_to(np.arange(length, values.shape[1]), (len(here), shape.features))], 1
        )
        parts += [values[here[:, None], rows], start[:, None].astype(np.int32), aimed]
    here, aimed = _or_idle(bucket == len(widths), target)
    return [tf.constant(part) for part in (*parts, values[here], aimed)]


def _or_idle(chosen: NDArray[np.bool_], target: NDArray) -> tuple[NDArray[np.int64], NDArray]:
    here = np.flatnonzero(chosen)
    return (here, target[here]) if len(here) else (np.zeros(1, np.int64), np.zeros_like(target[:1]))


def _step(
    models: Sequence[keras.Model],
    shape: Shape,
    optimiser: keras.optimizers.Optimizer,
    offset: tf.Tensor,
    soft: float,
    strategy: tf.distribute.Strategy,
) -> Callable[[NDArray, NDArray], tf.Tensor]:
    """One step of the first model on a batch, which the devices share; the other models teach it."""
    windowed = {"t2": t2.windowed, "atx": atx.windowed}
    widths = () if shape.coverage is None else widths_of(shape)
    narrow = [[windowed[model.name](model, shape, width) for model in models] for width in widths]
    devices = strategy.num_replicas_in_sync

    def loss_of(networks: Sequence[keras.Model], values: Any, target: tf.Tensor) -> tf.Tensor:
        student, *teachers = networks
        counted = tf.reduce_sum(target, axis=1)
        if teachers:
            told = [tf.nn.log_softmax(teacher(values, training=False)["logits"]) for teacher in teachers]
            taught = tf.nn.softmax(tf.add_n(told) / len(told) + offset)  # in the mix of the draws, as the student
            target = (1 - soft) * target + soft * tf.stop_gradient(taught)
        logits = student(values, training=True)["logits"] + offset
        return tf.reduce_sum(counted * tf.nn.softmax_cross_entropy_with_logits(target, logits))

    def share(size: tf.Tensor, *parts: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(models, parts[-2], parts[-1])
            for k, networks in enumerate(narrow):
                values, start, target = parts[3 * k : 3 * k + 3]
                loss += loss_of(networks, [values, start], target)
            loss /= size
        variables = models[0].trainable_variables
        slopes = tape.gradient(loss, variables)
        if devices > 1:
            # Summed before it is clipped, as one device would; Keras sums over the devices once more, hence the division.
            slopes = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, slopes)
        slopes = [tf.clip_by_norm(slope, CLIP) / devices for slope in slopes]
        optimiser.apply_gradients(zip(slopes, variables, strict=True))
        return loss

    @tf.function(reduce_retracing=True)
    def step(size: tf.Tensor, *parts: Any) -> tf.Tensor:
        losses = strategy.run(share, (size, *parts))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def on_batch(values: NDArray, target: NDArray) -> tf.Tensor:
        shares = [windows(values[d::devices], target[d::devices], shape) for d in range(devices)]
        parts = shares[0] if devices == 1 else [_on_each(strategy, column) for column in zip(*shares, strict=True)]
        return step(tf.constant(target.sum(), tf.float32), *parts)

    return on_batch


def _on_each(strategy: tf.distribute.Strategy, values: Sequence[tf.Tensor]) -> Any:
    """One value for each device."""
    return strategy.experimental_distribute_values_from_function(lambda c: values[c.replica_id_in_sync_group])


def drawer(sample: Sample, shares: NDArray, rng: np.random.Generator) -> Callable[[int], NDArray[np.int64]]:
    """Draws so many indices of a sample: classes by ``shares`` (C,), versions within one by their weight."""
    members = [np.flatnonzero(sample.label == c) for c in range(len(shares))]
    ladders = [np.cumsum(sample.weight[m]) for m in members]

    def draw(size: int) -> NDArray[np.int64]:
        counts = rng.multinomial(size, shares)
        parts = [
            m[np.searchsorted(ladder, rng.random(k) * ladder[-1], side="right")]
            for m, ladder, k in zip(members, ladders, counts, strict=True)
            if k
        ]
        return np.concatenate(parts)

    return draw
