"""How fluid the evaluation page is with many test objects: first paint, a click on a cell, every view, an upload.

    python -m bench.evaluation_speed [--objects 100000] [--out bench/evaluation_speed.json]

Makes a set of that many objects by drawing rows of t2-ztf's with replacement and shaking their probabilities, hands it to
a fresh dashboard as an extra model, and watches a real Chromium. Everything that is drawn is timed until it is in the page.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.record import head, warm_up, write
from core.card import load_card
from core.evaluate.areas import Cut, bootstrapped, cut
from core.evaluate.judgement import Pick, judge, picked
from core.evaluate.levels import LEVELS
from core.evaluate.ranking import micro_ranking, ranking
from core.evaluate.table import read_evaluation, write_evaluation
from core.model import MODELS
from core.taxonomy import CLASS_NAMES

NAME = "many-objects"
VIEWS = ("matrix", "curves", "calibration", "thresholds", "against")


def many_objects(n: int, seed: int = 0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A table of n objects that looks like t2-ztf's, every one with an id and probabilities of its own."""
    whole = read_evaluation(MODELS / "t2-ztf/evaluation.parquet")
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(whole), n)
    logits = np.log(np.maximum(whole.p[rows], 1e-12)) + rng.normal(0, 0.3, (n, len(CLASS_NAMES)))
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    drop = [c for c in whole.facts if str(c).startswith("map_")]
    table = whole.facts.drop(columns=drop).iloc[rows].reset_index(drop=True)
    table["object_id"] = [f"drawn-{k}" for k in range(n)]
    table["class"] = np.array(CLASS_NAMES)[whole.truth[rows]]
    for k, name in enumerate(CLASS_NAMES):
        table[f"p_{name}"] = p[:, k].astype(np.float32)
    return table, {**whole.about, "set": "real", "title": f"{n:,} drawn objects"}


def model_folder(parent: Path, n: int) -> tuple[Path, str]:
    """A copy of t2-ztf that was judged on n objects, and the checksum of its file."""
    folder = parent / NAME
    shutil.copytree(MODELS / "t2-ztf", folder)
    shutil.rmtree(folder / "evaluation")
    table, about = many_objects(n)
    write_evaluation(table, folder / "evaluation.parquet", about)
    return folder, load_card(folder).entry()["sha256"]


def computed(path: Path) -> dict[str, int]:
    """Milliseconds of what the server computes once for a set, each step after the one before."""
    times: dict[str, int] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        clock = time.perf_counter()
        found = work()
        times[name] = round(1e3 * (time.perf_counter() - clock))
        return found

    evaluation = timed("read and check", lambda: read_evaluation(path))
    of = timed("answers", lambda: judge(evaluation, LEVELS["all"]))
    classes = [k for k in of.shown if of.met[k]]
    truth, p = np.searchsorted(classes, of.truth), of.p[:, classes]

    def curves() -> tuple[list[Cut], Cut]:
        return [cut(ranking(truth == k, p[:, k])) for k in range(len(classes))], cut(micro_ranking(truth, p))

    each, micro = timed("curves and areas", curves)
    timed("intervals of the areas", lambda: bootstrapped(truth, p, each, micro, np.random.default_rng(0)))
    timed("a cell's objects", lambda: picked(of, Pick("SNII", "SNIa")))
    return times


