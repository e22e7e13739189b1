"""The network's sizes against their time: table and figure from ``shapes.json`` (`python -m training.shapes` measures it)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FIGURE = Path(__file__).resolve().parent.parent / "docs/shapes.svg"


REASONS = (
    "With two folds and one seed, losses that differ by 0.02 are not told apart. Four heads stay: with sixteen, as published, the "
    "interpreter needs two and a half times as long for a loss that is the same. Width 32 stays: twice the width buys a little at three "
    "and a half times the bytes, half of it loses a little. A second block buys about as much as twice the width, but the compiled "
    "network runs one block only. Fifty steps stay for the map, a row of which is three days: 32 steps are as good and cheaper, and "
    "the next to be tried. All shapes can be trained, exported and served: `Shape` in `training/network.py` names them."
)


def time_of(shape: dict[str, Any]) -> float:
    """Microseconds per light curve the way it would be served: by the compiled network where that can run it."""
    return shape.get("compiled_us", shape["interpreter_us"])


def shapes_block(shapes: dict[str, Any]) -> str:
    """Loss on objects not seen against microseconds, shape by shape."""
    lines = [
        "",
        "## What the network's sizes buy",
        "",
        "![Loss against microseconds per light curve](shapes.svg)",
        "",
        f"`{shapes['command']}`: each shape trained for {shapes['steps']} steps without folds "
        f"{' and '.join(str(k) for k in shapes['folds_left_out'])} in turn, judged on the real objects left out (log-loss over five "
        f"classes, equal weights, mean of five ages). One row changes one thing of the first. Times: real light curves of all ages, one core, load {shapes['load_before_timing']} before.",
        "",
        "| shape | parameters | bytes | log-loss | macro-F1, sample's mix | AUC (SN Ia) | interpreter [µs] | compiled [µs] |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, of in shapes["shapes"].items():
        compiled = f"{of['compiled_us']:.1f}" if "compiled_us" in of else "–"
        lines.append(
            f"| {name} | {of['parameters']:,} | {of['bytes']:,} | {of['log_loss_flat']:.3f} | {of['macro_f1_sample']:.3f} | "
            f"{of['auc_snia']:.3f} | {of['interpreter_us']:.1f} | {compiled} |"
        )
    return "\n".join([*lines, "", REASONS, ""])


def draw_shapes(shapes: dict[str, Any]) -> None:
    """Loss over time, one point per shape, the shipped one filled."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "t2scope"
    figure, axes = plt.subplots(figsize=(7.2, 3.6))
    for name, of in shapes["shapes"].items():
        x, y = time_of(of), of["log_loss_flat"]
        axes.plot(x, y, "o", color="#0072B2", fillstyle="full" if name == "shipped" else "none", markersize=7)
        axes.annotate(name, (x, y), textcoords="offset points", xytext=(7, 4), fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("µs per light curve, one core")
    axes.set_ylabel("log-loss on objects not seen")
    axes.margins(x=0.25, y=0.15)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(FIGURE, metadata={"Date": None})
    plt.close(figure)
