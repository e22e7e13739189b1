"""How many light curves a second: from memory, from columnar files, from packets, against the published way.

    python -m bench.throughput FOLDER [--model t2-ztf] [--out bench/results.json]

FOLDER holds ZTF alerts (Avro). "Classified" counts what was scored after all cuts; alerts without a point in both bands
are counted apart. One process, one BLAS thread; contenders take turns, so that a neighbour's noise meets all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.published_way import alert_table, score_one
from core.brokers.files.many import iter_files
from core.flat import FlatCurves, flatten
from core.gp.george import fit_gp_george
from core.lightcurve import LightCurve
from core.model import Model, load_model
from core.pipeline import classify, score_flat
from core.refusal import BadInput, Refusal
from stream.columns import read_columns, write_columns
from stream.score import SUFFIXES

ROUNDS = 5
#: Alerts that are timed, drawn from the real ones.
TIMED = 20_000
#: Alerts and seconds that Rubin has between two visits, and alerts of a night.
VISIT, CADENCE, NIGHT = 10_000, 37.0, 10_000_000


def read_all(folder: Path) -> list[LightCurve]:
    """All light curves of a folder, one per alert."""
    return curves_of(sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES))


def curves_of(paths: Sequence[Path]) -> list[LightCurve]:
    """All light curves of some files; what can't be read is said on stderr."""
    out: list[LightCurve] = []
    for path, items in iter_files(paths):
        try:
            out += [item for item in items if isinstance(item, LightCurve)]
        except BadInput as error:
            print(f"{path.name}: {error.message[:100]}", file=sys.stderr)
    return out


def jittered(curves: FlatCurves, rng: np.random.Generator) -> FlatCurves:
    """The same alerts with fluxes redrawn within their errors and times moved by seconds: simulated, all different."""
    flux = curves.flux + curves.flux_err * rng.standard_normal(len(curves.flux))
    days = np.repeat(rng.uniform(-1e-4, 1e-4, len(curves)), np.diff(curves.offsets))
    return FlatCurves(curves.offsets, curves.mjd + days, flux, curves.flux_err, curves.band, curves.forced)


