"""The same files on two TFLite runtimes: do they answer alike?

    python -m bench.runtimes --write answers.npz          # with one runtime
    python -m bench.runtimes --against answers.npz        # with another interpreter, where tflite-runtime and NumPy 1 are installed

Needs nothing but NumPy and a runtime, so that the second interpreter need not hold the program. Looks at every variant that
`python -m training.compress` left for each model. The second writes ``bench/runtimes.json``: for every file the largest difference of
a probability, and how many light curves keep their class.
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
NAMES = ("t2-ztf", "t2-lsst", "atx-ztf", "atx-lsst")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work",
        nargs="+",
        default=[],
        metavar="MODEL=FOLDER",
        help="where training.compress left a model's files and trial.npz (default: build/MODEL/compress)",
    )
    parser.add_argument("--write", type=Path)
    parser.add_argument("--against", type=Path)
    args = parser.parse_args()
    name, interpreter_class = runtime(second=args.against is not None)
    folders = {model: ROOT / "build" / model / "compress" for model in NAMES}
    folders |= {model: Path(folder) for model, _, folder in (entry.partition("=") for entry in args.work)}
    files = {model: files_of(model, folder) for model, folder in folders.items() if (folder / "trial.npz").is_file()}
    if args.write:
        answers: dict[str, np.ndarray] = {}
        for model, paths in files.items():
            values = light_curves(folders[model] / "trial.npz")
            answers[f"{model}/values"] = values
            answers |= {f"{model}/{path.name}": answer(interpreter_class, path, values) for path in paths}
        np.savez(args.write, runtime=np.array(f"{name} {version(name)}"), **answers)  # type: ignore[arg-type]
        return
    with np.load(args.against) as before:
        rows = {
            model: [
                compared(interpreter_class, path, before, model) for path in paths if f"{model}/{path.name}" in before
            ]
            for model, paths in files.items()
        }
        first = str(before["runtime"])
    done = {
        "command": "python -m bench.runtimes --against ANSWERS",
        "date": time.strftime("%Y-%m-%d"),
        "runtimes": [first, f"{name} {version(name)}"],
        "light_curves": CURVES,
        "models": rows,
    }
    OUT.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(done, indent=1))


def files_of(model: str, folder: Path) -> list[Path]:
    """The final network's files of a model's variants, in the order of its table."""
    table = json.loads((ROOT / "models" / model / "compression.json").read_text(encoding="utf-8"))
    found = (folder / f"{row['key']}-final.tflite" for row in table["variants"])
    return [path for path in found if path.is_file()]


def light_curves(trial: Path) -> np.ndarray:
    """(60, rows, channels) whole light curves of those that variants are judged on, the real ones where there are any."""
    with np.load(trial) as arrays:
        whole, simulated = np.isinf(arrays["age"]), arrays["simulated"]
        chosen = np.flatnonzero(whole & (simulated if simulated.all() else ~simulated))
        values: np.ndarray = arrays["values"][chosen[np.linspace(0, len(chosen) - 1, CURVES).astype(int)]]
    return values


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


def compared(interpreter_class: Any, path: Path, before: Any, model: str) -> dict[str, Any]:
    """A row: differences to the first runtime's answers, or why this one can't run the file."""
    key = path.name.removesuffix("-final.tflite")
    try:
        found = answer(interpreter_class, path, before[f"{model}/values"])
    except (RuntimeError, ValueError) as error:
        return {"variant": key, "problem": str(error).splitlines()[0][:120]}
    said = before[f"{model}/{path.name}"]
    return {
        "variant": key,
        "probability_max": float(f"{np.max(np.abs(found - said)):.2g}"),
        "same_class": int(np.sum(found.argmax(axis=1) == said.argmax(axis=1))),
    }


if __name__ == "__main__":
    main()
