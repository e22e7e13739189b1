"""What the compression page draws is what was measured."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.card import load_card
from core.model import MODELS
from ui.compression.records import records_of
from ui.figures.compression import Point, bytes_by_part, pareto, sweep_figure, trade_figure, weights_figure
from ui.figures.theme import LIGHT

RECORDS = records_of(load_card(MODELS / "t2-ztf"))
POINTS = st.lists(st.tuples(st.floats(1, 1e4), st.floats(0.1, 3)), min_size=1, max_size=12)


@given(POINTS)
def test_no_point_beats_one_of_the_front_and_every_other_is_beaten(values):
    points = [Point(x, y, str(i), "TFLite", "") for i, (x, y) in enumerate(values)]
    front = pareto(points)
    for p in points:
        better = [q for q in points if q.x <= p.x and q.loss <= p.loss and (q.x, q.loss) != (p.x, p.loss)]
        assert not better if p in front else any((q.x <= p.x and q.loss <= p.loss) for q in front)


def test_the_parts_of_a_file_add_up_to_its_bytes():
    for row in RECORDS.tflite:
        assert sum(bytes_by_part(row.by_tensor).values()) == row.size


def test_every_point_is_drawn_once_and_both_sweeps_are_whole():
    points = [Point(r.size / 1000, r.loss, r.title, "TFLite", r.title) for r in RECORDS.rows]
    drawn = [len(trace.x) for trace in trade_figure(points, LIGHT, x_title="kB").data if trace.mode == "markers"]
    assert sum(drawn) == len(points)
    sweeps = sweep_figure(RECORDS.sweeps, 0.57, LIGHT)
    assert [len(trace.x) for trace in sweeps.data] == [len(RECORDS.sweeps[k]) for k in ("centroids", "sparsity")]


def test_every_weight_is_counted_before_and_after():
    before = np.random.default_rng(0).normal(size=(32, 15)).astype(np.float32)
    after = np.round(before * 4) / 4
    first, second = weights_figure(before, after, LIGHT).data
    assert sum(first.y) == sum(second.y) == before.size and len(second.x) == len(np.unique(after))
