"""The loss of every step is kept and drawn."""

import numpy as np
import pytest

from training import losses


def test_a_curve_is_the_mean_of_stretches_and_loses_no_step():
    values = np.arange(120, dtype=np.float32)
    steps, means = losses.smoothed(values)
    assert steps.tolist() == [50, 100, 120]
    assert means == pytest.approx([24.5, 74.5, 109.5])


@pytest.mark.train
def test_every_network_of_a_work_folder_is_drawn_by_its_name(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("fold-0-fe6739c3", "fold-0-fe6739c3.teacher-1.weights"):
        losses.keeper(tmp_path / name)(np.linspace(2, 1, 130, dtype=np.float32))
    losses.draw(tmp_path, tmp_path / "losses.svg")
    drawn = (tmp_path / "losses.svg").read_text(encoding="utf-8")
    assert "<!-- fold-0 -->" in drawn and "<!-- fold-0.teacher-1 -->" in drawn
