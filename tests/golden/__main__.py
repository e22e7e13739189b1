"""Write the golden vectors of every shipped model and recipe: ``make golden``, after a model or its recipe has changed.

Vectors whose model file is the one that they were made with are left alone, unless ``--all`` is given: a change of the
engine must show, not be written over.
"""

from __future__ import annotations

import argparse

from tests.golden.vectors import FOLDER, compute, load, names, path_of, read, suited, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="write those of unchanged model files too")
    options = parser.parse_args()
    for path in FOLDER.glob("*.npz"):
        if path.stem not in names():
            path.unlink()
    for name in names():
        model = load(name)
        if not options.all and path_of(name).exists() and str(read(name).sha256) == model.sha256:
            print(f"{name}: as it was")
            continue
        vectors = compute(model, suited(model))
        write(name, vectors)
        print(f"{name}: {', '.join(vectors.object_id)}, {path_of(name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
