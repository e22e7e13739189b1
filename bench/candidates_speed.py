"""How long a list of ten thousand candidates takes: to read, to score, to put in order, and from a key to the next candidate.

    python -m bench.candidates_speed [--objects 10000] [--steps 20] [--out bench/candidates_speed.json]

The list is made of the embedded samples, each many times, its fluxes scattered within their errors and its times shifted.
Ordering is timed on the finished list, for every quantity. Steps are timed in a real Chromium, on the whole list.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from bench.record import head, warm_up, write
from core.bands import band_names
from core.brokers.files import read_file
from core.brokers.samples import SampleSource
from core.candidates.lists import list_of_curves
from core.candidates.ranking import QUANTITIES
from core.candidates.work import ScoringJob
from core.lightcurve import LightCurve
from core.model import load_model
from ui.candidates.board import ANY, make_board
from ui.candidates.lists import CAPS


def photometry(objects: int, rng: np.random.Generator) -> pd.DataFrame:
    """A table of photometry of so many objects, in ZTF's g and r."""
    source = SampleSource()
    behind = [_in_ztf(source.fetch(oid)) for oid in source.catalogue()["object_id"]]
    behind = [curve for curve in behind if 5 <= len(curve) <= 80]
    frames = []
    for i in range(objects):
        curve = behind[i % len(behind)]
        frames.append(
            {
                "object_id": np.full(len(curve), f"made-{i:05d}"),
                "mjd": curve.mjd + rng.uniform(0, 300),
                "band": band_names(curve.band),
                "flux": curve.flux + rng.normal(0, curve.flux_err),
                "flux_err": curve.flux_err,
            }
        )
    return pd.DataFrame({name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]})


def _in_ztf(curve: LightCurve) -> LightCurve:
    return curve.subset(curve.band < 2)


def scored(table: Path) -> tuple[dict[str, float], ScoringJob]:
    """Seconds to read and to score, and the finished job."""
    model = load_model("t2-ztf")
    clock = time.perf_counter()
    content = read_file(table, caps=CAPS)
    read = time.perf_counter() - clock
    candidates = list_of_curves("bench", table.name, content.curves, source_key="list", otherwise="bench")
    clock = time.perf_counter()
    job = ScoringJob(candidates, model, model.prior).start()
    job.join()
    seconds = time.perf_counter() - clock
    return {"read": round(read, 2), "score": round(seconds, 2), "rows": len(content.curves)}, job


def ordered(job: ScoringJob, repeats: int = 5) -> dict[str, float]:
    """Milliseconds to put the list in order by each quantity: first the one time that the table is made, then the median."""
    clock = time.perf_counter()
    make_board(job.candidates, job, QUANTITIES[0], only=ANY, show="open", said={})
    out = {"the first time": round(1e3 * (time.perf_counter() - clock), 1)}
    for quantity in QUANTITIES:
        times = []
        for _ in range(repeats):
            clock = time.perf_counter()
            make_board(job.candidates, job, quantity, only=ANY, show="open", said={})
            times.append(1e3 * (time.perf_counter() - clock))
        out[quantity.name] = round(float(np.median(times)), 1)
    return out


def stepped(table: Path, steps: int) -> dict[str, float]:
    """Milliseconds from a key to the next candidate's light curve, on the whole list in Chromium."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS, idle, running_app

    times: dict[str, list[float]] = {"j": [], "1": []}
    verdicts = str(table.with_name("verdicts.sqlite"))
    with running_app(T2SCOPE_VERDICTS=verdicts) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/candidates?from=file")
        page.locator("[data-testid=stFileUploader] input[type=file]").first.set_input_files(table)
        page.wait_for_selector(".st-key-vet h3", timeout=180_000)
        page.wait_for_selector("text=/ scored\\./", state="detached", timeout=180_000)
        warm_up()
        idle(page)
        for i in range(2 * steps):
            key = "j1"[i % 2]
            before = page.locator(".st-key-vet h3").inner_text()
            clock = time.perf_counter()
            page.keyboard.press(key)
            page.wait_for_function(
                "before => {const h = document.querySelector('.st-key-vet h3'), g = document.querySelector('.st-key-vet img');"
                " return h && g && g.complete && h.innerText !== before}",
                arg=before, polling=10, timeout=60_000,
            )  # fmt: skip
            times[key].append(1e3 * (time.perf_counter() - clock))
            idle(page)
        browser.close()
    names = {"j": "next", "1": "verdict kept, and next"}
    return {
        f"{names[key]}, {label}": round(float(np.percentile(values, level)))
        for key, values in times.items()
        for label, level in (("p50", 50), ("p95", 95))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("bench/candidates_speed.json"))
    args = parser.parse_args()
    begin = head(f"python -m bench.candidates_speed --objects {args.objects} --steps {args.steps}")
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "photometry.parquet"
        photometry(args.objects, np.random.default_rng(1)).to_parquet(table)
        seconds, job = scored(table)
        result = {
            **begin,
            "objects": args.objects,
            "refused": int(job.table()["refusal"].notna().sum()),
            "seconds": seconds,
            "order_ms": ordered(job),
            "step_ms": stepped(table, args.steps) if args.steps else {},
        }
    write(args.out, result)


if __name__ == "__main__":
    main()
