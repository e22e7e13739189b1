"""Make the variants of a model, judge all on the same light curves, and write the table.

    python -m training.compress --data DATA --model t2-ztf

Writes ``models/<name>/compression.json`` and, for the variants of `SHIPPED`, their files and card entries. Files of all
variants and what was fine-tuned stay in the work folder, where `python -m bench.compression` times them; an interrupted run
goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
import zlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.card import FLOAT, SAME_F1, SAME_LOSS, scores_alike
from core.model import MODELS, Model, load_model
from training import card_file, fit
from training.compress import flatfile, judge, trial, tune
from training.compress.trial import Trial
from training.compress.variants import STUDENT, VARIANTS, Network, Variant, swept
from training.compress.zoo import networks_of

#: Variants that come with the program, with their fold models, the served one among them.
SHIPPED = {
    "t2-ztf": ("float16", "int8-weights", "int4-tuned", "student-int8"),
    "t2-lsst": ("float16", "int8-weights"),
    "atx-ztf": ("int8-weights",),
    "atx-lsst": ("int8-weights",),
}
#: What is made of a network whose file does not name its weights.
PLAIN = ("float32", "lean", "float16", "int8-weights", "int4-weights")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="the folder that training/README.md describes")
    parser.add_argument("--model", default="t2-ztf", choices=tuple(SHIPPED))
    parser.add_argument(
        "--work", type=Path, help="folder of the training's corpus and of finished parts (default: build/ and its name)"
    )
    parser.add_argument("--only", nargs="+", help="keys of variants to make and judge; the others keep their rows")
    args = parser.parse_args()
    fit.one_thread()
    work = args.work or Path("build") / args.model
    (work / "compress").mkdir(parents=True, exist_ok=True)
    models = [load_model(args.model, fold=k) for k in range(5)]
    networks, objects = networks_of(args.model, args.data, work)
    table_path = MODELS / args.model / "compression.json"
    before = json.loads(table_path.read_text(encoding="utf-8")) if table_path.exists() else {}
    rows = {row["key"]: row for row in before.get("variants", [])}
    sweeps = before.get("sweeps") if args.only else None
    base = _answers(models[0], [n.content for n in networks[:5]], objects)
    for variant in VARIANTS:
        if variant.key not in (args.only or made_of(args.model)):
            continue
        clock = time.perf_counter()
        files = _files(variant, networks, work / "compress")
        found = _answers(models[0], files[:5], objects)
        rows[variant.key] = row_of(variant, files[-1], networks[-1]) | {
            "scores": judge.scores_of(objects, found, models[0]),
            "change": judge.change(objects, base, found),
        }
        print(f"{variant.key}: {rows[variant.key]['bytes']:,} B, {time.perf_counter() - clock:.0f} s", flush=True)
        if variant.key in SHIPPED[args.model]:
            ship(args.model, variant, work / "compress")
            keep_flips(args.model, judge.flips(objects, base, found, variant.key))
        write_table(table_path, args.model, rows, sweeps or {}, objects)
    if args.model.startswith("t2"):
        sweeps = sweeps or sweep(networks, models[0], objects)
    write_table(table_path, args.model, rows, sweeps or {}, objects)
    say_what_is_served(args.model, rows)


def made_of(name: str) -> tuple[str, ...]:
    """The keys of the variants that are made of a model."""
    return tuple(v.key for v in VARIANTS) if name.startswith("t2") else PLAIN


def write_table(path: Path, name: str, rows: dict[str, Any], sweeps: dict[str, Any], objects: Trial) -> None:
    """Write the table as it stands, so that an interrupted run loses nothing."""
    table = {
        "model": name,
        "command": f"python -m training.compress --data DATA --model {name}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": {"cpu": platform.processor() or platform.machine(), "python": platform.python_version()}
        | {package: version(package) for package in ("numpy", "tensorflow", "keras", "ai-edge-litert")},
        "budget": {"fine_tuning_steps": tune.STEPS, "student_steps": tune.STUDENT_STEPS, "student": STUDENT},
        "sets": sets_of(objects),
        "variants": [rows[v.key] for v in VARIANTS if v.key in rows],
        "sweeps": sweeps,
    }
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def row_of(variant: Variant, content: bytes, final: Network) -> dict[str, Any]:
    """A row of the table without its scores: what was done, and the sizes of the final network's file."""
    row: dict[str, Any] = {
        "key": variant.key,
        "title": variant.title,
        "what": variant.what,
        "format": variant.storage,
        "fine_tuned": variant.tuned,
        "bytes": len(content),
        "deflate_bytes": len(zlib.compress(content, 9)),
        "operators": flatfile.operators(content),
        "bytes_by_tensor": flatfile.bytes_by_tensor(content),
    }
    if variant.saved_model and final.shape is not None:
        row["saved_model"] = _saved_model(variant, content, final)
    return row


