"""Nearest neighbours among a million embeddings: exact search against locality-sensitive hashing and a graph.

    pip install faiss-cpu
    python -m bench.neighbour_search --data DATA [--count 1000000] [--queries 200] [--out bench/neighbour_search.json]

Embeddings are the network's own: real light curves of DATA, each cut at many random ages and drawn anew within its errors.
Queries are such versions of objects that are not in the index. One thread, one query at a time, as a page or a stream asks.
Recall is the share of the ten truly nearest that are found. *Re-ranked*: that many by Hamming distance, then by true distance.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.flat import FlatCurves, flatten
from core.flat_selection import select_flat
from core.lightcurve import LightCurve
from core.model import Model, load_model
from core.refusal import Refusal

K = 10
Float32 = NDArray[np.float32]
Search = Callable[[Float32], NDArray[np.int64]]


def versions(curves: list[LightCurve], model: Model, count: int, generator: np.random.Generator) -> Float32:
    """(count, d) embeddings of the light curves at random ages, drawn anew within their errors."""
    whole = flatten(curves, model.recipe.numbers)
    parts: list[Float32] = []
    have = 0
    while have < count:
        drawn = redrawn(whole.take(generator.integers(0, len(whole), 4096)), generator)
        kept = select_flat(drawn, model.recipe.band_indices, model.recipe.cuts).kept
        tensor = model.recipe.apply_flat(kept)
        parts.append(model.answers(tensor).pooled[np.isfinite(tensor.log_likelihood)])
        have += len(parts[-1])
        print(f"\r{min(have, count):,} of {count:,} embeddings", end="", flush=True)
    print()
    return np.ascontiguousarray(np.concatenate(parts)[:count], dtype=np.float32)


def redrawn(curves: FlatCurves, generator: np.random.Generator) -> FlatCurves:
    """The light curves cut at a random age each, with every flux drawn anew within its error."""
    owner = np.repeat(np.arange(len(curves)), np.diff(curves.offsets))
    first, last = curves.mjd[curves.offsets[:-1]], curves.mjd[curves.offsets[1:] - 1]
    end = first + generator.uniform(0.2, 1.0, len(curves)) * (last - first)
    left = curves.mjd <= end[owner]
    flux = curves.flux + curves.flux_err * generator.standard_normal(len(curves.mjd))
    counts = np.bincount(owner[left], minlength=len(curves))
    return FlatCurves(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        curves.mjd[left], flux[left], curves.flux_err[left], curves.band[left], curves.forced[left], curves.numbers,
    )  # fmt: skip


def real_curves(data: Path, model: Model) -> list[LightCurve]:
    """Every real light curve that the model scores, in a fixed order."""
    from training.datasets import load_real

    real = load_real(data)
    rows = np.flatnonzero(real.objects["use_for_scores"].to_numpy(bool))
    curves = [real.light_curve(int(row)) for row in rows]
    kept = [model.recipe.select(curve) for curve in curves]
    return [chosen.curve for chosen in kept if not isinstance(chosen, Refusal)]


def indexes(base: Float32) -> dict[str, tuple[Search, float, float]]:
    """Name -> (search, seconds to build, bytes per embedding)."""
    import faiss

    faiss.omp_set_num_threads(1)
    n, d = base.shape

    def built(index: Any) -> float:
        clock = time.perf_counter()
        index.train(base)
        index.add(base)
        return time.perf_counter() - clock

    out: dict[str, tuple[Search, float, float]] = {}
    flat = faiss.IndexFlatL2(d)
    seconds = built(flat)
    out["exact"] = (lambda q: flat.search(q, K)[1], seconds, 4.0 * d)
    for bits in (64, 256, 1024):
        index = faiss.IndexLSH(d, bits)
        seconds = built(index)
        out[f"LSH, {bits} bits"] = (lambda q, i=index: i.search(q, K)[1], seconds, bits / 8)
        for more in (200, 2000):
            out[f"LSH, {bits} bits, {more:,} re-ranked"] = (
                lambda q, i=index, m=more: reranked(base, q, i.search(q, m)[1]),
                seconds,
                bits / 8 + 4.0 * d,
            )
    lists = int(4 * np.sqrt(n))
    cells = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, lists)
    cells.nprobe = 16
    seconds = built(cells)
    out[f"cells (IVF), 16 of {lists:,}"] = (lambda q: cells.search(q, K)[1], seconds, 4.0 * d + 8)
    return out


def reranked(base: Float32, query: Float32, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """(Q, K) the truly nearest of the candidates (Q, m)."""
    out = []
    for one, candidates in zip(query, found, strict=True):
        apart = np.sum((base[candidates] - one) ** 2, axis=1)
        out.append(candidates[np.argpartition(apart, K - 1)[:K]])
    return np.array(out)


def measured(base: Float32, queries: Float32) -> dict[str, dict[str, float]]:
    """Recall and milliseconds a query of every index."""
    rows: dict[str, dict[str, float]] = {}
    truth: list[set[int]] = []
    for name, (search, seconds, size) in indexes(base).items():
        times, found = [], []
        for query in queries:
            clock = time.perf_counter()
            found.append(set(search(query[None, :])[0].tolist()))
            times.append(1e3 * (time.perf_counter() - clock))
        truth = truth or found
        recall = float(np.mean([len(a & b) / K for a, b in zip(truth, found, strict=True)]))
        rows[name] = {
            "recall_at_10": round(recall, 3),
            "median_ms": round(float(np.median(times)), 2),
            "p95_ms": round(float(np.percentile(times, 95)), 2),
            "build_s": round(seconds, 1),
            "bytes_each": size,
        }
        print(name, rows[name], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--out", type=Path, default=Path("bench/neighbour_search.json"))
    args = parser.parse_args()
    load = round(os.getloadavg()[0], 1)
    generator, model = np.random.default_rng(0), load_model(args.model)
    curves = real_curves(args.data, model)
    apart = generator.permutation(len(curves)) < len(curves) // 10
    asked = [c for c, a in zip(curves, apart, strict=True) if a]
    kept = [c for c, a in zip(curves, apart, strict=True) if not a]
    queries = versions(asked, model, args.queries, generator)
    base = versions(kept, model, args.count, generator)
    result = {
        "command": f"python -m bench.neighbour_search --data DATA --count {args.count}",
        "machine": f"{platform.machine()}, one thread",
        "date": time.strftime("%Y-%m-%d"),
        "load_before": load,
        "embeddings": len(base),
        "dimensions": base.shape[1],
        "light_curves": len(kept),
        "queries": len(queries),
        "indexes": measured(base, queries),
    }
    args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
