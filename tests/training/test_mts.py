"""General time series are read as their files mean it, and what pads them is not read."""

import zipfile

import numpy as np
import pytest

from training.mts import SeriesSet, accuracies, as_tensors, read_half, read_ts

FILE = """# a comment
@problemName Two
@equalLength false
@classLabel true up down
@data
1,2,3:4,5,6:up
7,8:9,10:down
"""


def test_channels_lengths_and_labels():
    read = read_ts(FILE.splitlines())
    assert [one.tolist() for one in read.series] == [[[1, 4], [2, 5], [3, 6]], [[7, 9], [8, 10]]]
    assert read.label.tolist() == ["up", "down"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,x:2,3:up", r"line 8: could not convert string to float: .*'x'"),
        ("1,2:3:up", r"line 8: channels of \[1, 2\] values"),
    ],
)
def test_a_bad_line_is_named(line, message):
    with pytest.raises(ValueError, match=message):
        read_ts([*FILE.splitlines(), line])


def test_a_wheel_and_a_folder_give_the_same(tmp_path):
    (tmp_path / "Two_TRAIN.ts").write_text(FILE)
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("a/data/Two/Two_TRAIN.ts", FILE)
    one, other = (read_half(place, "Two", "TRAIN") for place in (tmp_path, tmp_path / "a.whl"))
    assert all(np.array_equal(a, b) for a, b in zip(one.series, other.series, strict=True))
    with pytest.raises(FileNotFoundError, match=r"no Two_TEST.ts in .*; `pip download"):
        read_half(tmp_path / "a.whl", "Two", "TEST")


def test_padding_is_zero_and_marked():
    series = [np.ones((2, 3)), np.full((4, 3), 5.0)]
    values = as_tensors(series, 4, np.full(3, 1.0), np.full(3, 2.0))
    assert values.shape == (2, 4, 4)
    assert values[0, :, -1].tolist() == [1, 1, 0, 0] and values[1, :, -1].tolist() == [1, 1, 1, 1]
    assert np.all(values[0, 2:] == 0) and np.all(values[1, :, :3] == 2.0)


@pytest.mark.train
@pytest.mark.parametrize("network", ["t2", "atx"])
def test_what_is_easy_is_learned(network, monkeypatch):
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed: make extras runs the training's tests")
    monkeypatch.setattr("training.mts.SCHEDULE", {"steps": 40, "batch": 32, "learning_rate": 0.01, "exponent": 1.0})
    rng = np.random.default_rng(0)

    def half(n):
        label = np.array(["rise", "fall"])[rng.integers(0, 2, n)]
        slope = np.where(label == "rise", 1.0, -1.0)
        lengths = rng.integers(6, 12, n)
        return SeriesSet(
            [np.linspace(-s, s, k)[:, None] * [1, 2] + 0.1 for s, k in zip(slope, lengths, strict=True)], label
        )

    assert accuracies(half(60), half(40), network, [0])[0] > 0.9
