"""Two devices that share every batch come to the network that one would."""

import json
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed: make extras runs the training's tests")

pytestmark = pytest.mark.train

#: The number of devices must be said before TensorFlow runs anything, hence a process of its own.
TRIAL = """
import json
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from training import fit
from training.network import Shape, build
rng = np.random.default_rng(4)
shape = Shape(12, 0, 5, 3, d=8, heads=2, d_ff=16, kernel=3, coverage=4)
values = rng.normal(size=(60, 12, 5)).astype("f2")
values[:, :, 4] = 0
for row, width in zip(values, rng.integers(1, 10, 60)):
    row[2:2 + width, 4] = 1
sample = fit.Sample(values, rng.integers(0, 3, 60), np.ones(60), np.full(3, 20.0))
plan = fit.Schedule(steps=6, batch=31, learning_rate=0.01)

def trained():
    with fit.strategy_here().scope():
        teacher = build(shape, 7)
    kept = []
    model = fit.train(sample, shape, plan, seed=1, teachers=[teacher], keep_losses=kept.extend)
    return {"losses": [float(x) for x in kept], "logits": fit.predict(model, values).tolist()}

two = trained() | {"devices": fit.strategy_here().num_replicas_in_sync}
fit.strategy_here = tf.distribute.get_strategy
print(json.dumps({"one": trained(), "two": two}))
"""


def test_two_devices_give_the_loss_and_the_network_of_one():
    run = subprocess.run([sys.executable, "-c", TRIAL], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    one, two = found["one"], found["two"]
    assert two["devices"] == 2 and len(one["losses"]) == 6
    assert np.allclose(one["losses"], two["losses"], rtol=1e-5)
    assert np.max(np.abs(np.subtract(one["logits"], two["logits"]))) < 1e-4
    assert np.std(one["logits"]) > 0.01
