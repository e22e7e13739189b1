"""How long a person waits: first paint, from a click to the drawn page, and each stage of one object.

    python -m bench.page_speed [--samples 20] [--out bench/page_speed.json]

Starts the dashboard, warms it with one visit, then steps through the samples in a real Chromium. "Drawn" is when the
new object's points and map are in the page. Samples come from disk, so a step starts from a finished fetch.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from bench.record import head, warm_up, write
from core.brokers.samples import SampleSource
from core.model import load_model
from core.pipeline import Classification, check_by_deletion, classify


def stages(model_name: str, repeats: int = 5) -> dict[str, float]:
    """Median milliseconds per stage over the samples that the model scores, on a warm process."""
    source, model = SampleSource(), load_model(model_name)
    folds = tuple(load_model(model_name, fold=k) for k in range(len(model.card.data["files"].get("folds", []))))
    rows: list[dict[str, float]] = []
    for repeat in range(repeats):
        for oid in source.catalogue().object_id:
            clock = time.perf_counter()
            curve = source.fetch(oid)
            read = time.perf_counter() - clock
            clock = time.perf_counter()
            result = classify(curve, model, fold_models=folds)
            whole = time.perf_counter() - clock
            if isinstance(result, Classification) and repeat:
                clock = time.perf_counter()
                check_by_deletion(result, result.top_class)
                deletion = time.perf_counter() - clock
                rows.append({"read": read, **result.timings, "classify and explain": whole, "deletion check": deletion})
    return {key: round(1e3 * float(np.median([row[key] for row in rows])), 3) for key in rows[0]}


def pages(samples: int) -> dict[str, object]:
    """Milliseconds of first paint and of a step to the next sample, in Chromium."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS, idle, running_app

    steps, paints = [], []
    with running_app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_selector(".js-plotly-plot .point", timeout=120000)
        idle(page)
        warm_up()
        for _ in range(5):
            page.goto(url)
            page.wait_for_selector(".js-plotly-plot .point")
            paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            paints.append(float(paint))
            idle(page)
        heading = page.get_by_role("heading", level=1)
        for _ in range(samples):
            before = heading.inner_text()
            clock = time.perf_counter()
            page.keyboard.press("j")
            page.wait_for_function(
                "before => {const h = document.querySelector('h1'), g = document.querySelector('.js-plotly-plot .points path');"
                " return h && g && h.innerText !== before}",
                arg=before, polling=10, timeout=30000,
            )  # fmt: skip
            idle(page)
            steps.append(1e3 * (time.perf_counter() - clock))
        browser.close()
    return {
        "first_contentful_paint_ms": {"median": round(float(np.median(paints)))},
        "next_object_drawn_ms": {
            "p50": round(float(np.percentile(steps, 50))),
            "p95": round(float(np.percentile(steps, 95))),
        },
        "steps": samples,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--model", default="t2-ztf")
    parser.add_argument("--out", type=Path, default=Path("bench/page_speed.json"))
    args = parser.parse_args()
    begin = head("python -m bench.page_speed")
    result = {
        **begin,
        "model": args.model,
        "stage_median_ms": stages(args.model),
        "page": pages(args.samples),
    }
    write(args.out, result)


if __name__ == "__main__":
    main()
