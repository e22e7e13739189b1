"""How fast PLAsTiCC is read: a synthetic CSV in its layout, written to a temporary folder and read as the originals would be.

`python -m bench.readers --out bench/readers.json`: CSV to Parquet parts and parts to network input, objects a second, peak memory,
and the estimate for the whole set. Points per object are those of the whole set, 453,653,104 rows of 3,492,890 objects.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import resource
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from training.readers import plasticc
from training.readers.tensors import write_tensors
from training.readers.write import file_source, parts, write

#: The whole set (Kessler et al. 2019; Kaggle's test_set.csv and its metadata).
WHOLE_OBJECTS, WHOLE_ROWS = 3_492_890, 453_653_104
_CLASSES = (90, 42, 62, 95, 15, 88, 64, 65, 92, 16, 53, 6, 67, 52)


def write_synthetic(folder: Path, n_objects: int, seed: int = 0) -> tuple[Path, Path]:
    """Light curves and metadata of made-up objects: bumps on noise, five rows in a hundred of them flagged as detected."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(130_000_000, n_objects, replace=False))
    metadata, curves = folder / "plasticc_test_metadata.csv", folder / "plasticc_test_lightcurves_01.csv"
    with metadata.open("w") as out:
        out.write(
            "object_id,ra,decl,ddf_bool,hostgal_specz,hostgal_photoz,hostgal_photoz_err,distmod,mwebv,target,true_target,true_z\n"
        )
        for name, ra, dec, z, kind in zip(
            ids, rng.uniform(0, 360, n_objects), rng.uniform(-60, 5, n_objects), rng.uniform(0.01, 1.5, n_objects),
            rng.choice(_CLASSES, n_objects), strict=True,
        ):  # fmt: skip
            out.write(f"{name},{ra:.6f},{dec:.6f},0,-9.0000,{z:.4f},0.0300,41.0000,0.019,{kind},{kind},{z:.3f}\n")
    lengths = rng.poisson(WHOLE_ROWS / WHOLE_OBJECTS, n_objects)
    with curves.open("w") as out:
        out.write("object_id,mjd,passband,flux,flux_err,detected_bool\n")
        for name, n in zip(ids, lengths, strict=True):
            mjd = np.sort(rng.uniform(59580, 60675, n))
            peak, width, height = rng.uniform(59650, 60600), rng.uniform(10, 60), 10 ** rng.uniform(1, 3)
            err = rng.uniform(1, 30, n)
            flux = height * np.exp(-0.5 * ((mjd - peak) / width) ** 2) + err * rng.normal(size=n)
            rows = zip(mjd, rng.integers(0, 6, n), flux, err, flux > 5 * err, strict=True)
            out.write("".join(f"{name},{t:.4f},{b},{f:.6f},{e:.6f},{d:d}\n" for t, b, f, e, d in rows))
    return curves, metadata


def measure(n_objects: int, n_tensors: int, recipe_name: str) -> dict[str, object]:
    """Both steps on one synthetic file, plain and compressed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        curves, metadata_path = write_synthetic(folder, n_objects)
        size = curves.stat().st_size
        packed = curves.with_suffix(".csv.gz")
        with curves.open("rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        began = time.perf_counter()
        metadata = plasticc.Metadata([metadata_path])
        metadata_s = time.perf_counter() - began
        found: dict[str, object] = {"objects": n_objects, "csv_bytes": size, "metadata_s": round(metadata_s, 2)}
        for path in (curves, packed):
            out = folder / ("plain" if path is curves else "packed")
            began = time.perf_counter()
            write([file_source(path, lambda path, start: plasticc.chunks(path, metadata, start=start))], out)
            seconds = time.perf_counter() - began
            kind = "csv" if path is curves else "csv_gz"
            found[kind] = _rate(n_objects, seconds)
        found["read_peak_memory_mb"] = _memory()
        found["tensors"] = _tensors(parts(folder / "plain"), n_tensors, recipe_name, folder)
        found["peak_memory_mb"] = _memory()
    return found


def _tensors(made: list[Path], n_objects: int, recipe_name: str, folder: Path) -> dict[str, object]:
    from core.recipe import Recipe
    from training.curves import read_parquet
    from training.recipe_ztf import RECIPE_ZTF

    recipe = Recipe.from_card({**RECIPE_ZTF, "bands": [f"lsst_{letter}" for letter in "ugrizy"]} | _FEWER_BANDS)
    taken, some = 0, []
    for part in made:
        if taken < n_objects:
            some.append(part)
            taken += len(read_parquet(part))
    write_tensors(some[:1], recipe, folder / "warm")  # compiles
    began = time.perf_counter()
    passed = write_tensors(some, recipe, folder / "tensors")
    seconds = time.perf_counter() - began
    return {"recipe": recipe_name, "objects": taken, "pass_the_cuts": passed, **_rate(taken, seconds)}


#: Objects of a wide survey are rarely detected in all six bands.
_FEWER_BANDS = {
    "cuts": {
        "min_snr": 4.0,
        "max_gap": 45.0,
        "before": 100.0,
        "after": 200.0,
        "min_points": 3,
        "min_points_per_band": 0,
    }
}


def _rate(n: int, seconds: float) -> dict[str, float]:
    rate = n / seconds
    return {
        "seconds": round(seconds, 1),
        "objects_per_s": round(rate),
        "whole_set_min": round(WHOLE_OBJECTS / rate / 60, 1),
    }


def _memory() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--tensors", type=int, default=20_000, help="objects that are turned into network input")
    parser.add_argument("--out", type=Path, default=Path("bench/readers.json"))
    args = parser.parse_args()
    found = measure(args.objects, args.tensors, "that of t2-ztf in six bands, no band required")
    record = {
        "command": f"python -m bench.readers --objects {args.objects} --tensors {args.tensors}",
        "machine": platform.machine(),
        **found,
    }
    args.out.write_text(json.dumps(record, indent=1) + "\n")
    print(args.out.read_text())


if __name__ == "__main__":
    main()
