"""The table of explanations is made of the curves, and its words follow its numbers."""

import json
from pathlib import Path

import numpy as np

from bench.explanations import CHANCE, areas, figures, summary
from core.attribution import Curves
from core.removal import METHODS, Comparison, Map


def comparison(gains):
    share = np.linspace(0, 1, 5)
    maps = tuple(
        Map(name, np.zeros(3), {}, Curves(share, np.full(5, 0.5 - gain / 2), np.full(5, 0.5 + gain / 2)))
        for name, gain in gains.items()
    )
    return Comparison("SNIa", maps, Curves(share, np.full(5, 0.5), np.full(5, 0.5)))


def test_the_summary_counts_who_is_best_and_who_is_better_than_chance():
    first = dict.fromkeys(METHODS, 0.0) | {"shap": 0.4, "cam": -0.2}
    second = dict.fromkeys(METHODS, 0.0) | {"shap": 0.2, "nights": 0.3}
    found = summary([{"areas": areas(comparison(gains))} for gains in (first, second)])
    assert found["shap"]["gain_over_chance"] == 0.3 and found["cam"]["gain_over_chance"] == -0.1
    assert found["shap"]["best_of_all"] == found["nights"]["best_of_all"] == 0.5
    assert found["shap"]["better_than_chance"] == 1.0 and found["cam"]["better_than_chance"] == 0.0
    low, high = found["shap"]["interval"]
    assert low <= 0.3 <= high
    assert found[CHANCE]["gain_over_chance"] == 0.0


def test_the_table_has_a_row_for_every_method_the_best_first():
    gains = dict.fromkeys(METHODS, 0.0) | {"masks": 0.4}
    rows = [{"areas": areas(comparison(gains))}] * 3
    result = {
        "command": "a command", "model": "t2-ztf", "objects": 3, "classes": {"SNIa": 3}, "median_points": 20, "median_seconds": 0.1,
        "methods": summary(rows),
    }  # fmt: skip
    lines = [line for line in figures(result).splitlines() if line.startswith("| ")]
    assert len(lines) == 1 + len(METHODS) + 1
    assert lines[1].startswith("| Random masks") and "+0.400" in lines[1]


def test_the_lab_shows_first_what_held_best_over_real_objects():
    """The page's order is the table's: whoever measures anew and finds another order changes `METHODS` with it."""
    found = json.loads((Path(__file__).parents[2] / "bench/explanations.json").read_text())
    gains = {name: entry["gain_over_chance"] for name, entry in found["methods"].items() if name != CHANCE}
    assert sorted(gains, key=lambda name: -gains[name]) == list(METHODS)
    assert found["objects"] >= 200
