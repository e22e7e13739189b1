"""The same Gaussian process through george and SciPy, as published: the oracle of the tests, slow and obvious."""

from __future__ import annotations

import numpy as np

from core.bands import WAVELENGTH
from core.gp.engine import LOG_A_HALF_RANGE, LOG_M0_BOUNDS, LOG_M0_START, NOT_CONVERGED, WAVELENGTH_SCALE, scale_factor
from core.gp.fit import GPFit, fit_at
from core.lightcurve import LightCurve


def fit_gp_george(curve: LightCurve) -> GPFit:
    """Fit by george's likelihood and SciPy's L-BFGS-B from the published start (time scale 20 d, tolerance 1e-6)."""
    import george
    from george import kernels
    from scipy.optimize import minimize

    t = curve.mjd - curve.mjd[0]
    x = np.column_stack([t, WAVELENGTH[curve.band]])
    start = scale_factor(np.ascontiguousarray(curve.flux), np.ascontiguousarray(curve.flux_err))
    # number x kernel with ndim=2: george stores ln(number / 2) and evaluates A = 2 exp(that).
    kernel = (0.5 * start) ** 2 * kernels.Matern32Kernel([np.exp(LOG_M0_START), WAVELENGTH_SCALE**2], ndim=2)
    kernel.freeze_parameter("k2:metric:log_M_1_1")
    process = george.GP(kernel)
    process.compute(x, curve.flux_err)
    centre = process.get_parameter_vector()

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        process.set_parameter_vector(theta)
        value = process.log_likelihood(curve.flux, quiet=True)
        if not np.isfinite(value):
            return 1e25, np.zeros(2)
        return -value, -process.grad_log_likelihood(curve.flux, quiet=True)

    bounds = [(centre[0] - LOG_A_HALF_RANGE, centre[0] + LOG_A_HALF_RANGE), LOG_M0_BOUNDS]
    result = minimize(objective, centre, jac=True, bounds=bounds, method="L-BFGS-B", tol=1e-6)
    theta = result.x if result.success else centre
    return fit_at(
        curve,
        amplitude=float(np.sqrt(2.0 * np.exp(theta[0]))),
        time_scale=float(np.exp(0.5 * theta[1])),
        status=0 if result.success else NOT_CONVERGED,
        engine_name="george",
    )
