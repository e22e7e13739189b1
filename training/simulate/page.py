"""The page about the simulation: its table of parameters and its figures, all made from files.

    python -m training.simulate.page --data DATA --ztf build/sim-ztf.parquet --bts build/sim-bts.parquet \\
        --lsst build/sim-lsst.parquet --control build/control.json

Writes docs/simulation.md between its two marks, and the figures beside it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.bands import BANDS
from core.taxonomy import CLASS_NAMES, FIVE
from training.augment import same_band_gaps
from training.curves import CurveSet, read_parquet
from training.datasets import RealSet, load_real
from training.scored import sources_folder
from training.simulate.control import FORCED, real_of, side_of
from training.simulate.numbers import NUMBERS
from training.simulate.parameters import TABLE, TABLE_LSST, Law

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- made by training.simulate.page -->", "<!-- end -->"
#: What the distributions are shown of, and how the axis is named.
SHOWN = {
    "rise_r": "rise in r [d]", "half_width_r": "half width in r [d]", "peak_colour": "g - r at peak [mag]",
    "median_snr": "median S/N", "n_r": "points in r",
}  # fmt: skip


def law_in_words(law: Law) -> str:
    """One cell of the table: the law and its numbers."""
    values = {f.name: getattr(law, f.name) for f in fields(law)}  # type: ignore[arg-type]
    said = ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in values.items() if np.isfinite(v))
    return f"{type(law).__name__}: {said}"


def parameter_table() -> list[str]:
    """Markdown lines: class, parameter, law for ZTF, law for LSST where it differs."""
    lines = ["| class | parameter | law | for LSST |", "|---|---|---|---|"]
    for name, laws in TABLE.items():
        for parameter, law in laws.items():
            deep = TABLE_LSST.get(name, {}).get(parameter)
            lines.append(f"| {name} | {parameter} | {law_in_words(law)} | {law_in_words(deep) if deep else ''} |")
    return lines


def control_table(figures: dict[str, dict[str, Any]]) -> list[str]:
    """Markdown lines of what `training.simulate.control` found."""
    lines = ["| class | real | simulated | AUC, all numbers | AUC, cadence and noise | told most by |", "|---|---|---|---|---|---|"]  # fmt: skip
    for name, row in figures.items():
        by = ", ".join(word.replace("_", " ") for word in row["told by"][:3])
        lines.append(f"| {name} | {row['real']:,} | {row['simulated']:,} | {row['auc']} | {row['auc_cadence_noise']} | {by} |")  # fmt: skip
    return lines


def pyplot() -> Any:
    """matplotlib without a screen, and with the same file for the same picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 7, "axes.titlesize": 8, "axes.spines.top": False, "axes.spines.right": False})
    return plt