def sweep(networks: Sequence[Network], model: Model, objects: Trial) -> dict[str, list[dict[str, Any]]]:
    """Loss and size against the number of distinct values, and against the share of zeros; no fine-tuning."""
    out: dict[str, list[dict[str, Any]]] = {"centroids": [], "sparsity": []}
    per_network = [swept(network.content) for network in networks]
    for kind, setting in per_network[-1]:
        files = [files[kind, setting] for files in per_network]
        found = judge.scores_of(objects, _answers(model, files[:5], objects), model)
        names = ("log_loss_flat", "log_loss_flat_all_ages", "macro_f1_survey", "macro_f1_sample")
        out[kind].append(
            {kind: setting, "bytes": len(files[-1]), "deflate_bytes": len(zlib.compress(files[-1], 9))}
            | {name: found[name] for name in names}
        )
        print(out[kind][-1], flush=True)
    return out


def sets_of(objects: Trial) -> dict[str, Any]:
    """What the variants were judged on."""
    whole = objects.whole
    if objects.simulated.all():
        return {
            "what": "Simulated objects by the networks of the folds that have not seen them, whole and 5, 10, 20 and 40 days after the "
            "first point, every other one told its redshift; the card's calibration for all.",
            "judged_on": "simulated objects",
            "real_objects": 0,
            "simulated_objects": int(whole.sum()),
            "light_curves": len(objects),
            "median_points": int(np.median(objects.n_points[whole])),
        }
    return {
        "judged_on": "real objects",
        "what": "Real objects by the networks of the folds that have not seen them, whole and 5, 10, 20 and 40 days after the first "
        "detection, and simulated ones; the card's calibration for all.",
        "real_objects": int(whole.sum()),
        "simulated_objects": int(objects.simulated.sum()),
        "light_curves": len(objects),
        "median_points": int(np.median(objects.n_points[whole])),
    }


def ship(name: str, variant: Variant, work: Path) -> None:
    """Copy a variant's six files beside the model and describe them in its card."""
    folder = MODELS / name
    card = card_file.read(folder)
    (folder / "variants" / variant.key).mkdir(parents=True, exist_ok=True)
    described = []
    for part in PARTS:
        path = folder / f"variants/{variant.key}/{part.removeprefix('fold-').replace('final', 'model')}.tflite"
        path.write_bytes((work / f"{variant.key}-{part}.tflite").read_bytes())
        described.append(card_file.describe(path, folder, kind=variant.storage))
    golden = card_file.golden(path.read_bytes(), card["tensors"])["probabilities"]
    entry = {**described[-1], "title": variant.title, "golden": golden, "folds": described[:-1]}
    card["files"]["variants"] = {**card["files"].get("variants", {}), variant.key: entry}
    card_file.write(folder, card)


def say_what_is_served(name: str, rows: dict[str, Any]) -> None:
    """Write into the card which form is served and why: the smallest shipped one that scores as the float network does.

    The figures of the card are made anew with what is served: `training.validate`, `training.validate_lsst`.
    """
    shipped = [rows[key] for key in SHIPPED[name] if key in rows]
    kept = [row for row in shipped if scores_alike(row["change"])]
    folder = MODELS / name
    card = card_file.read(folder)
    if kept:
        best = min(kept, key=lambda row: row["bytes"])
        f1, loss = best["change"]["macro_f1_survey"], best["change"]["log_loss_flat"]
        why = (
            f"{best['key']} is served ({best['bytes']:,} bytes of {rows['float32']['bytes']:,}): the smallest shipped form that scores as "
            f"the float network does. Macro-F1 {f1['value']:+.4f} ({f1['interval'][0]:+.4f} to "
            f"{f1['interval'][1]:+.4f}, at most ±{SAME_F1} asked for), log-loss {loss['value']:+.4f} (at most {SAME_LOSS} above)."
        )
        card["served"] = {"form": best["key"], "why": why}
    else:
        others = " or ".join(row["key"] for row in shipped)
        card["served"] = {
            "form": FLOAT,
            "why": f"The float32 file is served: the macro-F1 of {others} can't be told to lie within {SAME_F1} of it.",
        }
    card_file.write(folder, card)


def keep_flips(name: str, found: pd.DataFrame) -> None:
    """Put the objects that a variant calls otherwise into ``variants/flips.parquet``, in place of its earlier ones."""
    path = MODELS / name / "variants/flips.parquet"
    if path.exists():
        others = pd.read_parquet(path)
        found = pd.concat([others[~others["variant"].isin(found["variant"])], found], ignore_index=True)
    found.to_parquet(path, compression="zstd", index=False)


PARTS = (*(f"fold-{k}" for k in range(5)), "final")


def _files(variant: Variant, networks: Sequence[Network], work: Path) -> list[bytes]:
    out = []
    for network in networks:
        path = work / f"{variant.key}-{network.name}.tflite"
        path.write_bytes(variant.make(network))
        out.append(path.read_bytes())
    return out


def _answers(model: Model, files: Sequence[bytes], objects: Trial) -> judge.Answers:
    return judge.answers(model, trial.logits(files, objects), objects)


def _saved_model(variant: Variant, content: bytes, final: Network) -> dict[str, int]:
    from training.compress.convert import folder_size, saved_model
    from training.compress.weights import to_keras

    folder = final.work / f"saved-{variant.key}"
    if not folder.exists():
        saved_model(to_keras(flatfile.weights(content), final.shape), folder)
    size, deflated = folder_size(folder)
    return {"bytes": size, "deflate_bytes": deflated}


if __name__ == "__main__":
    main()
