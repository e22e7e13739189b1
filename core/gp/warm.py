"""Compile the Gaussian-process engine and keep it on disk, so that no page waits for it.

python -m core.gp.warm
"""

from __future__ import annotations

import time

import numpy as np


def warm() -> float:
    """Compile or load everything a page needs of the engine; returns the seconds it took."""
    from core.gp import engine
    from core.gp.fit import fit_gp
    from core.lightcurve import light_curve

    clock = time.perf_counter()
    mjd = 59000.0 + np.arange(6.0)
    curve = light_curve("warm", mjd, 100.0 + np.arange(6.0), np.full(6, 5.0), np.arange(6) % 2)
    fit_gp(curve).mean(mjd, 0)
    shape, wavelengths = (1, 4, 2), np.array([4800.0, 6400.0])
    engine.interpolate(
        np.array([0, 6]), mjd - mjd[0], wavelengths[curve.band], np.array(curve.flux), np.array(curve.flux_err),
        wavelengths, 4, 0.0, 0.0, -1, np.empty((1, 4)), np.empty(shape), np.empty(shape), np.empty((1, 2)),
        np.empty(1), np.empty(1, np.int64), np.empty(1), np.empty(1),
    )  # fmt: skip
    return time.perf_counter() - clock


if __name__ == "__main__":
    print(f"Gaussian-process engine ready after {warm():.1f} s")
