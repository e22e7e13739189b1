"""How long the Lab takes: a what-if on the server and on the screen, a timeline, all maps, the smallest change.

    python -m bench.lab_speed [--steps 20] [--out bench/lab_speed.json]

Medians over the real samples for what runs on the server; in a real Chromium, from the press of the button "Draw within errors"
to the new numbers on the screen (a slider waits a fifth of a second for the hand to rest before it says anything).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.record import head, warm_up, write
from core.brokers.samples import SampleSource
from core.model import load_model
from core.pipeline import Classification, classify
from core.removal import compare_maps, smallest_change
from core.whatif import Changes, changed_answer, redshift_answers, resampled_answers, timeline

#: Light curves that the tasks on the server are timed on, spread over the samples.
SAMPLES = 10
CHANGES = {
    "drop a point": Changes(without=(1,)),
    "one magnitude fainter": Changes(fainter=1.0),
    "only the first 20 days": Changes(until=20.0),
    "without ZTF r": Changes(without_bands=("ztf_r",)),
    "another kernel (george)": Changes(kernel="rbf"),
    "twice the time scale": Changes(stretch=2.0),
}


def server(model_name: str) -> tuple[int, dict[str, dict[str, float]]]:
    """Number of light curves, and milliseconds per task over them: real samples that the model scores."""
    source, model = SampleSource(), load_model(model_name)
    catalogue = source.catalogue()
    curves = [source.fetch(oid) for oid in catalogue.object_id[~catalogue.simulated.astype(bool)]]
    scored = [(c, r) for c in curves if isinstance(r := classify(c, model), Classification)]
    scored = scored[:: max(1, len(scored) // SAMPLES)]
    grid = np.linspace(0.005, 0.3, 80)
    tasks: dict[str, Callable[..., object]] = {
        **{name: lambda c, r, e=edit: changed_answer(c, e, model) for name, edit in CHANGES.items()},
        "200 draws within the errors": lambda c, r: resampled_answers(c, model, np.random.default_rng(0)),
        "80 redshifts": lambda c, r: redshift_answers(c, model, grid),
        "timeline": lambda c, r: timeline(c, model),
        "all maps with their curves": lambda c, r: compare_maps(r, r.top_class),
        "smallest change": lambda c, r: smallest_change(r),
    }
    out = {}
    for name, task in tasks.items():
        task(*scored[0])
        times = []
        for curve, result in scored:
            clock = time.perf_counter()
            task(curve, result)
            times.append(1e3 * (time.perf_counter() - clock))
        print(name, round(float(np.median(times)), 1), flush=True)
        out[name] = {"median": round(float(np.median(times)), 1), "p95": round(float(np.percentile(times, 95)), 1)}
    return len(scored), out


def on_screen(steps: int) -> dict[str, float]:
    """Milliseconds from the press of "Draw within errors" to the new answer and the words of what was changed."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS, idle, running_app

    times = []
    with running_app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/lab?oid=ZTF18aannern&view=whatif")
        page.wait_for_selector(".st-key-before_after .js-plotly-plot", timeout=120000)
        idle(page)
        print("page is up", flush=True)
        warm_up()
        button = page.get_by_role("button", name="Draw within errors")
        for step in range(1, steps + 1):
            clock = time.perf_counter()
            button.press("Enter")  # takes the focus again: a rerun may have drawn the button anew
            page.get_by_text(f"(draw {step})").wait_for(timeout=30000)
            times.append(1e3 * (time.perf_counter() - clock))
            idle(page)
        browser.close()
    return {
        "p50": round(float(np.percentile(times, 50))),
        "p95": round(float(np.percentile(times, 95))),
        "steps": steps,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--part", choices=["server", "screen"], help="measure this part alone and leave the other")
    parser.add_argument("--out", type=Path, default=Path("bench/lab_speed.json"))
    args = parser.parse_args()
    begin = head("python -m bench.lab_speed")
    result = json.loads(args.out.read_text()) if args.part and args.out.exists() else {}
    result |= {
        **begin,
        "model": args.model,
    }
    if args.part != "screen":
        result["light_curves"], result["server_ms"] = server(args.model)
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    if args.part != "server":
        result["on_screen_ms"] = on_screen(args.steps)
        write(args.out, result)


if __name__ == "__main__":
    main()
