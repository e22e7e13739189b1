"""The loss of every step of a training, kept beside its network and drawn: ``losses.svg`` in the work folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Steps that one point of a curve is the mean of: single batches scatter by more than a training gains in a hundred.
SMOOTHED = 50


def keeper(network: Path) -> Callable[[NDArray[np.float32]], None]:
    """Writes losses (S,) beside the path of a network: ``NAME.losses.npy``."""

    def keep(values: NDArray[np.float32]) -> None:
        np.save(network.with_name(network.name + ".losses.npy"), values)

    return keep


def smoothed(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Steps and mean losses of stretches of `SMOOTHED` steps; what is left over at the end counts as one."""
    edges = np.arange(0, len(values), SMOOTHED)
    ends = np.append(edges[1:], len(values))
    return ends.astype(float), np.add.reduceat(values.astype(float), edges) / (ends - edges)


def draw(work: Path, out: Path) -> None:
    """Draw the curves of all networks of a work folder.

    Teachers' are dotted; the loss of a network that is taught is counted against labels and teachers, theirs against labels.
    """
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for path in sorted(work.glob("*.losses.npy")):
        name = re.sub(r"-[0-9a-f]{8}(?=\.|$)", "", path.name.removesuffix(".losses.npy").removesuffix(".weights"))
        axes.plot(*smoothed(np.load(path)), label=name, lw=1, ls=":" if "teacher" in name else "-")
    axes.set(xlabel="step", ylabel=f"training loss, mean of {SMOOTHED} steps")
    axes.legend(fontsize=6, ncols=2)
    figure.savefig(out)
    plt.close(figure)
