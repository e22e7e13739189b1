"""The process that a target is run in. Started by ``python -m tests.fuzz``; nobody else needs it."""

from __future__ import annotations

import json
import mmap
import os
import resource
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.engine import Found, mutated, one

#: Address space [bytes]: compiled libraries take two gigabytes of it before anything is read.
_ADDRESSES = 6 * 2**30
#: What Numba compiles, whose bytecode must stay as it was written.
_COMPILED = [
    "core.gp", "core.flat", "core.flat_selection", "core.recipe", "core.compiled", "core.selection", "core.photometry", "core.cosmology",
    "core.explain", "core.bands", "core.lightcurve", "core.brokers.ztf", "core.brokers.files.decoder", "core.brokers.files.ztf_batch",
    "core.brokers.files.ztf_packets", "core.novelty", "core.neighbours",
]  # fmt: skip


def main(name: str, engine: str, seconds: float, first: int, folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if engine == "atheris":
        guided(name, seconds, folder)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    from tests.fuzz.targets import all_targets

    target = all_targets()[name]
    target.run(target.seeds()[0])  # what is loaded and compiled at first use is not of the time
    found, ends = Found(), time.monotonic() + seconds
    with (folder / "at").open("wb+") as file:
        file.write(b"0" * 20)
        file.flush()
        with mmap.mmap(file.fileno(), 20) as at:  # kept when the process dies, and cheap

            def tell(number: int) -> None:
                at[:] = b"%020d" % number

            mutated(target, first, lambda _number: time.monotonic() > ends, found, tell)
    (folder / "found.json").write_text(json.dumps(found.as_json()))


def guided(name: str, seconds: float, folder: Path) -> None:
    """The same, led by coverage of core: what reaches new code is changed further. Does not return."""
    import atheris

    with atheris.instrument_imports(
        include=["core", "ui.lab.state", "ui.wording", "ui.evaluation.own"], exclude=_COMPILED
    ):
        from tests.fuzz.targets import all_targets

        target = all_targets()[name]
        seeds = target.seeds()
        for data in seeds:
            target.run(data)  # whatever is imported late is imported, and instrumented, now
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, data in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(data)
    found, start = Found(), time.monotonic()
    wrote = [start]

    def test_one(data: bytes) -> None:
        one(target, data, found, folder / "failures")
        if (now := time.monotonic()) - wrote[0] > 2.0 or now - start > seconds:
            wrote[0] = now
            found.seconds = now - start
            found.grown_megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - held
            (folder / "found.json").write_text(json.dumps(found.as_json()))
            if now - start > seconds:
                os._exit(0)

    def change(data: bytes, longest: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.2:
            return bytes(atheris.Mutate(data, longest))
        return target.mutate(data or random.choice(seeds), random)[:longest]

    options: list[Any] = [
        "fuzz",
        "-max_len=65536",
        "-timeout=60",
        "-rss_limit_mb=4096",
        f"-max_total_time={int(seconds) + 5}",
    ]
    atheris.Setup([*options, str(corpus)], test_one, custom_mutator=change)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