def repeated(curves: FlatCurves, n: int, rng: np.random.Generator) -> FlatCurves:
    """``n`` jittered alerts drawn in turn from ``curves``."""
    parts = [jittered(curves, rng) for _ in range(-(-n // len(curves)))]
    offsets = np.concatenate([[0], *[p.offsets[1:] + i * curves.offsets[-1] for i, p in enumerate(parts)]])
    arrays = [
        np.concatenate([getattr(p, name) for p in parts]) for name in ("mjd", "flux", "flux_err", "band", "forced")
    ]
    return FlatCurves(offsets.astype(np.int64), *arrays).slice(0, n)


def seconds(work: Callable[[], Any]) -> float:
    clock = time.perf_counter()
    work()
    return time.perf_counter() - clock


def contenders(curves: list[LightCurve], flat: FlatCurves, model: Model, columnar: Path) -> dict[str, Any]:
    """Seconds per classified light curve of each way, best and median of the rounds that they take in turn."""
    scored = [c for c in curves if not isinstance(model.recipe.select(c), Refusal)]
    n = int((score_flat(flat, model).chosen.verdict == 0).sum())
    published = load_model("t2-published-gr")
    sample = scored[:: max(1, len(scored) // 60)]
    tables = [alert_table(model.recipe.select(c).curve) for c in sample]
    chosen = [model.recipe.select(c).curve for c in sample]
    one = chosen[: len(sample)]

    def from_columns() -> None:
        for batch in read_columns(columnar):
            score_flat(batch.curves, model)

    def with_george() -> None:
        for curve in chosen:
            fit_gp_george(curve)
            model.recipe.apply([curve])
        model.logits(model.recipe.apply(chosen))

    ways: dict[str, tuple[Callable[[], Any], int]] = {
        "memory": (lambda: score_flat(flat, model), n),
        "columnar": (from_columns, n),
        "one at a time": (lambda: [classify(c, model) for c in one], len(one)),
        "ours with george": (with_george, len(chosen)),
        "published": (lambda: [score_one(t, published) for t in tables], len(tables)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for work, _ in ways.values():
        work()
    for _ in range(ROUNDS):
        for name, (work, count) in ways.items():
            times[name].append(seconds(work) / count)
    return {name: {"median_us": 1e6 * float(np.median(t)), "best_us": 1e6 * min(t)} for name, t in times.items()}


def stages(flat: FlatCurves, model: Model) -> dict[str, float]:
    """Microseconds per classified light curve of each stage of the memory way."""
    from core.flat_selection import select_flat

    chosen = select_flat(flat, model.recipe.band_indices, model.recipe.cuts)
    kept = chosen.kept
    parts = [kept.slice(i, i + 512) for i in range(0, len(kept), 512)]
    select = seconds(lambda: select_flat(flat, model.recipe.band_indices, model.recipe.cuts))
    clock = time.perf_counter()
    tensors = [model.recipe.apply_flat(part) for part in parts]
    recipe = time.perf_counter() - clock
    gp = sum(t.gp_seconds for t in tensors)
    clock = time.perf_counter()
    logits = [model.logits(t) for t in tensors]
    network = time.perf_counter() - clock
    calibrate = seconds(lambda: [model.calibrate(x, np.diff(p.offsets)) for x, p in zip(logits, parts, strict=True)])
    times = {
        "select": select,
        "gaussian process": gp,
        "channels": recipe - gp,
        "network": network,
        "calibrate": calibrate,
    }
    return {name: round(1e6 * value / len(kept), 2) for name, value in times.items()}


def packets(folder: Path, model: Model) -> dict[str, float]:
    """Alerts in Avro with everything they carry: read, and read and classified, per second."""
    paths = sorted(p for p in folder.rglob("*.avro"))
    clock = time.perf_counter()
    curves = curves_of(paths)
    read = time.perf_counter() - clock
    clock = time.perf_counter()
    scores = score_flat(flatten(curves), model)
    score = time.perf_counter() - clock
    classified = int((scores.chosen.verdict == 0).sum())
    size = sum(p.stat().st_size for p in paths) / max(len(curves), 1)
    return {
        "packets": len(curves), "mean_bytes": round(size), "classified": classified, "read_per_s": len(curves) / read,
        "classified_per_s": classified / (read + score), "read_us": 1e6 * read / len(curves),
    }  # fmt: skip


def scaling(flat: FlatCurves, model: Model, largest: int) -> list[dict[str, float]]:
    """Cost per alert and memory from a thousand to ``largest`` alerts, made and scored part by part."""
    rng, out, n = np.random.default_rng(1), [], 1000
    while n <= largest:
        spent = 0.0
        for start in range(0, n, 10_000):
            part = repeated(flat, min(10_000, n - start), rng)
            spent += seconds(lambda part=part: score_flat(part, model))
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        out.append({"alerts": n, "us_per_alert": round(1e6 * spent / n, 2), "peak_rss_mb": round(rss)})
        n *= 10
    return out


def workers(columnar: Path, model_name: str, count: int) -> float:
    """Classified light curves a second of ``count`` processes, each with a columnar file of its own, start-up not counted."""
    code = (
        "import sys, time; from core.model import load_model; from core.pipeline import score_flat\n"
        "from stream.columns import read_columns; from pathlib import Path\n"
        "model, path = load_model(sys.argv[2]), Path(sys.argv[1])\n"
        "run = lambda: sum(int((score_flat(b.curves, model).chosen.verdict == 0).sum()) for b in read_columns(path))\n"
        "run(); clock = time.perf_counter(); n = sum(run() for _ in range(6)); print(n / (time.perf_counter() - clock))"
    )
    command = [sys.executable, "-c", code, str(columnar), model_name]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return sum(float(p.communicate()[0]) for p in running)


def measure(folder: Path, model_name: str, largest: int) -> dict[str, Any]:
    """All figures of one run."""
    model = load_model(model_name)
    curves = read_all(folder)
    alerts = flatten(curves, model.recipe.numbers)
    rng = np.random.default_rng(0)
    flat = repeated(alerts, TIMED, rng)
    verdict = score_flat(alerts, model).chosen
    points = np.diff(verdict.kept.offsets)
    with tempfile.TemporaryDirectory() as scratch:
        columnar = Path(scratch) / "alerts.parquet"
        write_columns(columnar, [f"alert {i}" for i in range(len(flat))], flat)
        ways = contenders(curves, flat, model, columnar)
        by_workers = {str(n): round(workers(columnar, model_name, n)) for n in (1, 2)}
    from_packets = packets(folder, model)
    rate = {name: 1e6 / way["median_us"] for name, way in ways.items()}
    share = float((verdict.verdict == 0).mean())
    per_alert = ways["memory"]["median_us"] * share
    latency = [
        1e3 * seconds(lambda c=c: classify(c, model)) for c in curves if not isinstance(model.recipe.select(c), Refusal)
    ]
    return {
        "classified_per_s_memory": round(rate["memory"]),
        "classified_per_s_columnar": round(rate["columnar"]),
        "classified_per_s_packets": round(from_packets["classified_per_s"]),
        "packets_read_per_s": round(from_packets["read_per_s"]),
        "ratio_to_published": round(rate["memory"] / rate["published"], 1),
        "command": f"python -m bench.throughput FOLDER --model {model_name}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": {
            "cpu": cpu_name(), "cores": os.cpu_count(), "load_before": round(LOAD, 2), "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "numba", "ai-edge-litert", "george", "scipy", "pandas", "pyarrow")},
        },
        "model": {"name": model.name, "sha256": model.sha256, "compiled": model._compiled is not None},
        "alerts": {
            "real": len(curves), "classified_share": round(share, 4), "points_mean": round(float(points.mean()), 1),
            "points_median": float(np.median(points)), "points_max": int(points.max()), "timed": len(flat),
            "note": "timed alerts are the real ones with fluxes redrawn within their errors (simulated)",
        },
        "us_per_classified": {name: {k: round(v, 1) for k, v in way.items()} for name, way in ways.items()},
        "stages_us": stages(flat, model),
        "packets": {k: round(v, 1) for k, v in from_packets.items()},
        "latency_ms": {"p50": round(float(np.percentile(latency, 50)), 3), "p99": round(float(np.percentile(latency, 99)), 3)},
        "many_over_one": round(ways["one at a time"]["median_us"] / ways["memory"]["median_us"], 1),
        "alerts_per_s_memory": round(1e6 / per_alert),
        "real_time_factor": round(per_alert * 1e-6 * VISIT / CADENCE, 5),
        "night_core_minutes": {
            "as these alerts": round(per_alert * 1e-6 * NIGHT / 60, 1),
            "every alert classified": round(ways["memory"]["median_us"] * 1e-6 * NIGHT / 60, 1),
        },
        "workers": by_workers,
        "scaling": scaling(alerts, model, largest),
    }  # fmt: skip


def cpu_name() -> str:
    """The processor's name as the system tells it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


LOAD = os.getloadavg()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--largest", type=int, default=1_000_000, help="alerts of the last step of the scaling")
    parser.add_argument("--out", type=Path, default=Path("bench/results.json"))
    args = parser.parse_args()
    results = measure(args.folder, args.model, args.largest)
    args.out.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
