"""What every variant of a model costs to load, to run and to hold, in one run and in turn: ``python -m bench.compression``.

Times the files that `python -m training.compress` left in ``build/<model>/compress`` (the shipped ones where it has not run),
and the SavedModels among them where TensorFlow is installed, on the embedded light curves. Cold loads and memory are measured in a process of
their own for each file, the file put out of the cache before. Writes ``bench/compression.json``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.throughput import cpu_name
from core.brokers.samples import SampleSource
from core.card import load_card
from core.model import MODELS, find_interpreter, load_model, with_features
from core.refusal import Refusal
from core.stopwatch import Runner, measure, running

OUT = Path(__file__).with_name("compression.json")
ROUNDS, COLD = 7, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument(
        "--work", type=Path, help="where training.compress left its files (default: build/<model>/compress)"
    )
    parser.add_argument(
        "--alone", type=Path, help="load this file alone and print what it cost (used by the command itself)"
    )
    parser.add_argument("--shape", type=int, nargs=2, help="rows and channels of its input (with --alone)")
    args = parser.parse_args()
    if args.alone:
        print(json.dumps(alone(args.alone, tuple(args.shape))))
        return
    load_before = round(os.getloadavg()[0], 1)
    files = files_of(args.model, args.work or Path("build") / args.model / "compress")
    values = sample_values(args.model)
    loaders = {name: saved_model for name, path in files.items() if path.is_dir()}
    timings = measure(files, values, rounds=ROUNDS, loaders=loaders)
    rows: dict[str, Any] = {}
    for name, path in files.items():
        told = json.loads(
            subprocess.run(
                [sys.executable, "-m", "bench.compression", "--alone", str(path), "--shape", *map(str, values.shape[1:])],
                capture_output=True, text=True, check=True,
            ).stdout.splitlines()[-1]
        )  # fmt: skip
        timing = timings[name]
        rows[name] = {
            "load_ms": round(timing.load_ms, 3),
            "one_us": round(timing.one_us, 1),
            "one_us_p99": round(timing.one_us_p99, 1),
            "per_second": round(timing.per_second, 1),
            **told,
        }
        print(name, rows[name], flush=True)
    done = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else {"models": {}}
    done["models"][args.model] = {
        "command": f"python -m bench.compression --model {args.model}",
        "date": time.strftime("%Y-%m-%d"),
        "light_curves": len(values),
        "machine": {
            "cpu": cpu_name(),
            "cores": os.cpu_count(),
            "load_before": load_before,
            "python": platform.python_version(),
            "runtime": f"{find_interpreter()[0]} {version(find_interpreter()[0])}",
            **({"tensorflow": version("tensorflow")} if loaders else {}),
        },
        "files": rows,
    }
    OUT.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")


def files_of(name: str, work: Path) -> dict[str, Path]:
    """Variant (and form) -> file or SavedModel folder."""
    folder = MODELS / name
    card = load_card(folder)
    found = {"float32": folder / "model.tflite"} | {key: folder / e["path"] for key, e in card.variants.items()}
    table = json.loads((folder / "compression.json").read_text(encoding="utf-8"))
    with_tensorflow = importlib.util.find_spec("tensorflow") is not None
    for row in table["variants"]:
        key = row["key"]
        if (path := work / f"{key}-final.tflite").is_file():
            found.setdefault(key, path)
        if with_tensorflow and (saved := work / f"saved-{key}").is_dir():
            found[f"{key}, SavedModel"] = saved
    return found


def sample_values(name: str) -> np.ndarray:
    """(N, L+R, M) the embedded light curves that the model reads."""
    recipe, source = load_model(name).recipe, SampleSource()
    chosen = [recipe.select(source.fetch(oid)) for oid in source.catalogue()["object_id"]]
    tensor = recipe.apply([found.curve for found in chosen if not isinstance(found, Refusal)])
    return with_features(tensor.values, tensor.features)


def saved_model(path: Path, batch: int, shape: tuple[int, ...]) -> Runner:
    """A SavedModel, loaded by TensorFlow."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))

    def run(values: np.ndarray) -> float:
        clock = time.perf_counter()
        for answer in loaded.serve(tf.constant(values)).values():
            answer.numpy()
        return time.perf_counter() - clock

    return run


def alone(path: Path, shape: tuple[int, ...]) -> dict[str, float]:
    """Cold load [ms, median of several] and the memory that loading and one answer take beyond the imported runtime [MB]."""
    loader = running
    if path.is_dir():
        import tensorflow as tf

        tf.constant(0.0)
        loader = saved_model
    else:
        find_interpreter()
    before = memory_mb("VmRSS")
    loads = []
    for turn in range(COLD):
        put_out_of_cache(path)
        clock = time.perf_counter()
        run = loader(path, 1, shape)
        loads.append(time.perf_counter() - clock)
        if not turn:
            run(np.zeros((1, *shape), np.float32))
            memory = memory_mb("VmHWM") - before
    return {"cold_ms": round(1e3 * float(np.median(loads)), 3), "memory_mb": round(max(memory, 0.0), 2)}


def memory_mb(kind: str) -> float:
    """Memory of this process [MB]: VmRSS now, VmHWM at its largest. Not getrusage, which knows of the parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith(kind)).split()[1]) / 1000


def put_out_of_cache(path: Path) -> None:
    """Ask the system to forget the file's contents, so that the next read goes to the disk."""
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        handle = os.open(file, os.O_RDONLY)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


if __name__ == "__main__":
    main()
