"""The Gaussian process with another kernel, or another time scale than the fitted one: for asking what if.

The models' own is the Matérn-3/2 of `core.gp.likelihood`, and runs compiled. The others are george's (Ambikasaran et al.
2015), over the same plane of time and wavelength, with the same fixed scale in wavelength and the same bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bands import WAVELENGTH
from core.gp.engine import LOG_A_HALF_RANGE, LOG_M0_BOUNDS, LOG_M0_START, NOT_CONVERGED, WAVELENGTH_SCALE, scale_factor
from core.gp.fit import GPFit, bound_names, fit_at, fit_gp
from core.lightcurve import LightCurve
from core.refusal import BadInput

MATERN_32 = "matern-3/2"
#: Kernels by name, in the order of rising smoothness, with how a page writes them.
KERNELS = {
    "exponential": "Exponential (a random walk)",
    MATERN_32: "Matérn-3/2 (the models' own)",
    "matern-5/2": "Matérn-5/2",
    "rational-quadratic": "Rational quadratic",
    "rbf": "Squared exponential (RBF)",
}
#: Mixture of length scales of the rational quadratic at the start of its fit, and the bounds of its logarithm.
_LOG_ALPHA_START, _LOG_ALPHA_BOUNDS = 0.0, (-4.0, 6.0)


@dataclass(frozen=True)
class KernelFit(GPFit):
    """A process with one of george's kernels. Asks george for its mean and uncertainty."""

    _process: Any = None
    _flux: Any = None

    def predict(self, mjd: ArrayLike, band: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """As `GPFit.predict`."""
        t = np.asarray(mjd, dtype=np.float64).ravel() - self.reference_mjd
        at = np.column_stack([t, np.full(len(t), WAVELENGTH[band])])
        mean, variance = self._process.predict(self._flux, at, return_var=True)
        return np.asarray(mean), np.sqrt(np.maximum(variance, 0.0))


def fit_kernel(curve: LightCurve, *, kernel: str = MATERN_32, stretch: float = 1.0) -> GPFit:
    """Fit a process with ``kernel`` (a key of `KERNELS`), then make its time scale longer by the factor ``stretch``.

    Raises BadInput for a kernel that is not among them, or a factor that is not positive.
    """
    if kernel not in KERNELS:
        raise BadInput("kernel", f"unknown kernel {kernel!r}; known are {', '.join(KERNELS)}")
    if not stretch > 0:
        raise BadInput("stretch", f"the time scale can't be stretched by {stretch:g}; expected a factor above 0")
    if kernel != MATERN_32:
        return _fit_george(curve, kernel, stretch)
    fit = fit_gp(curve)
    if stretch == 1.0:
        return fit
    return fit_at(curve, amplitude=fit.amplitude, time_scale=stretch * fit.time_scale)


def _fit_george(curve: LightCurve, kernel: str, stretch: float) -> GPFit:
    """By george's likelihood and SciPy's L-BFGS-B, from the published start."""
    import george
    from scipy.optimize import minimize

    flux, flux_err = np.array(curve.flux), np.array(curve.flux_err)
    x = np.column_stack([curve.mjd - curve.mjd[0], WAVELENGTH[curve.band]])
    process = george.GP(_kernel(kernel, scale_factor(flux, flux_err)))
    process.compute(x, flux_err)
    names = process.get_parameter_names()
    start = process.get_parameter_vector()
    bounds = [_bounds(name, value) for name, value in zip(names, start, strict=True)]

    def objective(theta: NDArray) -> tuple[float, NDArray]:
        process.set_parameter_vector(theta)
        value = process.log_likelihood(flux, quiet=True)
        if not np.isfinite(value):
            return 1e25, np.zeros(len(theta))
        return -value, -process.grad_log_likelihood(flux, quiet=True)

    found = minimize(objective, start, jac=True, bounds=bounds, method="L-BFGS-B", tol=1e-6)
    theta = np.array(found.x)
    scale = next(i for i, name in enumerate(names) if "metric" in name)
    theta[scale] += 2.0 * np.log(stretch)
    process.set_parameter_vector(theta)
    process.compute(x, flux_err)
    empty = np.empty(0)
    return KernelFit(
        engine="george",
        amplitude=float(np.sqrt(2.0 * np.exp(theta[0]))),
        time_scale=float(np.exp(0.5 * theta[scale])),
        log_likelihood=float(process.log_likelihood(flux, quiet=True)),
        converged=bool(found.success),
        at_bound=bound_names(0 if found.success else NOT_CONVERGED),
        reference_mjd=float(curve.mjd[0]),
        _t=empty,
        _lam=empty,
        _inverse=empty,
        _alpha=empty,
        _process=process,
        _flux=flux,
    )


def _kernel(name: str, start: float) -> Any:
    """george's kernel at the published start. number x kernel with ndim=2: george stores ln(number / 2)."""
    from george import kernels

    metric = [np.exp(LOG_M0_START), WAVELENGTH_SCALE**2]
    shape = {
        "exponential": kernels.ExpKernel,
        "matern-5/2": kernels.Matern52Kernel,
        "rbf": kernels.ExpSquaredKernel,
    }
    if name == "rational-quadratic":
        part = kernels.RationalQuadraticKernel(log_alpha=_LOG_ALPHA_START, metric=metric, ndim=2)
    else:
        part = shape[name](metric, ndim=2)
    kernel = (0.5 * start) ** 2 * part
    kernel.freeze_parameter("k2:metric:log_M_1_1")
    return kernel


def _bounds(name: str, start: float) -> tuple[float, float]:
    if "metric" in name:
        return LOG_M0_BOUNDS
    if "alpha" in name:
        return _LOG_ALPHA_BOUNDS
    return start - LOG_A_HALF_RANGE, start + LOG_A_HALF_RANGE