def watched(folder: Path, sha256: str, n: int, repeats: int) -> dict[str, Any]:
    """Milliseconds in Chromium."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS, idle, running_app
    from tests.browser.test_evaluation_page import CELL

    out: dict[str, Any] = {}
    drawn = "() => document.querySelectorAll('.js-plotly-plot .hm').length > 0"
    with running_app(T2SCOPE_EXTRA_MODELS=f"{folder}@{sha256}") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        # High enough for the whole matrix: a cell below the window's edge can't be clicked.
        page = browser.new_page(viewport={"width": 1440, "height": 1600})
        page.goto(f"{url}/evaluation?model=t2-ztf")
        page.wait_for_function(drawn, timeout=120000)
        idle(page)
        warm_up()
        first = []
        for _ in range(repeats + 1):
            clock = time.perf_counter()
            page.goto(f"{url}/evaluation?model={NAME}")
            page.wait_for_function(drawn, timeout=120000, polling=10)
            first.append((1e3 * (time.perf_counter() - clock), _paint(page)))
            idle(page)
        out["cold_matrix_drawn_ms"] = round(first[0][0])
        out["matrix_drawn_ms"] = _median([f[0] for f in first[1:]])
        out["first_contentful_paint_ms"] = _median([f[1] for f in first[1:]])
        cells = [
            ("SNII", "SNIa"),
            ("SNIbc", "SNIa"),
            ("SNIa", "SNII"),
            ("TDE", "SNII"),
            ("SNIbc", "SNII"),
            ("AGN", "SNII"),
        ]
        clicks = []
        for truth, answer in cells:
            where = page.evaluate(CELL, [truth, answer])
            _come_near(page, where)
            act = partial(page.mouse.click, *where)
            clicks.append(_timed(page, act, f"truth={truth}", f"answer={answer}"))
            idle(page)
        out["click_to_objects_ms"] = _median(clicks)
        out["clicks_ms"] = [round(c) for c in clicks]
        out["views_drawn_ms"] = {view: _view(page, url, view, repeats) for view in VIEWS}
        out["upload_10000_rows_ms"] = _upload(page, url)
        browser.close()
    return out


def _come_near(page: Any, where: list[float]) -> None:
    """Plotly takes a click only some time after the pointer has come near, which on a busy machine is not at once."""
    x, y = where
    page.mouse.move(x - 4, y - 4)
    page.mouse.move(x, y)
    page.wait_for_timeout(300)


def _timed(page: Any, act: Callable[[], None], *in_address: str) -> float:
    """From the click until the sentence about the listed objects is the one that was asked for."""
    before = (
        page.locator(".st-key-objects strong").first.inner_text()
        if page.locator(".st-key-objects strong").count()
        else ""
    )
    clock = time.perf_counter()
    act()
    page.wait_for_function(
        "before => {const s = document.querySelector('.st-key-objects strong'); return s && s.innerText !== before && "
        "/objects?:/.test(s.innerText)}", arg=before, polling=10, timeout=60000,
    )  # fmt: skip
    elapsed = 1e3 * (time.perf_counter() - clock)
    assert all(part in page.url for part in in_address), page.url
    return elapsed


def _view(page: Any, url: str, view: str, repeats: int) -> dict[str, int]:
    """A deep link to a view until its first figure is drawn: the first time computed, then from the cache."""
    times = []
    for _ in range(repeats + 1):
        clock = time.perf_counter()
        page.goto(f"{url}/evaluation?model={NAME}&view={view}")
        page.wait_for_selector(".js-plotly-plot .main-svg", timeout=120000)
        times.append(1e3 * (time.perf_counter() - clock))
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60000)
    return {"first": round(times[0]), "again": _median(times[1:])}


def _upload(page: Any, url: str) -> int:
    """From dropping one's own table of ten thousand objects until its matrix is drawn."""
    table, _ = many_objects(10_000, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.csv"
        table[["object_id", "class", "n_points", *(f"p_{c}" for c in CLASS_NAMES)]].to_csv(path, index=False)
        page.goto(f"{url}/evaluation?model=own")
        page.wait_for_selector('input[type="file"]', state="attached", timeout=60000)
        clock = time.perf_counter()
        page.set_input_files('input[type="file"]', str(path))
        page.wait_for_function(
            "() => document.querySelectorAll('.js-plotly-plot .hm').length > 0", timeout=120000, polling=10
        )
        elapsed = 1e3 * (time.perf_counter() - clock)
        assert re.search("10,000", page.inner_text(".card-strip"))
    return round(elapsed)


def _paint(page: Any) -> float:
    return float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))


def _median(values: list[float]) -> int:
    return round(float(np.median(values)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("bench/evaluation_speed.json"))
    args = parser.parse_args()
    begin = head("python -m bench.evaluation_speed")
    with tempfile.TemporaryDirectory() as parent:
        folder, sha256 = model_folder(Path(parent), args.objects)
        found = {"server_ms": computed(folder / "evaluation.parquet")}
        found |= watched(folder, sha256, args.objects, args.repeats)
    result = {
        **begin,
        "objects": args.objects,
        **found,
    }
    write(args.out, result)


if __name__ == "__main__":
    main()
