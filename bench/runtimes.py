"""The same files on two TFLite runtimes: do they answer alike?

    python -m bench.runtimes --write answers.npz          # with one runtime
    python -m bench.runtimes --against answers.npz        # with another interpreter, where tflite-runtime and NumPy 1 are installed

Needs nothing but NumPy and a runtime, so that the second interpreter need not hold the program. The second writes
``bench/runtimes.json``: for every file the largest difference of a probability, and how many light curves keep their class.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
OUT = Path(__file__).with_name("runtimes.json")
CURVES = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "build/t2-ztf/compress",
        help="where training.compress left its files and trial.npz",
    )
    parser.add_argument("--write", type=Path)
    parser.add_argument("--against", type=Path)
    args = parser.parse_args()
    name, interpreter_class = runtime(second=args.against is not None)
    table = json.loads((ROOT / "models/t2-ztf/compression.json").read_text(encoding="utf-8"))
    files = [args.work / f"{row['key']}-final.tflite" for row in table["variants"]]
    if args.write:
        with np.load(args.work / "trial.npz") as arrays:
            whole = np.flatnonzero(np.isinf(arrays["age"]) & ~arrays["simulated"])
            values = arrays["values"][whole[np.linspace(0, len(whole) - 1, CURVES).astype(int)]]
        answers = {path.name: answer(interpreter_class, path, values) for path in files}
        np.savez(args.write, values=values, runtime=np.array(f"{name} {version(name)}"), **answers)
        return
    with np.load(args.against) as before:
        rows = [compared(interpreter_class, path, before) for path in files if path.name in before.files]
        first = str(before["runtime"])
    done = {
        "command": "python -m bench.runtimes --against ANSWERS",
        "date": time.strftime("%Y-%m-%d"),
        "runtimes": [first, f"{name} {version(name)}"],
        "light_curves": CURVES,
        "files": rows,
    }
    OUT.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(done, indent=1))


def runtime(*, second: bool) -> tuple[str, Any]:
    """Name of the package and its interpreter: the newer one first, the older one for the second half."""
    name = "tflite-runtime" if second else "ai-edge-litert"
    return name, importlib.import_module(f"{name.replace('-', '_')}.interpreter").Interpreter


def answer(interpreter_class: Any, path: Path, values: np.ndarray) -> np.ndarray:
    """(N, C) probabilities, one light curve at a time."""
    interpreter = interpreter_class(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]
    wanted = next(d["index"] for d in interpreter.get_output_details() if d["name"] == "probabilities")
    out = []
    for one in values:
        interpreter.set_tensor(entry, one[None])
        interpreter.invoke()
        out.append(interpreter.get_tensor(wanted)[0])
    return np.array(out)


def compared(interpreter_class: Any, path: Path, before: Any) -> dict[str, Any]:
    """A row: differences to the first runtime's answers, or why this one can't run the file."""
    key = path.name.removesuffix("-final.tflite")
    try:
        found = answer(interpreter_class, path, before["values"])
    except (RuntimeError, ValueError) as error:
        return {"variant": key, "problem": str(error).splitlines()[0][:120]}
    said = before[path.name]
    return {
        "variant": key,
        "probability_max": float(f"{np.max(np.abs(found - said)):.2g}"),
        "same_class": int(np.sum(found.argmax(axis=1) == said.argmax(axis=1))),
    }


if __name__ == "__main__":
    main()
