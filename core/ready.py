"""Whether this installation gives right answers: ``python -m core.ready``. Exit status 0 when it does, 1 with one sentence.

A process that is up may still answer nonsense, after a changed file or another version of a library. So the default model is
loaded, which checks its files' checksums and its answer to a fixed input; one embedded light curve goes the whole way, and
has to get the probabilities that the model's own evaluation file holds; and the file of verdicts has to be writable.
"""

from __future__ import annotations

import argparse
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from core.brokers.base import BrokerError
from core.brokers.samples import SampleSource
from core.card import CardError
from core.model import Model, load_model
from core.pipeline import Classification, classify
from core.refusal import BadInput
from core.settings import read_settings
from core.verdicts import VerdictError, VerdictStore

MODEL = "t2-ztf"
#: A sample whose whole light curve was judged, so that its answer stands in the evaluation file.
SAMPLE = "ZTF18aannern"
#: Probabilities may differ by so much between processors and runtimes.
TOLERANCE = 1e-3


class NotReady(Exception):
    """What is wrong, in one sentence."""


def check_answers(name: str = MODEL, sample: str = SAMPLE) -> str:
    """Score a sample and compare with what the model answered when it was judged. Raises NotReady; returns a sentence."""
    clock = time.perf_counter()
    try:
        model = load_model(name)
        result = classify(SampleSource().fetch(sample), model)
    except (CardError, BrokerError, BadInput, RuntimeError, OSError) as error:
        raise NotReady(f"{name} can't answer: {error}") from error
    if not isinstance(result, Classification):
        raise NotReady(f"{name} refuses the sample {sample}: {result.message}")
    expected = judged(model, sample)
    worst = float(np.abs(result.probabilities - expected).max())
    if not worst <= TOLERANCE:  # NaN is not ready either
        raise NotReady(
            f"{name} answers {sample} with {_said(model, result.probabilities)}, and {_said(model, expected)} when it was "
            f"judged; expected a difference of at most {TOLERANCE:g}, found {worst:.3g}"
        )
    took = time.perf_counter() - clock
    return f"{name} answers {sample} as when it was judged ({_said(model, expected)}), {took:.1f} s"


def judged(model: Model, object_id: str) -> np.ndarray:
    """(C,) probabilities of an object in the evaluation file of a model. Raises NotReady where it has none."""
    path = model.card.folder / "evaluation.parquet"
    columns = [f"p_{name}" for name in model.classes]
    try:
        rows = pq.read_table(path, columns=columns, filters=[("object_id", "==", object_id)])
    except (OSError, ValueError) as error:
        raise NotReady(f"{path.name} of {model.name} can't be read: {error}") from error
    if rows.num_rows != 1:
        raise NotReady(f"{path.name} of {model.name} has {rows.num_rows} rows of {object_id}; expected one")
    p = np.array([rows.column(name)[0].as_py() for name in columns], float)
    return p / p.sum()


def check_verdicts(path: Path) -> str:
    """Open the file of verdicts. Raises NotReady where nothing could be kept; returns a sentence."""
    try:
        store = VerdictStore(path)
        store.add_new([])  # makes the file, and takes the turn of a writer
        count = len(store.standing())
    except VerdictError as error:
        raise NotReady(error.message) from error
    return f"verdicts are kept in {path} ({count:,} stand)"


def check_server(url: str) -> str:
    """Ask a running dashboard whether it is up. Raises NotReady; returns a sentence."""
    if not url.startswith(("http://", "https://")):
        raise NotReady(f"--server is {url!r}; expected an address such as http://127.0.0.1:8501")
    address = f"{url.rstrip('/')}/_stcore/health"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            status = answer.status
    except (urllib.error.URLError, OSError) as error:
        raise NotReady(f"{address} does not answer: {error}") from error
    if status != 200:
        raise NotReady(f"{address} answers {status}; expected 200")
    return f"{address} answers"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.ready", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--server", default="", help="also ask a running dashboard, for example http://127.0.0.1:8501")
    parser.add_argument("--quick", action="store_true", help="ask the dashboard alone; for a check every few seconds")
    options = parser.parse_args(arguments)
    if options.quick and not options.server:
        parser.error("--quick asks the dashboard alone; give its address with --server")
    try:
        if options.server:
            print("ready:", check_server(options.server))
        if not options.quick:
            print("ready:", check_answers(options.model))
            print("ready:", check_verdicts(read_settings().verdicts))
    except (NotReady, BadInput) as error:
        print("not ready:", error, file=sys.stderr)
        return 1
    return 0


def _said(model: Model, p: np.ndarray) -> str:
    best = int(np.argmax(p))
    return f"{model.classes[best]} {p[best]:.3f}"


if __name__ == "__main__":
    sys.exit(main())