def examples_figure(curves: CurveSet, real: RealSet | None, path: Path, title: str) -> None:
    """Three simulated light curves of every class, and a real one where there is one."""
    plt = pyplot()
    columns = 3 + (real is not None)
    fig, axes = plt.subplots(len(CLASS_NAMES), columns, figsize=(2.6 * columns, 1.25 * len(CLASS_NAMES)))
    for row, name in zip(axes, CLASS_NAMES, strict=True):
        for k, ax in enumerate(row):
            of, kind = (curves, "simulated") if k < 3 else (real, "real")
            chosen = np.flatnonzero((of.objects["class"] == name).to_numpy() & (of.lengths >= 8))
            if kind == "real" and len(chosen):
                # Pictures of curves follow the licence of the curves.
                allowed = of.objects["licence_ok_for_shipping_curves"] & of.objects["use_for_training"]
                chosen = chosen[allowed.to_numpy(bool)[chosen] & (of.objects["origin"] == "alert").to_numpy()[chosen]]
            if not len(chosen):
                ax.axis("off")
                continue
            i = int(chosen[np.argsort(-of.lengths[chosen])[len(chosen) * (1 + k % 3) // 8]])
            _draw_curve(ax, of, i)
            ax.set_title(f"{name}, {kind}", pad=2)
    fig.suptitle(title, y=0.999)
    fig.supxlabel("days")
    fig.supylabel("flux [FLUXCAL]")
    fig.tight_layout(h_pad=0.3, w_pad=0.3)
    fig.savefig(path, dpi=75)
    plt.close(fig)


def _draw_curve(ax: Any, curves: CurveSet, i: int) -> None:
    here = curves.points(i)
    day = curves.mjd[here] - curves.mjd[here][0]
    found = np.ones(len(day), bool) if curves.detected is None else curves.detected[here]
    for b in np.unique(curves.band[here]):
        band, of = BANDS[b], curves.band[here] == b
        for mask, alpha in ((of & found, 1.0), (of & ~found, 0.25)):
            ax.errorbar(day[mask], curves.flux[here][mask], curves.flux_err[here][mask], fmt=".", ms=3, lw=0.5,
                        color=band.light, alpha=alpha)  # fmt: skip


def distributions_figure(real: RealSet, simulated: CurveSet, path: Path) -> None:
    """Real and simulated, class by class, after the same augmentation and cuts."""
    plt = pyplot()
    bts = (real.objects["source"] == "ztf_bts").to_numpy() & (real.objects["origin"] == "alert").to_numpy()
    gaps = same_band_gaps(real, bts)
    fig, axes = plt.subplots(len(FIVE), len(SHOWN), figsize=(2.2 * len(SHOWN), 1.5 * len(FIVE)))
    for row, name in zip(axes, FIVE, strict=True):
        rng = np.random.default_rng(1)
        sets = (real_of(real, name), simulated.take((simulated.objects["class"] == name).to_numpy()))
        sides = [side_of(c, gaps, rng, degraded=name in FORCED).values for c in sets]
        for ax, (number, label) in zip(row, SHOWN.items(), strict=True):
            values = [side[:, NUMBERS.index(number)] for side in sides]
            low, high = np.nanquantile(np.concatenate(values), [0.02, 0.98])
            for v, text, style in zip(values, ("real", "simulated"), ({"color": "0.6"}, {"color": "C3", "histtype": "step"}), strict=True):  # fmt: skip
                ax.hist(v, np.linspace(low, high, 22), density=True, label=text, **style)
            ax.set_yticks([])
            ax.set_xlabel(label, labelpad=1)
            ax.set_title(name, pad=2)
    axes[0, 0].legend(frameon=False)
    fig.tight_layout(h_pad=0.4, w_pad=0.4)
    fig.savefig(path, dpi=80)
    plt.close(fig)


def plasticc_figure(data: Path, lsst: CurveSet, path: Path) -> None:
    """Redshifts and dust of the LSST simulation beside PLAsTiCC's own training objects."""
    plt = pyplot()
    theirs = pd.read_parquet(data / "plasticc/objects.parquet")
    names = ("SNIa", "SNIa-91bg", "SNIax", "SNII", "SNIbc", "SLSN-I", "TDE", "AGN", "KN")
    fig, axes = plt.subplots(2, 5, figsize=(11, 3.6))
    label = theirs["class"].replace({"uLens-Single": "uLens"})
    for ax, name in zip(axes.flat, names, strict=False):
        ours = lsst.objects.loc[lsst.objects["class"] == name, "redshift_true"].to_numpy(float)
        _two(ax, theirs.loc[label == name, "true_z"].to_numpy(float), ours, f"{name}: true redshift")
    _two(axes.flat[-1], theirs["mwebv"].to_numpy(float), lsst.objects["mwebv"].to_numpy(float), "E(B-V) [mag]")
    axes.flat[-1].legend(frameon=False)
    fig.tight_layout()
    fig.savefig(path, dpi=80)
    plt.close(fig)


def _two(ax: Any, theirs: np.ndarray, ours: np.ndarray, title: str) -> None:
    edges = np.linspace(0, np.nanquantile(np.concatenate([theirs, ours]), 0.98), 25)
    ax.hist(theirs, edges, density=True, color="0.6", label="PLAsTiCC")
    ax.hist(ours, edges, density=True, color="C3", histtype="step", label="simulated here")
    ax.set_yticks([])
    ax.set_title(title, pad=2)


def write(path: Path, lines: list[str]) -> None:
    """Put lines between the marks of a page."""
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    for name in ("ztf", "bts", "lsst"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"what training.simulate wrote ({name})")
    parser.add_argument("--control", type=Path, required=True, help="what training.simulate.control --out wrote")
    args = parser.parse_args()
    real, lsst = load_real(args.data), read_parquet(args.lsst)
    ztf_title = "Simulated ZTF light curves, three per class, and a real one where there is one"
    examples_figure(read_parquet(args.ztf), real, DOCS / "simulated_ztf.png", ztf_title)
    lsst_title = "Simulated LSST light curves (faint points: forced photometry without detection)"
    examples_figure(lsst, None, DOCS / "simulated_lsst.png", lsst_title)
    distributions_figure(real, read_parquet(args.bts), DOCS / "simulated_against_real.png")
    plasticc_figure(args.data, lsst, DOCS / "simulated_against_plasticc.png")
    control = json.loads(args.control.read_text())
    write(DOCS / "simulation.md", [*control_table(control), "", "### Parameters", "", *parameter_table()])


if __name__ == "__main__":
    main()
